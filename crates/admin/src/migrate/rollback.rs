//! The rollback: from the ledger, newest line first, a dry run by default.

mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use authly_cutover::{
    account::TargetAccount,
    columns,
    ledger::{Action, LedgerAsk, LedgerItem, LedgerKey, LedgerScope},
    rollback::{self, Later, Restoration, Restored},
    run::{Run, RunId, RunKind},
    source::SourceName,
    store::{AccountWrite, BatchCommit, BatchWrite, CutoverStore as _},
};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::UserId,
    services::Clock as _,
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Map, json};

use super::{
    MigrateError, Observer, Silent, Stop, Tools, finalize, pace::Pace, pen, pieces::Pieces, status, tools::event,
    walk::Beat,
};

/// Lines of the ledger that are taken back at a time at most.
const PAGE: u32 = 500;

/// How often a page is decided anew after somebody was faster.
const ATTEMPTS: usize = 8;

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollbackScope {
    /// Everything.
    All,
    /// One run.
    Run(RunId),
    /// One tenant, by its short name.
    Tenant(String),
    /// One account.
    User(UserId),
}

/// How to take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackOptions {
    /// What.
    pub scope: RollbackScope,
    /// Whether anything is written.
    pub execute: bool,
    /// Whether later changes of owners are lost.
    pub later: Later,
    /// How hard it works.
    pub pace: Pace,
    /// Who asked for it on a page; the command line has nobody.
    pub by: Option<UserId>,
}

/// An account that was changed after it was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolledBack {
    /// The account.
    pub user: String,
    /// The row.
    pub source_id: String,
    /// What became of it.
    pub result: Restored,
    /// What was changed later, by column.
    pub changed_later: Vec<String>,
}

/// What a rollback did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RollbackReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Accounts by what became of them.
    pub results: BTreeMap<Restored, u64>,
    /// Accounts that signed in by OAuth alone before the migration: never touched.
    pub left_alone: u64,
    /// The first of the accounts with later changes.
    pub conflicts: Vec<RolledBack>,
    /// All of them.
    pub conflict_count: u64,
    /// Rows that waited for a decision in an import that is taken back as a whole: they wait no more.
    pub waiting_cleared: u64,
    /// Whether it was stopped before the end; what is done stays done, and the next rollback goes on.
    pub stopped: bool,
}

/// Conflicts that a report lists.
const MOST_SHOWN: usize = 100;

/// Takes back, or tells what that would do, unwatched.
pub async fn roll_back<T: Tools>(
    tools: &T,
    options: &RollbackOptions,
    stop: &Stop,
) -> Result<RollbackReport, MigrateError> {
    options.take_back(tools, stop, &mut Silent).await
}

impl RollbackOptions {
    /// Takes back, or tells what that would do; the observer hears of the accounts, of so many at most.
    pub async fn take_back<T: Tools>(
        &self,
        tools: &T,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<RollbackReport, MigrateError> {
        let scope = match &self.scope {
            RollbackScope::All => LedgerScope::All,
            RollbackScope::Run(run) => {
                let missing = || MigrateError::NotFound { what: "run", name: run.to_string() };
                tools.target().run(*run).await?.ok_or_else(missing)?;
                LedgerScope::Run(*run)
            }
            RollbackScope::Tenant(slug) => match status::tenant_id(tools, Some(slug)).await? {
                Some(tenant) => LedgerScope::Tenant(tenant),
                None => LedgerScope::All,
            },
            RollbackScope::User(user) => LedgerScope::User(*user),
        };
        let mut report = RollbackReport { dry_run: !self.execute, ..RollbackReport::default() };
        // Also where nothing is written: a dry run is refused where the run would be.
        finalize::must_not_be_over(tools).await?;
        for source in sources(tools, &self.scope).await? {
            let of = concerned(tools, &self.scope, &source).await?;
            let run = match self.execute {
                true => {
                    let detail = json!({
                        "scope": format!("{:?}", self.scope),
                        "later": format!("{:?}", self.later),
                        "by": self.by,
                    });
                    Some(pen::begin(tools, &source, RunKind::Rollback, detail).await?)
                }
                false => None,
            };
            let mut back = Back {
                tools,
                by: self.by,
                scope,
                later: self.later,
                source: &source,
                run: run.as_ref(),
                seq: 0,
                pieces: Pieces::new(tools, self.pace, PAGE),
                beat: Beat::new(run.as_ref().map(Run::lease), tools.clock().now()),
                seen: BTreeSet::new(),
            };
            observer.phase(if self.execute { "taking back" } else { "looking what would be taken back" });
            let mut result = back.all(&mut report, stop, |accounts| observer.reading(accounts.min(of), of)).await;
            if result.is_ok() && !report.stopped {
                result = back.clear_waiting(&mut report).await;
            }
            if let Some(run) = &run {
                pen::finish(tools, run).await?;
            }
            result?;
            if report.stopped {
                break;
            }
        }
        Ok(report)
    }
}

/// The sources whose rows are concerned: one lease for each.
async fn sources<T: Tools>(tools: &T, scope: &RollbackScope) -> Result<Vec<SourceName>, MigrateError> {
    let mut sources = BTreeSet::new();
    match scope {
        RollbackScope::Run(run) => sources.extend(tools.target().run(*run).await?.map(|run| run.plan.source)),
        _ => {
            sources.extend(tools.target().runs(None, u32::from(u16::MAX)).await?.into_iter().map(|run| run.plan.source))
        }
    }
    // The end of the migration has a way back of its own.
    sources.remove(&SourceName::of_finalize());
    Ok(sources.into_iter().collect())
}

/// How many accounts of a source are taken back at most.
async fn concerned<T: Tools>(tools: &T, scope: &RollbackScope, source: &SourceName) -> Result<u64, MigrateError> {
    Ok(match scope {
        RollbackScope::All | RollbackScope::Run(_) => tools.target().count_links(source).await?,
        RollbackScope::Tenant(slug) => {
            let figures = tools.target().figures().await?;
            figures.iter().find(|one| one.slug.as_deref() == Some(slug)).map_or(0, |one| one.imported)
        }
        RollbackScope::User(_) => 1,
    })
}

/// The rollback of one source.
struct Back<'a, T> {
    tools: &'a T,
    by: Option<UserId>,
    scope: LedgerScope,
    later: Later,
    source: &'a SourceName,
    run: Option<&'a Run>,
    seq: u64,
    pieces: Pieces,
    beat: Beat,
    /// Accounts that are counted already.
    seen: BTreeSet<UserId>,
}

/// The lines of one account in a page, with what is decided.
struct OneAccount {
    items: Vec<LedgerItem>,
    restoration: Restoration,
}

impl<T: Tools> Back<'_, T> {
    /// `heard` is told how many accounts were seen so far.
    async fn all(
        &mut self,
        report: &mut RollbackReport,
        stop: &Stop,
        mut heard: impl FnMut(u64) + Send,
    ) -> Result<(), MigrateError> {
        let mut before = None;
        loop {
            if stop.is_asked() {
                report.stopped = true;
                return Ok(());
            }
            let limit = u32::try_from(self.pieces.rows()).unwrap_or(PAGE);
            let ask = LedgerAsk { scope: self.scope, changes_only: true, before, limit };
            let entries = self.tools.target().ledger(ask).await?;
            let Some(last) = entries.last().map(|entry| entry.item.key) else { return Ok(()) };
            let end = u32::try_from(entries.len()).is_ok_and(|count| count < limit);
            let open = entries.into_iter().filter(|entry| !entry.undone && entry.item.undoes.is_none());
            let own: Vec<LedgerItem> =
                open.map(|entry| entry.item).filter(|item| item.source == *self.source).collect();
            self.page(own, report).await?;
            heard(self.seen.len() as u64);
            self.pieces.rest(self.tools).await;
            self.beat.beat(self.tools).await?;
            if end {
                return Ok(());
            }
            before = Some(last);
        }
    }

    async fn put(&mut self, rows: usize, write: BatchWrite) -> Result<BatchCommit, MigrateError> {
        Ok(self.pieces.write(self.tools, rows, self.tools.target().commit_batch(write)).await?)
    }

    /// Takes one page back.
    async fn page(&mut self, items: Vec<LedgerItem>, report: &mut RollbackReport) -> Result<(), MigrateError> {
        let mut of: BTreeMap<UserId, Vec<LedgerItem>> = BTreeMap::new();
        for item in items {
            // S001-62: who was on OAuth alone before has no password to go back to.
            if rollback::was_oauth_before(&item) {
                report.left_alone += 1;
            } else if let Some(user) = item.user {
                of.entry(user).or_default().push(item);
            }
        }
        if of.is_empty() {
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let now = self.tools.clock().now();
            let decided = self.decide(&of).await?;
            if self.commit(&decided, now).await? {
                self.count(decided, report);
                return Ok(());
            }
        }
        Err(MigrateError::Refused(
            "accounts keep changing while they are taken back; run the rollback again".to_owned(),
        ))
    }

    async fn decide(&self, of: &BTreeMap<UserId, Vec<LedgerItem>>) -> Result<Vec<OneAccount>, MigrateError> {
        let users: Vec<UserId> = of.keys().copied().collect();
        let accounts = self.tools.target().target_accounts(&users).await?;
        let accounts: HashMap<UserId, TargetAccount> =
            accounts.into_iter().map(|account| (account.user, account)).collect();
        let sealer = self.tools.sealer();
        of.iter()
            .map(|(user, items)| {
                let restoration = rollback::decide(items, accounts.get(user), self.later, sealer)?;
                Ok(OneAccount { items: items.clone(), restoration })
            })
            .collect()
    }

    /// Whether it was written. A dry run writes nothing, and need not know what it would have written either: an account counts by what
    /// becomes of it first, and to that the lines of later pages add nothing.
    async fn commit(&mut self, decided: &[OneAccount], now: Timestamp) -> Result<bool, MigrateError> {
        let Some(run) = self.run else { return Ok(true) };
        let mut write = BatchWrite::empty(run.lease(), now);
        let mut seq = self.seq;
        for one in decided.iter().filter(|one| one.restoration.result != Restored::KeptChanged) {
            write.accounts.extend(one.restoration.write.clone());
            write.links.extend(one.restoration.links.clone());
            for (place, item) in one.items.iter().enumerate() {
                seq += 1;
                let key = LedgerKey { run: run.plan.id, seq };
                write.ledger.push(self.line(key, item, &one.restoration, place == 0, now));
            }
        }
        if write.ledger.is_empty() {
            return Ok(true);
        }
        write.progress.last_seq = seq;
        let detail = json!({ "migration_run": run.plan.id, "rolled_back": write.ledger.len() });
        write.audit.push(AuditEvent { user: self.by, ..event(self.tools, AuditKind::SettingChanged, detail) });
        match self.put(write.ledger.len(), write).await? {
            BatchCommit::Applied => {
                self.seq = seq;
                Ok(true)
            }
            BatchCommit::Fenced => Err(MigrateError::Fenced),
            BatchCommit::Lost => Ok(false),
        }
    }

    /// The line that takes another back; the first of an account carries the change.
    fn line(&self, key: LedgerKey, item: &LedgerItem, done: &Restoration, first: bool, at: Timestamp) -> LedgerItem {
        let sealer = self.tools.sealer();
        let (action, before, after) = match &done.write {
            Some(AccountWrite::Remove(account)) if first => (Action::Remove, columns::of(account, sealer), Map::new()),
            Some(AccountWrite::Change { from, to }) if first => {
                let (before, after) = columns::difference(from, to, sealer);
                (Action::Change, before, after)
            }
            _ => (Action::Unlink, Map::new(), Map::new()),
        };
        LedgerItem {
            key,
            source: item.source.clone(),
            source_id: item.source_id.clone(),
            user: item.user,
            tenant: item.tenant,
            action,
            before,
            after,
            outcome: None,
            reason: None,
            undoes: Some(item.key),
            at,
        }
    }

    fn count(&mut self, decided: Vec<OneAccount>, report: &mut RollbackReport) {
        for OneAccount { items, restoration } in decided {
            let Some((user, source_id)) = items.first().and_then(|item| Some((item.user?, item.source_id.to_string())))
            else {
                continue;
            };
            // An account with lines on several pages counts once, by what became of it first.
            if !self.seen.insert(user) {
                continue;
            }
            *report.results.entry(restoration.result).or_default() += 1;
            if !restoration.conflicts.is_empty() {
                report.conflict_count += 1;
                if report.conflicts.len() < MOST_SHOWN {
                    report.conflicts.push(RolledBack {
                        user: user.to_string(),
                        source_id,
                        result: restoration.result,
                        changed_later: restoration.conflicts,
                    });
                }
            }
        }
    }
}
