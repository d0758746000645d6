//! `finalize execute`: doors, accounts, rows.

use std::collections::BTreeMap;

use authly_cutover::{
    account::{AuthMethod, TargetAccount},
    columns,
    finalization::{self, Finalization, FinalizationState, Passwords, RelicKind},
    ledger::{Action, LedgerItem, LedgerKey},
    source::{SourceId, SourceName},
    store::{AccountWrite, CutoverStore as _, EndStep, FinalizeStore as _},
};
use oauth_core::services::Clock as _;
use serde::Serialize;
use serde_json::json;

use super::{
    ATTEMPTS, End, FinalizePlan, STEP, contended,
    count::{self, Count},
    gate, judged, waive,
};
use crate::migrate::{MigrateError, Observer, Stop, Tools};

/// How to finalize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalizeTerms {
    /// How many days what is removed is kept.
    pub grace_days: u32,
    /// What becomes of passwords.
    pub passwords: Passwords,
}

/// What finalize did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Executed {
    /// Accounts that are on OAuth alone by this run.
    pub accounts: u64,
    /// Accounts that have no password any more, by this run.
    pub passwords: u64,
    /// Rows that went into the archive by this run, by kind.
    pub archived: BTreeMap<&'static str, u64>,
    /// Accounts that were waived.
    pub waived: u64,
    /// From when on the archive may be purged, RFC 3339.
    pub purge_from: Option<String>,
    /// Whether it was stopped before the end; the same command goes on.
    pub stopped: bool,
}

/// Executes a plan, if the gate is open; otherwise nothing is changed, and the plan that comes back says why.
///
/// Somebody may have thought about the plan for a while, so the gate is judged again, once, under the lease. The observer hears of
/// accounts first, then of rows.
pub async fn execute<T: Tools>(
    tools: &T,
    plan: FinalizePlan,
    stop: &Stop,
    observer: &mut impl Observer,
) -> Result<Result<Executed, FinalizePlan>, MigrateError> {
    if !plan.is_open() {
        return Ok(Err(plan));
    }
    let mut end = End::begin(tools, "execute").await?;
    let result = end.execute(plan, stop, observer).await;
    end.finish(result).await
}

impl<T: Tools> End<'_, T> {
    async fn execute(
        &mut self,
        plan: FinalizePlan,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<Result<Executed, FinalizePlan>, MigrateError> {
        let known = self.tools.target().finalization().await?;
        finalization::may_execute(known.as_ref())?;
        let known = match known {
            Some(known) => known,
            None => {
                let waived = waive::find(self.tools, &plan.waivers).await?;
                let conditions = judged(self.tools, &waived).await?;
                if !gate::is_open(&conditions) {
                    return Ok(Err(FinalizePlan { conditions, goes_on: false, ..plan }));
                }
                self.close_doors(&waived, plan.terms).await?
            }
        };
        let mut done = Executed { waived: known.waived, ..Executed::default() };
        let outlook = self.tools.target().outlook().await?;
        let concerned = if known.passwords.go() { outlook.accounts.max(outlook.passwords) } else { outlook.accounts };
        let mut moving = Count::begin(observer, "moving accounts to OAuth", concerned, "accounts");
        let moved = self.move_accounts(known.passwords, &mut done, stop, &mut moving).await?;
        let rows = count::rows(&outlook.relics, &RelicKind::ALL);
        let archiving = Count::begin(observer, "archiving what is old", rows, "rows");
        if !moved || !self.archive_rows(&mut done, stop, archiving).await? {
            done.stopped = true;
            return Ok(Ok(done));
        }
        let now = self.tools.clock().now();
        let record = Finalization { state: FinalizationState::Executed, executed_at: Some(now), ..known };
        done.purge_from = record.purge_from().map(|at| at.to_rfc3339());
        self.step(EndStep::Record(Some(record)), json!({ "state": "executed" })).await?;
        Ok(Ok(done))
    }

    /// Waivers into the ledger, then the record: from it on every server keeps the doors closed.
    async fn close_doors(
        &mut self,
        found: &[(TargetAccount, String)],
        terms: FinalizeTerms,
    ) -> Result<Finalization, MigrateError> {
        for part in found.chunks(STEP as usize) {
            let mut write = self.empty();
            for (account, reason) in part {
                let mut line = self.line(0, Action::Decide, &json!({ "waived": reason }));
                (line.user, line.tenant) = (Some(account.user), account.tenant);
                line.source_id = SourceId::of_user(account.user);
                write.ledger.push(line);
            }
            if !self.batch(write, json!({ "waived": part.len() })).await? {
                return Err(contended());
            }
        }
        let waived = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let FinalizeTerms { grace_days, passwords } = terms;
        let record = Finalization { passwords, ..Finalization::begun(self.tools.clock().now(), grace_days, waived) };
        let told = json!({ "state": "executing", "waived": waived, "grace_days": grace_days, "passwords": passwords });
        self.step(EndStep::Record(Some(record.clone())), told).await?;
        Ok(record)
    }

    /// Whether all were moved; `false` if somebody asked to stop.
    async fn move_accounts(
        &mut self,
        passwords: Passwords,
        done: &mut Executed,
        stop: &Stop,
        count: &mut Count<'_, impl Observer>,
    ) -> Result<bool, MigrateError> {
        let mut after = None;
        loop {
            let users = self.tools.target().concerned_accounts(passwords, after, STEP).await?;
            let Some(last) = users.last().copied() else { return Ok(true) };
            if stop.is_asked() {
                return Ok(false);
            }
            let mut written = false;
            for _ in 0..ATTEMPTS {
                let mut accounts = self.tools.target().target_accounts(&users).await?;
                accounts.retain(|account| finalization::concerns(account, passwords));
                accounts.sort_by_key(|account| account.user);
                let mut write = self.empty();
                for account in &accounts {
                    let to = finalization::moved(account, passwords);
                    write.ledger.push(self.change(account, &to));
                    write.accounts.push(AccountWrite::Change { from: Box::new(account.clone()), to: Box::new(to) });
                }
                if self.batch(write, json!({ "accounts": accounts.len() })).await? {
                    let moved = accounts.iter().filter(|account| account.auth_method != AuthMethod::Oauth).count();
                    let gone = accounts.iter().filter(|account| passwords.goes(account)).count();
                    done.accounts += u64::try_from(moved).unwrap_or(u64::MAX);
                    done.passwords += u64::try_from(gone).unwrap_or(u64::MAX);
                    count.add(u64::try_from(accounts.len()).unwrap_or(u64::MAX));
                    written = true;
                    break;
                }
            }
            if !written {
                return Err(contended());
            }
            after = Some(last);
        }
    }

    /// The line of an account that the end, or the way back, changes.
    pub(super) fn change(&self, from: &TargetAccount, to: &TargetAccount) -> LedgerItem {
        let (before, after) = columns::difference(from, to, self.tools.sealer());
        LedgerItem {
            key: LedgerKey { run: self.run.plan.id, seq: 0 },
            source: SourceName::of_finalize(),
            source_id: SourceId::of_user(to.user),
            user: Some(to.user),
            tenant: to.tenant,
            action: Action::Change,
            before,
            after,
            outcome: None,
            reason: None,
            undoes: None,
            at: self.tools.clock().now(),
        }
    }

    async fn archive_rows(
        &mut self,
        done: &mut Executed,
        stop: &Stop,
        mut told: Count<'_, impl Observer>,
    ) -> Result<bool, MigrateError> {
        for kind in RelicKind::ALL {
            let mut lost = 0;
            loop {
                let rows = self.tools.target().relics(kind, STEP).await?;
                if rows.is_empty() {
                    break;
                }
                if stop.is_asked() {
                    return Ok(false);
                }
                let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                let sealer = self.tools.sealer();
                let rows = rows.into_iter().map(|relic| {
                    let sealed = relic.seal(sealer);
                    (relic, sealed)
                });
                let step = EndStep::Archive(rows.collect());
                if self.step(step, json!({ "archived": { (kind.as_str()): count } })).await? {
                    *done.archived.entry(kind.as_str()).or_default() += count;
                    told.add(count);
                    lost = 0;
                } else {
                    lost += 1;
                    if lost == ATTEMPTS {
                        return Err(contended());
                    }
                }
            }
        }
        Ok(true)
    }
}
