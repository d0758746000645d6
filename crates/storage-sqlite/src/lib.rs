//! The repositories on embedded SQLite: one file, no service, durable before each answer.
//!
//! All writes go through one writer thread, which commits what has gathered in one transaction. Short reads run where
//! they are asked, on connections of their own: in WAL mode they wait for nobody, and a page that is cached costs less than
//! waking another thread. Reads that may be long have a thread of their own.
//!
//! SQL is a `const` above what runs it. There are no rules here: times, limits and states come with the call.

mod accounts;
mod api_keys;
mod audit;
pub mod backup;
mod catalog;
mod client_row;
mod codes;
mod connection;
mod cursor;
mod cutover;
mod db;
mod deletion;
mod error;
mod flusher;
mod grants;
mod invite;
mod keys;
mod legacy;
mod mail;
mod maintenance;
mod migrate;
mod pause;
mod person;
mod reader;
mod refresh;
mod scopes;
mod sessions;
mod sign_in;
mod snapshot;
pub mod survey;
mod tenants;
mod uniqueness;
mod upstream;
mod usage;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use oauth_core::store::StoreError;

use self::{
    db::Db,
    error::Outcome,
    maintenance::SharedRounds,
    reader::Readers,
    writer::{Last, Writer},
};
pub use self::{
    error::OpenError,
    migrate::{MigrationReport, deviations, migrate, newest_step, pending},
};

/// A store in one SQLite file; clones share it.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    rounds: SharedRounds,
    // The writer closes last: its connection folds the write-ahead log back into the file.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens a file whose structure is up to date; see [`SqliteStore::migrate`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let missing = migrate::pending(path)?;
        if !missing.is_empty() {
            return Err(OpenError::Pending { path: path.to_owned(), missing });
        }
        let writer = Writer::start(connection::writer(path)?)?;
        let readers = Readers::open(path)?;
        let rounds = SharedRounds::default();
        Ok(Self { inner: Arc::new(Inner { path: path.to_owned(), rounds, readers, writer }) })
    }

    /// Brings a file up to date, creating it first where there is none.
    pub fn migrate(path: impl AsRef<Path>) -> Result<MigrationReport, OpenError> {
        migrate(path.as_ref())
    }

    /// The migrations that a file still lacks; all of them where there is no file.
    pub fn pending(path: impl AsRef<Path>) -> Result<Vec<String>, OpenError> {
        pending(path.as_ref())
    }

    /// The version of the engine itself.
    pub fn engine_version() -> &'static str {
        rusqlite::version()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// A short read on this thread.
    fn read<T>(&self, ask: impl FnOnce(Db<'_>) -> Outcome<T>) -> Result<T, StoreError> {
        self.inner.readers.short(ask)
    }

    /// A read that may take long, on a thread of its own.
    async fn read_long<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.readers.long(ask).await
    }

    /// A write: all of it or nothing, durable when this returns.
    async fn write<T: Send + 'static>(
        &self,
        step: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(Last::AtOnce, step).await
    }

    /// Writes what can be done again if an outage of power takes it back, together with the note of how far it had come.
    async fn write_again_if_lost<T: Send + 'static>(
        &self,
        step: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(Last::Later, step).await
    }
}
