//! Where the data is: a PostgreSQL server or an SQLite file.

use std::fmt;
use std::path::PathBuf;

use crate::parse::masked_url;
use crate::problem::Fault;
use crate::secret::{SecretText, SecretUrl};

/// The store to use.
#[derive(Debug, Clone)]
pub enum Database {
    /// A PostgreSQL server, by its address, password included.
    Postgres(SecretUrl),
    /// An SQLite file.
    Sqlite(PathBuf),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(url) => url.fmt(f),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

const HINT: &str = "postgresql://user:password@host/name, or sqlite:path";

/// Reads an address. A driver behind a plus sign, as some toolkits write it, is left out: `postgresql+asyncpg://`.
pub(crate) fn parse(text: &str) -> Result<Database, Fault> {
    let (scheme, _) = text.split_once(':').ok_or_else(|| Fault::new("is not a database URL", HINT))?;
    match scheme.split('+').next().unwrap_or_default() {
        "postgresql" | "postgres" => Ok(Database::Postgres(masked_url::split(text)?.join("postgresql", None))),
        "sqlite" => sqlite(text.get(scheme.len() + 1..).unwrap_or_default()),
        _ => Err(Fault::new("names no database that is supported", HINT)),
    }
}

/// `sqlite:path` and `sqlite://path` name the path as it is written; `sqlite:///./path` is relative to the current folder.
fn sqlite(rest: &str) -> Result<Database, Fault> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let relative = path.starts_with("/./") || path.starts_with("/../");
    let path = if relative { path.strip_prefix('/').unwrap_or(path) } else { path };
    let path = if path.starts_with("//") { path.strip_prefix('/').unwrap_or(path) } else { path };
    match path {
        "" | "/" => Err(Fault::new("names no file", HINT)),
        ":memory:" | "/:memory:" => Err(Fault::new("would forget everything at the end", "name a file: sqlite:path")),
        _ if path.contains(['?', '#', '\0']) => Err(Fault::new("has parameters, which are not used here", HINT)),
        _ => Ok(Database::Sqlite(PathBuf::from(path))),
    }
}

/// The same database with a password that was given apart from the address.
pub(crate) fn with_password(database: Database, password: &SecretText) -> Result<Database, Fault> {
    let Database::Postgres(url) = database else { return Ok(database) };
    let parts = masked_url::split(url.expose())?;
    match parts.decoded_password() {
        Some(own) if own != password.expose().as_bytes() => {
            Err(Fault::new("are two different passwords for one database", "keep one of them"))
        }
        Some(_) => Ok(Database::Postgres(url)),
        None if parts.user.is_empty() => {
            Err(Fault::new("a password needs a user in the database URL", "postgresql://user@host/name"))
        }
        None => Ok(Database::Postgres(parts.join("postgresql", Some(password.expose())))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        match parse(text) {
            Ok(Database::Sqlite(path)) => path.display().to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sqlite_files_are_named_in_several_ways() {
        assert_eq!(path("sqlite:data/authly.db"), "data/authly.db");
        assert_eq!(path("sqlite://data/authly.db"), "data/authly.db");
        assert_eq!(path("sqlite:///var/lib/authly.db"), "/var/lib/authly.db");
        assert_eq!(path("sqlite:////var/lib/authly.db"), "/var/lib/authly.db");
        assert_eq!(path("sqlite:///./authly.db"), "./authly.db");
        assert_eq!(path("sqlite+aiosqlite:///./authly.db"), "./authly.db");
    }

    #[test]
    fn postgresql_goes_by_both_of_its_names_and_loses_a_driver() {
        for text in ["postgres://me:x@db/a", "postgresql://me:x@db/a", "postgresql+asyncpg://me:x@db/a"] {
            match parse(text) {
                Ok(Database::Postgres(url)) => assert_eq!(url.expose(), "postgresql://me:x@db/a"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn other_databases_are_refused() {
        for bad in
            ["mysql://db/a", "host=db user=me", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite:a?mode=ro", ""]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_separate_password_completes_the_address_and_must_not_contradict_it() {
        let with = |url: &str, password: &str| with_password(parse(url).unwrap(), &SecretText::new(password));
        match with("postgresql://me@db/a", "p w") {
            Ok(Database::Postgres(url)) => assert_eq!(url.expose(), "postgresql://me:p%20w@db/a"),
            other => panic!("{other:?}"),
        }
        assert!(with("postgresql://me:p%20w@db/a", "p w").is_ok());
        assert!(with("postgresql://me:other@db/a", "p w").is_err());
        assert!(with("postgresql://db/a", "p w").is_err());
    }
}
