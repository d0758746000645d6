//! Copies of a file that is in use, their check, and the way back: SQLite's backup API, which is safe beside a running server.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    backup::{Backup, StepResult},
};
use thiserror::Error as ThisError;

use crate::{OpenError, connection};

/// What is done when other programs have the file open while it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They go on, and find the other contents at their next step.
    Allow,
    /// Nothing is replaced.
    Refuse,
}

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyContents {
    /// Its tables.
    pub tables: Vec<String>,
    /// The newest migration that was applied to it; none where it is no store of ours.
    pub version: Option<i32>,
}

/// Why a copy could not be made, checked or put back.
#[derive(Debug, ThisError)]
pub enum CopyError {
    /// The contents contradict themselves.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check says.
        why: String,
    },
    /// Another program has it open.
    #[error("{path} is in use by another program")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be created.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// SQLite refuses.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// How often and how long a copy waits for those who write.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// Copies a file to a new one as of one instant; writers go on meanwhile. The copy is one file, without companions.
pub fn copy(from: &Path, to: &Path) -> Result<(), CopyError> {
    copy_of(&reader(from)?, from, to)
}

/// Reads a copy from its first page to its last and compares it with itself.
pub fn check(path: &Path) -> Result<CopyContents, CopyError> {
    let told = |source| sqlite(path, source);
    let file = reader(path)?;
    let size =
        file.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0));
    let (size, length): (i64, _) = (size.map_err(told)?, path.metadata().map_or(0, |found| found.len()));
    if u64::try_from(size) != Ok(length) {
        let why = format!("it should have {size} bytes and has {length}");
        return Err(CopyError::Damaged { path: path.to_owned(), why });
    }
    let found = |sql: &str| -> rusqlite::Result<Vec<String>> {
        file.prepare(sql)?.query_map([], |row| row.get::<_, String>(0))?.collect()
    };
    let findings = found("PRAGMA integrity_check(10)").map_err(|error| damaged(path, error))?;
    if findings != ["ok"] {
        return Err(CopyError::Damaged { path: path.to_owned(), why: findings.join("; ") });
    }
    let dangling = found("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check").map_err(told)?;
    if !dangling.is_empty() {
        let why = format!("rows of {} refer to rows that are not there", dangling.join(", "));
        return Err(CopyError::Damaged { path: path.to_owned(), why });
    }
    let tables = found(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    );
    let tables = tables.map_err(told)?;
    let version = if tables.iter().any(|table| table == "refinery_schema_history") {
        file.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0)).map_err(told)?
    } else {
        None
    };
    Ok(CopyContents { tables, version })
}

/// Replaces the contents of a store's file by those of a copy, in one transaction, after copying them to `kept`.
pub fn replace(path: &Path, with: &Path, kept: &Path, others: Others) -> Result<(), CopyError> {
    let told = |source| damaged(path, source);
    let source = reader(with)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(path, flags).map_err(told)?;
    target.busy_timeout(Duration::from_secs(1)).map_err(told)?;
    if others == Others::Refuse {
        // Asked before the first access: then it needs a lock that nobody else may have a part of, readers included.
        let alone = target.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
        alone.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => CopyError::InUse { path: path.to_owned() },
            _ => damaged(path, error),
        })?;
    }
    target.execute_batch("PRAGMA synchronous = FULL").map_err(told)?;
    copy_of(&target, path, kept)?;
    run(&source, &mut target, path)?;
    target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").map_err(told)
}

fn copy_of(source: &Connection, from: &Path, to: &Path) -> Result<(), CopyError> {
    connection::create_new(to)?;
    let told = |source| sqlite(to, source);
    let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(told)?;
    run(source, &mut target, from)?;
    // What was copied says that it has a write-ahead log; this one stands alone.
    target.execute_batch("PRAGMA journal_mode = DELETE").map_err(told)?;
    target.close().map_err(|(_, error)| told(error))
}

fn run(source: &Connection, target: &mut Connection, path: &Path) -> Result<(), CopyError> {
    let told = |source| sqlite(path, source);
    let backup = Backup::new(source, target).map_err(told)?;
    for _ in 0..TRIES {
        match backup.step(-1).map_err(told)? {
            StepResult::Done => return Ok(()),
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(CopyError::InUse { path: path.to_owned() })
}

fn reader(path: &Path) -> Result<Connection, CopyError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|file| {
        file.busy_timeout(Duration::from_secs(5))?;
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(file)
    });
    opened.map_err(|error| damaged(path, error))
}

fn damaged(path: &Path, source: rusqlite::Error) -> CopyError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            CopyError::Damaged { path: path.to_owned(), why: source.to_string() }
        }
        _ => sqlite(path, source),
    }
}

fn sqlite(path: &Path, source: rusqlite::Error) -> CopyError {
    CopyError::Sqlite { path: path.to_owned(), source }
}
