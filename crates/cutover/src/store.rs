//! The repository port of the migration: one method is one use case is one atomic step.
//!
//! As everywhere, stores decide nothing: times, ids, numbers and ledger lines come with the write. The one write that moves
//! accounts is [`CutoverStore::commit_batch`]; imports, rollbacks, links by hand and `finalize` all go through it.

mod batch;
mod facts;
mod figures;
mod finalize;
mod snapshot;
mod tally;

use std::{collections::BTreeMap, future::Future, time::Duration};

use authly_directory::password::StoredHash;
use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};

pub use self::{
    batch::{
        AccountWrite, BatchCommit, BatchWrite, LinkWrite, NewGroup, NewTenant, PenEntry, PenKind, Progress, Resolution,
        ResolutionWrite, RunEnd,
    },
    facts::{Said, SchemaFound, TimedFact},
    figures::{Alike, DailyCount, Lacks, LegacyUse, PendingAccount, PendingAsk, TenantFigures},
    finalize::{EndStep, EndWrite, FinalizeStore, Outlook},
    snapshot::{Link, RowKeys, SnapshotAsk, TargetGroup, TargetSnapshot, TargetTenant},
    tally::Tally,
};
use crate::{
    account::TargetAccount,
    finalize::GateFacts,
    ledger::{LedgerAsk, LedgerEntry},
    parts::PartStore,
    policy::{Policy, PolicyScope},
    run::{Begun, Lease, Run, RunId, RunPlan},
    source::{SourceId, SourceName},
    write_back::WriteBackRepository,
};

/// How the writes of a migration take turns with those of others, in a store with one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How long a write may take.
    pub write: Duration,
    /// How long the next one holds back: longer than it takes those who wait to notice that the store is free.
    pub gap: Duration,
}

/// What a migration reads and writes of the target.
pub trait CutoverStore: FinalizeStore + PartStore + WriteBackRepository + Send + Sync {
    // Runs.

    /// Takes the lease of the plan's source. `Busy` if a run of that source is `Running` with a heartbeat after `stale_before`.
    /// Otherwise the newest run of that source is resumed (state `Running`, fence + 1, heartbeat `at`, `finished_at` empty) if it is
    /// an import that has not `Finished`, `plan` is an import with the same `profile_digest`, and its checkpoint is set; an
    /// abandoned run that is not resumed becomes `Stopped`; else a new run starts with fence 1. One step: two callers never both begin.
    fn begin_run(
        &self,
        plan: RunPlan,
        at: Timestamp,
        stale_before: Timestamp,
    ) -> impl Future<Output = Result<Begun, StoreError>> + Send;
    /// Notes a sign of life; `Lost` if the fence was raised or the run has ended.
    fn renew_run(&self, lease: Lease, at: Timestamp) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Ends a run; `Lost` as above.
    fn finish_run(&self, lease: Lease, end: RunEnd) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// The newest runs, newest first; of one source, if given.
    fn runs(
        &self,
        source: Option<&SourceName>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Run>, StoreError>> + Send;
    /// That run.
    fn run(&self, run: RunId) -> impl Future<Output = Result<Option<Run>, StoreError>> + Send;

    // Batches.

    /// What of the target the rows of a batch depend on, in one consistent read.
    fn snapshot(&self, ask: SnapshotAsk) -> impl Future<Output = Result<TargetSnapshot, StoreError>> + Send;
    /// Tenants of the target with their groups (and the groups of none), for the mapping of a source's.
    fn tenants(&self) -> impl Future<Output = Result<(Vec<TargetTenant>, Vec<TargetGroup>), StoreError>> + Send;
    /// How writes of batches and those of others take turns where every other writer of the store waits meanwhile; `None` where
    /// they do not.
    fn turn(&self) -> Option<Turn> {
        None
    }
    /// Whether it works on the processors of this machine, as far as can be told.
    fn works_on_this_machine(&self) -> bool {
        true
    }
    /// A figure that changes when others sign in at the store meanwhile, and not by what an import writes; for an import that gives
    /// way to them. One that never changes where a store cannot tell.
    fn others_at_work(&self) -> impl Future<Output = Result<u64, StoreError>> + Send {
        std::future::ready(Ok(0))
    }
    /// Writes a batch: everything or nothing. `Fenced` if the lease is gone; `Lost` if any guard fails or any unique value is taken.
    ///
    /// An outage of power may take the last batches back until the run is finished, and then whatever was written after them too;
    /// how far the run has come goes with them.
    fn commit_batch(&self, write: BatchWrite) -> impl Future<Output = Result<BatchCommit, StoreError>> + Send;
    /// The accounts with these ids, for rollbacks and checks; unknown ids are left out, the order is free.
    fn target_accounts(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<TargetAccount>, StoreError>> + Send;
    /// Links of that source in order of source ids (as text, by bytes), behind `after`.
    fn links(
        &self,
        source: &SourceName,
        after: Option<&SourceId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Link>, StoreError>> + Send;
    /// How many links of that source there are.
    fn count_links(&self, source: &SourceName) -> impl Future<Output = Result<u64, StoreError>> + Send;

    // The ledger.

    /// One page of the ledger, newest first.
    fn ledger(&self, ask: LedgerAsk) -> impl Future<Output = Result<Vec<LedgerEntry>, StoreError>> + Send;

    // Rows that wait for a decision.

    /// Rows in conflict or quarantine, by source and id; only open ones, unless `resolved_too`. Paging by the last key.
    fn pen(
        &self,
        source: Option<&SourceName>,
        resolved_too: bool,
        after: Option<(SourceName, SourceId)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<PenEntry>, StoreError>> + Send;
    /// That row, open or resolved.
    fn pen_entry(
        &self,
        source: &SourceName,
        id: &SourceId,
    ) -> impl Future<Output = Result<Option<PenEntry>, StoreError>> + Send;

    // Figures.

    /// Figures by tenant, those of accounts without a tenant among them (`tenant: None`, always there); deleted accounts are
    /// not counted; tenants without accounts are there with zeros. Order is free.
    fn figures(&self) -> impl Future<Output = Result<Vec<TenantFigures>, StoreError>> + Send;
    /// The same, with the hashes of other programs and wrapped ones of the accounts that are counted, put together by
    /// [`mark`](crate::board::mark), and a sample of each kind, for those who know the schemes; never shown. All in one pass and at
    /// one moment. Order is free.
    fn figures_and_old_hashes(
        &self,
    ) -> impl Future<Output = Result<(Vec<TenantFigures>, Vec<StoredHash>), StoreError>> + Send;
    /// How many accounts completed on each day (UTC) from `from` to before `to`; days without any are left out.
    fn daily(
        &self,
        tenant: Option<TenantId>,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<DailyCount>, StoreError>> + Send;
    /// Accounts that have not completed (`completed_at` empty, not deleted, not `oauth`), by last sign-in, newest first, those without last; then by id.
    fn pending(&self, ask: PendingAsk) -> impl Future<Output = Result<Vec<PendingAccount>, StoreError>> + Send;
    /// What the finalize gate judges, measured at `now` with `window_start` as the beginning of the quiet period.
    fn gate_facts(
        &self,
        now: Timestamp,
        window_start: Timestamp,
    ) -> impl Future<Output = Result<GateFacts, StoreError>> + Send;
    /// Remembers or replaces a fact with its instant: a verified backup, a clean check, a tenant's confirmation (the names are
    /// those of [`TimedFact`]).
    fn put_fact(&self, fact: TimedFact, audit: AuditEvent) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The facts that are remembered, but for confirmations of tenants, and what a newer program wrote; by name.
    fn facts(&self) -> impl Future<Output = Result<Vec<TimedFact>, StoreError>> + Send;
    /// Forgets the fact of that name; `Lost` if there is none, and then nothing is told.
    fn forget_fact(&self, name: &str, audit: AuditEvent) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    // Policies.

    /// The policies of the installation and of tenants.
    fn policies(&self) -> impl Future<Output = Result<BTreeMap<PolicyScope, Policy>, StoreError>> + Send;
    /// The policy of one account, where it has its own.
    fn account_policy(&self, user: UserId) -> impl Future<Output = Result<Option<Policy>, StoreError>> + Send;
    /// Sets or removes a policy; raises the catalog's revision, so that servers notice.
    fn put_policy(
        &self,
        scope: PolicyScope,
        policy: Option<Policy>,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
