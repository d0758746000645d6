//! The end of the migration (C-31): executed when the gate is open, taken back until what it removed is purged.
//!
//! Everything happens in bounded steps under a lease: doors first, accounts next, rows last; a step that was not reached is reached by
//! the same command run again. The way back goes the other way round, so that the doors open on what was there before.

mod columns;
mod count;
mod execute;
mod purge;
mod undo;
mod waive;

use std::collections::BTreeMap;

use authly_cutover::{
    account::TargetAccount,
    finalization::{self, Finalization, RelicKind},
    finalize::{self as gate, Condition, QUIET},
    ledger::{Action, LedgerItem, LedgerKey},
    run::{Run, RunKind, RunState},
    source::{SourceId, SourceName},
    store::{BatchCommit, BatchWrite, CutoverStore as _, EndStep, EndWrite, FinalizeStore as _, RunEnd, TimedFact},
};
use authly_failpoint::{Place, reached};
use oauth_core::{audit::AuditKind, ids::UserId, services::Clock as _};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use self::{
    columns::{
        ColumnsReport, drop_columns, kept_columns, may_drop_columns, may_restore_columns, may_write_back,
        restore_columns,
    },
    execute::{Executed, FinalizeTerms, execute},
    purge::{Purged, may_purge, purge},
    undo::{Undone, undo},
    waive::{Waived, WaiverLine, read_waivers},
};
use super::{MigrateError, Tools, pen, tools::event};

/// Accounts or rows of a step.
const STEP: u32 = 500;

/// How often a step is decided anew after somebody was faster.
const ATTEMPTS: usize = 8;

/// What finalize would do, and whether it may.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FinalizePlan {
    /// The gate, the waivers taken into account.
    pub conditions: Vec<Condition>,
    /// Whether it began before and is gone on with; the gate was open then.
    pub goes_on: bool,
    /// Accounts that will be on OAuth alone.
    pub accounts: u64,
    /// Accounts that will have no password any more: among them, or on OAuth alone already.
    pub passwords: u64,
    /// Rows that go into the archive, by kind.
    pub archived: BTreeMap<&'static str, u64>,
    /// Accounts that keep their method and find the doors closed.
    pub waived: Vec<Waived>,
    /// Who is to be waived, to be looked up again when it is executed.
    #[serde(skip)]
    waivers: Vec<WaiverLine>,
    #[serde(skip)]
    terms: FinalizeTerms,
}

impl FinalizePlan {
    /// Whether it may be executed.
    pub fn is_open(&self) -> bool {
        self.goes_on || gate::is_open(&self.conditions)
    }
}

/// What finalize would do; nothing is written.
pub async fn plan<T: Tools>(
    tools: &T,
    waivers: Vec<WaiverLine>,
    terms: FinalizeTerms,
) -> Result<FinalizePlan, MigrateError> {
    let target = tools.target();
    let known = target.finalization().await?;
    finalization::may_execute(known.as_ref())?;
    let found = waive::find(tools, &waivers).await?;
    let conditions = judged(tools, &found).await?;
    let outlook = target.outlook().await?;
    let passwords = known.as_ref().map_or(terms.passwords, |known| known.passwords);
    Ok(FinalizePlan {
        conditions,
        goes_on: known.is_some(),
        accounts: outlook.accounts,
        passwords: if passwords.go() { outlook.passwords } else { 0 },
        archived: by_name(outlook.relics),
        waived: found.iter().map(Waived::of).collect(),
        waivers,
        terms,
    })
}

/// The gate as it is with these accounts waived.
async fn judged<T: Tools>(tools: &T, waived: &[(TargetAccount, String)]) -> Result<Vec<Condition>, MigrateError> {
    let now = tools.clock().now();
    let mut facts = tools.target().gate_facts(now, now.minus(QUIET)).await?;
    facts.waive(waived.iter().map(|(account, _)| account));
    Ok(gate::judge(&facts, now))
}

/// The gate with the accounts of a waiver file left out.
pub async fn gate_with<T: Tools>(tools: &T, waivers: &[WaiverLine]) -> Result<Vec<Condition>, MigrateError> {
    judged(tools, &waive::find(tools, waivers).await?).await
}

/// Writes down what becomes of accounts that are switched off or deleted and never completed (S001-57).
pub async fn decide_inactive<T: Tools>(tools: &T, decision: &str) -> Result<(), MigrateError> {
    let decision = oauth_core::text::line(decision.trim(), 500).ok().filter(|text| !text.is_empty());
    let decision = decision.ok_or_else(|| MigrateError::Refused("say in one line what becomes of them".to_owned()))?;
    let (at, decision) = (tools.clock().now(), decision.to_owned());
    let audit = event(tools, AuditKind::SettingChanged, json!({ "inactive_accounts": decision }));
    Ok(tools.target().put_fact(TimedFact::InactiveDecided { at, decision }, audit).await?)
}

/// How the end stands.
pub async fn finalization<T: Tools>(tools: &T) -> Result<Option<Finalization>, MigrateError> {
    Ok(tools.target().finalization().await?)
}

/// Refuses what would bring accounts back behind closed doors.
pub(super) async fn must_not_be_over<T: Tools>(tools: &T) -> Result<(), MigrateError> {
    match tools.target().finalization().await? {
        None => Ok(()),
        Some(known) => Err(MigrateError::Over(known.executed_at.unwrap_or(known.begun_at).to_rfc3339())),
    }
}

/// Counts by the names of kinds.
fn by_name(counts: BTreeMap<RelicKind, u64>) -> BTreeMap<&'static str, u64> {
    counts.into_iter().map(|(kind, rows)| (kind.as_str(), rows)).collect()
}

/// One run of the end or of the way back, under its lease.
struct End<'a, T> {
    tools: &'a T,
    run: Run,
    seq: u64,
}

impl<'a, T: Tools> End<'a, T> {
    async fn begin(tools: &'a T, what: &str) -> Result<Self, MigrateError> {
        let run = pen::begin(tools, &SourceName::of_finalize(), RunKind::Finalize, json!({ "finalize": what })).await?;
        Ok(Self { tools, run, seq: 0 })
    }

    /// Ends the run; what stopped it comes first.
    async fn finish<R>(self, result: Result<R, MigrateError>) -> Result<R, MigrateError> {
        let note = result.as_ref().err().map(ToString::to_string);
        let state = if note.is_some() { RunState::Stopped } else { RunState::Finished };
        let end = RunEnd { state, at: self.tools.clock().now(), note, audit: None };
        let finished = self.tools.target().finish_run(self.run.lease(), end).await;
        let done = result?;
        // Every step is written; whoever has the lease by now finds nothing left to do.
        let _ended_or_taken_over = finished?;
        Ok(done)
    }

    /// Writes a step of the end with one line of the ledger; whether it was written, or has to be decided anew.
    async fn step(&mut self, step: EndStep, told: Value) -> Result<bool, MigrateError> {
        let at = self.tools.clock().now();
        let line = self.line(self.seq + 1, Action::Note, &told);
        let audit = event(self.tools, AuditKind::SettingChanged, json!({ "finalize": told }));
        let write = EndWrite { lease: self.run.lease(), at, step, ledger: vec![line], last_seq: self.seq + 1, audit };
        let done = self.tools.target().commit_end(write).await?;
        self.took(done, 1)
    }

    /// Writes accounts and lines of the ledger, which this numbers.
    async fn batch(&mut self, mut write: BatchWrite, told: Value) -> Result<bool, MigrateError> {
        let lines = u64::try_from(write.ledger.len()).unwrap_or(u64::MAX);
        for (line, seq) in write.ledger.iter_mut().zip(self.seq + 1..) {
            line.key.seq = seq;
        }
        write.progress.last_seq = self.seq + lines;
        write.audit.push(event(self.tools, AuditKind::SettingChanged, json!({ "finalize": told })));
        let done = self.tools.target().commit_batch(write).await?;
        self.took(done, lines)
    }

    fn took(&mut self, done: BatchCommit, lines: u64) -> Result<bool, MigrateError> {
        match done {
            BatchCommit::Applied => {
                reached(Place::Finalizing);
                self.seq += lines;
                Ok(true)
            }
            BatchCommit::Fenced => Err(MigrateError::Fenced),
            BatchCommit::Lost => Ok(false),
        }
    }

    fn empty(&self) -> BatchWrite {
        BatchWrite::empty(self.run.lease(), self.tools.clock().now())
    }

    /// A line that is about the end as a whole.
    fn line(&self, seq: u64, action: Action, after: &Value) -> LedgerItem {
        LedgerItem {
            key: LedgerKey { run: self.run.plan.id, seq },
            source: SourceName::of_finalize(),
            source_id: SourceId::of_user(UserId::from_uuid(self.run.plan.id.uuid())),
            user: None,
            tenant: None,
            action,
            before: Map::new(),
            after: after.as_object().cloned().unwrap_or_default(),
            outcome: None,
            reason: None,
            undoes: None,
            at: self.tools.clock().now(),
        }
    }
}

/// Others keep changing what is to be written.
fn contended() -> MigrateError {
    MigrateError::Refused("accounts keep changing meanwhile; run the same command again, it goes on".to_owned())
}
