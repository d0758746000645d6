//! A table of the temporary database while a file is read into it.

use authly_cutover::profile::{
    names::{Name, Names},
    rules::Profile,
    value,
};
use rusqlite::{Connection, types::ToSqlOutput};

use crate::error::OpenError;

/// Records with more members are no records of accounts.
const MOST_COLUMNS: usize = 500;

/// A table while it is filled. All values are text or NULL; the profile says what they mean.
pub(super) struct Stage<'a> {
    connection: &'a Connection,
    name: Name,
    file: String,
    columns: Vec<String>,
    records: u64,
}

impl<'a> Stage<'a> {
    pub(super) fn new(connection: &'a Connection, name: &Name, file: String) -> Self {
        Self { connection, name: name.clone(), file, columns: Vec::new(), records: 0 }
    }

    /// Something about the file is wrong.
    pub(super) fn wrong(&self, place: impl Into<String>, why: impl Into<String>) -> OpenError {
        OpenError::File { file: self.file.clone(), place: place.into(), why: why.into() }
    }

    /// The file could not be read.
    pub(super) fn broken(&self, source: std::io::Error) -> OpenError {
        OpenError::Io { file: self.file.clone(), source }
    }

    /// The place of a column, which is made if it is new.
    pub(super) fn column(&mut self, name: &str, place: &str) -> Result<usize, OpenError> {
        if let Some(at) = self.columns.iter().position(|known| known == name) {
            return Ok(at);
        }
        let column = Name::parse(name).map_err(|error| self.wrong(place, error.to_string()))?;
        if self.columns.len() >= MOST_COLUMNS {
            return Err(self.wrong(place, format!("more than {MOST_COLUMNS} different columns")));
        }
        if self.columns.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(self.wrong(place, format!("two columns differ only by case: {name:?}")));
        }
        let (table, column) = (self.name.quoted(), column.quoted());
        let sql = if self.columns.is_empty() {
            format!("CREATE TABLE {table} ({column})")
        } else {
            format!("ALTER TABLE {table} ADD COLUMN {column}")
        };
        self.connection.execute_batch(&sql)?;
        self.columns.push(name.to_owned());
        Ok(self.columns.len() - 1)
    }

    /// Adds a record: for each column by its place the bytes of its text, or NULL.
    pub(super) fn add(&mut self, values: &[Option<&[u8]>]) -> Result<(), OpenError> {
        let marks: Vec<String> = (1..=values.len()).map(|place| format!("CAST(?{place} AS TEXT)")).collect();
        let names: Vec<String> = self
            .columns
            .iter()
            .take(values.len())
            .filter_map(|name| Name::parse(name).ok())
            .map(|name| name.quoted())
            .collect();
        let sql = format!("INSERT INTO {} ({}) VALUES ({})", self.name.quoted(), names.join(", "), marks.join(", "));
        let mut statement = self.connection.prepare_cached(&sql)?;
        // One byte too many is enough to be seen as too long.
        let cut = |bytes: &'_ [u8]| bytes.get(..value::LONGEST + 1).map_or(bytes.len(), <[u8]>::len);
        let bound = values.iter().map(|bytes| match bytes {
            Some(bytes) => ToSqlOutput::from(bytes.get(..cut(bytes)).unwrap_or_default()),
            None => ToSqlOutput::from(rusqlite::types::Null),
        });
        statement.execute(rusqlite::params_from_iter(bound))?;
        self.records += 1;
        Ok(())
    }

    /// Sorts by the key. A file without a single record has the columns that the profile names.
    pub(super) fn finish(mut self, key: &Names, profile: &Profile) -> Result<(), OpenError> {
        if self.columns.is_empty() {
            for name in names(profile) {
                if !self.columns.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                    self.column(&name, "the file")?;
                }
            }
        }
        if let Some(key) = key.find(|name| self.columns.iter().any(|known| known == name.as_str())) {
            let index = format!("\"{}: key\"", self.name.as_str().replace('"', "\"\""));
            let (table, key) = (self.name.quoted(), key.quoted());
            self.connection.execute_batch(&format!("CREATE INDEX {index} ON {table} (CAST({key} AS TEXT))"))?;
        }
        tracing::debug!(file = self.file, records = self.records, "read a file of records");
        Ok(())
    }
}

/// Every column that the profile names in any table, by its first name.
fn names(profile: &Profile) -> Vec<String> {
    let mut profile = profile.clone();
    let users = &mut profile.users;
    let mut names: Vec<&Names> = vec![&users.key];
    names.extend(users.columns.fields_mut().into_iter().filter_map(|(_, names)| names.as_ref()));
    for condition in [&mut users.filter, &mut users.active, &mut users.deleted, &mut users.verified] {
        names.extend(condition.columns_mut().into_iter().map(|names| &*names));
    }
    if let Some(tenants) = &mut profile.tenants {
        names.extend([&tenants.key, &tenants.slug].into_iter().chain(&tenants.name));
        names
            .extend(tenants.active.columns_mut().into_iter().chain(tenants.deleted.columns_mut()).map(|names| &*names));
    }
    names.into_iter().map(|names| names.first().as_str().to_owned()).collect()
}
