//! Reading an SQLite database: one snapshot, which never holds up the program that writes to it.

mod app;
mod read;
mod snapshot;

use authly_cutover::{
    inspect::Orphans,
    profile::{
        names::Name,
        rules::SourceKind,
        shape::{Column, ColumnKind, Shape, Table},
    },
    source::{Columns, SourceError, SourceId, SourceRow},
};
use rusqlite::Connection;

pub(crate) use self::{app::SqliteApp, snapshot::open};

use crate::{error::OpenError, table::ReadTable};

/// An SQLite database while it is read; its calls run on threads that may block.
pub(crate) struct SqliteTables {
    connection: Option<Connection>,
    kind: SourceKind,
}

impl SqliteTables {
    /// Reads from this connection; files that were put into a temporary database are of another kind.
    pub(crate) fn new(connection: Connection, kind: SourceKind) -> Self {
        Self { connection: Some(connection), kind }
    }

    pub(crate) fn about(&self) -> String {
        match self.kind {
            SourceKind::Sqlite => format!("SQLite {}", rusqlite::version()),
            other => other.as_str().to_uppercase(),
        }
    }

    pub(crate) async fn shape(&mut self) -> Result<Shape, OpenError> {
        let kind = self.kind;
        Ok(Shape { kind, tables: self.with(tables).await? })
    }

    /// Refuses a table whose rows cannot be told apart by their key.
    pub(crate) async fn check_key(&mut self, table: &ReadTable) -> Result<(), OpenError> {
        if table.key.identifies {
            return Ok(());
        }
        let of = table.clone();
        let (without, doubled) = self.with(move |connection| read::key_faults(connection, &of)).await?;
        table.refuse_key(without, doubled)
    }

    pub(crate) async fn page(
        &mut self,
        table: &ReadTable,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<SourceRow>, SourceError> {
        let (table, after) = (table.clone(), after.cloned());
        let page = self.with(move |connection| read::page(connection, &table, after.as_ref(), limit)).await;
        page.map_err(failed("reading rows"))?
    }

    pub(crate) async fn row(&mut self, table: &ReadTable, id: &SourceId) -> Result<Option<SourceRow>, SourceError> {
        let (table, id) = (table.clone(), id.clone());
        self.with(move |connection| read::row(connection, &table, &id)).await.map_err(failed("reading a row"))
    }

    pub(crate) async fn all(&mut self, table: &ReadTable) -> Result<Vec<Columns>, SourceError> {
        let table = table.clone();
        self.with(move |connection| read::all(connection, &table)).await.map_err(failed("reading a table"))
    }

    pub(crate) async fn count(&mut self, table: &ReadTable) -> Result<u64, SourceError> {
        let sql = format!("SELECT count(*) FROM {}", table.name.quoted());
        let count: i64 = self
            .with(move |connection| connection.query_row(&sql, [], |row| row.get(0)))
            .await
            .map_err(failed("counting rows"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    pub(crate) async fn orphans(
        &mut self,
        child: &ReadTable,
        refers: &Name,
        parent: &ReadTable,
        limit: u32,
    ) -> Result<Orphans, SourceError> {
        let (child, refers, parent) = (child.clone(), refers.clone(), parent.clone());
        self.with(move |connection| read::orphans(connection, &child, &refers, &parent, limit))
            .await
            .map_err(failed("looking for orphans"))
    }

    /// Runs `work` on a thread that may block.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, rusqlite::Error> {
        // A call that was abandoned took the connection with it.
        let connection = self.connection.take().ok_or(rusqlite::Error::InvalidQuery)?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work(&connection);
            (connection, outcome)
        })
        .await;
        let (connection, outcome) = done.map_err(|_| rusqlite::Error::InvalidQuery)?;
        self.connection = Some(connection);
        outcome
    }
}

fn failed(what: &'static str) -> impl FnOnce(rusqlite::Error) -> SourceError {
    move |source| SourceError::Unavailable { what: what.to_owned(), source: Some(Box::new(source)) }
}

/// Tables and views with their columns.
fn tables(connection: &Connection) -> Result<Vec<Table>, rusqlite::Error> {
    let names = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";
    let mut statement = connection.prepare(names)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names.into_iter().map(|name| Ok(Table { columns: columns(connection, &name)?, name })).collect()
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Column>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?, row.get::<_, i64>(3)?))
    };
    let found: Vec<_> = statement.query_map([table], read)?.collect::<Result<_, _>>()?;
    let keys = found.iter().filter(|(_, _, _, key)| *key > 0).count();
    let column = |(name, written, filled, key): (String, String, bool, i64)| Column {
        name,
        kind: if written.to_ascii_uppercase().contains("BLOB") { ColumnKind::Bytes } else { ColumnKind::Any },
        // Only the row id itself is never NULL without saying so.
        identifies: key == 1 && keys == 1 && (filled || written.eq_ignore_ascii_case("INTEGER")),
        written,
    };
    Ok(found.into_iter().map(column).collect())
}
