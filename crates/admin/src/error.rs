//! Why an administrative act was refused: what, why, and what to do.

use oauth_core::{
    crypto::CryptoError,
    services::Busy,
    store::{StoreError, StoreErrorKind},
};
use thiserror::Error;

/// A refused or failed act.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The input says something that cannot be.
    #[error("{field}: {why}")]
    Invalid {
        /// The field of the input.
        field: &'static str,
        /// Why, and what would be right.
        why: String,
    },
    /// Something of that name is not there.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A name is taken.
    #[error("{what} {name:?} exists already")]
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A key could not be made or read.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// Too much to do.
    #[error("the server is busy hashing passwords; try again")]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the store failed: {}", describe(.0))]
    Store(#[from] StoreError),
}

impl AdminError {
    pub(crate) fn invalid(field: &'static str, why: impl ToString) -> Self {
        Self::Invalid { field, why: why.to_string() }
    }

    pub(crate) fn not_found(what: &'static str, name: impl ToString) -> Self {
        Self::NotFound { what, name: name.to_string() }
    }

    /// Turns a conflict into "exists already".
    pub(crate) fn taken(error: StoreError, what: &'static str, name: &str) -> Self {
        match error.kind {
            StoreErrorKind::Conflict(_) => Self::Exists { what, name: name.to_owned() },
            _ => Self::Store(error),
        }
    }
}

fn describe(error: &StoreError) -> String {
    use std::error::Error as _;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
