//! The board: one pass over the accounts for their numbers, one for their steps, one for their hashes.

use std::collections::BTreeMap;

use authly_cutover::{
    board::{
        BoardAsk, BoardFigures, BoardStore, HashGroup, LineAsk, LineKey, Step, StepCount, WaitingAsk, WaitingCount,
    },
    ledger::LedgerEntry,
    outcome::ReasonCode,
    run::RunId,
    source::SourceId,
    store::{DailyCount, PenEntry, PenKind, TenantFigures},
};
use authly_directory::password::StoredHash;
use oauth_core::{
    ids::{TenantId, UserId},
    store::StoreError,
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{figures, hashes, ledger, pen, signed, unsigned};
use crate::{
    db::Params,
    store::PgStore,
    value::{At, Reader},
};

const NAMES: &str = "SELECT id, slug, name FROM tenants WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id = $1)";

const RECENT: &str = "
    SELECT tenant_id, count(*) FROM users
     WHERE last_password_login_at >= $2 AND status <> 'deleted' AND ($1::uuid IS NULL OR tenant_id = $1)
     GROUP BY tenant_id";

/// The instants of the steps as `Instants::steps` has them, then all of them counted by day in one pass. What lies before the
/// first day stands on the day before it; a step that was not taken has no day.
const STEPS: &str = "
    WITH taken AS (
      SELECT COALESCE(created_at, 'epoch') AS exists_at, hash_upgraded_at, completed_at, oauth_at, auth_method,
             CASE WHEN auth_method <> 'password'
                  THEN GREATEST(COALESCE(created_at, 'epoch'),
                                COALESCE(dual_at, imported_at, completed_at, created_at, 'epoch')) END AS both_at
        FROM users
       WHERE status <> 'deleted' AND ($1::uuid IS NULL OR tenant_id = $1)
    ), ended AS (
      SELECT exists_at, both_at, hash_upgraded_at, completed_at,
             CASE WHEN auth_method = 'oauth' THEN GREATEST(both_at, oauth_at) END AS alone_at
        FROM taken
    ), days AS (
      SELECT GREATEST((exists_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01', $2) AS exists_on,
             GREATEST((both_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01',
                      CASE WHEN both_at IS NOT NULL THEN $2 END) AS both_on,
             CASE WHEN both_at IS NOT NULL AND (completed_at IS NOT NULL OR alone_at IS NOT NULL)
                  THEN GREATEST((LEAST(GREATEST(both_at, COALESCE(completed_at, alone_at)), alone_at)
                                 AT TIME ZONE 'UTC')::date - DATE '1970-01-01', $2) END AS completed_on,
             GREATEST((alone_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01',
                      CASE WHEN alone_at IS NOT NULL THEN $2 END) AS alone_on,
             GREATEST((hash_upgraded_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01',
                      CASE WHEN hash_upgraded_at IS NOT NULL THEN $2 END) AS upgraded_on
        FROM ended
    )
    SELECT GROUPING(exists_on, both_on, completed_on, alone_on, upgraded_on),
           COALESCE(exists_on, both_on, completed_on, alone_on, upgraded_on), count(*)
      FROM days
     GROUP BY GROUPING SETS ((exists_on), (both_on), (completed_on), (alone_on), (upgraded_on))
    HAVING COALESCE(exists_on, both_on, completed_on, alone_on, upgraded_on) IS NOT NULL";

const WAITING: &str = "
    SELECT kind, reason->>'code', count(*) FROM migration_pen
     WHERE resolution IS NULL AND ($1::uuid IS NULL OR tenant_id = $1)
     GROUP BY kind, reason->>'code' ORDER BY kind, reason->>'code'";

const READ_WHOLE: &str = "SET LOCAL enable_seqscan = on";

impl BoardStore for PgStore {
    async fn board(&self, ask: BoardAsk) -> Result<BoardFigures, StoreError> {
        let tenant = ask.tenant.map(TenantId::uuid);
        let before = i32::try_from(ask.from_day - 1).unwrap_or(i32::MIN);
        let mut client = self.db().client().await?;
        let steps = self.db().begin_snapshot(&mut client).await?;
        steps.change(READ_WHOLE, &[]).await?;
        let names = steps.run(NAMES, &[&tenant]).await?;
        let counted = steps.run(figures::COUNTS, &[&tenant]).await?;
        let pens = steps.run(figures::WAITING, &[&tenant]).await?;
        let recent = steps.run(RECENT, &[&tenant, &At(ask.recent_from)]).await?;
        let taken = steps.run(STEPS, &[&tenant, &before]).await?;
        let hashes = steps.run(hashes::HASHES, &[&tenant]).await?;
        let waiting = steps.run(WAITING, &[&tenant]).await?;
        steps.commit().await?;

        let mut tally = figures::tally(&names, &pens)?;
        for row in &counted {
            tally.count(&figures::alike(row)?.0);
        }
        let mut found = BoardFigures {
            tenants: tally.into_figures(),
            hashes: hashes.iter().map(hash_group).collect::<Result<_, _>>()?,
            waiting: waiting.iter().map(waiting_count).collect::<Result<_, _>>()?,
            ..BoardFigures::default()
        };
        if let Some(tenant) = ask.tenant {
            found.tenants.retain(|one: &TenantFigures| one.tenant == Some(tenant));
        }
        for row in &recent {
            let mut row = Reader::new(row, "users", &"-");
            let tenant = row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid);
            found.recent.insert(tenant, row.take("last_password_login_at").map(unsigned)?);
        }
        let mut upgrades: BTreeMap<i64, u64> = BTreeMap::new();
        for row in &taken {
            let mut row = Reader::new(row, "users", &"-");
            let (set, day) = (row.take::<i32>("created_at")?, i64::from(row.take::<i32>("created_at")?));
            let accounts = row.take("created_at").map(unsigned)?;
            let step = match set {
                0b01111 => Step::Exists,
                0b10111 => Step::Both,
                0b11011 => Step::Completed,
                0b11101 => Step::OauthOnly,
                _ => {
                    if day >= ask.from_day {
                        upgrades.insert(day, accounts);
                    }
                    continue;
                }
            };
            found.steps.push(StepCount { step, day, accounts });
        }
        found.upgrades = upgrades.into_iter().map(|(day, completed)| DailyCount { day, completed }).collect();
        Ok(found)
    }

    async fn waiting_rows(&self, ask: WaitingAsk) -> Result<Vec<PenEntry>, StoreError> {
        pen::open_rows(self.db(), &ask).await
    }

    async fn find_lines(&self, ask: LineAsk) -> Result<Vec<LedgerEntry>, StoreError> {
        let (run, seq) = (ask.before.map(|key| key.run.uuid()), ask.before.map(|key| signed(key.seq)));
        let tenant = ask.tenant.map(TenantId::uuid);
        let (user, of_run, row) = match &ask.by {
            LineKey::Account(user) => (Some(UserId::uuid(*user)), None, None),
            LineKey::Run(run) => (None, Some(RunId::uuid(*run)), None),
            LineKey::SourceId(id) => (None, None, Some(SourceId::as_str(id))),
        };
        let limit = i64::from(ask.limit);
        let params: Params<'_> = &[&run, &seq, &tenant, &limit];
        let mut all: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = match &ask.by {
            LineKey::Account(_) => vec![&user],
            LineKey::Run(_) => vec![&of_run],
            LineKey::SourceId(_) => vec![&row],
        };
        all.extend(params);
        let sql = match &ask.by {
            LineKey::Account(_) => ledger::FOUND_BY_USER,
            LineKey::Run(_) => ledger::FOUND_BY_RUN,
            LineKey::SourceId(_) => ledger::FOUND_BY_SOURCE_ID,
        };
        self.db().read(sql, &all).await?.iter().map(ledger::read).collect()
    }
}

fn hash_group(row: &Row) -> Result<HashGroup, StoreError> {
    let mut row = Reader::new(row, "users", &"-");
    let sample = StoredHash::new(row.take("password_hash")?);
    Ok(HashGroup { sample, accounts: row.take("password_hash").map(unsigned)? })
}

fn waiting_count(row: &Row) -> Result<WaitingCount, StoreError> {
    let mut row = Reader::new(row, "migration_pen", &"-");
    Ok(WaitingCount {
        kind: row.parse("kind", PenKind::parse)?,
        reason: row.parse("reason", ReasonCode::parse)?,
        rows: row.take("kind").map(unsigned)?,
    })
}
