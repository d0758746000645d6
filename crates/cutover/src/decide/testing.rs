//! A world for the tests of the decision: runs over the target in memory, as an import makes them.

use std::{
    future::Future,
    pin::pin,
    task::{Context as Task, Poll, Waker},
};

use authly_directory::password::StoredHash;
use oauth_core::{
    secret::Secret,
    services::{Purpose, SealBroken, Sealer},
};

use super::{census::Census, *};
use crate::{
    batch::{Decided, RowReport, assemble},
    digest::Digest,
    hash::{HashState, Judged},
    ledger::{LedgerAsk, LedgerScope},
    memory::MemoryTarget,
    outcome::Counters,
    profile::Profile,
    rollback::{self, Later, Restored},
    run::{Begun, RunId, RunKind, RunPlan, RunState},
    source::{SourceId, SourceName},
    store::{BatchCommit, BatchWrite, CutoverStore as _, Progress, ResolutionWrite, RunEnd, SnapshotAsk},
};

/// Hashes that begin with a word say what they are.
pub(super) struct Words;

impl HashJudge for Words {
    fn judge(&self, stored: &StoredHash) -> Judged {
        let state = match stored.expose().split(':').next() {
            Some("current") => HashState::Current,
            Some("hostile") => HashState::Hostile,
            Some("weak") => HashState::Weak,
            Some("foreign") => HashState::Foreign,
            _ => HashState::Unsupported,
        };
        Judged { scheme: "words", state, wraps: state == HashState::Weak }
    }
}

/// Turns bytes around, so that a hash that was not opened is not mistaken for one.
pub(super) struct Mirror;

impl Sealer for Mirror {
    fn seal(&self, _purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8> {
        context.iter().chain(clear).rev().copied().collect()
    }

    fn open(&self, _purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        let bytes: Vec<u8> = sealed.iter().rev().copied().collect();
        bytes.strip_prefix(context).map(|clear| Secret::new(clear.to_vec())).ok_or(SealBroken)
    }

    fn seal_for(&self, _secret: &[u8], _purpose: Purpose, clear: &[u8]) -> Vec<u8> {
        clear.to_vec()
    }

    fn open_for(&self, _secret: &[u8], _purpose: Purpose, _sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Err(SealBroken)
    }
}

pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the target in memory answers at once"),
    }
}

/// A target, a clock and the rules.
pub(super) struct World {
    pub(super) target: MemoryTarget,
    pub(super) rules: Rules,
    pub(super) clock: i64,
    pub(super) runs: u128,
}

/// What a run told.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    pub(super) rows: Vec<RowReport>,
    pub(super) counters: Counters,
}

impl Report {
    pub(super) fn outcome(&self, id: &str) -> Outcome {
        self.row(id).outcome
    }

    pub(super) fn row(&self, id: &str) -> &RowReport {
        self.rows.iter().find(|row| row.source_id.as_str() == id).unwrap()
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Act {
    Dry,
    Execute,
}

impl World {
    pub(super) fn new() -> Self {
        let profile = Profile::built_in("legacy-users").unwrap();
        let rules = Rules::of(&profile, SourceName::parse("old").unwrap());
        Self { target: MemoryTarget::new(), rules, clock: 1_000_000, runs: 0 }
    }

    pub(super) fn now(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp::from_seconds(self.clock)
    }

    pub(super) fn begin(&mut self, kind: RunKind) -> crate::run::Run {
        self.runs += 1;
        let plan = RunPlan {
            id: RunId::from_uuid(uuid::Uuid::from_u128(self.runs)),
            kind,
            source: self.rules.source.clone(),
            profile: "legacy-users".to_owned(),
            profile_digest: Digest::of([]),
            options: serde_json::Value::Null,
            source_rows: None,
        };
        let at = self.now();
        match ready(self.target.begin_run(plan, at, at)).unwrap() {
            Begun::Started(run) | Begun::Resumed(run) => run,
            Begun::Busy(run) => panic!("busy: {run:?}"),
        }
    }

    pub(super) fn finish(&mut self, run: &crate::run::Run) {
        let end = RunEnd { state: RunState::Finished, at: self.now(), note: None, audit: None };
        let _ = ready(self.target.finish_run(run.lease(), end)).unwrap();
    }

    pub(super) fn import(&mut self, people: &[Person]) -> Report {
        self.pass(people, Act::Execute)
    }

    /// One pass in batches of three.
    pub(super) fn pass(&mut self, people: &[Person], act: Act) -> Report {
        let resolved = ready(self.target.pen(None, true, None, u32::MAX)).unwrap();
        let resolution = |id: &SourceId| {
            resolved.iter().find(|entry| entry.source_id == *id).and_then(|entry| entry.resolution.as_ref())
        };
        let mut census = Census::default();
        people.iter().for_each(|person| census.note(person, resolution(&person.id), &self.rules));
        let mut collisions = census.collisions();
        people.iter().for_each(|person| collisions.note(person, resolution(&person.id), &self.rules));
        let run = (act == Act::Execute).then(|| self.begin(RunKind::Import));
        let id = run.as_ref().map_or(RunId::from_uuid(uuid::Uuid::nil()), |run| run.plan.id);
        let (mut progress, mut rows, mut renamed) = (Progress::default(), Vec::new(), Renamed::default());
        for batch in people.chunks(3) {
            let now = self.now();
            let ask = SnapshotAsk {
                source: self.rules.source.clone(),
                rows: batch.iter().map(|person| keys(person, resolution(&person.id), &self.rules)).collect(),
            };
            let snapshot = ready(self.target.snapshot(ask)).unwrap();
            let mut view = View::new(snapshot, self.rules.source.clone(), &renamed);
            let mut decided = Vec::new();
            for person in batch {
                let context =
                    Context { rules: &self.rules, collisions: &collisions, view: &view, judge: &Words, now, run: id };
                let decision = decide(person, &context);
                view.note(&decision, &mut renamed);
                decided.push(Decided { person: person.clone(), decision });
            }
            rows.extend(decided.iter().map(RowReport::of));
            match &run {
                Some(run) => {
                    let write = assemble(decided, &view, &self.rules, run.lease(), now, &mut progress, &Mirror);
                    assert_eq!(ready(self.target.commit_batch(write)).unwrap(), BatchCommit::Applied);
                }
                None => crate::batch::note(&mut progress, &decided),
            }
        }
        if let Some(run) = run {
            self.finish(&run);
        }
        assert_eq!(progress.counters.rows(), people.len() as u64);
        Report { rows, counters: progress.counters }
    }

    pub(super) fn account(&self, email: &str) -> TargetAccount {
        self.target.accounts().into_iter().find(|account| account.email == email).unwrap()
    }

    /// Changes an account as its owner does.
    pub(super) fn change(&mut self, email: &str, change: impl FnOnce(&mut TargetAccount, Timestamp)) {
        let (mut account, now) = (self.account(email), self.now());
        account.updated_at = now;
        change(&mut account, now);
        self.target.put(account);
    }

    pub(super) fn resolve(&mut self, id: &str, resolution: Resolution) {
        let run = self.begin(RunKind::Decide);
        let mut write = BatchWrite::empty(run.lease(), self.now());
        let (source, source_id) = (self.rules.source.clone(), SourceId::parse(id).unwrap());
        write.resolutions.push(ResolutionWrite { source, source_id, resolution: Some(resolution) });
        assert_eq!(ready(self.target.commit_batch(write)).unwrap(), BatchCommit::Applied);
        self.finish(&run);
    }

    /// Takes everything back; tells what became of each account.
    pub(super) fn roll_back(&mut self, later: Later) -> Vec<Restored> {
        let ask = LedgerAsk { scope: LedgerScope::All, changes_only: true, before: None, limit: u32::MAX };
        let entries = ready(self.target.ledger(ask)).unwrap();
        let open: Vec<_> = entries.into_iter().filter(|entry| !entry.undone).map(|entry| entry.item).collect();
        let mut users: Vec<_> = open.iter().filter(|item| item.undoes.is_none()).filter_map(|item| item.user).collect();
        users.sort();
        users.dedup();
        let run = self.begin(RunKind::Rollback);
        let mut write = BatchWrite::empty(run.lease(), self.now());
        let mut results = Vec::new();
        for user in users {
            let items: Vec<_> =
                open.iter().filter(|item| item.user == Some(user) && item.undoes.is_none()).cloned().collect();
            let current = ready(self.target.target_accounts(&[user])).unwrap().pop();
            let restoration = rollback::decide(&items, current.as_ref(), later, &Mirror).unwrap();
            results.push(restoration.result);
            write.accounts.extend(restoration.write);
            write.links.extend(restoration.links);
        }
        assert_eq!(ready(self.target.commit_batch(write)).unwrap(), BatchCommit::Applied);
        self.finish(&run);
        results
    }
}

pub(super) fn person(id: &str, email: &str) -> Person {
    let mut person = Person::unknown(SourceId::parse(id).unwrap());
    person.email = Some(email.to_owned());
    person.hash = Some(StoredHash::new("foreign:1".to_owned()));
    person.roles = vec!["user".to_owned()];
    person
}

pub(super) fn with(mut person: Person, change: impl FnOnce(&mut Person)) -> Person {
    change(&mut person);
    person
}
