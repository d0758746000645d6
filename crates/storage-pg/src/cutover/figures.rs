//! Figures: how far tenants, days and the whole installation are.

use std::collections::HashMap;

use authly_cutover::store::{Alike, DailyCount, Lacks, PendingAccount, PendingAsk, Tally, TenantFigures};
use authly_directory::password::StoredHash;
use futures_util::future::try_join;
use oauth_core::{
    claims::Profile,
    ids::{TenantId, UserId},
    store::StoreError,
    time::Timestamp,
};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::{
    hashes::{effective, mark},
    unsigned,
};
use crate::{
    db::{Db, Params, Steps},
    value::{At, Reader, at},
};

const NAMES: &str = "SELECT id, slug, name FROM tenants WHERE deleted_at IS NULL";

/// Accounts that are alike, as [`Alike`] has them: one number says all that is counted of an account, so that one count of each
/// number is enough.
macro_rules! alike {
    () => {
        "SELECT tenant_id,
                CASE auth_method WHEN 'dual' THEN 2 WHEN 'password' THEN 1 WHEN 'oauth' THEN 4 ELSE 0 END
                | CASE WHEN imported_at IS NULL THEN 0 ELSE 8 END | CASE WHEN invited_at IS NULL THEN 0 ELSE 16 END
                | CASE WHEN completed_at IS NULL THEN 0 ELSE 32 END | CASE WHEN hash_upgraded_at IS NULL THEN 0 ELSE 64 END
                | CASE WHEN reset_required THEN 128 ELSE 0 END | CASE status WHEN 'disabled' THEN 256 ELSE 0 END
                | CASE credential_state WHEN 'legacy_scheme' THEN 512 WHEN 'wrapped' THEN 1024 ELSE 0 END,
                count(*), max(last_password_login_at)"
    };
}

/// Of one tenant, or of all.
pub(super) const COUNTS: &str =
    concat!(alike!(), " FROM users WHERE status <> 'deleted' AND ($1::uuid IS NULL OR tenant_id = $1) GROUP BY 1, 2");

/// Of all. Where a statement could as well be about one tenant, the planner thinks of few rows and sorts them.
const COUNTS_OF_ALL: &str = concat!(alike!(), " FROM users WHERE status <> 'deleted' GROUP BY 1, 2");

/// Of all, apart by the mark of the hash that verifies where it is to be replaced, with the place of one of those.
const COUNTS_AND_HASHES: &str = concat!(
    alike!(),
    ", CASE WHEN credential_state IN ('legacy_scheme', 'wrapped') THEN ",
    mark!(),
    " END, min(place)::text FROM (SELECT *, ctid AS place, ",
    effective!(),
    " AS hash FROM users WHERE status <> 'deleted') AS users GROUP BY 1, 2, 5"
);

/// The hashes at these places, in their order, as long as the transaction is the one that found them.
const HASHES_AT: &str = concat!(
    "SELECT ",
    effective!(),
    " FROM unnest($1::text[]::tid[]) WITH ORDINALITY AS sample (place, number) LEFT JOIN users ON users.ctid = sample.place
      ORDER BY sample.number"
);

/// Of one tenant, or of all.
pub(super) const WAITING: &str = "
    SELECT tenant_id, count(*) FROM migration_pen
     WHERE resolution IS NULL AND ($1::uuid IS NULL OR tenant_id = $1) GROUP BY tenant_id";

/// A table that is read whole is read in its own order, whatever the session prefers for single rows, and by two processes where
/// the server has one to spare: more would have little left to do, and people sign in meanwhile. The planner knows nothing of what
/// hashes have in common, thinks of as many groups as there are hashes, and would sort them all.
const READ_WHOLE: &str = "
    SELECT set_config('enable_sort', 'off', TRUE), set_config('enable_seqscan', 'on', TRUE), set_config('parallel_setup_cost', '0', TRUE),
           set_config('parallel_tuple_cost', '0', TRUE),
           set_config('max_parallel_workers_per_gather',
                      LEAST(1, current_setting('max_parallel_workers_per_gather')::integer)::text, TRUE)";

pub(super) async fn by_tenant(db: &Db) -> Result<Vec<TenantFigures>, StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin_snapshot(&mut client).await?;
    let (mut tally, counted) = ask(&steps, COUNTS_OF_ALL).await?;
    steps.commit().await?;
    for row in &counted {
        tally.count(&alike(row)?.0);
    }
    Ok(tally.into_figures())
}

/// With the hashes that are to be replaced, and samples of them.
pub(super) async fn by_tenant_and_hash(db: &Db) -> Result<(Vec<TenantFigures>, Vec<StoredHash>), StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin_snapshot(&mut client).await?;
    let (mut tally, counted) = ask(&steps, COUNTS_AND_HASHES).await?;
    let (mut marks, mut rows_of_samples) = (HashMap::new(), Vec::new());
    for row in &counted {
        let (alike, mut row) = alike(row)?;
        tally.count(&alike);
        if let (Some(mark), Some(place)) =
            (row.take::<Option<&str>>("password_hash")?, row.take::<Option<&str>>("ctid")?)
        {
            let sample = *marks.entry(mark).or_insert_with(|| {
                rows_of_samples.push(place);
                rows_of_samples.len() - 1
            });
            tally.count_hashes(alike.tenant, sample, alike.accounts);
        }
    }
    let hashes = steps.run(HASHES_AT, &[&rows_of_samples]).await?;
    steps.commit().await?;
    let read = |row| Reader::new(row, "users", &"-").take("password_hash").map(StoredHash::new);
    Ok((tally.into_figures(), hashes.iter().map(read).collect::<Result<_, _>>()?))
}

/// Tenants with what waits, and what is counted of accounts, at one moment.
async fn ask(steps: &Steps<'_>, counts: &'static str) -> Result<(Tally, Vec<Row>), StoreError> {
    steps.run(READ_WHOLE, &[]).await?;
    // All are sent at once. What is known of tenants is read while the server counts.
    let tenants = async {
        let (names, waiting) = try_join(steps.run(NAMES, &[]), steps.run(WAITING, &[&NOBODY])).await?;
        tally(&names, &waiting)
    };
    let counted = async { Ok(steps.run(counts, &[]).await?) };
    try_join(tenants, counted).await
}

/// No tenant in particular.
const NOBODY: Option<Uuid> = None;

/// Nothing is counted yet of these tenants and of accounts without, but what waits.
pub(super) fn tally(names: &[Row], waiting: &[Row]) -> Result<Tally, StoreError> {
    let mut figures = Vec::with_capacity(names.len() + 1);
    figures.push(TenantFigures::default());
    for row in names {
        let mut row = Reader::new(row, "tenants", &"-");
        let tenant = Some(TenantId::from_uuid(row.take("id")?));
        let (slug, name) = (row.take("slug")?, row.take("name")?);
        figures.push(TenantFigures { tenant, slug, name, ..TenantFigures::default() });
    }
    let mut tally = Tally::of(figures);
    for row in waiting {
        let mut row = Reader::new(row, "migration_pen", &"-");
        let tenant = row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid);
        tally.wait(tenant, row.take("kind").map(unsigned)?);
    }
    Ok(tally)
}

/// Accounts that are alike, and what stands behind that in the row.
pub(super) fn alike(row: &Row) -> Result<(Alike, Reader<'_>), StoreError> {
    let mut row = Reader::new(row, "users", &"-");
    let alike = Alike {
        tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
        traits: row.take::<i32>("auth_method")?.cast_unsigned(),
        accounts: row.take("auth_method").map(unsigned)?,
        last_password_login_at: row.maybe_at("last_password_login_at")?,
    };
    Ok((alike, row))
}

/// Days of UTC, as numbers since 1970.
const DAILY: &str = "
    SELECT (completed_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01', count(*)
      FROM users
     WHERE completed_at >= $2 AND completed_at < $3 AND ($1::uuid IS NULL OR tenant_id = $1) AND status <> 'deleted'
     GROUP BY 1 ORDER BY 1";

pub(super) async fn daily(
    db: &Db,
    tenant: Option<TenantId>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<DailyCount>, StoreError> {
    let params: Params<'_> = &[&tenant.map(TenantId::uuid), &At(from), &At(to)];
    let rows = db.read(DAILY, params).await?;
    let read = |row| {
        let mut row = Reader::new(row, "users", &"-");
        let day = i64::from(row.take::<i32>("completed_at")?);
        Ok(DailyCount { day, completed: row.take("completed_at").map(unsigned)? })
    };
    rows.iter().map(read).collect()
}

/// Those who never signed in come last, as if that had been before all others.
const PENDING: &str = "
    SELECT u.id, t.slug, u.email, u.profile, u.last_login_at, u.invited_at
      FROM users u LEFT JOIN tenants t ON t.id = u.tenant_id
     WHERE CASE WHEN $5 THEN u.status = 'active' AND u.credential_state IN ('legacy_scheme', 'wrapped')
                ELSE u.completed_at IS NULL AND u.auth_method <> 'oauth' AND u.status <> 'deleted' END
       AND ($1::uuid IS NULL OR u.tenant_id = $1)
       AND ($3::uuid IS NULL
            OR COALESCE(u.last_login_at, '-infinity') < COALESCE($2::timestamptz, '-infinity')
            OR (COALESCE(u.last_login_at, '-infinity') = COALESCE($2::timestamptz, '-infinity') AND u.id > $3))
     ORDER BY COALESCE(u.last_login_at, '-infinity') DESC, u.id
     LIMIT $4";

pub(super) async fn pending(db: &Db, ask: &PendingAsk) -> Result<Vec<PendingAccount>, StoreError> {
    let (last, user) = (ask.after.and_then(|(last, _)| at(last)), ask.after.map(|(_, user)| user.uuid()));
    let own_hash = ask.lacks == Lacks::OwnHash;
    let params: Params<'_> = &[&ask.tenant.map(TenantId::uuid), &last, &user, &i64::from(ask.limit), &own_hash];
    let rows = db.read(PENDING, params).await?;
    let read = |row| {
        let mut row = Reader::new(row, "users", &"-");
        let user = UserId::from_uuid(row.take("id")?);
        let tenant = row.take("tenant_id")?;
        let email = row.take("email")?;
        let name = row.take::<Option<Json<Profile>>>("profile")?.and_then(|profile| profile.0.name);
        let last_login_at = row.maybe_at("last_login_at")?;
        Ok(PendingAccount { user, tenant, email, name, last_login_at, invited_at: row.maybe_at("invited_at")? })
    };
    rows.iter().map(read).collect()
}

/// Each sign-in begins a session, or clears the failures of the account, which an import does next to never. The server counts with
/// a second's delay.
const OTHERS: &str = "
    SELECT pg_stat_get_tuples_inserted('sessions'::regclass) + pg_stat_get_tuples_deleted('login_failures'::regclass)";

pub(super) async fn others_at_work(db: &Db) -> Result<u64, StoreError> {
    let row = db.read_one(OTHERS, &[]).await?;
    row.map_or(Ok(0), |row| Reader::new(&row, "sessions", &"-").take("id").map(unsigned))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{PgOptions, PgStore};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sign_in_is_noticed_within_seconds_and_an_account_that_is_written_is_not() {
        let database = authly_pg_fixture::PgFixture::empty().await;
        let store = PgStore::new(database.url(), PgOptions::default()).unwrap();
        store.migrate().await.unwrap();
        let client = store.own_connection().await.unwrap();
        let account = "INSERT INTO users (id, email, username) VALUES (gen_random_uuid(), 'a@example.org', 'a')";
        client.batch_execute(account).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let before = others_at_work(store.db()).await.unwrap();
        client.batch_execute("UPDATE users SET username = 'b'").await.unwrap();
        assert_eq!(others_at_work(store.db()).await.unwrap(), before);
        // What a sign-in leaves of the failure that it was charged with.
        let sign_in = "INSERT INTO login_failures (user_id, device, failures, last_failed_at, expires_at)
                       SELECT id, '\\x00', 1, now(), now() FROM users;
                       DELETE FROM login_failures";
        client.batch_execute(sign_in).await.unwrap();
        let noticed = async {
            while others_at_work(store.db()).await.unwrap() == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
                // A session that does nothing tells nothing.
                client.batch_execute("SELECT 1").await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(30), noticed).await.unwrap();
    }
}
