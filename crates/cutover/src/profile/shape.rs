//! What a source really has: tables, columns and their types.

use serde::{Deserialize, Serialize};

use super::rules::SourceKind;

/// The tables of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What reads it.
    pub kind: SourceKind,
    /// Its tables.
    pub tables: Vec<Table>,
}

impl Shape {
    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// A table, or the file that stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Its type as the source writes it.
    pub written: String,
    /// Whether the source itself makes sure that no two rows have the same value, and that none has NULL.
    pub identifies: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Whatever each row puts there: files, and SQLite.
    Any,
    /// Truth values.
    Bool,
    /// Bytes.
    Bytes,
    /// Whole numbers.
    Integer,
    /// Lists of texts.
    List,
    /// JSON.
    Json,
    /// Times without a zone.
    LocalTime,
    /// Text, UUIDs and everything else that is read as text.
    Text,
    /// Instants.
    Time,
}
