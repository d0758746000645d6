//! Removal of what has expired, one bounded batch of each kind.

use oauth_core::store::{MaintenanceRepository, PurgeOrder, Purged, StoreError};

use crate::{SqliteStore, db::Db, error::Outcome};

impl MaintenanceRepository for SqliteStore {
    async fn purge(&self, order: PurgeOrder) -> Result<Purged, StoreError> {
        self.write(move |db| purge(db, &order)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(|db| db.exists("SELECT 1", []).map(drop))
    }
}

const CODES: &str = "DELETE FROM authorization_codes WHERE code IN \
                     (SELECT code FROM authorization_codes WHERE expires_at < ?1 LIMIT ?2)";

/// A token goes only when no token of its family is left that has not expired.
const REFRESH_TOKENS: &str = "DELETE FROM refresh_tokens WHERE hash IN \
                              (SELECT r.hash FROM refresh_tokens r WHERE r.expires_at < ?1 AND NOT EXISTS \
                                (SELECT 1 FROM refresh_tokens f WHERE f.grant_id = r.grant_id AND f.expires_at >= ?1) \
                               LIMIT ?2)";

const GRANTS: &str = "DELETE FROM grants WHERE id IN \
                      (SELECT g.id FROM grants g \
                        WHERE NOT EXISTS (SELECT 1 FROM authorization_codes c WHERE c.grant_id = g.id) \
                        AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.grant_id = g.id) LIMIT ?1)";

/// A grant never outlives the session that decides over it.
const SESSIONS: &str = "DELETE FROM sessions WHERE id IN \
                        (SELECT s.id FROM sessions s WHERE s.expires_at < ?1 \
                          AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id) LIMIT ?2)";

const LEGACY_TOKENS: &str = "DELETE FROM tokens WHERE jti IN \
                             (SELECT jti FROM tokens WHERE expires_at < ?1 LIMIT ?2)";

const ASSERTIONS: &str = "DELETE FROM replay WHERE (client, jti) IN \
                          (SELECT client, jti FROM replay WHERE expires_at <= ?1 LIMIT ?2)";

const ACCESS_TOKENS: &str = "DELETE FROM revoked_access_tokens WHERE jti IN \
                             (SELECT jti FROM revoked_access_tokens WHERE expires_at <= ?1 LIMIT ?2)";

const FAILURES: &str = "DELETE FROM login_failures WHERE (user_id, device) IN \
                        (SELECT user_id, device FROM login_failures \
                          WHERE forget_at <= ?1 AND (locked_until IS NULL OR locked_until <= ?1) LIMIT ?2)";

const SUCCESSORS: &str = "UPDATE refresh_tokens SET sealed_successor = NULL WHERE hash IN \
                          (SELECT hash FROM refresh_tokens WHERE sealed_successor IS NOT NULL AND used_at < ?1 LIMIT ?2)";

fn purge(db: Db<'_>, order: &PurgeOrder) -> Outcome<Purged> {
    let limit = i64::from(order.limit);
    let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    let remove = |sql, before: oauth_core::time::Timestamp| db.run(sql, [before.micros(), limit]).map(count);
    Ok(Purged {
        codes: remove(CODES, order.codes_before)?,
        refresh_tokens: remove(REFRESH_TOKENS, order.tokens_before)?,
        grants: db.run(GRANTS, [limit]).map(count)?,
        sessions: remove(SESSIONS, order.tokens_before)?,
        legacy_tokens: remove(LEGACY_TOKENS, order.tokens_before)?,
        others: remove(ASSERTIONS, order.now)?
            + remove(ACCESS_TOKENS, order.now)?
            + remove(FAILURES, order.now)?
            + remove(SUCCESSORS, order.successors_before)?,
    })
}
