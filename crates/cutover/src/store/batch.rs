//! The one write of a migration: accounts, links, ledger and checkpoint together.

use oauth_core::{
    audit::AuditEvent,
    ids::{GroupId, TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::Link;
use crate::{
    account::TargetAccount,
    ledger::LedgerItem,
    outcome::{Counters, Reason},
    run::{Lease, RunId, RunState},
    source::{SourceId, SourceName},
};

/// A change of one account.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountWrite {
    /// Inserts it; `Lost` if its id, e-mail address or user name (by folded form) is taken.
    Create(Box<TargetAccount>),
    /// Replaces all columns; `Lost` unless `email`, `username`, `hash`, `upgraded_hash`, `status` and `updated_at` stand there as in `from`.
    Change {
        /// As it was when it was read.
        from: Box<TargetAccount>,
        /// As it is to be; the id is the same.
        to: Box<TargetAccount>,
    },
    /// Removes it with everything that hangs on it; guarded like a change.
    Remove(Box<TargetAccount>),
}

impl AccountWrite {
    /// The account.
    pub fn user(&self) -> UserId {
        match self {
            Self::Create(account) | Self::Remove(account) => account.user,
            Self::Change { to, .. } => to.user,
        }
    }
}

/// A change of one link.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkWrite {
    /// Creates or replaces it.
    Put(Link),
    /// Removes it, if it is there.
    Remove {
        /// The source.
        source: SourceName,
        /// The row.
        source_id: SourceId,
    },
}

/// A tenant to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name; `Lost` if it is taken.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in operation.
    pub active: bool,
}

/// A group to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its id.
    pub id: GroupId,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its name; `Lost` if it is taken within the tenant.
    pub name: String,
    /// Its description for people.
    pub description: String,
}

/// Why a row waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PenKind {
    /// It contradicts another.
    Conflict,
    /// The store refused it.
    Failed,
    /// It cannot become an account as it is.
    Quarantine,
}

impl PenKind {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Quarantine => "quarantine",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Conflict, Self::Failed, Self::Quarantine].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What an operator decided about a row that waits; the next import heeds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Resolution {
    /// The row becomes no account.
    Drop,
    /// Both accounts stay: this one gets another user name or address made from its own.
    KeepBoth,
    /// The row is that account: it is linked, and the account stays as it is.
    Merge {
        /// The account.
        user: UserId,
    },
    /// The row gets these names.
    Rename {
        /// The e-mail address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// The user name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
    },
}

/// A row in conflict or quarantine.
#[derive(Clone, Debug, PartialEq)]
pub struct PenEntry {
    /// The source.
    pub source: SourceName,
    /// The row.
    pub source_id: SourceId,
    /// Why it waits.
    pub kind: PenKind,
    /// The reason.
    pub reason: Reason,
    /// What people know the row by: its e-mail address or user name, shortened.
    pub label: String,
    /// Its tenant in the target, where it has one.
    pub tenant: Option<TenantId>,
    /// The run that put it there last.
    pub run: RunId,
    /// When that was.
    pub at: Timestamp,
    /// What was decided.
    pub resolution: Option<Resolution>,
    /// When that was.
    pub resolved_at: Option<Timestamp>,
}

/// A decision to store.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolutionWrite {
    /// The source.
    pub source: SourceName,
    /// The row; `Lost` if it does not wait.
    pub source_id: SourceId,
    /// What was decided; `None` opens it again.
    pub resolution: Option<Resolution>,
}

/// How far the run is with this batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The key of the last row that has its outcome; `None` leaves the stored one.
    pub checkpoint: Option<SourceId>,
    /// The number of the last ledger line.
    pub last_seq: u64,
    /// The counts, this batch included.
    pub counters: Counters,
    /// The newest change that a row tells of, this batch included.
    pub watermark: Option<Timestamp>,
}

/// A batch: everything is written, or nothing.
///
/// The order within: tenants, groups, removals, changes, creations, links, rows that wait, resolutions, ledger, run. A unique value that a
/// removal or change of this batch frees may be taken by another write of it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchWrite {
    /// Checked in the same step; the heartbeat becomes `at`.
    pub lease: Lease,
    /// When.
    pub at: Timestamp,
    /// When failures of its accounts are forgotten that lock nobody; see [`failures_of`](Self::failures_of).
    pub forget_failures_at: Timestamp,
    /// Tenants to create (raises the catalog's revision).
    pub tenants: Vec<NewTenant>,
    /// Groups to create.
    pub groups: Vec<NewGroup>,
    /// Accounts; each once.
    pub accounts: Vec<AccountWrite>,
    /// Links; each once.
    pub links: Vec<LinkWrite>,
    /// Rows that wait from now on; one that waits already is replaced, but its resolution stays if kind and reason are the same.
    pub pen: Vec<PenEntry>,
    /// Rows that wait no longer, by source id, of the run's source; those that do not wait are ignored.
    pub settled: Vec<SourceId>,
    /// Decisions to store.
    pub resolutions: Vec<ResolutionWrite>,
    /// Ledger lines, in order.
    pub ledger: Vec<LedgerItem>,
    /// How far the run is.
    pub progress: Progress,
    /// Audit events.
    pub audit: Vec<AuditEvent>,
}

/// What became of a batch.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchCommit {
    /// It is durable.
    Applied,
    /// Another process has the run now, or it ended; stop.
    Fenced,
    /// Something changed since the snapshot was read, and nothing was written. Read and decide again.
    Lost,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// `Finished` or `Stopped`.
    pub state: RunState,
    /// When.
    pub at: Timestamp,
    /// What stopped it, for people.
    pub note: Option<String>,
    /// What the log says.
    pub audit: Option<AuditEvent>,
}
