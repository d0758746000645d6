//! The structure of a file: what it lacks, and bringing it up to date.
//!
//! All that is lacking runs in one transaction, together with the note that it was done: refinery would otherwise commit the
//! note apart, and who came in between, or after a crash, would take the tables for somebody else's. Two programs that start at
//! once are harmless: SQLite lets one write, and the other finds the work done.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use crate::{connection, error::OpenError};

mod files {
    refinery::embed_migrations!("../../migrations/sqlite");
}

/// Version, name and text of each migration, in order.
const KNOWN: &[(i32, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// What a migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// The migrations that were applied now, in order.
    pub applied: Vec<String>,
    /// The version that the file has now.
    pub version: i32,
}

/// How often and how long to wait while another program migrates the same file.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Brings a file up to date, creating it first where there is none.
pub fn migrate(path: &Path) -> Result<MigrationReport, OpenError> {
    let mut file = open(path)?;
    let mut attempt = 0;
    loop {
        if missing(path, &file)?.is_empty() {
            return Ok(MigrationReport { applied: Vec::new(), version: newest() });
        }
        match files::migrations::runner().set_grouped(true).run(&mut file) {
            Ok(report) => {
                let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
                return Ok(MigrationReport { applied, version: newest() });
            }
            Err(_) if attempt < ATTEMPTS && is_somebody_elses_turn(path, &file)? => {
                attempt += 1;
                std::thread::sleep(PAUSE);
            }
            Err(source) => {
                return Err(OpenError::Migration { path: path.to_owned(), source: Box::new(source) });
            }
        }
    }
}

/// Opens the file for writing. While several programs turn a new file to WAL at once, SQLite says "busy" without waiting.
fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut attempt = 0;
    loop {
        match connection::writer(path) {
            Err(OpenError::Sqlite { source, .. })
                if attempt < ATTEMPTS && source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                attempt += 1;
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// The name of the newest migration.
pub fn newest_step() -> &'static str {
    KNOWN.last().map_or("", |(_, name, _)| name)
}

/// The migrations that a file still lacks; all of them where there is no file.
pub fn pending(path: &Path) -> Result<Vec<String>, OpenError> {
    if !path.exists() {
        return Ok(names(|_| true));
    }
    missing(path, &connection::reader(path)?)
}

/// What is missing or otherwise than the migrations make it, by name and definition (S000-34); nothing where the structure is
/// right.
pub fn deviations(path: &Path) -> Result<Vec<String>, OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let found = things(&connection::reader(path)?).map_err(sqlite)?;
    let mut reference = Connection::open_in_memory().map_err(sqlite)?;
    let made = files::migrations::runner().run(&mut reference);
    made.map_err(|source| OpenError::Migration { path: path.to_owned(), source: Box::new(source) })?;
    let mut problems = Vec::new();
    for (name, definition) in things(&reference).map_err(sqlite)? {
        match found.get(&name) {
            None => problems.push(format!("{name}: is missing")),
            Some(theirs) if *theirs != definition => {
                problems.push(format!("{name}: is {theirs:?}, expected {definition:?}"));
            }
            Some(_) => {}
        }
    }
    Ok(problems)
}

/// Tables, indexes and triggers with their definitions; blanks do not count.
fn things(file: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    const SQL: &str = "SELECT type || ' ' || name, sql FROM sqlite_schema \
                       WHERE sql IS NOT NULL AND name <> 'refinery_schema_history'";
    let mut statement = file.prepare(SQL)?;
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    statement.query_map([], |row| Ok((row.get(0)?, one_line(row.get(1)?))))?.collect()
}

fn newest() -> i32 {
    KNOWN.last().map_or(0, |(version, ..)| *version)
}

fn missing(path: &Path, file: &Connection) -> Result<Vec<String>, OpenError> {
    let sqlite = |source| OpenError::sqlite(path, source);
    // One snapshot for both questions: between them another program may finish its migration.
    let snapshot = file.unchecked_transaction().map_err(sqlite)?;
    let applied = applied(&snapshot).map_err(sqlite)?;
    let has_tables = has_tables(&snapshot).map_err(sqlite)?;
    drop(snapshot);
    if applied.is_empty() && has_tables {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let known = newest();
    if let Some(found) = applied.iter().copied().max().filter(|found| *found > known) {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(names(|version| !applied.contains(&version)))
}

/// The names of the migrations whose version is wanted, in the order in which they are applied.
fn names(wanted: impl Fn(i32) -> bool) -> Vec<String> {
    KNOWN.iter().filter(|(version, ..)| wanted(*version)).map(|(_, name, _)| (*name).to_owned()).collect()
}

/// After a failure: whether another program did or does the same work.
fn is_somebody_elses_turn(path: &Path, file: &Connection) -> Result<bool, OpenError> {
    if missing(path, file)?.is_empty() {
        return Ok(true);
    }
    let free = file.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    Ok(free.is_err())
}

fn applied(file: &Connection) -> rusqlite::Result<Vec<i32>> {
    if !table_exists(file, "refinery_schema_history")? {
        return Ok(Vec::new());
    }
    let mut statement = file.prepare("SELECT version FROM refinery_schema_history")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Whether there are tables that no migration of ours made.
fn has_tables(file: &Connection) -> rusqlite::Result<bool> {
    const SQL: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                       AND name <> 'refinery_schema_history'";
    Ok(file.query_row(SQL, [], |_| Ok(())).optional()?.is_some())
}

fn table_exists(file: &Connection, name: &str) -> rusqlite::Result<bool> {
    const SQL: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(file.query_row(SQL, [name], |_| Ok(())).optional()?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_migrations_is_that_which_is_applied() {
        let mut all = files::migrations::runner().get_migrations().clone();
        all.sort_by_key(refinery::Migration::version);
        let embedded: Vec<_> = all.iter().map(|one| (one.version(), one.to_string(), one.sql().unwrap())).collect();
        let known: Vec<_> = KNOWN.iter().map(|(version, name, text)| (*version, (*name).to_owned(), *text)).collect();
        assert_eq!(known, embedded);
    }
}
