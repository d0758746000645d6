//! The ledger: what a run changed of every row, so that it can be told, audited and taken back.
//!
//! Append-only. `before` and `after` hold the columns that differ, by name (with an address whether it is verified, and the other
//! way round); a rollback is the replay of `before`. Hashes stand in them sealed.

use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    outcome::{Outcome, Reason},
    run::RunId,
    source::{SourceId, SourceName},
};

/// One line of the ledger: unique by run and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LedgerKey {
    /// The run that wrote it.
    pub run: RunId,
    /// Its number within the run, from 1, without gaps.
    pub seq: u64,
}

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An account was changed.
    Change,
    /// An account was created.
    Create,
    /// Somebody decided something: a resolution, a waiver, a link by hand.
    Decide,
    /// A row was linked to an account that did not change otherwise.
    Link,
    /// Nothing was written for the row.
    Note,
    /// An account was removed again.
    Remove,
    /// A row's link was removed.
    Unlink,
}

impl LedgerItem {
    /// Whether the line changed that column, and does not only name it beside another.
    pub fn changed(&self, column: &str) -> bool {
        self.before.get(column) != self.after.get(column)
    }
}

impl Action {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Create => "create",
            Self::Decide => "decide",
            Self::Link => "link",
            Self::Note => "note",
            Self::Remove => "remove",
            Self::Unlink => "unlink",
        }
    }

    /// Whether a line with it changed an account or a link.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::Decide | Self::Note)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Change, Self::Create, Self::Decide, Self::Link, Self::Note, Self::Remove, Self::Unlink]
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerItem {
    /// Which.
    pub key: LedgerKey,
    /// The source of the row.
    pub source: SourceName,
    /// The row.
    pub source_id: SourceId,
    /// The account, where there is one.
    pub user: Option<UserId>,
    /// The account's tenant after the change (before a removal).
    pub tenant: Option<TenantId>,
    /// What was done.
    pub action: Action,
    /// The changed columns as they were; the whole account before a removal; empty for a creation.
    pub before: Map<String, Value>,
    /// The changed columns as they are; the whole account after a creation (what every new account has alike is left out); empty
    /// for a removal.
    pub after: Map<String, Value>,
    /// What became of the row; `None` for what is no row's outcome (rollbacks, decisions).
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<Reason>,
    /// The line that this one takes back.
    pub undoes: Option<LedgerKey>,
    /// When.
    pub at: Timestamp,
}

/// A line as it is read back.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The line.
    pub item: LedgerItem,
    /// Whether another line takes it back.
    pub undone: bool,
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerScope {
    /// All.
    All,
    /// Of one run.
    Run(RunId),
    /// Of accounts that are now of that tenant, or whose line names it.
    Tenant(TenantId),
    /// Of one account.
    User(UserId),
}

/// Which page of the ledger is wanted: newest first, by time of the run's start, then by number, both descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerAsk {
    /// Which lines.
    pub scope: LedgerScope,
    /// Only lines that changed something (create, change, link, unlink, remove).
    pub changes_only: bool,
    /// Only lines older than this one.
    pub before: Option<LedgerKey>,
    /// At most so many.
    pub limit: u32,
}
