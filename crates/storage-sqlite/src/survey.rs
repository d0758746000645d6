//! A look at a file that may not be ours yet: which tables there are, and how many users and tokens.

use std::path::Path;

use oauth_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use crate::{OpenError, connection};

/// What a file holds; numbers are unknown where there is no such table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Its tables, by name.
    pub tables: Vec<String>,
    /// Users.
    pub users: Option<u64>,
    /// Users whose address is verified.
    pub verified_users: Option<u64>,
    /// Tokens that have not expired.
    pub living_tokens: Option<u64>,
}

/// Looks at a file as it is at this instant, and touches nothing; one that is not there holds nothing.
pub fn survey(path: &Path, now: Timestamp) -> Result<Survey, OpenError> {
    if !path.exists() {
        return Ok(Survey::default());
    }
    let file = connection::reader(path)?;
    look(&file, now).map_err(|source| OpenError::Sqlite { path: path.to_owned(), source })
}

/// A stored setting, whether the schema is up to date or not; none where there is no such file or table.
pub fn setting(path: &Path, name: &str) -> Result<Option<String>, OpenError> {
    if !path.exists() {
        return Ok(None);
    }
    let file = connection::reader(path)?;
    let found = || {
        if !has(&file, "settings", "value")? {
            return Ok(None);
        }
        file.query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0)).optional()
    };
    found().map_err(|source| OpenError::Sqlite { path: path.to_owned(), source })
}

fn has(file: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2";
    file.query_row(sql, [table, column], |_| Ok(())).optional().map(|found| found.is_some())
}

fn look(file: &Connection, now: Timestamp) -> rusqlite::Result<Survey> {
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let tables = file.prepare(tables)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let has = |table, column| has(file, table, column);
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|count| u64::try_from(count).ok());
    let mut survey = Survey { tables, ..Survey::default() };
    if has("users", "id")? {
        survey.users = count("SELECT count(*) FROM users")?;
    }
    if has("users", "is_verified")? {
        survey.verified_users = count("SELECT count(*) FROM users WHERE is_verified = 1")?;
    }
    if has("tokens", "expires_at")? {
        survey.living_tokens = count(&format!("SELECT count(*) FROM tokens WHERE expires_at > {}", now.micros()))?;
    }
    Ok(survey)
}
