//! The migration's port: runs under a lease, batches that are written whole, the ledger, and figures.
//!
//! What a batch writes travels as arrays, one for each column of all rows of a kind: few statements, planned once, whatever the size.

mod account;
mod account_rows;
mod account_write;
mod batch;
mod board;
mod figures;
mod finalize;
mod gate;
mod hashes;
mod ledger;
mod line;
mod links;
mod parts;
mod pen;
mod policies;
mod runs;
mod write_back;

use std::collections::BTreeMap;

use authly_cutover::{
    account::TargetAccount,
    finalize::GateFacts,
    ledger::{LedgerAsk, LedgerEntry},
    policy::{Policy, PolicyScope},
    run::{Begun, Lease, Run, RunId, RunPlan},
    source::{SourceId, SourceName},
    store::{
        BatchCommit, BatchWrite, CutoverStore, DailyCount, Link, PenEntry, PendingAccount, PendingAsk, RunEnd,
        SnapshotAsk, TargetGroup, TargetSnapshot, TargetTenant, TenantFigures, TimedFact,
    },
};
use authly_directory::password::StoredHash;
use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::store::PgStore;

/// The instant of a number of microseconds, which is how instants stand in JSON.
macro_rules! instant {
    ($micros:literal) => {
        concat!("('epoch'::timestamptz + ", $micros, " * interval '1 microsecond')")
    };
}
pub(crate) use instant;

impl CutoverStore for PgStore {
    async fn begin_run(&self, plan: RunPlan, at: Timestamp, stale_before: Timestamp) -> Result<Begun, StoreError> {
        runs::begin(self.db(), plan, at, stale_before).await
    }

    async fn renew_run(&self, lease: Lease, at: Timestamp) -> Result<Commit, StoreError> {
        runs::renew(self.db(), lease, at).await
    }

    async fn finish_run(&self, lease: Lease, end: RunEnd) -> Result<Commit, StoreError> {
        runs::finish(self.db(), lease, end).await
    }

    async fn runs(&self, source: Option<&SourceName>, limit: u32) -> Result<Vec<Run>, StoreError> {
        runs::newest(self.db(), source, limit).await
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        runs::by_id(self.db(), run).await
    }

    async fn snapshot(&self, ask: SnapshotAsk) -> Result<TargetSnapshot, StoreError> {
        batch::snapshot(self.db(), &ask).await
    }

    async fn tenants(&self) -> Result<(Vec<TargetTenant>, Vec<TargetGroup>), StoreError> {
        batch::tenants(self.db()).await
    }

    fn works_on_this_machine(&self) -> bool {
        self.is_on_this_machine()
    }

    async fn others_at_work(&self) -> Result<u64, StoreError> {
        figures::others_at_work(self.db()).await
    }

    async fn commit_batch(&self, write: BatchWrite) -> Result<BatchCommit, StoreError> {
        batch::commit(self.db(), &write).await
    }

    async fn target_accounts(&self, users: &[UserId]) -> Result<Vec<TargetAccount>, StoreError> {
        account::by_ids(self.db(), users).await
    }

    async fn links(&self, source: &SourceName, after: Option<&SourceId>, limit: u32) -> Result<Vec<Link>, StoreError> {
        links::page(self.db(), source, after, limit).await
    }

    async fn count_links(&self, source: &SourceName) -> Result<u64, StoreError> {
        links::count(self.db(), source).await
    }

    async fn ledger(&self, ask: LedgerAsk) -> Result<Vec<LedgerEntry>, StoreError> {
        ledger::page(self.db(), &ask).await
    }

    async fn pen(
        &self,
        source: Option<&SourceName>,
        resolved_too: bool,
        after: Option<(SourceName, SourceId)>,
        limit: u32,
    ) -> Result<Vec<PenEntry>, StoreError> {
        pen::page(self.db(), source, resolved_too, after.as_ref(), limit).await
    }

    async fn pen_entry(&self, source: &SourceName, id: &SourceId) -> Result<Option<PenEntry>, StoreError> {
        pen::by_key(self.db(), source, id).await
    }

    async fn figures(&self) -> Result<Vec<TenantFigures>, StoreError> {
        figures::by_tenant(self.db()).await
    }

    async fn figures_and_old_hashes(&self) -> Result<(Vec<TenantFigures>, Vec<StoredHash>), StoreError> {
        figures::by_tenant_and_hash(self.db()).await
    }

    async fn daily(
        &self,
        tenant: Option<TenantId>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DailyCount>, StoreError> {
        figures::daily(self.db(), tenant, from, to).await
    }

    async fn pending(&self, ask: PendingAsk) -> Result<Vec<PendingAccount>, StoreError> {
        figures::pending(self.db(), &ask).await
    }

    async fn gate_facts(&self, now: Timestamp, window_start: Timestamp) -> Result<GateFacts, StoreError> {
        gate::facts(self.db(), now, window_start).await
    }

    async fn put_fact(&self, fact: TimedFact, audit: AuditEvent) -> Result<(), StoreError> {
        policies::put_fact(self.db(), fact, audit).await
    }

    async fn facts(&self) -> Result<Vec<TimedFact>, StoreError> {
        policies::facts(self.db()).await
    }

    async fn forget_fact(&self, name: &str, audit: AuditEvent) -> Result<Commit, StoreError> {
        policies::forget_fact(self.db(), name, audit).await
    }

    async fn policies(&self) -> Result<BTreeMap<PolicyScope, Policy>, StoreError> {
        policies::shared(self.db()).await
    }

    async fn account_policy(&self, user: UserId) -> Result<Option<Policy>, StoreError> {
        policies::of_account(self.db(), user).await
    }

    async fn put_policy(
        &self,
        scope: PolicyScope,
        policy: Option<Policy>,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        policies::put(self.db(), scope, policy, audit).await
    }
}

/// A number that the database keeps signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never negative.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// What an import asks for each of its batches, with the numbers of parameters.
#[cfg(test)]
pub(crate) fn planned() -> Vec<(&'static str, usize)> {
    [batch::PLANNED.as_slice(), &account_write::PLANNED].concat()
}
