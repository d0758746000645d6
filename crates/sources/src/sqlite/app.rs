//! The application's table in an SQLite file, over a connection that may write.

use std::{path::Path, sync::Mutex, sync::PoisonError, time::Duration};

use authly_cutover::{
    profile::{
        rules::SourceKind,
        shape::{Shape, Table},
    },
    source::{SourceError, SourceId},
    write_back::{AppRow, AppWrite, Cell, Track},
};
use rusqlite::{
    Connection, OpenFlags, TransactionBehavior, params_from_iter,
    types::{ToSqlOutput, Value as Sql, ValueRef},
};

use super::{failed, read, tables};
use crate::{
    error::OpenError,
    write_back::{Access, Layout, Step, literal},
};

/// How long another writer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the application's file.
pub(crate) struct SqliteApp(Mutex<Connection>);

impl SqliteApp {
    pub(crate) async fn open(path: &Path, access: Access) -> Result<Self, OpenError> {
        std::fs::File::open(path).map_err(|source| OpenError::Io { file: path.display().to_string(), source })?;
        let may = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let connection = Connection::open_with_flags(path, may | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Runs `work` where this thread may block.
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>) -> Result<T, rusqlite::Error> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| work(&mut connection)),
            _ => work(&mut connection),
        }
    }

    pub(crate) fn shape(&self) -> Result<Shape, OpenError> {
        Ok(Shape { kind: SourceKind::Sqlite, tables: self.with(|connection| tables(connection))? })
    }

    /// What is lacking; SQLite cannot take a NOT NULL away without making the table anew, which is the application's own to do.
    pub(crate) fn steps(&self, layout: &Layout) -> Result<Vec<Step>, OpenError> {
        let table = layout.table.name.quoted();
        let mut steps = Vec::new();
        for (track, name) in &layout.missing {
            let column = name.quoted();
            let kind = match track {
                Track::AuthMethod => {
                    format!("VARCHAR(50) NOT NULL DEFAULT 'password' CHECK ({column} IN ({}))", layout.words())
                }
                Track::ExternalSubject => "VARCHAR(255)".to_owned(),
                Track::CompletedAt | Track::InvitedAt | Track::SyncedAt => "TIMESTAMP".to_owned(),
            };
            let sql = vec![format!("ALTER TABLE {table} ADD COLUMN {column} {kind}")];
            steps.push(Step { what: format!("column {column} of {table}, {kind}"), sql, ..Step::default() });
        }
        for (name, columns) in layout.indexes() {
            let there = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1";
            if !self.with(|connection| connection.prepare(there)?.exists([name.as_str()]))? {
                let name = name.quoted();
                let sql = vec![format!("CREATE INDEX {name} ON {table} ({columns})")];
                steps.push(Step { what: format!("index {name} of {table} ({columns})"), sql, ..Step::default() });
            }
        }
        self.sessions(layout, &mut steps)?;
        Ok(steps)
    }

    fn sessions(&self, layout: &Layout, steps: &mut Vec<Step>) -> Result<(), OpenError> {
        let Some(sessions) = &layout.sessions else { return Ok(()) };
        let shape = self.shape()?;
        let known = shape.table(sessions.as_str());
        let has = |column: &str| known.is_some_and(|table: &Table| table.column(column).is_some());
        let table = sessions.quoted();
        let hyphen = layout.name(Track::ExternalSubject).is_none_or(|name| name.as_str().contains('-'));
        let session = if hyphen { "self-auth_session_id" } else { "self_auth_session_id" };
        if !has(session) {
            let sql = vec![format!("ALTER TABLE {table} ADD COLUMN \"{session}\" VARCHAR(36)")];
            steps.push(Step { what: format!("column \"{session}\" of {table}"), sql, ..Step::default() });
        }
        if !has("auth_method") {
            let words = ["jwt", &layout.forms.oauth_word, "dual"].map(literal).join(", ");
            let kind = format!("VARCHAR(50) NOT NULL DEFAULT 'jwt' CHECK (\"auth_method\" IN ({words}))");
            let sql = vec![format!("ALTER TABLE {table} ADD COLUMN \"auth_method\" {kind}")];
            steps.push(Step { what: format!("column \"auth_method\" of {table}: {words}"), sql, ..Step::default() });
        }
        Ok(())
    }

    /// All or nothing.
    pub(crate) fn expand(&self, steps: &[Step]) -> Result<(), OpenError> {
        Ok(self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            steps.iter().flat_map(Step::statements).try_for_each(|sql| transaction.execute_batch(sql))?;
            transaction.commit()
        })?)
    }

    pub(crate) fn page(
        &self,
        layout: &Layout,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<AppRow>, SourceError> {
        let order = read::Order::of(&layout.table);
        let key = order.expression(&layout.table);
        let columns: String = layout.columns.values().map(|column| format!(", {}", column.name.quoted())).collect();
        let behind = if after.is_some() { format!("WHERE {key} > ?2") } else { String::new() };
        let table = layout.table.name.quoted();
        let sql = format!("SELECT {key}{columns} FROM {table} {behind} ORDER BY {key} LIMIT ?1");
        let pages = self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = match after {
                Some(after) => statement.query(rusqlite::params![limit, order.value(after)])?,
                None => statement.query([limit])?,
            };
            let mut page = Vec::new();
            while let Some(row) = rows.next()? {
                let mut cells = std::collections::BTreeMap::new();
                for (place, track) in layout.columns.keys().enumerate() {
                    cells.insert(*track, cell(row.get_ref(place + 1)?));
                }
                page.push(read::id(row.get_ref(0)?).map(|id| AppRow { id, cells }));
            }
            Ok(page)
        });
        let pages = pages.map_err(failed("reading the tracked columns"))?;
        let keyed: Result<Vec<AppRow>, String> = pages.into_iter().collect();
        keyed.map_err(|why| SourceError::Key { position: 0, why })
    }

    pub(crate) fn write(&self, layout: &Layout, rows: &[AppWrite]) -> Result<Vec<SourceId>, SourceError> {
        let order = read::Order::of(&layout.table);
        let key = order.expression(&layout.table);
        let table = layout.table.name.quoted();
        let written = self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut written = Vec::new();
            for row in rows {
                let (mut sets, mut guards, mut values) = (Vec::new(), String::new(), vec![order.value(&row.id)]);
                for (track, promise) in &row.changes {
                    let Some(column) = layout.columns.get(track).map(|column| column.name.quoted()) else { continue };
                    values.push(sql_of(&promise.wanted));
                    sets.push(format!("{column} = ?{}", values.len()));
                    values.push(sql_of(&promise.there));
                    guards.push_str(&format!(" AND {column} IS ?{}", values.len()));
                }
                let sql = format!("UPDATE {table} SET {} WHERE {key} = ?1{guards}", sets.join(", "));
                if !sets.is_empty() && transaction.prepare_cached(&sql)?.execute(params_from_iter(values))? > 0 {
                    written.push(row.id.clone());
                }
            }
            transaction.commit()?;
            Ok(written)
        });
        written.map_err(failed("writing the tracked columns"))
    }
}

fn cell(found: ValueRef<'_>) -> Cell {
    match found {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Cell::Text(text.to_owned()),
            Err(_) => Cell::Blob(text.to_vec()),
        },
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    }
}

fn sql_of(cell: &Cell) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match cell {
        Cell::Blob(bytes) => Sql::Blob(bytes.clone()),
        Cell::Integer(number) => Sql::Integer(*number),
        Cell::Null => Sql::Null,
        Cell::Real(number) => Sql::Real(*number),
        Cell::Text(text) => Sql::Text(text.clone()),
    })
}
