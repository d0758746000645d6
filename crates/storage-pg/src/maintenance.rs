//! Removal of what has expired, a limited number of rows at a time.
//!
//! What is due is found by when, and removed by its keys, which are listed first: no plan has two tables to join by reading them whole.

use oauth_core::store::{MaintenanceRepository, PurgeOrder, Purged, StoreError};

use crate::{
    db::{Params, Unknown},
    store::PgStore,
    value::At,
};

const PING: &str = "SELECT 1::bigint";

const CODES: &str = "
    WITH gone AS (
      DELETE FROM issued_codes WHERE hash = ANY(ARRAY(
        SELECT hash FROM issued_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// Grants that are due and have a token that lives are looked at again when it has expired.
const POSTPONE: &str = "
    WITH postponed AS (
      UPDATE grants g SET check_at = living.until
        FROM (SELECT id FROM grants WHERE check_at < $1 ORDER BY check_at LIMIT $2) due
       CROSS JOIN LATERAL (SELECT max(expires_at) AS until FROM refresh_tokens WHERE grant_id = due.id) living
       WHERE g.id = ANY(ARRAY[due.id]) AND living.until >= $1
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
      SELECT r.hash FROM refresh_tokens r
       WHERE r.grant_id = ANY(ARRAY(
               SELECT id FROM due
                WHERE (SELECT max(living.expires_at) FROM refresh_tokens living WHERE living.grant_id = due.id) < $1))
       LIMIT $2 FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM refresh_tokens WHERE hash = ANY(ARRAY(SELECT hash FROM doomed))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// A grant is due when its code expires, and later if it has tokens: the code of one that is due has gone before it.
const GRANTS: &str = "
    WITH empty AS MATERIALIZED (
      SELECT g.id FROM grants g
       WHERE g.check_at < $1 AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.grant_id = g.id OFFSET 0)
       ORDER BY g.check_at LIMIT $2
    ), gone AS (
      DELETE FROM grants WHERE id = ANY(ARRAY(SELECT id FROM empty))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// A grant never outlives the session that decides over it.
const SESSIONS: &str = "
    WITH gone AS (
      DELETE FROM sessions WHERE id = ANY(ARRAY(
        SELECT s.id FROM sessions s
         WHERE s.expires_at < $1 AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id OFFSET 0)
         ORDER BY s.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const LEGACY_TOKENS: &str = "
    WITH gone AS (
      DELETE FROM tokens WHERE id = ANY(ARRAY(
        SELECT id FROM tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const ASSERTIONS: &str = "
    WITH due AS MATERIALIZED (
      SELECT client_id, jti FROM replay WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM replay r USING due WHERE r.client_id = ANY(ARRAY[due.client_id]) AND r.jti = ANY(ARRAY[due.jti])
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const REVOKED: &str = "
    WITH gone AS (
      DELETE FROM revoked_access_tokens WHERE jti = ANY(ARRAY(
        SELECT jti FROM revoked_access_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const FAILURES: &str = "
    WITH due AS MATERIALIZED (
      SELECT user_id, device FROM login_failures
       WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM login_failures f USING due
       WHERE f.user_id = ANY(ARRAY[due.user_id]) AND f.device = ANY(ARRAY[due.device])
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// The table holds the last moments only; it has no index on the time.
const SUCCESSORS: &str = "
    WITH gone AS (
      DELETE FROM refresh_successors WHERE spent = ANY(ARRAY(
        SELECT spent FROM refresh_successors WHERE used_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

const LINKS: &str = "
    WITH gone AS (
      DELETE FROM email_links WHERE token = ANY(ARRAY(
        SELECT token FROM email_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// Mails that are settled; those that wait stay.
const MAILS: &str = "
    WITH gone AS (
      DELETE FROM mail_outbox WHERE id = ANY(ARRAY(
        SELECT id FROM mail_outbox WHERE state IN ('sent', 'failed', 'unknown') AND next_at < $1
         LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING 1
    )
    SELECT count(*) FROM gone";

/// What is planned before anybody knows how much there will be to remove, with the numbers of parameters. Not
/// [`SUCCESSORS`], which reads its table.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 11] = [
    (CODES, 2),
    (POSTPONE, 2),
    (REFRESH_TOKENS, 2),
    (GRANTS, 2),
    (SESSIONS, 2),
    (LEGACY_TOKENS, 2),
    (ASSERTIONS, 2),
    (REVOKED, 2),
    (FAILURES, 2),
    (LINKS, 2),
    (MAILS, 2),
];

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
