//! The port of the migration in memory, for tests, examples, and dry runs before there is a store.
//!
//! It holds accounts of its own and is not connected with the directory in memory.

mod batch;
mod board;
mod figures;
mod finalize;
mod parts;
mod write_back;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use authly_directory::identifier::fold;
use authly_directory::password::StoredHash;
use oauth_core::{
    audit::AuditEvent,
    ids::{LegacyTokenId, TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::{
    account::TargetAccount,
    board::Moves,
    finalization::{Finalization, RelicKind, SealedRelic},
    finalize::GateFacts,
    ledger::{LedgerAsk, LedgerEntry, LedgerItem, LedgerScope},
    parts::{NewApiKey, NewToken},
    policy::{Policy, PolicyScope},
    run::{Begun, Lease, Run, RunId, RunPlan, RunState, Turn},
    source::{SourceId, SourceName},
    store::{
        BatchCommit, BatchWrite, CutoverStore, DailyCount, Link, PenEntry, PendingAccount, PendingAsk, RunEnd,
        SnapshotAsk, TargetGroup, TargetSnapshot, TargetTenant, TenantFigures, TimedFact,
    },
    write_back::Written,
};

/// A target in memory; clones share their contents.
#[derive(Clone, Debug, Default)]
pub struct MemoryTarget(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    accounts: BTreeMap<UserId, TargetAccount>,
    /// Whether an address stands for one account in each tenant, and not in the whole installation.
    addresses_per_tenant: bool,
    links: BTreeMap<(SourceName, SourceId), Link>,
    pen: BTreeMap<(SourceName, SourceId), PenEntry>,
    runs: Vec<Run>,
    ledger: Vec<LedgerItem>,
    tenants: Vec<TargetTenant>,
    groups: Vec<TargetGroup>,
    policies: BTreeMap<PolicyScope, Policy>,
    facts: Vec<TimedFact>,
    audit: Vec<AuditEvent>,
    finalization: Option<Finalization>,
    archive: BTreeMap<(RelicKind, String), (SealedRelic, Option<PenEntry>)>,
    written: BTreeMap<(SourceName, SourceId), Written>,
    tokens: BTreeMap<LegacyTokenId, NewToken>,
    api_keys: BTreeMap<(SourceName, SourceId), NewApiKey>,
    /// When accounts went to both ways, and to OAuth alone.
    moved: BTreeMap<UserId, Moves>,
    sign_ins: u64,
}

impl MemoryTarget {
    /// An empty target.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an account in, whatever was there before.
    pub fn put(&self, account: TargetAccount) {
        self.lock().accounts.insert(account.user, account);
    }

    /// From now on an address may stand in several tenants.
    pub fn let_tenants_share_addresses(&self) {
        self.lock().addresses_per_tenant = true;
    }

    /// All accounts by id.
    pub fn accounts(&self) -> Vec<TargetAccount> {
        self.lock().accounts.values().cloned().collect()
    }

    /// Removes an account, as an administrator does.
    pub fn remove(&self, user: UserId) {
        self.lock().accounts.remove(&user);
    }

    /// Counts somebody who signs in.
    pub fn sign_in(&self) {
        self.lock().sign_ins += 1;
    }

    /// All ledger lines in order.
    pub fn lines(&self) -> Vec<LedgerItem> {
        self.lock().ledger.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn held(&mut self, lease: Lease) -> Option<&mut Run> {
        self.runs
            .iter_mut()
            .find(|run| run.plan.id == lease.run && run.fence == lease.fence && run.state == RunState::Running)
    }

    fn begin(&mut self, plan: RunPlan, at: Timestamp, stale_before: Timestamp) -> Begun {
        let newest = self.runs.iter_mut().filter(|run| run.plan.source == plan.source).max_by_key(|run| run.plan.id);
        if let Some(run) = newest {
            match run.turn(&plan, stale_before) {
                Turn::Busy => return Begun::Busy(run.clone()),
                Turn::Resume => {
                    *run = run.clone().resumed(at);
                    return Begun::Resumed(run.clone());
                }
                Turn::Abandon => (run.state, run.finished_at) = (RunState::Stopped, Some(at)),
                Turn::Start => {}
            }
        }
        let run = Run::started(plan, at);
        self.runs.push(run.clone());
        Begun::Started(run)
    }

    fn snapshot(&self, ask: &SnapshotAsk) -> TargetSnapshot {
        let names: BTreeSet<&str> = ask.rows.iter().flat_map(|row| row.names.iter().map(String::as_str)).collect();
        let users: BTreeSet<UserId> = ask.rows.iter().filter_map(|row| row.user).collect();
        let subjects: BTreeSet<&str> = ask.rows.iter().filter_map(|row| row.external_subject.as_deref()).collect();
        let rows: BTreeSet<&SourceId> = ask.rows.iter().map(|row| &row.source_id).collect();
        let own = |link: &&Link| link.source == ask.source && rows.contains(&link.source_id);
        let linked: BTreeSet<UserId> = self.links.values().filter(own).map(|link| link.user).collect();
        let wanted = |account: &&TargetAccount| {
            let by_subject = |subject: &str| subjects.contains(subject);
            users.contains(&account.user)
                || linked.contains(&account.user)
                || names.contains(fold(&account.email).as_str())
                || names.contains(fold(&account.username).as_str())
                || account.external_subject.as_deref().is_some_and(by_subject)
                || by_subject(&account.user.to_string())
        };
        let accounts: Vec<TargetAccount> = self.accounts.values().filter(wanted).cloned().collect();
        let known = |link: &&Link| own(link) || accounts.iter().any(|account| account.user == link.user);
        TargetSnapshot {
            links: self.links.values().filter(known).cloned().collect(),
            pen: rows.iter().filter_map(|id| self.pen.get(&(ask.source.clone(), (*id).clone())).cloned()).collect(),
            accounts,
        }
    }

    fn ledger(&self, ask: LedgerAsk) -> Vec<LedgerEntry> {
        let wanted = |item: &&LedgerItem| {
            let scope = match ask.scope {
                LedgerScope::All => true,
                LedgerScope::Run(run) => item.key.run == run,
                LedgerScope::Tenant(tenant) => {
                    let now = item.user.and_then(|user| self.accounts.get(&user)).and_then(|account| account.tenant);
                    item.tenant == Some(tenant) || now == Some(tenant)
                }
                LedgerScope::User(user) => item.user == Some(user),
            };
            scope && (!ask.changes_only || item.action.changes()) && ask.before.is_none_or(|key| item.key < key)
        };
        let mut items: Vec<&LedgerItem> = self.ledger.iter().filter(wanted).collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.key));
        let undone: BTreeSet<_> = self.ledger.iter().filter_map(|item| item.undoes).collect();
        let entry = |item: &LedgerItem| LedgerEntry { item: item.clone(), undone: undone.contains(&item.key) };
        items.into_iter().take(ask.limit as usize).map(entry).collect()
    }
}

impl CutoverStore for MemoryTarget {
    async fn begin_run(&self, plan: RunPlan, at: Timestamp, stale_before: Timestamp) -> Result<Begun, StoreError> {
        Ok(self.lock().begin(plan, at, stale_before))
    }

    async fn renew_run(&self, lease: Lease, at: Timestamp) -> Result<Commit, StoreError> {
        Ok(self.lock().held(lease).map_or(Commit::Lost, |run| {
            run.heartbeat_at = at;
            Commit::Applied
        }))
    }

    async fn finish_run(&self, lease: Lease, end: RunEnd) -> Result<Commit, StoreError> {
        let mut state = self.lock();
        let Some(run) = state.held(lease) else { return Ok(Commit::Lost) };
        (run.state, run.heartbeat_at, run.finished_at, run.note) = (end.state, end.at, Some(end.at), end.note);
        state.audit.extend(end.audit);
        Ok(Commit::Applied)
    }

    async fn runs(&self, source: Option<&SourceName>, limit: u32) -> Result<Vec<Run>, StoreError> {
        let state = self.lock();
        let wanted = |run: &&Run| source.is_none_or(|source| run.plan.source == *source);
        let mut runs: Vec<Run> = state.runs.iter().filter(wanted).cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.plan.id));
        runs.truncate(limit as usize);
        Ok(runs)
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.lock().runs.iter().find(|known| known.plan.id == run).cloned())
    }

    async fn snapshot(&self, ask: SnapshotAsk) -> Result<TargetSnapshot, StoreError> {
        Ok(self.lock().snapshot(&ask))
    }

    async fn tenants(&self) -> Result<(Vec<TargetTenant>, Vec<TargetGroup>), StoreError> {
        let state = self.lock();
        Ok((state.tenants.clone(), state.groups.clone()))
    }

    async fn others_at_work(&self) -> Result<u64, StoreError> {
        Ok(self.lock().sign_ins)
    }

    async fn commit_batch(&self, write: BatchWrite) -> Result<BatchCommit, StoreError> {
        let mut state = self.lock();
        if state.held(write.lease).is_none() {
            return Ok(BatchCommit::Fenced);
        }
        let mut next = state.clone();
        if !next.apply(write) {
            return Ok(BatchCommit::Lost);
        }
        *state = next;
        Ok(BatchCommit::Applied)
    }

    async fn target_accounts(&self, users: &[UserId]) -> Result<Vec<TargetAccount>, StoreError> {
        let state = self.lock();
        Ok(users.iter().filter_map(|user| state.accounts.get(user).cloned()).collect())
    }

    async fn links(&self, source: &SourceName, after: Option<&SourceId>, limit: u32) -> Result<Vec<Link>, StoreError> {
        let state = self.lock();
        let wanted = |link: &&Link| link.source == *source && after.is_none_or(|after| link.source_id > *after);
        Ok(state.links.values().filter(wanted).take(limit as usize).cloned().collect())
    }

    async fn count_links(&self, source: &SourceName) -> Result<u64, StoreError> {
        Ok(self.lock().links.values().filter(|link| link.source == *source).count() as u64)
    }

    async fn ledger(&self, ask: LedgerAsk) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(self.lock().ledger(ask))
    }

    async fn pen(
        &self,
        source: Option<&SourceName>,
        resolved_too: bool,
        after: Option<(SourceName, SourceId)>,
        limit: u32,
    ) -> Result<Vec<PenEntry>, StoreError> {
        let state = self.lock();
        let wanted = |(key, entry): &(&(SourceName, SourceId), &PenEntry)| {
            source.is_none_or(|source| key.0 == *source)
                && (resolved_too || entry.resolution.is_none())
                && after.as_ref().is_none_or(|after| *key > after)
        };
        Ok(state.pen.iter().filter(wanted).take(limit as usize).map(|(_, entry)| entry.clone()).collect())
    }

    async fn pen_entry(&self, source: &SourceName, id: &SourceId) -> Result<Option<PenEntry>, StoreError> {
        Ok(self.lock().pen.get(&(source.clone(), id.clone())).cloned())
    }

    async fn figures(&self) -> Result<Vec<TenantFigures>, StoreError> {
        Ok(self.lock().figures())
    }

    async fn figures_and_old_hashes(&self) -> Result<(Vec<TenantFigures>, Vec<StoredHash>), StoreError> {
        Ok(self.lock().figures_and_old_hashes())
    }

    async fn daily(
        &self,
        tenant: Option<TenantId>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DailyCount>, StoreError> {
        Ok(self.lock().daily(tenant, from, to))
    }

    async fn pending(&self, ask: PendingAsk) -> Result<Vec<PendingAccount>, StoreError> {
        Ok(self.lock().pending(ask))
    }

    async fn gate_facts(&self, _now: Timestamp, window_start: Timestamp) -> Result<GateFacts, StoreError> {
        Ok(self.lock().gate_facts(window_start))
    }

    async fn put_fact(&self, fact: TimedFact, audit: AuditEvent) -> Result<(), StoreError> {
        let mut state = self.lock();
        let tenant = |fact: &TimedFact| match fact {
            TimedFact::TenantConfirmed { tenant, .. } => Some(*tenant),
            _ => None,
        };
        state.facts.retain(|known| known.name() != fact.name() || tenant(known) != tenant(&fact));
        state.facts.push(fact);
        state.audit.push(audit);
        Ok(())
    }

    async fn facts(&self) -> Result<Vec<TimedFact>, StoreError> {
        let mut facts = self.lock().facts.clone();
        facts.retain(|fact| !matches!(fact, TimedFact::TenantConfirmed { .. }));
        facts.sort_by_key(TimedFact::name);
        Ok(facts)
    }

    async fn forget_fact(&self, name: &str, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut state = self.lock();
        let before = state.facts.len();
        state.facts.retain(|fact| fact.name() != name);
        if state.facts.len() == before {
            return Ok(Commit::Lost);
        }
        state.audit.push(audit);
        Ok(Commit::Applied)
    }

    async fn policies(&self) -> Result<BTreeMap<PolicyScope, Policy>, StoreError> {
        let mut policies = self.lock().policies.clone();
        policies.retain(|scope, _| !matches!(scope, PolicyScope::Account(_)));
        Ok(policies)
    }

    async fn account_policy(&self, user: UserId) -> Result<Option<Policy>, StoreError> {
        Ok(self.lock().policies.get(&PolicyScope::Account(user)).cloned())
    }

    async fn put_policy(
        &self,
        scope: PolicyScope,
        policy: Option<Policy>,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        match policy {
            Some(policy) => state.policies.insert(scope, policy),
            None => state.policies.remove(&scope),
        };
        state.audit.push(audit);
        Ok(())
    }
}
