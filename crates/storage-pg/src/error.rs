//! From the server's errors to ours: what can be tried again, what was lost, and which value is taken.

use oauth_core::store::{StoreError, StoreErrorKind};
use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};

/// The address of the database cannot be used.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The server has no database of that name (3D000).
    #[error("the server has no database called {name:?}")]
    Absent {
        /// The name.
        name: String,
        /// The command that makes it.
        command: String,
    },
    /// The address or one of its parameters cannot be read.
    #[error("the database address cannot be used: {0}")]
    Address(String),
    /// The server is there, and does not know the user or the password (28000, 28P01).
    #[error("the database lets nobody in with this user and password: {0}")]
    Denied(String),
    /// The server cannot be reached, or refuses for another reason.
    #[error("the database does not answer: {0}")]
    Refused(String),
    /// The runtime for connections cannot be started.
    #[error("the threads for connections cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
    /// The certificates cannot be used.
    #[error("TLS to the database cannot be set up: {0}")]
    Tls(String),
}

/// What a failed statement means for its caller.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another transaction came in between (40001, 40P01), or removed what a row refers to (23503); the whole statement may be tried
    /// again, and sees then what that left.
    Contended(StoreError),
    /// The connection ended or did not answer in time: whether the write happened is unknown.
    Disconnected(StoreError),
    /// Anything else.
    Refused(StoreError),
    /// The prepared statement does not fit the changed schema (0A000) or is gone (26000).
    Stale(StoreError),
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Contended(error)
            | Trouble::Disconnected(error)
            | Trouble::Refused(error)
            | Trouble::Stale(error) => error,
        }
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            if error.is_closed() || std::error::Error::source(&error).is_some_and(|cause| cause.is::<std::io::Error>())
            {
                return Self::Disconnected(unavailable(describe_client(&error)));
            }
            return Self::Refused(unavailable(describe_client(&error)));
        };
        let told = describe_server(db);
        let code = db.code();
        if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            return Self::Contended(busy(told));
        }
        if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED {
            return Self::Refused(busy(told));
        }
        if *code == SqlState::FEATURE_NOT_SUPPORTED || *code == SqlState::INVALID_SQL_STATEMENT_NAME {
            return Self::Stale(unavailable(told));
        }
        if *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::FOREIGN_KEY_VIOLATION {
            let name = taken(db.table().unwrap_or_default(), db.detail().unwrap_or_default());
            let error = StoreError::caused(StoreErrorKind::Conflict(name), told);
            return if *code == SqlState::UNIQUE_VIOLATION { Self::Refused(error) } else { Self::Contended(error) };
        }
        // A server that has become a replica refuses writes: another connection may find the primary.
        let gone = *code == SqlState::READ_ONLY_SQL_TRANSACTION;
        if gone || code.code().starts_with("57P") || code.code().starts_with("08") {
            return Self::Disconnected(unavailable(told));
        }
        Self::Refused(unavailable(told))
    }
}

pub(crate) fn unavailable(told: impl Into<String>) -> StoreError {
    StoreError::caused(StoreErrorKind::Unavailable, told.into())
}

pub(crate) fn busy(told: impl Into<String>) -> StoreError {
    StoreError::caused(StoreErrorKind::Busy, told.into())
}

/// Whether the error is a conflict over that name.
pub(crate) fn is_conflict(error: &StoreError, among: &[&str]) -> bool {
    matches!(error.kind, StoreErrorKind::Conflict(name) if among.contains(&name))
}

/// What the server says, with its code, and the table that it is about.
pub(crate) fn describe_server(error: &DbError) -> String {
    let table = error.table().map(|table| format!(" (table {table})")).unwrap_or_default();
    format!("{}: {}{table}", error.code().code(), error.message())
}

/// The library's own errors tell what went wrong in their causes.
fn describe_client(error: &tokio_postgres::Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let words = next.to_string();
        if !told.contains(&words) {
            told.push_str(": ");
            told.push_str(&words);
        }
        cause = next.source();
    }
    told
}

/// The names of the values that are unique, by table and by the columns between the first parentheses of the detail
/// (`Key (email)=(..) already exists.`): constraints of adopted databases have names of their own, and the text around is
/// translated.
fn taken(table: &str, detail: &str) -> &'static str {
    let columns =
        detail.split_once('(').and_then(|(_, rest)| rest.split_once(")=(")).map_or("", |(columns, _)| columns);
    NAMES.iter().find(|(theirs, key, _)| *theirs == table && *key == columns).map_or("row", |(_, _, name)| name)
}

const NAMES: &[(&str, &str, &str)] = &[
    ("clients", "client_id", "clients.client_id"),
    ("clients", "id", "clients.key"),
    ("grants", "client_id", "grants.client_id"),
    ("grants", "id", "grants.id"),
    ("grants", "user_id", "grants.user_id"),
    ("groups", "name", "groups.name"),
    ("groups", "tenant_id, name", "groups.name"),
    ("email_links", "token", "email_links.token"),
    ("issued_codes", "hash", "authorization_codes.code"),
    ("mail_outbox", "id", "mail_outbox.id"),
    ("refresh_tokens", "hash", "refresh_tokens.hash"),
    ("scopes", "id", "scopes.key"),
    ("scopes", "scope_name", "scopes.scope_name"),
    ("sessions", "id", "sessions.id"),
    ("sessions", "token", "sessions.token"),
    ("sessions", "user_id", "sessions.user_id"),
    ("signing_keys", "kid", "signing_keys.kid"),
    ("tenants", "id", "tenants.id"),
    ("tenants", "slug", "tenants.slug"),
    ("tokens", "jti", "tokens.jti"),
    ("tokens", "user_id", "tokens.user_id"),
    ("users", "email", "users.email"),
    ("users", "id", "users.id"),
    ("users", "tenant_id, email", "users.email"),
    ("users", "tenant_id", "users.tenant_id"),
    ("users", "username", "users.username"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_value_is_named_by_table_and_column() {
        assert_eq!(taken("users", "Key (email)=(a@b.example) already exists."), "users.email");
        assert_eq!(taken("users", "Schlüssel »(email)=(a)=(b)« existiert bereits."), "users.email");
        assert_eq!(taken("users", ""), "row");
        assert_eq!(taken("others", "Key (email)=(x) already exists."), "row");
    }
}
