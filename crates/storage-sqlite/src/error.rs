//! What goes wrong, from SQLite's words into the ports'.

use std::path::PathBuf;

use oauth_core::store::{StoreError, StoreErrorKind};
use rusqlite::{Error, ErrorCode};
use thiserror::Error as ThisError;

/// Why a file cannot be opened or migrated.
#[derive(Debug, ThisError)]
pub enum OpenError {
    /// The file holds tables of something else.
    #[error("{path} holds a database of another program")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be created.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A migration failed; nothing of it was kept.
    #[error("the migration of {path} failed: {source}")]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<refinery::Error>,
    },
    /// The structure was made by a newer release.
    #[error(
        "{path} has schema version {found}, and this release knows versions up to {known}: it was used by a newer release. \
         Start that release, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: i32,
        /// The newest version of this release.
        known: i32,
    },
    /// The file is something else than a database.
    #[error("{path} is not an SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The structure is not up to date.
    #[error("{path} lacks the migrations {}: run `authly-admin migrate schema up`", missing.join(", "))]
    Pending {
        /// The file.
        path: PathBuf,
        /// What is missing.
        missing: Vec<String>,
    },
    /// SQLite refuses.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Error,
    },
}

impl OpenError {
    /// What SQLite says about a file.
    pub(crate) fn sqlite(path: &std::path::Path, source: Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// A failure inside a step; `?` makes it from both kinds of errors.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) StoreError);

pub(crate) type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// A unique value is taken.
    pub(crate) const fn conflict(constraint: &'static str) -> Self {
        Self(StoreError::new(StoreErrorKind::Conflict(constraint)))
    }

    /// A value that cannot be read; `column` is `table.column`.
    pub(crate) fn corrupt(column: &'static str, key: String) -> Self {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        Self(StoreError::new(StoreErrorKind::Corrupt { table, column, key }))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::SqliteFailure(failure, text) => match failure.code {
                ErrorCode::ConstraintViolation => {
                    StoreErrorKind::Conflict(constraint(text.as_deref().unwrap_or_default()))
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreErrorKind::Busy,
                _ => StoreErrorKind::Unavailable,
            },
            _ => StoreErrorKind::Unavailable,
        };
        Self(StoreError::caused(kind, error))
    }
}

/// What SQLite says, and what the ports call it.
const CONSTRAINTS: [(&str, &str); 18] = [
    ("authorization_codes.code", "authorization_codes.code"),
    ("clients.client_id", "clients.client_id"),
    ("clients.key", "clients.key"),
    ("email_links.token", "email_links.token"),
    ("grants.id", "grants.id"),
    ("index 'groups_name'", "groups.name"),
    ("mail_outbox.id", "mail_outbox.id"),
    ("refresh_tokens.hash", "refresh_tokens.hash"),
    ("scopes.key", "scopes.key"),
    ("sessions.id", "sessions.id"),
    ("sessions.token", "sessions.token"),
    ("signing_keys.kid", "signing_keys.kid"),
    ("tenants.slug", "tenants.slug"),
    ("tokens.jti", "tokens.jti"),
    ("users.email_folded", "users.email"),
    ("users.id", "users.id"),
    ("users.username_folded", "users.username"),
    ("FOREIGN KEY", "reference"),
];

fn constraint(text: &str) -> &'static str {
    let subject = text.strip_prefix("UNIQUE constraint failed: ").unwrap_or(text);
    CONSTRAINTS.iter().find(|(said, _)| subject.starts_with(said)).map_or("constraint", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_not_taken_for_a_shorter_one() {
        assert_eq!(constraint("UNIQUE constraint failed: users.email_folded"), "users.email");
        assert_eq!(constraint("UNIQUE constraint failed: refresh_tokens.hash"), "refresh_tokens.hash");
        assert_eq!(constraint("UNIQUE constraint failed: tokens.jti"), "tokens.jti");
        assert_eq!(constraint("FOREIGN KEY constraint failed"), "reference");
        assert_eq!(constraint("CHECK constraint failed: length(id) = 16"), "constraint");
    }
}
