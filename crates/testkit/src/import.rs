//! A migration that has got somewhere: accounts that came of the rows of a source, and rows that wait.

use std::time::Duration;

use authly_cutover::{
    digest::Digest,
    ledger::{Action, LedgerItem, LedgerKey},
    memory::MemoryTarget,
    outcome::{Reason, ReasonCode},
    run::{Begun, Run, RunId, RunKind, RunPlan},
    source::{SourceId, SourceName},
    store::{BatchCommit, BatchWrite, CutoverStore, PenEntry, PenKind},
};
use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use serde_json::{Map, Value, json};

use crate::{SeededRandom, TestApp, TestStore};

/// An import with one batch.
pub struct Import<'a, T = MemoryTarget> {
    /// What is written with [`commit`](Self::commit).
    pub batch: BatchWrite,
    target: &'a T,
    run: Run,
    at: Timestamp,
}

impl<'a, T: CutoverStore> Import<'a, T> {
    /// The first run of the source `old`, which has so many rows.
    pub async fn begin<S: TestStore>(app: &TestApp<S>, target: &'a T, rows: u64) -> Self {
        let at = app.app.engine.now();
        let plan = RunPlan {
            id: RunId::generate(at, &SeededRandom::default()),
            kind: RunKind::Import,
            source: SourceName::parse("old").expect("a name"),
            profile: "tenants".to_owned(),
            profile_digest: Digest::of([b"x".as_slice()]),
            options: json!({}),
            source_rows: Some(rows),
        };
        let begun = target.begin_run(plan, at, at.minus(Duration::from_secs(60))).await.expect("a store");
        let Begun::Started(run) = begun else { panic!("a first run") };
        Self { batch: BatchWrite::empty(run.lease(), at), target, run, at }
    }

    /// An account came of a row: the next line of the ledger.
    pub fn line(&mut self, row: &str, user: UserId, tenant: TenantId, after: Map<String, Value>) {
        self.batch.progress.last_seq += 1;
        self.batch.ledger.push(LedgerItem {
            key: LedgerKey { run: self.run.plan.id, seq: self.batch.progress.last_seq },
            source: self.run.plan.source.clone(),
            source_id: SourceId::parse(row).expect("a key"),
            user: Some(user),
            tenant: Some(tenant),
            action: Action::Create,
            before: Map::new(),
            after,
            outcome: None,
            reason: None,
            undoes: None,
            at: self.at,
        });
    }

    /// A row waits, under what it is called.
    pub fn waits(&mut self, row: &str, kind: PenKind, why: ReasonCode, label: String, tenant: TenantId) {
        self.batch.pen.push(PenEntry {
            source: self.run.plan.source.clone(),
            source_id: SourceId::parse(row).expect("a key"),
            kind,
            reason: Reason::plain(why),
            label,
            tenant: Some(tenant),
            run: self.run.plan.id,
            at: self.at,
            resolution: None,
            resolved_at: None,
        });
    }

    /// Writes the batch.
    pub async fn commit(self) -> Run {
        assert_eq!(self.target.commit_batch(self.batch).await.expect("a store"), BatchCommit::Applied);
        self.run
    }
}
