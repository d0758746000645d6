//! The repository port of the end of a migration.

use std::{collections::BTreeMap, future::Future};

use oauth_core::{audit::AuditEvent, ids::UserId, store::StoreError, time::Timestamp};

use super::BatchCommit;
use crate::{
    finalization::{Finalization, Passwords, Relic, RelicKind, SealedRelic},
    ledger::LedgerItem,
    run::Lease,
};

/// What the end would do, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Accounts that have completed and are not on OAuth alone.
    pub accounts: u64,
    /// Accounts whose password would go, if passwords go.
    pub passwords: u64,
    /// Rows that would go, by kind; kinds without any are left out.
    pub relics: BTreeMap<RelicKind, u64>,
    /// Rows in the archive, by kind.
    pub archived: BTreeMap<RelicKind, u64>,
}

/// What one step of the end writes.
#[derive(Clone, Debug, PartialEq)]
pub enum EndStep {
    /// Rows leave their tables for the archive; `Lost` unless each still stands as it was read.
    Archive(Vec<(Relic, SealedRelic)>),
    /// These leave the archive for good.
    Purge(Vec<(RelicKind, String)>),
    /// The record is set, or removed; raises the catalog's revision.
    Record(Option<Finalization>),
    /// These go into the archive, where they may be already; nothing of the store leaves.
    Shelve(Vec<SealedRelic>),
    /// Rows leave the archive for their tables; a token whose account is gone, and a row whose key is taken, is dropped.
    Restore(Vec<Relic>),
}

/// A step with what tells of it: everything is written, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct EndWrite {
    /// Checked in the same step; the heartbeat becomes `at`.
    pub lease: Lease,
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: EndStep,
    /// Ledger lines, in order.
    pub ledger: Vec<LedgerItem>,
    /// The number of the run's last ledger line.
    pub last_seq: u64,
    /// What the log says.
    pub audit: AuditEvent,
}

/// The end of a migration in the store. Accounts are moved by [`CutoverStore::commit_batch`](super::CutoverStore::commit_batch).
pub trait FinalizeStore: Send + Sync {
    /// How the end stands; a record that cannot be read is `Corrupt`.
    fn finalization(&self) -> impl Future<Output = Result<Option<Finalization>, StoreError>> + Send;
    /// What the end would do, in one consistent read.
    fn outlook(&self) -> impl Future<Output = Result<Outlook, StoreError>> + Send;
    /// Accounts behind `after`, in order of ids, that the end changes ([`concerns`](crate::finalization::concerns)).
    fn concerned_accounts(
        &self,
        passwords: Passwords,
        after: Option<UserId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<UserId>, StoreError>> + Send;
    /// Rows of a kind that are to go.
    fn relics(&self, kind: RelicKind, limit: u32) -> impl Future<Output = Result<Vec<Relic>, StoreError>> + Send;
    /// Rows of the archive of these kinds whose keys begin so, in order of kind and key.
    fn archived(
        &self,
        kinds: &[RelicKind],
        begin: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<SealedRelic>, StoreError>> + Send;
    /// Writes a step. `Fenced` if the lease is gone.
    fn commit_end(&self, write: EndWrite) -> impl Future<Output = Result<BatchCommit, StoreError>> + Send;
}
