//! How a store answers: a guarded write is applied or lost, and trouble has a kind.

use thiserror::Error;

/// What became of a guarded write.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is durable.
    Applied,
    /// The row changed since the snapshot was read, and nothing was written. Load and decide again.
    Lost,
}

/// What kind of trouble a store had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Too much contention or too long a queue; try again: 503.
    Busy,
    /// A unique value is taken; the name says which (`clients.client_id`, `users.email` ..).
    Conflict(&'static str),
    /// A row cannot be read.
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        key: String,
    },
    /// No connection, no disk, an unknown outcome: 503.
    Unavailable,
}

/// A store could not do what was asked.
#[derive(Debug, Error)]
#[error("{kind:?}")]
pub struct StoreError {
    /// What kind of trouble.
    pub kind: StoreErrorKind,
    /// The cause, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error without a cause.
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    pub fn caused(kind: StoreErrorKind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(source.into()) }
    }
}
