//! Columns of PostgreSQL: what to select for each kind, and what to make of the answer.

use std::error::Error;

use authly_cutover::{
    profile::{shape::ColumnKind, value},
    source::Value,
};
use oauth_core::time::Timestamp;
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use crate::table::ReadColumn;

/// What a row is selected as: long values stay in the database, and only their length comes.
pub(super) fn list(columns: &[ReadColumn]) -> String {
    columns.iter().map(expression).collect::<Vec<_>>().join(", ")
}

fn expression(column: &ReadColumn) -> String {
    let name = column.name.quoted();
    let bounded = |text: String, longest: usize| {
        format!("CASE WHEN octet_length({text}) <= {longest} THEN {text} END, octet_length({text})")
    };
    match column.kind {
        ColumnKind::Bool | ColumnKind::Time => name,
        ColumnKind::Integer => format!("{name}::int8"),
        ColumnKind::LocalTime => format!("{name}::text"),
        ColumnKind::Bytes => bounded(name, value::LONGEST / 2),
        ColumnKind::List => bounded(format!("to_jsonb({name})::text"), value::LONGEST),
        ColumnKind::Any | ColumnKind::Json | ColumnKind::Text => bounded(format!("{name}::text"), value::LONGEST),
    }
}

/// The bytes of a value, whatever its type: a database in SQL_ASCII sends text that is no UTF-8.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The column's value; `place` moves past what was selected for it.
pub(super) fn value(column: &ReadColumn, row: &Row, place: &mut usize) -> Value {
    let mut next = || {
        let raw: Option<Raw<'_>> = row.try_get(*place).unwrap_or_default();
        *place += 1;
        raw.map(|raw| raw.0)
    };
    match column.kind {
        ColumnKind::Bool => next().map_or(Value::Null, |raw| Value::Bool(raw == [1])),
        ColumnKind::Integer => number(next()).map_or(Value::Null, Value::Integer),
        ColumnKind::Time => number(next()).map_or(Value::Null, instant),
        ColumnKind::LocalTime => next().map_or(Value::Null, value::from_bytes),
        ColumnKind::Bytes => bounded(next(), number(next()), value::from_binary),
        ColumnKind::Any | ColumnKind::Text => bounded(next(), number(next()), value::from_bytes),
        ColumnKind::Json | ColumnKind::List => bounded(next(), number(next()), json),
    }
}

fn bounded(raw: Option<&[u8]>, length: Option<i64>, read: impl Fn(&[u8]) -> Value) -> Value {
    match (raw, length) {
        (Some(raw), _) => read(raw),
        (None, None) => Value::Null,
        (None, Some(_)) => Value::Unreadable(value::TOO_LONG.to_owned()),
    }
}

/// A whole number of four or eight bytes.
fn number(raw: Option<&[u8]>) -> Option<i64> {
    let raw = raw?;
    match raw.len() {
        4 => raw.try_into().ok().map(i32::from_be_bytes).map(i64::from),
        _ => raw.try_into().ok().map(i64::from_be_bytes),
    }
}

/// Microseconds since 2000; the ends of the range are infinity.
fn instant(micros: i64) -> Value {
    const EPOCH: i64 = 946_684_800_000_000;
    match micros {
        i64::MAX => Value::Text("infinity".to_owned()),
        i64::MIN => Value::Text("-infinity".to_owned()),
        _ => Value::Time(Timestamp::from_micros(micros.saturating_add(EPOCH))),
    }
}

/// Lists of texts are lists, texts are texts, everything else stays as it is written.
pub(crate) fn json(raw: &[u8]) -> Value {
    match serde_json::from_slice(raw) {
        Ok(serde_json::Value::Null) => Value::Null,
        Ok(serde_json::Value::String(text)) => Value::Text(text),
        Ok(serde_json::Value::Array(items)) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.map_or_else(|| value::from_bytes(raw), Value::List)
        }
        _ => value::from_bytes(raw),
    }
}
