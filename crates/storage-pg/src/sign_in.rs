//! Attempts to sign in: charged before the password is looked at, completed in one step.

use authly_directory::{
    account::Account,
    identifier::Identifier,
    store::{Attempt, Candidate, Device, SignIn},
};
use oauth_core::{
    audit::AuditEvent,
    ids::{SessionId, TenantId, UserId},
    store::{Commit, StoreError},
};

use crate::{
    audit::AuditParams,
    codes::commit,
    db::{Params, Unknown},
    error::Trouble,
    rows,
    store::PgStore,
    value::{At, Reader, at, proven},
};

/// Those whose names match exactly, otherwise those who match by folded form: `$1` and `$2`, of tenant `$3` if it is given.
///
/// Each name is looked for by its own index. With both in one condition, a statement that was planned while there were a handful
/// of accounts walks all of them in order of ids, and goes on doing so while an import fills the table.
macro_rules! meant {
    () => {
        "exact AS MATERIALIZED (
           SELECT id
             FROM (SELECT id, tenant_id FROM users WHERE email = $1
                    UNION SELECT id, tenant_id FROM users WHERE username = $1) named
            WHERE $3::uuid IS NULL OR tenant_id = $3
            ORDER BY id LIMIT 3
         ), meant AS MATERIALIZED (
           SELECT id FROM exact
            UNION ALL
           (SELECT id
              FROM (SELECT id, tenant_id FROM users WHERE lower(email) = $2
                     UNION SELECT id, tenant_id FROM users WHERE lower(username) = $2) named
             WHERE ($3::uuid IS NULL OR tenant_id = $3) AND NOT EXISTS (SELECT 1 FROM exact)
             ORDER BY id LIMIT 3)
         )"
    };
}

const FIND: &str = concat!(
    "WITH ",
    meant!(),
    " SELECT ",
    rows::account_columns!(),
    " FROM meant",
    rows::user_of!("meant.id"),
    "ORDER BY u.id"
);

/// A charge counts for everybody at once, but need not outlive a crash of the database's machine: the next half a second of
/// failures may be forgotten with it, which gives nobody a guess more than the crash itself. So the statement does not wait for
/// the disk, which cost more than all the rest of it. What ends or begins a session does.
///
/// A browser is known by a mark that is as young as the account's password: [`Device::of`].
///
/// A counter that is locked is left alone, and its row does not come back from `charged`. A lock that is over and failures that
/// are forgotten begin again at one.
const BEGIN: &str = concat!(
    "WITH ",
    meant!(),
    ", doors AS MATERIALIZED (
       SELECT id, CASE WHEN id = $4::uuid
                        AND NOT EXISTS (SELECT FROM users WHERE users.id = $4 AND password_set_at > $12::timestamptz)
                       THEN $5::bytea ELSE $6::bytea END AS device
         FROM meant
     ), charged AS (
       INSERT INTO login_failures AS f (user_id, device, failures, last_failed_at, locked_until, expires_at)
       SELECT id, device, 1, $7::timestamptz, CASE WHEN $9::bigint <= 1 THEN $10::timestamptz END,
              GREATEST($11::timestamptz, CASE WHEN $9::bigint <= 1 THEN $10::timestamptz END)
         FROM doors ORDER BY id
       ON CONFLICT (user_id, device) DO UPDATE
          SET failures = CASE WHEN f.locked_until IS NULL AND f.last_failed_at >= $8::timestamptz
                              THEN f.failures ELSE 0 END + 1,
              last_failed_at = $7,
              locked_until = CASE WHEN CASE WHEN f.locked_until IS NULL AND f.last_failed_at >= $8
                                            THEN f.failures ELSE 0 END + 1 >= $9 THEN $10 END,
              expires_at = GREATEST($11, CASE WHEN CASE WHEN f.locked_until IS NULL AND f.last_failed_at >= $8
                                                        THEN f.failures ELSE 0 END + 1 >= $9 THEN $10 END)
        WHERE f.locked_until IS NULL OR f.locked_until <= $7
       RETURNING f.user_id, f.failures
     )
     SELECT charged.failures,
            (SELECT f.failures FROM login_failures f WHERE f.user_id = doors.id AND f.device = doors.device), ",
    rows::account_columns!(),
    ", ",
    rows::credential_columns!(),
    ", set_config('synchronous_commit', 'off', TRUE)
       FROM doors",
    rows::user_of!("doors.id"),
    "LEFT JOIN charged ON charged.user_id = doors.id
      ORDER BY u.id"
);

/// The session that is replaced ends: its grants move if they are the same user's, otherwise they are revoked. Rows are found by
/// parameters and not by what else the statement found, so that no plan reads a table whole.
const COMPLETE: &str = concat!(
    "WITH person AS (
       UPDATE users u
          SET last_login_at = $3,
              last_password_login_at = COALESCE($28::timestamptz, u.last_password_login_at)
        WHERE u.id = $1 AND ",
    rows::effective_hash!(),
    " = $2::text AND u.status IN ('active', 'pending_verification') AND NOT u.is_locked AND NOT u.reset_required
       RETURNING u.id
     ), cleared AS (
       DELETE FROM login_failures WHERE user_id = $1 AND device = $4 AND EXISTS (SELECT FROM person)
     ), replaced AS (
       UPDATE sessions s SET ended_at = $29::timestamptz FROM person
        WHERE s.id = $5::uuid AND s.ended_at IS NULL
       RETURNING s.id, s.user_id
     ), moved AS (
       UPDATE grants g SET session_id = $6::uuid FROM replaced, person
        WHERE g.session_id = $5 AND replaced.user_id = person.id AND g.revoked_at IS NULL
     ), ended AS (
       UPDATE grants g SET revoked_at = $29::timestamptz, revoked_reason = 'signed_out' FROM replaced, person
        WHERE g.session_id = $5 AND replaced.user_id <> person.id AND g.revoked_at IS NULL
     ), begun AS (
       INSERT INTO sessions (id, token, user_id, authenticated_at, methods, created_at, last_seen_at, idle_expires_at,
                             expires_at, remembered, user_agent, address, grants_end_at)
       SELECT $6::uuid, $7::bytea, person.id, $8::timestamptz, $9::text[], $29::timestamptz, $29::timestamptz,
              $10::timestamptz, $11::timestamptz, $12::boolean, $13::text, $14::text, $27::timestamptz
         FROM person WHERE $6::uuid IS NOT NULL
     ), pair AS (
       INSERT INTO tokens (id, jti, user_id, token_type, expires_at, invalidated, created_at)
       SELECT gen_random_uuid(), p.jti, person.id, p.token_type, p.expires_at, FALSE, $15::timestamptz
         FROM person, (VALUES ($16::text, 'access', $17::timestamptz), ($18::text, 'refresh', $19::timestamptz))
                   AS p (jti, token_type, expires_at)
        WHERE p.jti IS NOT NULL
     ), audit AS (
       INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
       SELECT $20::uuid, $21::timestamptz, $22::text, $23::uuid, $24::uuid, $25::text, $26::jsonb
         FROM person WHERE $20::uuid IS NOT NULL
     )
     SELECT count(*) FROM person"
);

/// A code that was issued while the sign-in waited for its session's row is not in the sign-in's snapshot: its grant follows the
/// session now, or ends with it. Should this not be reached, the grant hangs on a session that has ended, as after a sign-out.
pub(crate) const FOLLOW: &str = "
    UPDATE grants
       SET session_id = CASE WHEN user_id = $3 THEN $2 ELSE session_id END,
           revoked_at = CASE WHEN user_id = $3 THEN revoked_at ELSE $4 END,
           revoked_reason = CASE WHEN user_id = $3 THEN revoked_reason ELSE 'signed_out' END
     WHERE session_id = $1 AND revoked_at IS NULL";

const FORGIVE: &str = "
    WITH taken AS (
       UPDATE login_failures
          SET failures = failures - 1,
              locked_until = CASE WHEN failures - 1 < $3::bigint THEN NULL ELSE locked_until END
        WHERE user_id = $1 AND device = $2 AND failures > 0
    )
    INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
    SELECT $4::uuid, $5::timestamptz, $6::text, $7::uuid, $8::uuid, $9::text, $10::jsonb
     WHERE $4::uuid IS NOT NULL";

/// What is planned before anybody knows how many accounts there will be, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 3] = [(FIND, 3), (BEGIN, 12), (COMPLETE, 29)];

impl PgStore {
    pub(crate) async fn take_charge_back(
        &self,
        user: UserId,
        device: Device,
        max_failures: u32,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        let (device, audit) = (device.key(), AuditParams::from(audit));
        let params: Params<'_> = &[
            &user.uuid(),
            &device.as_slice(),
            &i64::from(max_failures),
            &audit.id,
            &audit.at,
            &audit.kind,
            &audit.user,
            &audit.client,
            &audit.address,
            &audit.detail,
        ];
        // A lost answer is reported and not repeated: two charges must not be taken back for one.
        self.db().run(FORGIVE, params, Unknown::Report).await.map_err(StoreError::from)?;
        Ok(())
    }

    pub(crate) async fn meant_by(&self, identifier: &Identifier) -> Result<Vec<Account>, StoreError> {
        let anyone: Option<uuid::Uuid> = None;
        let found = self.db().read(FIND, &[&identifier.exact(), &identifier.folded(), &anyone]).await?;
        found.iter().map(|row| rows::account(&mut Reader::new(row, "users", &"-"))).collect()
    }

    pub(crate) async fn charge_attempt(&self, attempt: Attempt) -> Result<Vec<Candidate>, StoreError> {
        let known = attempt.known_device;
        let mark = known.as_ref().map_or(&[][..], |known| known.mark.as_slice());
        let forget_at = attempt.at.plus(attempt.at.since(attempt.forget_before));
        let unknown = Device::Unknown.key();
        let params: Params<'_> = &[
            &attempt.identifier.exact(),
            &attempt.identifier.folded(),
            &attempt.tenant.map(TenantId::uuid),
            &known.map(|known| known.user.uuid()),
            &mark,
            &unknown.as_slice(),
            &At(attempt.at),
            &At(attempt.forget_before),
            &i64::from(attempt.max_failures),
            &At(attempt.lock_until),
            &At(forget_at),
            &at(known.map(|known| known.made_at)),
        ];
        // A lost answer may have charged: it is reported, so that no attempt goes uncounted or is counted twice.
        let found = self.db().run(BEGIN, params, Unknown::Report).await.map_err(StoreError::from)?;
        found
            .iter()
            .map(|row| {
                let mut row = Reader::new(row, "login_failures", &"-");
                let charged: Option<i32> = row.take("failures")?;
                let before: Option<i32> = row.take("failures")?;
                let account = rows::account(&mut row)?;
                let credential = rows::credential(&mut row)?;
                let device = Device::of(known, account.subject.id, credential.set_at);
                let failures = u32::try_from(charged.or(before).unwrap_or(0)).unwrap_or(0);
                Ok(Candidate { account, credential, device, failures, locked: charged.is_none() })
            })
            .collect()
    }

    pub(crate) async fn write_sign_in(&self, write: SignIn) -> Result<Commit, StoreError> {
        let session = write.session.as_ref();
        let legacy = write.legacy.as_ref();
        let audit = AuditParams::from(write.audit);
        let device = write.device.key();
        let params: Params<'_> = &[
            &write.user.uuid(),
            &write.verified.expose(),
            &At(write.at),
            &device.as_slice(),
            &session.and_then(|session| session.replaces).map(SessionId::uuid),
            &session.map(|session| session.id.uuid()),
            &session.map(|session| session.token.bytes().as_slice()),
            &session.map(|session| proven(session.authenticated_at)),
            &session.map(|session| rows::method_names(&session.methods)),
            &at(session.map(|session| session.idle_expires_at)),
            &at(session.map(|session| session.expires_at)),
            &session.map(|session| session.remembered),
            &session.and_then(|session| session.user_agent.as_deref()),
            &session.and_then(|session| session.address.as_deref()),
            &at(legacy.map(|pair| pair.created_at)),
            &legacy.map(|pair| pair.access.as_str()),
            &at(legacy.map(|pair| pair.access_expires_at)),
            &legacy.map(|pair| pair.refresh.as_str()),
            &at(legacy.map(|pair| pair.refresh_expires_at)),
            &audit.id,
            &audit.at,
            &audit.kind,
            &audit.user,
            &audit.client,
            &audit.address,
            &audit.detail,
            &at(session.and_then(|session| session.grants_end_at)),
            &at(write.legacy_use_at),
            &at(session.map(|session| session.begun_at)),
        ];
        let renewed = session.and_then(|session| Some((session.replaces?, session.id)));
        let first = self.db().write(COMPLETE, params, Unknown::Report).await;
        if !matches!(first, Err(Trouble::Disconnected(_))) {
            let count = first?;
            if let (true, Some((old, session))) = (count > 0, renewed) {
                self.settle(FOLLOW, &[&old.uuid(), &session.uuid(), &write.user.uuid(), &At(write.at)]).await?;
            }
            return Ok(commit(count));
        }
        // A lost answer: our own session or pair, whose ids are never made twice, tells that it had happened.
        match self.db().write(COMPLETE, params, Unknown::Report).await.map_err(StoreError::from) {
            Ok(count) => Ok(commit(count)),
            Err(error) if crate::error::is_conflict(&error, OWN) => Ok(Commit::Applied),
            Err(error) => Err(error),
        }
    }
}

const OWN: &[&str] = &["sessions.id", "sessions.token", "tokens.jti"];

#[cfg(test)]
mod tests {
    use authly_pg_fixture::PgFixture;

    use super::*;
    use crate::{PgOptions, connect::TUNED};

    /// A plan lasts as long as its connection: one that was made before an import is used all through it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_name_is_looked_for_by_its_index_even_where_there_are_four_accounts() {
        let database = PgFixture::empty().await;
        let store = PgStore::new(database.url(), PgOptions::default()).unwrap();
        store.migrate().await.unwrap();
        let client = store.own_connection().await.unwrap();
        let add = "INSERT INTO users (id, email, username)
                   SELECT gen_random_uuid(), n || '@example.org', 'n' || n FROM generate_series(1, 4) n";
        client.batch_execute(&format!("{add}; ANALYZE users")).await.unwrap();
        for (name, value) in TUNED {
            client.batch_execute(&format!("SET {name} = {value}")).await.unwrap();
        }
        client.batch_execute(&format!("PREPARE find (text, text, uuid) AS {FIND}")).await.unwrap();
        let plan = client.query("EXPLAIN (COSTS OFF) EXECUTE find ('n1', 'n1', NULL)", &[]).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        for (place, line) in plan.iter().enumerate().filter(|(_, line)| line.contains(" on users")) {
            assert!(plan[place + 1].contains("Index Cond:"), "{line}: reads every account:\n{}", plan.join("\n"));
        }
        for index in ["users_email_key", "users_username_key", "idx_users_email_lower", "idx_users_username_lower"] {
            assert!(plan.iter().any(|line| line.contains(index)), "{index}:\n{}", plan.join("\n"));
        }
    }
}
