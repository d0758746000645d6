//! One state of an SQLite file for a whole run, beside a program that goes on writing.

use std::{path::Path, thread, time::Duration};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::error::OpenError;

/// How long a writer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a file for reading. With a write-ahead log a read transaction disturbs nobody; without one it would hold up every
/// commit, so what is read then is a private copy, made while the writers wait once.
pub(crate) async fn open(path: &Path) -> Result<Connection, OpenError> {
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || blocking(&path)).await;
    opened.map_err(|_| OpenError::Sqlite(rusqlite::Error::InvalidQuery))?
}

fn blocking(path: &Path) -> Result<Connection, OpenError> {
    // SQLite would tell that it cannot open the file, and not why.
    std::fs::File::open(path).map_err(|source| OpenError::Io { file: path.display().to_string(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(path, flags)?;
    source.busy_timeout(PATIENCE)?;
    source.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
    let journal: String = source.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if journal.eq_ignore_ascii_case("wal") {
        begin(&source)?;
        return Ok(source);
    }
    let copy = copy(&source)?;
    begin(&copy)?;
    Ok(copy)
}

/// The snapshot starts with the first read.
fn begin(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// A copy in a private temporary file, which is gone with the connection.
fn copy(source: &Connection) -> Result<Connection, rusqlite::Error> {
    let mut copy = Connection::open("")?;
    {
        let backup = Backup::new(source, &mut copy)?;
        for _ in 0..200 {
            match backup.step(-1)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => thread::sleep(PATIENCE / 200),
            }
        }
        if backup.progress().remaining > 0 {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                Some("the source is locked by another program".to_owned()),
            ));
        }
    }
    copy.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
    Ok(copy)
}
