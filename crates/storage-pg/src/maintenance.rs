//! Removal of what has expired, a limited number of rows at a time.

use oauth_core::store::{MaintenanceRepository, PurgeOrder, Purged, StoreError};

use crate::{
    db::{Params, Unknown},
    store::PgStore,
    value::At,
};

const PING: &str = "SELECT 1::bigint";

const CODES: &str = "
    WITH gone AS (
      DELETE FROM issued_codes WHERE hash IN (
        SELECT hash FROM issued_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// Grants that are due and have a token that lives are looked at again when it has expired.
const POSTPONE: &str = "
    WITH postponed AS (
      UPDATE grants g SET check_at = living.until
        FROM (SELECT due.id, max(r.expires_at) AS until
                FROM (SELECT id FROM grants WHERE check_at < $1 ORDER BY check_at LIMIT $2) due
                JOIN refresh_tokens r ON r.grant_id = due.id
               GROUP BY due.id
              HAVING max(r.expires_at) >= $1) living
       WHERE g.id = living.id
      RETURNING 1
    )
    SELECT count(*) FROM postponed";

/// Batches of postponements in one cleaning at most.
const POSTPONE_ROUNDS: u32 = 64;

/// A token goes only when its whole family has expired.
const REFRESH_TOKENS: &str = "
    WITH due AS MATERIALIZED (
      SELECT id FROM grants WHERE check_at < $1 ORDER BY check_at LIMIT $2
    ), doomed AS MATERIALIZED (
      SELECT r.hash FROM due JOIN refresh_tokens r ON r.grant_id = due.id
       WHERE NOT EXISTS (SELECT 1 FROM refresh_tokens living WHERE living.grant_id = due.id AND living.expires_at >= $1)
       ORDER BY r.hash LIMIT $2 FOR UPDATE OF r SKIP LOCKED
    ), gone AS (
      DELETE FROM refresh_tokens r USING doomed WHERE r.hash = doomed.hash
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// A grant is due when its code expires, and later if it has tokens: the code of one that is due has gone before it.
const GRANTS: &str = "
    WITH empty AS MATERIALIZED (
      SELECT g.id FROM grants g
       WHERE g.check_at < $1 AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.grant_id = g.id)
       ORDER BY g.check_at LIMIT $2
    ), gone AS (
      DELETE FROM grants g USING empty WHERE g.id = empty.id
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// A grant never outlives the session that decides over it.
const SESSIONS: &str = "
    WITH gone AS (
      DELETE FROM sessions WHERE id IN (
        SELECT s.id FROM sessions s
         WHERE s.expires_at < $1 AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id)
         ORDER BY s.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const LEGACY_TOKENS: &str = "
    WITH gone AS (
      DELETE FROM tokens WHERE id IN (
        SELECT id FROM tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const ASSERTIONS: &str = "
    WITH gone AS (
      DELETE FROM replay WHERE (client_id, jti) IN (
        SELECT client_id, jti FROM replay WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const REVOKED: &str = "
    WITH gone AS (
      DELETE FROM revoked_access_tokens WHERE jti IN (
        SELECT jti FROM revoked_access_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const FAILURES: &str = "
    WITH gone AS (
      DELETE FROM login_failures WHERE (user_id, device) IN (
        SELECT user_id, device FROM login_failures
         WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// The table holds the last moments only; it has no index on the time.
const SUCCESSORS: &str = "
    WITH gone AS (
      DELETE FROM refresh_successors WHERE spent IN (
        SELECT spent FROM refresh_successors WHERE used_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const LINKS: &str = "
    WITH gone AS (
      DELETE FROM email_links WHERE token IN (
        SELECT token FROM email_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// Mails that are settled; those that wait stay.
const MAILS: &str = "
    WITH gone AS (
      DELETE FROM mail_outbox WHERE id IN (
        SELECT id FROM mail_outbox WHERE state IN ('sent', 'failed', 'unknown') AND next_at < $1
         LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING 1
    )
    SELECT count(*) FROM gone";

impl MaintenanceRepository for PgStore {
    async fn purge(&self, order: PurgeOrder) -> Result<Purged, StoreError> {
        let limit = i64::from(order.limit);
        let (codes, tokens) = (At(order.codes_before), At(order.tokens_before));
        let (now, successors) = (At(order.now), At(order.successors_before));
        let removed = async |sql: &'static str, before: At| -> Result<u64, StoreError> {
            let params: Params<'_> = &[&before, &limit];
            Ok(self.db().write(sql, params, Unknown::Repeat).await?)
        };
        let purged_codes = removed(CODES, codes).await?;
        // What lives must not stand before what is over for ever.
        for _ in 0..POSTPONE_ROUNDS {
            if removed(POSTPONE, tokens).await? < u64::from(order.limit) {
                break;
            }
        }
        let refresh_tokens = removed(REFRESH_TOKENS, tokens).await?;
        let grants = removed(GRANTS, codes).await?;
        Ok(Purged {
            codes: purged_codes,
            refresh_tokens,
            grants,
            sessions: removed(SESSIONS, tokens).await?,
            legacy_tokens: removed(LEGACY_TOKENS, tokens).await?,
            others: removed(ASSERTIONS, now).await?
                + removed(REVOKED, now).await?
                + removed(FAILURES, now).await?
                + removed(SUCCESSORS, successors).await?
                + removed(LINKS, tokens).await?
                + removed(MAILS, tokens).await?,
        })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.db().read_one(PING, &[]).await.map(|_| ())
    }
}
