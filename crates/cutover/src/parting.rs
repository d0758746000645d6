//! Columns about passwords that leave an application's own table when its migration is finalized (S001-57, C-31).
//!
//! What stood in them goes into the archive first, sealed, with the statements that bring the columns back; only then are they
//! dropped. A column that could not be brought back as it was is not dropped at all.

use std::{collections::BTreeMap, future::Future};

use oauth_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    digest::Digest,
    finalization::{Relic, RelicKind},
    source::{SourceError, SourceId, SourceName},
};

/// An application whose columns are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parted {
    /// The source that it was.
    pub source: SourceName,
    /// Its table, as SQL names it.
    pub table: String,
    /// When they went.
    pub at: Timestamp,
}

/// What is dropped, and how it comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartPlan {
    /// The table, as SQL names it.
    pub table: String,
    /// Its key, as SQL names it.
    pub key: String,
    /// The key's type.
    pub key_type: String,
    /// The columns that go, with their types.
    pub columns: Vec<PartColumn>,
    /// What drops them, in one transaction.
    pub drop: Vec<String>,
    /// What adds them again, before their values.
    pub add: Vec<String>,
    /// What follows the values: rules, indexes, rights and comments. Each may be run again.
    pub settle: Vec<String>,
}

/// A column that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartColumn {
    /// Its name.
    pub name: String,
    /// Its type, as SQL writes it.
    pub written: String,
}

/// What stands in those columns of a row, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// The row.
    pub id: SourceId,
    /// By column.
    pub cells: BTreeMap<String, Option<String>>,
}

impl PartPlan {
    /// As the archive holds it.
    pub fn relic(&self, source: &SourceName) -> Relic {
        Relic { kind: RelicKind::AppTable, key: table_key(source), content: json!(self) }
    }

    /// Reads it from the archive.
    pub fn of(relic: &Relic) -> Option<Self> {
        serde_json::from_value(relic.content.clone()).ok()
    }
}

impl PartRow {
    /// As the archive holds it.
    pub fn relic(&self, source: &SourceName) -> Relic {
        let key = json!([source, self.id]).to_string();
        Relic { kind: RelicKind::AppRow, key, content: json!(self.cells) }
    }

    /// Reads it from the archive.
    pub fn of(relic: &Relic) -> Option<Self> {
        let (_, id): (SourceName, String) = serde_json::from_str(&relic.key).ok()?;
        let cells = serde_json::from_value(relic.content.clone()).ok()?;
        Some(Self { id: SourceId::parse(&id)?, cells })
    }

    /// What tells whether the row still says the same.
    pub fn digest(&self) -> Digest {
        Digest::of([json!(self.cells).to_string().as_bytes()])
    }
}

/// The key of a table in the archive.
pub fn table_key(source: &SourceName) -> String {
    json!([source]).to_string()
}

/// What the keys of all rows of a source begin with.
pub fn rows_key(source: &SourceName) -> String {
    let whole = table_key(source);
    format!("{},", whole.trim_end_matches(']'))
}

/// The application's table, over a connection of its owner.
pub trait Parting: Send {
    /// Whether none of the columns is there any more.
    fn is_parted(&mut self, plan: &PartPlan) -> impl Future<Output = Result<bool, SourceError>> + Send;
    /// One page of rows in order of keys.
    fn page(
        &mut self,
        plan: &PartPlan,
        after: Option<&SourceId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<PartRow>, SourceError>> + Send;
    /// Keeps everybody else from writing until the columns are dropped, or this connection ends.
    fn hold(&mut self, plan: &PartPlan) -> impl Future<Output = Result<(), SourceError>> + Send;
    /// Drops the columns, and lets everybody write again.
    fn part(&mut self, plan: &PartPlan) -> impl Future<Output = Result<(), SourceError>> + Send;
    /// Adds the columns again, empty; refuses a table that was never parted from them.
    fn add(&mut self, plan: &PartPlan) -> impl Future<Output = Result<(), SourceError>> + Send;
    /// Writes rows as they were; those that are gone are left out.
    fn put(&mut self, plan: &PartPlan, rows: &[PartRow]) -> impl Future<Output = Result<(), SourceError>> + Send;
    /// What follows the values; returns the statements that rows of today do not allow.
    fn settle(&mut self, plan: &PartPlan) -> impl Future<Output = Result<Vec<String>, SourceError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_source_are_told_from_those_of_another_whose_name_begins_alike() {
        let (one, two) = (SourceName::parse("tenants").unwrap(), SourceName::parse("tenants2").unwrap());
        let row = PartRow { id: SourceId::parse("a\"b").unwrap(), cells: [("x".to_owned(), None)].into() };
        assert!(row.relic(&one).key.starts_with(&rows_key(&one)));
        assert!(!row.relic(&two).key.starts_with(&rows_key(&one)));
        assert_eq!(PartRow::of(&row.relic(&one)), Some(row));
    }
}
