//! `finalize undo`: rows, accounts, doors.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use authly_cutover::{
    account::TargetAccount,
    finalization::{self, Finalization, FinalizationState, RelicKind},
    ledger::{Action, LedgerAsk, LedgerItem, LedgerKey, LedgerScope},
    run::{Run, RunKind},
    source::SourceName,
    store::{AccountWrite, CutoverStore as _, EndStep, FinalizeStore as _},
};
use oauth_core::{ids::UserId, subject::AccountStatus};
use serde::Serialize;
use serde_json::{Map, json};

use super::{
    ATTEMPTS, End, STEP, contended,
    count::{self, Count},
};
use crate::migrate::{MigrateError, Observer, Stop, Tools};

/// What the way back restored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// Accounts that sign in as before.
    pub accounts: u64,
    /// Rows that went back into their tables, by kind.
    pub restored: BTreeMap<&'static str, u64>,
    /// Tokens and API keys among them that came back dead: their owners set a new password, or were removed, since.
    pub dead: u64,
    /// Whether it was stopped before the end; the same command goes on, and until then the doors are closed.
    pub stopped: bool,
}

/// Takes the end back; the observer hears of rows first, then of accounts.
pub async fn undo<T: Tools>(tools: &T, stop: &Stop, observer: &mut impl Observer) -> Result<Undone, MigrateError> {
    finalization::may_undo(tools.target().finalization().await?)?;
    let mut end = End::begin(tools, "undo").await?;
    let result = end.undo(stop, observer).await;
    end.finish(result).await
}

impl<T: Tools> End<'_, T> {
    async fn undo(&mut self, stop: &Stop, observer: &mut impl Observer) -> Result<Undone, MigrateError> {
        let known = finalization::may_undo(self.tools.target().finalization().await?)?;
        let mut done = Undone::default();
        if known.state != FinalizationState::Undoing {
            let record = Finalization { state: FinalizationState::Undoing, ..known.clone() };
            self.step(EndStep::Record(Some(record)), json!({ "state": "undoing" })).await?;
        }
        let archived = self.tools.target().outlook().await?.archived;
        let rows =
            Count::begin(observer, "bringing back what was old", count::rows(&archived, &RelicKind::ALL), "rows");
        if !self.restore_rows(&known, &mut done, stop, rows).await?
            || !self.restore_accounts(&mut done, stop, observer).await?
        {
            done.stopped = true;
            return Ok(done);
        }
        self.step(EndStep::Record(None), json!({ "state": "undone" })).await?;
        Ok(done)
    }

    async fn restore_rows(
        &mut self,
        known: &Finalization,
        done: &mut Undone,
        stop: &Stop,
        mut told: Count<'_, impl Observer>,
    ) -> Result<bool, MigrateError> {
        loop {
            let sealed = self.tools.target().archived(&RelicKind::ALL, "", STEP).await?;
            if sealed.is_empty() {
                return Ok(true);
            }
            if stop.is_asked() {
                return Ok(false);
            }
            let mut rows = Vec::with_capacity(sealed.len());
            for one in &sealed {
                rows.push(one.open(self.tools.sealer())?);
            }
            let owners: BTreeSet<UserId> =
                rows.iter().filter(|row| row.opens()).filter_map(|row| row.owner()).collect();
            let owners: Vec<UserId> = owners.into_iter().collect();
            let accounts = self.tools.target().target_accounts(&owners).await?;
            let untouched = |account: &&TargetAccount| {
                account.status != AccountStatus::Deleted && account.password_set_at.is_none_or(|at| at < known.begun_at)
            };
            let alive: BTreeSet<UserId> = accounts.iter().filter(untouched).map(|account| account.user).collect();
            let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
            let mut dead = 0;
            for row in &mut rows {
                *counts.entry(row.kind.as_str()).or_default() += 1;
                // SECURITY: a new password ends the tokens of before, and one by link the API keys, also those that were put away.
                // By which way it was set is not known any more.
                if row.opens() && row.owner().is_none_or(|owner| !alive.contains(&owner)) {
                    row.kill();
                    dead += 1;
                }
            }
            if !self.step(EndStep::Restore(rows), json!({ "restored": counts })).await? {
                return Err(contended());
            }
            done.dead += dead;
            told.add(counts.values().sum());
            for (kind, count) in counts {
                *done.restored.entry(kind).or_default() += count;
            }
        }
    }

    /// The lines of every run of the end that are not taken back yet.
    async fn restore_accounts(
        &mut self,
        done: &mut Undone,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<bool, MigrateError> {
        let runs = self.tools.target().runs(Some(&SourceName::of_finalize()), u32::from(u16::MAX)).await?;
        let own = self.run.plan.id;
        let ended = |run: &Run| run.plan.kind == RunKind::Finalize && run.plan.id != own;
        let runs: Vec<Run> = runs.into_iter().filter(ended).collect();
        let lines = runs.iter().map(|run| run.last_seq).sum();
        let mut told = Count::begin(observer, "bringing accounts back", lines, "lines of the ledger");
        for run in runs {
            if !self.restore_run(&run, done, stop, &mut told).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn restore_run(
        &mut self,
        run: &Run,
        done: &mut Undone,
        stop: &Stop,
        told: &mut Count<'_, impl Observer>,
    ) -> Result<bool, MigrateError> {
        let mut before: Option<LedgerKey> = None;
        // The newest line comes first.
        let mut left = run.last_seq;
        loop {
            if stop.is_asked() {
                return Ok(false);
            }
            let ask = LedgerAsk { scope: LedgerScope::Run(run.plan.id), changes_only: true, before, limit: STEP };
            let entries = self.tools.target().ledger(ask).await?;
            let Some(last) = entries.last().map(|entry| entry.item.key) else {
                told.add(left);
                return Ok(true);
            };
            before = Some(last);
            let open = entries.into_iter().filter(|entry| !entry.undone && entry.item.undoes.is_none());
            let items: Vec<LedgerItem> = open.map(|entry| entry.item).collect();
            let mut attempts = 0;
            while !items.is_empty() && !self.restore_page(&items, done).await? {
                attempts += 1;
                if attempts == ATTEMPTS {
                    return Err(contended());
                }
            }
            let behind = last.seq.saturating_sub(1);
            told.add(left.saturating_sub(behind));
            left = left.min(behind);
        }
    }

    async fn restore_page(&mut self, items: &[LedgerItem], done: &mut Undone) -> Result<bool, MigrateError> {
        let users: Vec<UserId> = items.iter().filter_map(|item| item.user).collect();
        let accounts = self.tools.target().target_accounts(&users).await?;
        let accounts: HashMap<UserId, TargetAccount> =
            accounts.into_iter().map(|account| (account.user, account)).collect();
        let mut write = self.empty();
        let mut restored = 0;
        for item in items {
            let current = item.user.and_then(|user| accounts.get(&user));
            let line = match current {
                Some(current) => {
                    let to = finalization::restored(item, current, self.tools.sealer())?;
                    let line = self.change(current, &to);
                    if to != *current {
                        restored += 1;
                        let (from, to) = (Box::new(current.clone()), Box::new(to));
                        write.accounts.push(AccountWrite::Change { from, to });
                    }
                    line
                }
                // It was removed since: there is nothing to restore, and the line is settled.
                None => LedgerItem {
                    key: LedgerKey { run: self.run.plan.id, seq: 0 },
                    action: Action::Unlink,
                    before: Map::new(),
                    after: Map::new(),
                    ..item.clone()
                },
            };
            write.ledger.push(LedgerItem { undoes: Some(item.key), ..line });
        }
        let written = self.batch(write, json!({ "restored_accounts": restored })).await?;
        if written {
            done.accounts += restored;
        }
        Ok(written)
    }
}
