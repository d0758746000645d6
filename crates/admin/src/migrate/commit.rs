//! One batch: snapshot, decisions, the one write; again where somebody was faster, row by row where nothing else helps.

use std::collections::HashMap;

use authly_cutover::{
    batch::{self, Decided, RowReport},
    decide::{self, Context, Decision, Renamed, Rules, View, census::Collisions},
    outcome::{Outcome, Reason, ReasonCode},
    person::Person,
    run::{Lease, RunId},
    source::SourceId,
    store::{BatchCommit, BatchWrite, CutoverStore as _, Progress, Resolution, RowKeys, SnapshotAsk, TargetSnapshot},
};
use authly_failpoint::{Place, reached};
use oauth_core::services::Clock as _;

use super::{
    MigrateError, OnError, Tools,
    ahead::Touched,
    breath::{AT_ONCE, take_turns},
    pieces::{Manner, Pieces, Took},
    walk::Beat,
    wrap,
};

/// How often a lost batch is decided anew before its rows go one by one, and a lost row before it is given up.
const ATTEMPTS: usize = 4;

/// What batches are decided from, and what they leave for the next.
pub(super) struct Batches<'a, T> {
    pub(super) tools: &'a T,
    pub(super) rules: &'a Rules,
    pub(super) collisions: &'a Collisions,
    pub(super) resolutions: &'a HashMap<SourceId, Resolution>,
    pub(super) renamed: Renamed,
    /// What is written.
    pub(super) progress: Progress,
    /// `None` in a dry run.
    pub(super) lease: Option<Lease>,
    pub(super) beat: Beat,
    pub(super) pieces: Pieces,
    pub(super) on_error: OnError,
}

/// What became of a batch.
pub(super) struct Done {
    pub(super) rows: Vec<RowReport>,
    /// The row at which the run stops; it has no outcome yet.
    pub(super) stop: Option<RowReport>,
}

/// A batch that is decided and not yet written.
pub(super) struct Ready {
    people: Vec<Person>,
    done: Done,
    /// How far the run is when it is written.
    pub(super) progress: Progress,
    /// What names were before it.
    before: Renamed,
}

impl Ready {
    /// Whether the run stops behind it.
    pub(super) const fn stops(&self) -> bool {
        self.done.stop.is_some()
    }
}

/// What follows a batch.
pub(super) enum Next {
    /// One that is decided.
    Decided(Box<(Ready, Write)>),
    /// Rows that are not.
    Undecided(Vec<Person>),
    /// Nothing: as many rows as were asked for have been read.
    Limit,
    /// Nothing: the source is at its end.
    End,
}

impl Next {
    /// The same, but that what it was decided from was not written.
    pub(super) fn forgotten(self) -> Self {
        match self {
            Self::Decided(decided) => Self::Undecided(decided.0.people),
            other => other,
        }
    }
}

/// What is written of it; nothing in a dry run.
pub(super) type Write = Option<BatchWrite>;

/// What became of a write.
pub(super) struct Written {
    done: BatchCommit,
    took: Took,
}

/// Writes a batch.
pub(super) async fn put<T: Tools>(tools: &T, write: Write, manner: Manner) -> Result<Written, MigrateError> {
    let Some(write) = write else { return Ok(Written { done: BatchCommit::Applied, took: Took::NOTHING }) };
    let committing = async {
        let done = tools.target().commit_batch(write).await?;
        if done == BatchCommit::Applied {
            reached(Place::BatchCommitted);
        }
        Ok::<_, MigrateError>(done)
    };
    let (done, took) = manner.write(tools, committing).await;
    Ok(Written { done: done?, took })
}

impl<T: Tools> Batches<'_, T> {
    /// Decides a batch that follows what is written.
    pub(super) async fn decide(&mut self, people: Vec<Person>) -> Result<(Ready, Write), MigrateError> {
        let snapshot = self.snapshot(self.keys(&people)).await?;
        let progress = self.progress.clone();
        self.decide_from(people, snapshot, progress, false).await
    }

    /// Decides a batch that follows one which is still being written, ends with `progress` and touches that.
    pub(super) async fn decide_ahead(
        &mut self,
        people: Vec<Person>,
        progress: Progress,
        touched: &Touched,
    ) -> Result<Next, MigrateError> {
        let keys = self.keys(&people);
        if touched.is_asked_for(&keys) {
            return Ok(Next::Undecided(people));
        }
        let snapshot = self.snapshot(keys).await?;
        if touched.is_in(&snapshot) {
            return Ok(Next::Undecided(people));
        }
        Ok(Next::Decided(Box::new(self.decide_from(people, snapshot, progress, true).await?)))
    }

    async fn decide_from(
        &mut self,
        people: Vec<Person>,
        snapshot: TargetSnapshot,
        progress: Progress,
        in_turns: bool,
    ) -> Result<(Ready, Write), MigrateError> {
        let mut view = View::new(snapshot, self.rules.source.clone(), &self.renamed);
        let before = self.renamed.clone();
        let (mut rows, mut stop) = (Vec::with_capacity(people.len()), None);
        let now = self.tools.clock().now();
        let run = self.lease.map_or(RunId::DRY, |lease| lease.run);
        for (place, person) in people.iter().enumerate() {
            if in_turns && place % AT_ONCE == 0 {
                take_turns().await;
            }
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
        if in_turns {
            take_turns().await;
        }
        let (ready, write) = self.assemble(rows, &view, progress).await?;
        let done = Done { stop, ..ready.done };
        Ok((Ready { people, before, done, ..ready }, write))
    }

    /// Takes note of a batch that was written; gives its rows back if it was not, because something changed meanwhile.
    pub(super) fn written(
        &mut self,
        ready: Ready,
        written: Written,
    ) -> Result<Result<Done, Vec<Person>>, MigrateError> {
        self.pieces.took((written.done == BatchCommit::Applied).then_some(ready.done.rows.len()), written.took);
        match written.done {
            BatchCommit::Applied => {
                self.progress = ready.progress;
                Ok(Ok(ready.done))
            }
            BatchCommit::Fenced => Err(MigrateError::Fenced),
            BatchCommit::Lost => {
                self.renamed = ready.before;
                Ok(Err(ready.people))
            }
        }
    }

    /// Decides and writes a batch that was lost, or that had to wait.
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
        let snapshot = self.snapshot(self.keys(std::slice::from_ref(person))).await?;
        let view = View::new(snapshot, self.rules.source.clone(), &self.renamed);
        let row = Decided { person: person.clone(), decision: failed };
        if self.on_error == OnError::Stop {
            return Ok(Done { rows: Vec::new(), stop: Some(RowReport::of(&row)) });
        }
        let (ready, write) = self.assemble(vec![row], &view, self.progress.clone()).await?;
        let done = put(self.tools, write, self.pieces.manner()).await?;
        self.written(ready, done)?
            .map_err(|_| MigrateError::Refused(format!("the store refuses even to note that row {} failed", person.id)))
    }

    /// One attempt; `None` if something changed meanwhile.
    async fn attempt(&mut self, people: &[Person]) -> Result<Option<Done>, MigrateError> {
        let (ready, write) = self.decide(people.to_vec()).await?;
        let done = put(self.tools, write, self.pieces.manner()).await?;
        Ok(self.written(ready, done)?.ok())
    }

    fn keys(&self, people: &[Person]) -> Vec<RowKeys> {
        people.iter().map(|person| decide::keys(person, self.resolutions.get(&person.id), self.rules)).collect()
    }

    async fn snapshot(&self, rows: Vec<RowKeys>) -> Result<TargetSnapshot, MigrateError> {
        Ok(self.tools.target().snapshot(SnapshotAsk { source: self.rules.source.clone(), rows }).await?)
    }

    async fn assemble(
        &mut self,
        mut rows: Vec<Decided>,
        view: &View,
        mut progress: Progress,
    ) -> Result<(Ready, Write), MigrateError> {
        let done = Done { rows: rows.iter().map(RowReport::of).collect(), stop: None };
        let write = match self.lease {
            None => {
                batch::note(&mut progress, &rows);
                None
            }
            Some(lease) => {
                wrap::wrap(self.tools, &mut rows, &mut self.beat, self.pieces.rests()).await?;
                let now = self.tools.clock().now();
                Some(batch::assemble(rows, view, self.rules, lease, now, &mut progress, self.tools.sealer()))
            }
        };
        Ok((Ready { people: Vec::new(), done, progress, before: Renamed::default() }, write))
    }
}
