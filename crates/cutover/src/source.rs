//! Where accounts come from, as the rules see it: named rows in a stable order, read-only.
//!
//! A [`Source`] knows connections and columns and nothing of accounts. It gives the columns that the profile names, as they
//! are; the profile makes a [`Person`](crate::person::Person) of a row. Filters and conditions of the profile are judged there, in
//! pure code, so that they mean the same for a table and for a file.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use oauth_core::{ids::UserId, time::Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;

/// The name of a source, chosen by the operator or the profile: `[a-z0-9][a-z0-9_-]*`, at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

impl SourceName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        (starts && text.len() <= 64 && text.bytes().all(fine)).then(|| Self(text.to_owned()))
    }

    /// The name under which the end of the migration stands in runs and ledger; no source has it.
    pub fn of_finalize() -> Self {
        Self("finalize".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0
    }
}

impl TryFrom<String> for SourceName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the name of a source")
    }
}

/// The primary key of a row in its source, as text; the only identity that a row has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// The most bytes of a key.
    pub const MAX: usize = 255;

    /// The key with this text; `None` if it is empty, longer than [`MAX`](Self::MAX), or has control characters.
    pub fn parse(text: &str) -> Option<Self> {
        oauth_core::text::opaque(text, Self::MAX).ok().filter(|text| !text.is_empty()).map(|text| Self(text.to_owned()))
    }

    /// The key under which an account stands in the ledger where no row is behind a line.
    pub fn of_user(user: UserId) -> Self {
        Self(user.to_string())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account that the row becomes, where the key is a UUID: its `sub` is kept.
    pub fn user(&self) -> Option<UserId> {
        UserId::parse(&self.0.to_ascii_lowercase()).filter(|id| !id.uuid().is_nil())
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands in one column of one row.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// Several texts: an array column, a JSON array.
    List(Vec<String>),
    /// Nothing; a column that a file's record lacks, too.
    Null,
    /// Text as it is, not trimmed; instants without a zone, and numbers with a fraction, come as text.
    Text(String),
    /// An instant with its zone.
    Time(Timestamp),
    /// Something else, or bytes that are not UTF-8: the name of its type, never its content.
    Unreadable(String),
}

/// Values may be hashes of passwords, so only the kind is shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(_) => "Bool(..)",
            Self::Integer(_) => "Integer(..)",
            Self::List(_) => "List(..)",
            Self::Null => "Null",
            Self::Text(_) => "Text(..)",
            Self::Time(_) => "Time(..)",
            Self::Unreadable(_) => "Unreadable(..)",
        })
    }
}

/// Values by their columns' names in the source; rows of one table share the names.
pub type Columns = BTreeMap<Arc<str>, Value>;

/// One row: its key, and the columns that the profile names.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow {
    /// Its primary key.
    pub id: SourceId,
    /// Its columns.
    pub columns: Columns,
}

impl SourceRow {
    /// What stands in that column; a column that is not there is [`Value::Null`].
    pub fn column(&self, name: &str) -> &Value {
        self.columns.get(name).unwrap_or(&Value::Null)
    }
}

/// A tenant of the source, raw as a row is.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceTenant {
    /// Its key in the source, as users' rows name it.
    pub id: String,
    /// Its columns.
    pub columns: Columns,
}

/// Which page of rows is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsk {
    /// Only rows behind this key, in the source's own order of keys; a row with that key need not exist any more.
    pub after: Option<SourceId>,
    /// At most so many; fewer mean that the source is at its end.
    pub limit: u32,
    /// Only rows that were changed at or after this instant (the profile's column of changes; the source refuses without one).
    pub since: Option<Timestamp>,
}

/// A source could not be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It has no such table or column, or the profile asks what it cannot do.
    #[error("the source does not fit the profile: {0}")]
    Profile(String),
    /// A row has no key that can be kept: NULL, longer than [`SourceId::MAX`] bytes, or not readable.
    #[error("row {position} has no usable key: {why}")]
    Key {
        /// The row's position in order of keys, or the line of a file, from 1.
        position: u64,
        /// What is wrong with it.
        why: String,
    },
    /// It does not answer, or broke off.
    #[error("the source cannot be read: {what}")]
    Unavailable {
        /// What was being done; never a value or a password.
        what: String,
        /// The cause, for the log.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// Reads a source, in one snapshot where the source can give one; writes nothing to it.
pub trait Source: Send {
    /// One page of rows in order of keys.
    fn rows(&mut self, page: PageAsk) -> impl Future<Output = Result<Vec<SourceRow>, SourceError>> + Send;
    /// How many rows `rows` gives in all, for the same `since`.
    fn count(&mut self, since: Option<Timestamp>) -> impl Future<Output = Result<u64, SourceError>> + Send;
    /// All tenants; none where the profile knows none.
    fn tenants(&mut self) -> impl Future<Output = Result<Vec<SourceTenant>, SourceError>> + Send;
    /// A digest of everything that `rows` and `tenants` give: a plan is executed only on what it was made from.
    fn digest(&mut self) -> impl Future<Output = Result<Digest, SourceError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_key_is_kept_as_the_account_and_any_other_is_not() {
        let id = SourceId::parse("6BA7B810-9DAD-11D1-80B4-00C04FD430C8").unwrap();
        assert_eq!(id.user().unwrap().to_string(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
        for other in ["17", "6ba7b8109dad11d180b400c04fd430c8", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(SourceId::parse(other).unwrap().user(), None, "{other}");
        }
    }

    #[test]
    fn keys_and_names_are_bounded() {
        assert!(SourceId::parse(&"1".repeat(255)).is_some());
        for bad in ["", "a\0", &"1".repeat(256)] {
            assert_eq!(SourceId::parse(bad), None);
        }
        for bad in ["", "-a", "A", "a b", &"a".repeat(65)] {
            assert_eq!(SourceName::parse(bad), None, "{bad}");
        }
        assert_eq!(SourceName::parse("legacy-users_2").unwrap().as_str(), "legacy-users_2");
    }
}
