//! Statements over the tables of an SQLite database.

use authly_cutover::{
    inspect::Orphans,
    profile::{names::Name, value},
    source::{Columns, SourceError, SourceId, SourceRow, Value},
};
use rusqlite::{
    Connection, Row, params,
    types::{ToSqlOutput, ValueRef},
};

use crate::table::ReadTable;

type Sqlite<T> = Result<T, rusqlite::Error>;

/// How keys are ordered: as they are where their column keeps them of one kind, as text otherwise.
pub(super) enum Order {
    Integer,
    Text,
    Cast,
}

impl Order {
    /// The rules of SQLite 3.1 "Determination Of Column Affinity".
    pub(super) fn of(table: &ReadTable) -> Self {
        let written = table.key.written.to_ascii_uppercase();
        if written.contains("INT") {
            Self::Integer
        } else if ["CHAR", "CLOB", "TEXT"].iter().any(|word| written.contains(word)) {
            Self::Text
        } else {
            Self::Cast
        }
    }

    pub(super) fn expression(&self, table: &ReadTable) -> String {
        let key = table.key.name.quoted();
        if matches!(self, Self::Cast) { format!("CAST({key} AS TEXT)") } else { key }
    }

    /// The key of a row as a value to compare with.
    pub(super) fn value<'a>(&self, id: &'a SourceId) -> ToSqlOutput<'a> {
        let text = id.as_str();
        let number = matches!(self, Self::Integer).then(|| text.parse::<i64>().ok()).flatten();
        let real = || matches!(self, Self::Integer).then(|| text.parse::<f64>().ok()).flatten();
        match (number, number.is_none().then(real).flatten()) {
            (Some(number), _) => ToSqlOutput::from(number),
            (None, Some(real)) => ToSqlOutput::from(real),
            (None, None) => ToSqlOutput::from(text),
        }
    }
}

fn list(table: &ReadTable) -> String {
    table.columns.iter().map(|column| column.name.quoted()).collect::<Vec<_>>().join(", ")
}

/// One page in order of keys; the inner error is a row without a usable key.
pub(super) fn page(
    connection: &Connection,
    table: &ReadTable,
    after: Option<&SourceId>,
    limit: u32,
) -> Sqlite<Result<Vec<SourceRow>, SourceError>> {
    let order = Order::of(table);
    let key = order.expression(table);
    let behind = if after.is_some() { format!("WHERE {key} > ?2") } else { String::new() };
    let sql = format!("SELECT {key}, {} FROM {} {behind} ORDER BY {key} LIMIT ?1", list(table), table.name.quoted());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = match after {
        Some(after) => statement.query(params![limit, order.value(after)])?,
        None => statement.query(params![limit])?,
    };
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        match id(row.get_ref(0)?) {
            Ok(id) => page.push(SourceRow { id, columns: columns(table, row, 1)? }),
            Err(why) => {
                let passed = passed(connection, table, after)?;
                return Ok(Err(SourceError::Key { position: passed + page.len() as u64 + 1, why }));
            }
        }
    }
    Ok(Ok(page))
}

/// How many rows come before the page.
fn passed(connection: &Connection, table: &ReadTable, after: Option<&SourceId>) -> Sqlite<u64> {
    let Some(after) = after else { return Ok(0) };
    let order = Order::of(table);
    let sql = format!("SELECT count(*) FROM {} WHERE {} <= ?1", table.name.quoted(), order.expression(table));
    let count: i64 = connection.query_row(&sql, params![order.value(after)], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(super) fn row(connection: &Connection, table: &ReadTable, id: &SourceId) -> Sqlite<Option<SourceRow>> {
    let order = Order::of(table);
    let sql = format!("SELECT {} FROM {} WHERE {} = ?1", list(table), table.name.quoted(), order.expression(table));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![order.value(id)])?;
    let found = rows.next()?.map(|row| Ok(SourceRow { id: id.clone(), columns: columns(table, row, 0)? }));
    found.transpose()
}

pub(super) fn all(connection: &Connection, table: &ReadTable) -> Sqlite<Vec<Columns>> {
    let sql = format!("SELECT {} FROM {}", list(table), table.name.quoted());
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(columns(table, row, 0)?);
    }
    Ok(found)
}

/// Rows without a key, and rows with another's.
pub(super) fn key_faults(connection: &Connection, table: &ReadTable) -> Sqlite<(i64, i64)> {
    let key = Order::of(table).expression(table);
    let sql =
        format!("SELECT count(*) - count({key}), count({key}) - count(DISTINCT {key}) FROM {}", table.name.quoted());
    connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn orphans(
    connection: &Connection,
    child: &ReadTable,
    refers: &Name,
    parent: &ReadTable,
    limit: u32,
) -> Sqlite<Orphans> {
    let refers = format!("CAST({} AS TEXT)", refers.quoted());
    let key = format!("CAST({} AS TEXT)", parent.key.name.quoted());
    let lost = format!(
        "FROM {} WHERE {refers} IS NOT NULL
          AND {refers} NOT IN (SELECT {key} FROM {} WHERE {key} IS NOT NULL)",
        child.name.quoted(),
        parent.name.quoted()
    );
    let count: i64 = connection.query_row(&format!("SELECT count(*) {lost}"), [], |row| row.get(0))?;
    let mut statement =
        connection.prepare(&format!("SELECT DISTINCT substr({refers}, 1, 255) {lost} ORDER BY 1 LIMIT ?1"))?;
    let missing = statement.query_map([limit], |row| row.get(0))?.collect::<Sqlite<_>>()?;
    Ok(Orphans { count: u64::try_from(count).unwrap_or(0), missing })
}

pub(super) fn id(key: ValueRef<'_>) -> Result<SourceId, String> {
    let text = match key {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => std::str::from_utf8(text).map_err(|_| "it is no UTF-8")?.to_owned(),
        ValueRef::Null => return Err("it is NULL".to_owned()),
        ValueRef::Blob(_) => return Err("it is a BLOB".to_owned()),
    };
    SourceId::parse(&text)
        .ok_or_else(|| format!("it is empty, longer than {} bytes, or has control characters", SourceId::MAX))
}

fn columns(table: &ReadTable, row: &Row<'_>, first: usize) -> Sqlite<Columns> {
    let column = |(place, column): (usize, &crate::table::ReadColumn)| {
        Ok((column.name.shared(), value_of(row.get_ref(first + place)?)))
    };
    table.columns.iter().enumerate().map(column).collect()
}

fn value_of(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => value::from_bytes(text),
        ValueRef::Blob(bytes) => value::from_binary(bytes),
    }
}
