//! An SQLite file.

use std::path::{Path, PathBuf};

use authly_storage_sqlite::{OpenError, SqliteStore};
use oauth_core::time::Timestamp;

use crate::{
    private_file,
    store::{Database, SchemaReport, Survey},
    trouble::{Trouble, causes},
};

/// The file that the settings name.
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: PathBuf,
}

impl Sqlite {
    /// The file at `path`, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn failed(&self, error: &OpenError) -> Trouble {
        let remedy = match error {
            OpenError::Foreign { .. } | OpenError::NotADatabase { .. } => "name another file in DATABASE_URL",
            OpenError::Newer { .. } => "start the newer release, or restore a backup from before the upgrade",
            _ => "check that the file and its folder may be written by this user, and that the disk has room",
        };
        // The file is named already.
        let why = match error {
            OpenError::Io { .. } | OpenError::Sqlite { .. } if self.path.is_dir() => "it is a folder".to_owned(),
            OpenError::Io { source, .. } => causes(source),
            OpenError::NotADatabase { .. } => "the file is not an SQLite database".to_owned(),
            OpenError::Sqlite { source, .. } => causes(source),
            other => causes(other),
        };
        Trouble::new(format!("cannot use the database {}", self.path.display()), why, remedy)
    }
}

impl Database for Sqlite {
    type Store = SqliteStore;

    fn newest_step(&self) -> &'static str {
        authly_storage_sqlite::newest_step()
    }

    async fn schema(&self) -> Result<SchemaReport, Trouble> {
        match SqliteStore::pending(&self.path) {
            Ok(pending) => Ok(SchemaReport { pending, differences: Vec::new() }),
            Err(error @ (OpenError::Foreign { .. } | OpenError::Newer { .. })) => {
                Ok(SchemaReport { pending: Vec::new(), differences: vec![error.to_string()] })
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn deviations(&self) -> Result<Vec<String>, Trouble> {
        authly_storage_sqlite::deviations(&self.path).map_err(|error| self.failed(&error))
    }

    async fn make_auth_users(&self) -> Result<(), Trouble> {
        Err(Trouble::new(
            "cannot make the view auth_users",
            "the store is an SQLite file, whose tables other programs do not share",
            "keep the accounts in PostgreSQL where another program reads them",
        ))
    }

    async fn survey(&self, now: Timestamp) -> Result<Survey, Trouble> {
        let found = authly_storage_sqlite::survey::survey(&self.path, now).map_err(|error| self.failed(&error))?;
        Ok(Survey {
            tables: found.tables,
            users: found.users,
            verified_users: found.verified_users,
            living_tokens: found.living_tokens,
        })
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, Trouble> {
        authly_storage_sqlite::survey::setting(&self.path, name).map_err(|error| self.failed(&error))
    }

    async fn migrate(&self) -> Result<Vec<String>, Trouble> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_file::create_folder(folder).map_err(|trouble| Trouble {
                remedy: "name a file in a folder that this user may write to in DATABASE_URL".to_owned(),
                ..trouble
            })?;
        }
        SqliteStore::migrate(&self.path).map(|report| report.applied).map_err(|error| self.failed(&error))
    }

    async fn open(&self) -> Result<SqliteStore, Trouble> {
        SqliteStore::open(&self.path).map_err(|error| self.failed(&error))
    }

    async fn engine(&self) -> Result<String, Trouble> {
        Ok(format!("SQLite {}", SqliteStore::engine_version()))
    }
}
