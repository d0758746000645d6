//! Scopes.

use oauth_core::{catalog::ScopeRecord, ids::ScopeKey, scope::Scope};
use rusqlite::params;

use crate::{db::Db, error::Outcome};

const ALL: &str = "SELECT key, name, description, is_default, is_active FROM scopes ORDER BY key";

pub(crate) fn all(db: Db<'_>) -> Outcome<Vec<ScopeRecord>> {
    db.all(ALL, [], |cursor| {
        Ok(ScopeRecord {
            key: cursor.id("scopes.key", ScopeKey::from_uuid)?,
            name: cursor.parse("scopes.name", |name| Scope::parse(name).ok())?,
            description: cursor.value("scopes.description")?,
            is_default: cursor.value("scopes.is_default")?,
            is_active: cursor.value("scopes.is_active")?,
        })
    })
}

const PUT: &str = "INSERT INTO scopes (key, name, description, is_default, is_active) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (name) DO UPDATE SET description = excluded.description, \
                   is_default = excluded.is_default, is_active = excluded.is_active";

pub(crate) fn put(db: Db<'_>, scope: &ScopeRecord) -> Outcome<()> {
    let ScopeRecord { key, name, description, is_default, is_active } = scope;
    db.run(PUT, params![key.uuid(), name.as_str(), description, is_default, is_active]).map(drop)
}

const FORGET: &str = "DELETE FROM client_scopes WHERE scope = (SELECT name FROM scopes WHERE key = ?1)";

const DELETE: &str = "DELETE FROM scopes WHERE key = ?1";

/// Removes a scope, also from the clients that might ask for it.
pub(crate) fn delete(db: Db<'_>, scope: ScopeKey) -> Outcome<usize> {
    db.run(FORGET, [scope.uuid()])?;
    db.run(DELETE, [scope.uuid()])
}
