//! One batch: snapshot, decisions, the one write; again where somebody was faster, row by row where nothing else helps.

use std::collections::HashMap;

use authly_cutover::{
    batch::{self, Decided, RowReport},
    decide::{self, Context, Decision, Renamed, Rules, View, census::Collisions},
    outcome::{Outcome, Reason, ReasonCode},
    person::Person,
    run::{Lease, RunId},
    source::SourceId,
    store::{BatchCommit, CutoverStore as _, Progress, Resolution, SnapshotAsk},
};
use authly_failpoint::{Place, reached};
use oauth_core::services::Clock as _;

use super::{MigrateError, OnError, Tools, stride::Stride, walk::Beat, wrap};

/// How often a lost batch is decided anew before its rows go one by one, and a lost row before it is given up.
const ATTEMPTS: usize = 4;

/// What batches are decided from, and what they leave for the next.
pub(super) struct Batches<'a, T> {
    pub(super) tools: &'a T,
    pub(super) rules: &'a Rules,
    pub(super) collisions: &'a Collisions,
    pub(super) resolutions: &'a HashMap<SourceId, Resolution>,
    pub(super) renamed: Renamed,
    pub(super) progress: Progress,
    /// `None` in a dry run.
    pub(super) lease: Option<Lease>,
    pub(super) beat: Beat,
    pub(super) stride: Stride,
    pub(super) on_error: OnError,
}

/// What became of a batch.
pub(super) struct Done {
    pub(super) rows: Vec<RowReport>,
    /// The row at which the run stops; it has no outcome yet.
    pub(super) stop: Option<RowReport>,
}

impl<T: Tools> Batches<'_, T> {
    /// Decides and commits one batch.
    pub(super) async fn batch(&mut self, people: &[Person]) -> Result<Done, MigrateError> {
        for _ in 0..ATTEMPTS {
            if let Some(done) = self.attempt(people).await? {
                return Ok(done);
            }
        }
        let mut all = Done { rows: Vec::new(), stop: None };
        for person in people {
            let done = self.single(person).await?;
            all.rows.extend(done.rows);
            if done.stop.is_some() {
                all.stop = done.stop;
                break;
            }
        }
        Ok(all)
    }

    async fn single(&mut self, person: &Person) -> Result<Done, MigrateError> {
        for _ in 0..ATTEMPTS {
            if let Some(done) = self.attempt(std::slice::from_ref(person)).await? {
                return Ok(done);
            }
        }
        let failed = Decision {
            outcome: Outcome::Failed,
            reason: Some(Reason::plain(ReasonCode::StoreRefused)),
            write: None,
            link: None,
            wrap: false,
            scheme: None,
            username: None,
        };
        let view = self.view(std::slice::from_ref(person)).await?;
        let row = Decided { person: person.clone(), decision: failed };
        if self.on_error == OnError::Stop {
            return Ok(Done { rows: Vec::new(), stop: Some(RowReport::of(&row)) });
        }
        self.commit(vec![row], &view).await?.ok_or_else(|| {
            MigrateError::Refused(format!("the store refuses even to note that row {} failed", person.id))
        })
    }

    /// One attempt; `None` if something changed meanwhile.
    async fn attempt(&mut self, people: &[Person]) -> Result<Option<Done>, MigrateError> {
        let mut view = self.view(people).await?;
        let before = self.renamed.clone();
        let (mut rows, mut stop) = (Vec::with_capacity(people.len()), None);
        let now = self.tools.clock().now();
        let run = self.lease.map_or(RunId::DRY, |lease| lease.run);
        for person in people {
            let context = Context {
                rules: self.rules,
                collisions: self.collisions,
                view: &view,
                judge: self.tools.hashes(),
                now,
                run,
            };
            let row = Decided { person: person.clone(), decision: decide::decide(person, &context) };
            if self.on_error == OnError::Stop && row.decision.outcome.needs_a_decision() {
                stop = Some(RowReport::of(&row));
                break;
            }
            view.note(&row.decision, &mut self.renamed);
            rows.push(row);
        }
        let done = self.commit(rows, &view).await?;
        if done.is_none() {
            self.renamed = before;
        }
        Ok(done.map(|done| Done { stop, ..done }))
    }

    async fn view(&self, people: &[Person]) -> Result<View, MigrateError> {
        let keys = |person: &Person| decide::keys(person, self.resolutions.get(&person.id), self.rules);
        let ask = SnapshotAsk { source: self.rules.source.clone(), rows: people.iter().map(keys).collect() };
        let snapshot = self.tools.target().snapshot(ask).await?;
        Ok(View::new(snapshot, self.rules.source.clone(), &self.renamed))
    }

    async fn commit(&mut self, mut rows: Vec<Decided>, view: &View) -> Result<Option<Done>, MigrateError> {
        let reports = rows.iter().map(RowReport::of).collect();
        let done = Done { rows: reports, stop: None };
        let Some(lease) = self.lease else {
            batch::note(&mut self.progress, &rows);
            return Ok(Some(done));
        };
        wrap::wrap(self.tools, &mut rows, &mut self.beat).await?;
        let now = self.tools.clock().now();
        let mut progress = self.progress.clone();
        let source = &self.rules.source;
        let count = rows.len();
        let write = batch::assemble(rows, view, source, lease, now, &mut progress, self.tools.sealer());
        let began = self.stride.learns().then(|| self.tools.clock().now());
        match self.tools.target().commit_batch(write).await? {
            BatchCommit::Applied => {
                if let Some(began) = began {
                    self.stride.took(count, self.tools.clock().now().since(began));
                }
                reached(Place::BatchCommitted);
                self.progress = progress;
                Ok(Some(done))
            }
            BatchCommit::Fenced => Err(MigrateError::Fenced),
            BatchCommit::Lost => Ok(None),
        }
    }
}
