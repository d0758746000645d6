//! The migration's port: runs under a lease, batches that are written whole, the ledger, and figures.

mod account;
mod batch;
mod board;
mod counts;
mod figures;
mod finalize;
mod ledger;
mod links;
mod parts;
mod pen;
mod policies;
mod runs;
mod write_back;

use std::{collections::BTreeMap, time::Duration};

use authly_cutover::{
    account::TargetAccount,
    finalize::GateFacts,
    ledger::{LedgerAsk, LedgerEntry},
    policy::{Policy, PolicyScope},
    run::{Begun, Lease, Run, RunId, RunPlan},
    source::{SourceId, SourceName},
    store::{
        BatchCommit, BatchWrite, CutoverStore, DailyCount, Link, PenEntry, PendingAccount, PendingAsk, RunEnd,
        SnapshotAsk, TargetGroup, TargetSnapshot, TargetTenant, TenantFigures, TimedFact, Turn,
    },
};
use authly_directory::password::StoredHash;
use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::{SqliteStore, connection::LOOK, db::consistently};

/// A file has one writer. Somebody who signs in meanwhile waits for the end of a write, and hardly notices beside the hash of the
/// password; whoever waits looks at least once into the gap.
const TURN: Turn = Turn { write: Duration::from_millis(4), gap: Duration::from_millis(1) };
const _: () = assert!(
    TURN.gap.as_micros() > LOOK.as_micros(),
    "nobody is sure to look into a gap that is shorter than the time between two looks"
);

impl CutoverStore for SqliteStore {
    async fn begin_run(&self, plan: RunPlan, at: Timestamp, stale_before: Timestamp) -> Result<Begun, StoreError> {
        self.write(move |db| runs::begin(db, plan, at, stale_before)).await
    }

    async fn renew_run(&self, lease: Lease, at: Timestamp) -> Result<Commit, StoreError> {
        self.write(move |db| runs::renew(db, lease, at)).await
    }

    async fn finish_run(&self, lease: Lease, end: RunEnd) -> Result<Commit, StoreError> {
        self.write(move |db| runs::finish(db, lease, &end)).await
    }

    async fn runs(&self, source: Option<&SourceName>, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.read(|db| runs::newest(db, source, limit))
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        self.read(|db| runs::by_id(db, run))
    }

    async fn snapshot(&self, ask: SnapshotAsk) -> Result<TargetSnapshot, StoreError> {
        self.read_long(move |db| consistently(db, |db| batch::snapshot(db, &ask))).await
    }

    async fn tenants(&self) -> Result<(Vec<TargetTenant>, Vec<TargetGroup>), StoreError> {
        self.read_long(|db| consistently(db, batch::tenants)).await
    }

    fn turn(&self) -> Option<Turn> {
        Some(TURN)
    }

    async fn others_at_work(&self) -> Result<u64, StoreError> {
        // It changes when another process has written into the file, as a server does for each sign-in.
        self.write_again_if_lost(|db| {
            Ok(db.0.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0))?.unsigned_abs())
        })
        .await
    }

    async fn commit_batch(&self, write: BatchWrite) -> Result<BatchCommit, StoreError> {
        self.write_again_if_lost(move |db| batch::commit(db, &write)).await
    }

    async fn target_accounts(&self, users: &[UserId]) -> Result<Vec<TargetAccount>, StoreError> {
        let users = users.to_vec();
        self.read_long(move |db| consistently(db, |db| account::by_ids(db, &users))).await
    }

    async fn links(&self, source: &SourceName, after: Option<&SourceId>, limit: u32) -> Result<Vec<Link>, StoreError> {
        let (source, after) = (source.clone(), after.cloned());
        self.read_long(move |db| links::page(db, &source, after.as_ref(), limit)).await
    }

    async fn count_links(&self, source: &SourceName) -> Result<u64, StoreError> {
        let source = source.clone();
        self.read_long(move |db| links::count(db, &source)).await
    }

    async fn ledger(&self, ask: LedgerAsk) -> Result<Vec<LedgerEntry>, StoreError> {
        self.read_long(move |db| ledger::page(db, &ask)).await
    }

    async fn pen(
        &self,
        source: Option<&SourceName>,
        resolved_too: bool,
        after: Option<(SourceName, SourceId)>,
        limit: u32,
    ) -> Result<Vec<PenEntry>, StoreError> {
        let source = source.cloned();
        self.read_long(move |db| pen::page(db, source.as_ref(), resolved_too, after.as_ref(), limit)).await
    }

    async fn pen_entry(&self, source: &SourceName, id: &SourceId) -> Result<Option<PenEntry>, StoreError> {
        self.read(|db| pen::by_key(db, source, id))
    }

    async fn figures(&self) -> Result<Vec<TenantFigures>, StoreError> {
        self.read_long(|db| consistently(db, |db| counts::by_tenant(db, None))).await
    }

    async fn figures_and_old_hashes(&self) -> Result<(Vec<TenantFigures>, Vec<StoredHash>), StoreError> {
        self.read_long(|db| consistently(db, counts::by_tenant_and_hash)).await
    }

    async fn daily(
        &self,
        tenant: Option<TenantId>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DailyCount>, StoreError> {
        self.read_long(move |db| figures::daily(db, tenant, from, to)).await
    }

    async fn pending(&self, ask: PendingAsk) -> Result<Vec<PendingAccount>, StoreError> {
        self.read_long(move |db| figures::pending(db, &ask)).await
    }

    async fn gate_facts(&self, now: Timestamp, window_start: Timestamp) -> Result<GateFacts, StoreError> {
        self.read_long(move |db| consistently(db, |db| figures::gate_facts(db, now, window_start))).await
    }

    async fn put_fact(&self, fact: TimedFact, audit: AuditEvent) -> Result<(), StoreError> {
        self.write(move |db| policies::put_fact(db, &fact, &audit)).await
    }

    async fn facts(&self) -> Result<Vec<TimedFact>, StoreError> {
        self.read(policies::facts)
    }

    async fn forget_fact(&self, name: &str, audit: AuditEvent) -> Result<Commit, StoreError> {
        let name = name.to_owned();
        self.write(move |db| policies::forget_fact(db, &name, &audit)).await
    }

    async fn policies(&self) -> Result<BTreeMap<PolicyScope, Policy>, StoreError> {
        self.read(policies::shared)
    }

    async fn account_policy(&self, user: UserId) -> Result<Option<Policy>, StoreError> {
        self.read(|db| policies::of_account(db, user))
    }

    async fn put_policy(
        &self,
        scope: PolicyScope,
        policy: Option<Policy>,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        self.write(move |db| policies::put(db, scope, policy.as_ref(), &audit)).await
    }
}
