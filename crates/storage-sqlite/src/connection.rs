//! Connections and their settings.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::error::OpenError;

/// How long another process (`authly-admin`) may hold the write lock before a write is answered "busy", in looks.
const LOOKS: i32 = 10_000;

/// The time between two looks whether the lock is free. SQLite's own wait grows to 100 ms, and who writes batch after batch would hardly
/// ever be found between two of them.
pub(crate) const LOOK: Duration = Duration::from_micros(500);

/// Statements that stay prepared on each connection; more than there are.
const STATEMENTS: usize = 128;

/// The one connection that writes: durable at each commit (`synchronous=FULL` syncs the log).
pub(crate) fn writer(path: &Path) -> Result<Connection, OpenError> {
    create(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(
        path,
        flags,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
    )
}

/// A connection that can only read.
pub(crate) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags, "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;")
}

fn open(path: &Path, flags: OpenFlags, settings: &str) -> Result<Connection, OpenError> {
    let opened = || {
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_handler(Some(wait))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Plans must not depend on bound values: with partial indexes every statement would be compiled again at each use.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(settings)?;
        Ok(connection)
    };
    opened().map_err(|source| OpenError::sqlite(path, source))
}

/// Waits for the next look; `false` when it was the last.
fn wait(looks: i32) -> bool {
    std::thread::sleep(LOOK);
    looks < LOOKS
}

/// Creates the file unless it is there.
fn create(path: &Path) -> Result<(), OpenError> {
    match create_new(path) {
        Err(OpenError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Creates a file for its owner alone; SQLite gives its companions the same mode.
pub(crate) fn create_new(path: &Path) -> Result<(), OpenError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|source| OpenError::Io { path: path.to_owned(), source })
}
