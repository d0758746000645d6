//! Signing keys at rest.

use oauth_core::{
    catalog::{KeyState, SigningKeyRecord},
    ids::KeyId,
    time::Timestamp,
};
use rusqlite::params;

use crate::{
    db::Db,
    error::{Fault, Outcome},
};

const ALL: &str = "SELECT kid, algorithm, public_jwk, sealed_private_jwk, state, created_at, activated_at, retired_at, \
                   remove_at FROM signing_keys ORDER BY created_at, kid";

pub(crate) fn all(db: Db<'_>) -> Outcome<Vec<SigningKeyRecord>> {
    db.all(ALL, [], |cursor| {
        Ok(SigningKeyRecord {
            id: KeyId(cursor.value("signing_keys.kid")?),
            algorithm: cursor.value("signing_keys.algorithm")?,
            public_jwk: cursor.value("signing_keys.public_jwk")?,
            sealed_private_jwk: cursor.value("signing_keys.sealed_private_jwk")?,
            state: cursor.parse("signing_keys.state", KeyState::parse)?,
            created_at: cursor.time("signing_keys.created_at")?,
            activated_at: cursor.time_opt("signing_keys.activated_at")?,
            retired_at: cursor.time_opt("signing_keys.retired_at")?,
            remove_at: cursor.time_opt("signing_keys.remove_at")?,
        })
    })
}

const KNOWN: &str = "SELECT 1 FROM signing_keys WHERE kid = ?1";

const RETIRE: &str = "UPDATE signing_keys SET state = 'retired', retired_at = ?2, remove_at = ?3 \
                      WHERE algorithm = ?1 AND state = 'current'";

const INSERT: &str = "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_jwk, state, created_at, \
                      activated_at, retired_at, remove_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// Stores a key; the current key of its algorithm makes way for a new current one.
pub(crate) fn insert(db: Db<'_>, key: &SigningKeyRecord, at: Timestamp, retire_until: Timestamp) -> Outcome<()> {
    if db.exists(KNOWN, [&key.id.0])? {
        return Err(Fault::conflict("signing_keys.kid"));
    }
    if key.state == KeyState::Current {
        db.run(RETIRE, params![key.algorithm, at.micros(), retire_until.micros()])?;
    }
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    let row = params![
        key.id.0,
        key.algorithm,
        key.public_jwk,
        key.sealed_private_jwk,
        key.state.as_str(),
        key.created_at.micros(),
        micros(key.activated_at),
        micros(key.retired_at),
        micros(key.remove_at),
    ];
    db.run(INSERT, row).map(drop)
}

/// Which key makes way: none if this one is current already.
const RETIRE_FOR: &str = "UPDATE signing_keys SET state = 'retired', retired_at = ?2, remove_at = ?3 \
                          WHERE state = 'current' AND kid <> ?1 \
                          AND algorithm = (SELECT algorithm FROM signing_keys WHERE kid = ?1)";

const ACTIVATE: &str = "UPDATE signing_keys SET activated_at = CASE state WHEN 'current' THEN activated_at ELSE ?2 END, \
                        state = 'current', retired_at = NULL, remove_at = NULL WHERE kid = ?1";

const ANNOUNCE: &str = "UPDATE signing_keys SET state = 'next', activated_at = NULL, retired_at = NULL, \
                        remove_at = NULL WHERE kid = ?1";

const RETIRE_ONE: &str = "UPDATE signing_keys SET state = 'retired', retired_at = ?2, remove_at = ?3 WHERE kid = ?1";

/// Changes a key's state; returns whether the key is there.
pub(crate) fn set_state(
    db: Db<'_>,
    key: &KeyId,
    state: KeyState,
    at: Timestamp,
    remove_at: Timestamp,
) -> Outcome<usize> {
    let row = params![key.0, at.micros(), remove_at.micros()];
    match state {
        KeyState::Current => {
            db.run(RETIRE_FOR, row)?;
            db.run(ACTIVATE, params![key.0, at.micros()])
        }
        KeyState::Next => db.run(ANNOUNCE, [&key.0]),
        KeyState::Retired => db.run(RETIRE_ONE, row),
    }
}

const DELETE: &str = "DELETE FROM signing_keys WHERE kid = ?1 AND state = 'retired'";

pub(crate) fn delete(db: Db<'_>, key: &KeyId) -> Outcome<usize> {
    db.run(DELETE, [&key.0])
}

const RESEAL: &str = "UPDATE signing_keys SET sealed_private_jwk = ?2 WHERE kid = ?1";

pub(crate) fn reseal(db: Db<'_>, key: &KeyId, sealed: &[u8]) -> Outcome<usize> {
    db.run(RESEAL, params![key.0, sealed])
}
