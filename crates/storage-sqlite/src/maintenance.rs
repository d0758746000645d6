//! Removal of what has expired, in bounded batches: no order looks at more than a few rows for each that it may remove.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use oauth_core::{
    ids::GrantId,
    store::{MaintenanceRepository, PurgeOrder, Purged, StoreError},
    time::Timestamp,
};
use rusqlite::params;

use crate::{SqliteStore, db::Db, error::Outcome};

impl MaintenanceRepository for SqliteStore {
    async fn purge(&self, order: PurgeOrder) -> Result<Purged, StoreError> {
        let rounds = self.inner.rounds.clone();
        self.write(move |db| {
            let mut rounds = rounds.lock().unwrap_or_else(PoisonError::into_inner);
            purge(db, &order, &mut rounds)
        })
        .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(|db| db.exists("SELECT 1", []).map(drop))
    }
}

/// How far the rounds through tables have come in which expired rows may have to stay.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    refresh_tokens: Place,
    sessions: Place,
}

pub(crate) type SharedRounds = Arc<Mutex<Rounds>>;

/// A row in order of expiry: the next order looks at those behind it.
#[derive(Debug)]
struct Place {
    expires_at: i64,
    key: Vec<u8>,
}

impl Default for Place {
    fn default() -> Self {
        Self { expires_at: i64::MIN, key: Vec::new() }
    }
}

/// Rows that are looked at for each that may be removed.
const LOOK: usize = 4;

fn purge(db: Db<'_>, order: &PurgeOrder, rounds: &mut Rounds) -> Outcome<Purged> {
    let limit = i64::from(order.limit);
    let remove = |sql, before: Timestamp| db.run(sql, [before.micros(), limit]).map(count);
    // A grant goes when the last code or token that hung on it has gone.
    let mut grants = BTreeSet::new();
    let codes = codes(db, order, &mut grants)?;
    let refresh_tokens = refresh_tokens(db, order, &mut rounds.refresh_tokens, &mut grants)?;
    let mut removed_grants = 0;
    for grant in grants {
        removed_grants += db.run(GRANT, [grant.uuid()]).map(count)?;
    }
    Ok(Purged {
        codes,
        refresh_tokens,
        grants: removed_grants,
        sessions: sessions(db, order, &mut rounds.sessions)?,
        legacy_tokens: remove(LEGACY_TOKENS, order.tokens_before)?,
        others: remove(ASSERTIONS, order.now)?
            + remove(ACCESS_TOKENS, order.now)?
            + remove(FAILURES, order.now)?
            + remove(SUCCESSORS, order.successors_before)?
            + remove(LINKS, order.tokens_before)?
            + remove(MAILS, order.tokens_before)?,
    })
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

const CODES: &str = "DELETE FROM authorization_codes WHERE code IN \
                     (SELECT code FROM authorization_codes WHERE expires_at < ?1 LIMIT ?2) RETURNING grant_id";

fn codes(db: Db<'_>, order: &PurgeOrder, grants: &mut BTreeSet<GrantId>) -> Outcome<u64> {
    let row = params![order.codes_before.micros(), order.limit];
    let emptied = db.all(CODES, row, |cursor| cursor.id("authorization_codes.grant_id", GrantId::from_uuid))?;
    let removed = count(emptied.len());
    grants.extend(emptied);
    Ok(removed)
}

/// A token goes only when no token of its family is left that has not expired.
const EXPIRED_TOKENS: &str = "SELECT r.hash, r.expires_at, r.grant_id, NOT EXISTS \
                                (SELECT 1 FROM refresh_tokens f WHERE f.grant_id = r.grant_id AND f.expires_at >= ?1) \
                              FROM refresh_tokens r WHERE r.expires_at < ?1 AND (r.expires_at, r.hash) > (?2, ?3) \
                              ORDER BY r.expires_at, r.hash LIMIT ?4";

const TOKEN: &str = "DELETE FROM refresh_tokens WHERE hash = ?1";

fn refresh_tokens(db: Db<'_>, order: &PurgeOrder, place: &mut Place, grants: &mut BTreeSet<GrantId>) -> Outcome<u64> {
    let mut removed = 0;
    for row in place.round(db, EXPIRED_TOKENS, order)? {
        removed += db.run(TOKEN, [row.key]).map(count)?;
        grants.extend(row.grant);
    }
    Ok(removed)
}

const GRANT: &str = "DELETE FROM grants WHERE id = ?1 \
                     AND NOT EXISTS (SELECT 1 FROM authorization_codes WHERE grant_id = ?1) \
                     AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE grant_id = ?1)";

/// A grant never outlives the session that decides over it.
const EXPIRED_SESSIONS: &str = "SELECT s.id, s.expires_at, NULL, NOT EXISTS \
                                  (SELECT 1 FROM grants g WHERE g.session_id = s.id) \
                                FROM sessions s WHERE s.expires_at < ?1 AND (s.expires_at, s.id) > (?2, ?3) \
                                ORDER BY s.expires_at, s.id LIMIT ?4";

const SESSION: &str = "DELETE FROM sessions WHERE id = ?1";

fn sessions(db: Db<'_>, order: &PurgeOrder, place: &mut Place) -> Outcome<u64> {
    let mut removed = 0;
    for row in place.round(db, EXPIRED_SESSIONS, order)? {
        removed += db.run(SESSION, [row.key]).map(count)?;
    }
    Ok(removed)
}

/// An expired row that may go.
struct Over {
    key: Vec<u8>,
    grant: Option<GrantId>,
}

impl Place {
    /// Looks at the next expired rows; those that may go come back, up to the order's limit.
    fn round(&mut self, db: Db<'_>, sql: &str, order: &PurgeOrder) -> Outcome<Vec<Over>> {
        let limit = usize::try_from(order.limit).unwrap_or(usize::MAX);
        let look = limit.saturating_mul(LOOK);
        let most = i64::try_from(look).unwrap_or(i64::MAX);
        let row = params![order.tokens_before.micros(), self.expires_at, self.key, most];
        let seen = db.all(sql, row, |cursor| {
            let place = (cursor.value("refresh_tokens.hash")?, cursor.value("refresh_tokens.expires_at")?);
            let grant = cursor.id_opt("refresh_tokens.grant_id", GrantId::from_uuid)?;
            Ok((place, grant, cursor.value::<bool>("refresh_tokens.hash")?))
        })?;
        let to_the_end = seen.len() < look;
        let mut over = Vec::new();
        for ((key, expires_at), grant, may_go) in seen {
            if over.len() == limit {
                return Ok(over);
            }
            *self = Self { expires_at, key: Vec::clone(&key) };
            if may_go {
                over.push(Over { key, grant });
            }
        }
        if to_the_end {
            *self = Self::default();
        }
        Ok(over)
    }
}

const LINKS: &str = "DELETE FROM email_links WHERE token IN \
                     (SELECT token FROM email_links WHERE expires_at < ?1 LIMIT ?2)";

/// Mails that are settled; those that wait stay.
const MAILS: &str = "DELETE FROM mail_outbox WHERE id IN (SELECT id FROM mail_outbox \
                     WHERE state IN ('sent', 'failed', 'unknown') AND next_at < ?1 LIMIT ?2)";

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
