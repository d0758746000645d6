//! Where a source is: the address of a PostgreSQL database, an SQLite file, or files of records.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use authly_cutover::profile::rules::SourceKind;
use oauth_core::secret::Secret;

use crate::error::OpenError;

/// Where a source is.
#[derive(Clone)]
pub enum SourceAddress {
    /// A PostgreSQL database, password included.
    Postgres(Secret<String>),
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A file for one table, or a folder with one for each.
    Files(PathBuf),
}

impl SourceAddress {
    /// Reads `postgresql://..`, `sqlite:path`, or the path of a file or folder.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let wrong = || {
            OpenError::Address(
                "name a database (postgresql://user@host/name, sqlite:path) or a .csv, .json or .ndjson file"
                    .to_owned(),
            )
        };
        if let Some((scheme, rest)) = text.split_once("://").or_else(|| text.split_once(':')) {
            match scheme.split('+').next().unwrap_or_default() {
                "postgresql" | "postgres" if text.contains("://") => {
                    return Ok(Self::Postgres(Secret::new(format!("postgresql://{rest}"))));
                }
                "sqlite" => {
                    let path = sqlite_path(text.get(scheme.len() + 1..).unwrap_or_default());
                    return if path.is_empty() || path.contains('\0') {
                        Err(wrong())
                    } else {
                        Ok(Self::Sqlite(path.into()))
                    };
                }
                _ => {}
            }
        }
        let path = Path::new(text);
        if text.is_empty() || text.contains(['\0']) || text.contains("://") {
            return Err(wrong());
        }
        match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("db" | "sqlite" | "sqlite3") => Ok(Self::Sqlite(path.to_owned())),
            _ if path.is_dir() || kind_of(path).is_some() => Ok(Self::Files(path.to_owned())),
            _ => Err(wrong()),
        }
    }
}

/// `sqlite:path` and `sqlite://path` name the path as it is written; `sqlite:///./path` is relative to the current folder.
fn sqlite_path(rest: &str) -> &str {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let extra = path.starts_with("/./") || path.starts_with("/../") || path.starts_with("//");
    if extra { path.strip_prefix('/').unwrap_or(path) } else { path }
}

/// What a file holds, by its name.
pub(crate) fn kind_of(path: &Path) -> Option<SourceKind> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(SourceKind::Csv),
        "json" => Some(SourceKind::Json),
        "ndjson" | "jsonl" => Some(SourceKind::Ndjson),
        _ => None,
    }
}

/// Never shows a password, nor a user.
impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(url) => {
                let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.split('?').next().unwrap_or_default();
                write!(f, "postgresql://{}", rest.rsplit('@').next().unwrap_or_default())
            }
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Files(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Debug for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_never_show_a_password() {
        let shown = |text: &str| SourceAddress::parse(text).map(|address| address.to_string()).unwrap_or_default();
        assert_eq!(shown("postgresql+asyncpg://u:p@ss@db:6000/a?sslmode=require"), "postgresql://db:6000/a");
        assert_eq!(shown("sqlite:///./dhafnck.db"), "sqlite:./dhafnck.db");
        assert_eq!(shown("sqlite:////var/a.db"), "sqlite:/var/a.db");
        assert_eq!(shown("sqlite:a.db"), "sqlite:a.db");
        assert_eq!(shown("old.sqlite3"), "sqlite:old.sqlite3");
        assert_eq!(shown("export.ndjson"), "export.ndjson");
        for wrong in ["", "mysql://u:hunter2@db/a", "export.xlsx", "sqlite:", "http://a/b.csv"] {
            let error = SourceAddress::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
