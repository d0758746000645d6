//! Tests of the use cases over a source and a target in memory.

mod ahead;
mod back;
mod check;
mod end;
mod inactive;
mod pace;
mod pieces;
mod since;
mod write_back;

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use authly_cutover::{
    digest::Digest,
    hash::{HashJudge, HashState, Judged},
    memory::MemoryTarget,
    outcome::{Counters, Outcome},
    profile::{
        Profile,
        bind::BoundProfile,
        rules::SourceKind,
        shape::{Column, ColumnKind, Shape, Table},
    },
    rollback::Later,
    source::{PageAsk, Source, SourceError, SourceId, SourceName, SourceRow, SourceTenant, Value},
    store::Resolution,
};
use authly_directory::{password::StoredHash, uniqueness::EmailUniqueness};
use oauth_core::{
    secret::Secret,
    services::{Busy, Clock, Purpose, Random, SealBroken, Sealer},
    store::StoreError,
    time::Timestamp,
};

use super::{pace::Rests, *};

struct Rows(Vec<SourceRow>);

impl Source for Rows {
    async fn rows(&mut self, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        let behind = |row: &&SourceRow| page.after.as_ref().is_none_or(|after| row.id > *after);
        Ok(self.0.iter().filter(behind).take(page.limit as usize).cloned().collect())
    }

    async fn count(&mut self, _since: Option<Timestamp>) -> Result<u64, SourceError> {
        Ok(self.0.len() as u64)
    }

    async fn tenants(&mut self) -> Result<Vec<SourceTenant>, SourceError> {
        Ok(Vec::new())
    }

    async fn digest(&mut self) -> Result<Digest, SourceError> {
        Ok(Digest::of([]))
    }
}

/// Ports that count and remember, and wait by putting the clock forward.
#[derive(Default)]
struct Bench {
    target: MemoryTarget,
    clock: Ticks,
    random: Steps,
    words: Words,
    pauses: Mutex<Vec<Duration>>,
    /// Threads of others that want one of two processors, look by look; the processors do not tell, if `None`.
    others: Mutex<Option<Vec<u32>>>,
}

/// A clock that goes on by a millisecond each time it is asked; it counts microseconds.
#[derive(Default)]
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + self.0.fetch_add(1_000, Ordering::SeqCst))
    }
}

#[derive(Default)]
struct Steps(AtomicU8);

impl Random for Steps {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::SeqCst));
    }
}

#[derive(Default)]
struct Words;

impl HashJudge for Words {
    fn judge(&self, stored: &StoredHash) -> Judged {
        let weak = stored.expose().starts_with("weak");
        let state = if weak { HashState::Weak } else { HashState::Foreign };
        Judged { scheme: if weak { "weak" } else { "bcrypt" }, state, wraps: weak }
    }
}

impl Wrap for Words {
    async fn wrap(&self, stored: StoredHash) -> Result<Option<StoredHash>, Busy> {
        Ok(Some(StoredHash::new(format!("wrapped {}", stored.expose().len()))))
    }
}

impl Sealer for Words {
    fn seal(&self, _purpose: Purpose, _context: &[u8], clear: &[u8]) -> Vec<u8> {
        clear.iter().rev().copied().collect()
    }

    fn open(&self, _purpose: Purpose, _context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Ok(Secret::new(sealed.iter().rev().copied().collect()))
    }

    fn seal_for(&self, _secret: &[u8], _purpose: Purpose, clear: &[u8]) -> Vec<u8> {
        clear.to_vec()
    }

    fn open_for(&self, _secret: &[u8], _purpose: Purpose, _sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Err(SealBroken)
    }
}

impl Tools for Bench {
    type Target = MemoryTarget;
    type Clock = Ticks;
    type Random = Steps;
    type Sealer = Words;
    type Hashes = Words;

    fn target(&self) -> &MemoryTarget {
        &self.target
    }

    fn clock(&self) -> &Ticks {
        &self.clock
    }

    fn random(&self) -> &Steps {
        &self.random
    }

    fn sealer(&self) -> &Words {
        &self.words
    }

    fn hashes(&self) -> &Words {
        &self.words
    }

    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        Ok(EmailUniqueness::Global)
    }

    fn processors(&self) -> Option<Processors> {
        let mut others = self.others.lock().unwrap();
        others.as_mut().map(|others| Processors { count: 2, wanted: others.pop().unwrap_or(0) })
    }

    async fn pause(&self, time: Duration) {
        self.pauses.lock().unwrap().push(time);
        self.clock.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    // Everything in memory answers at once; long work lets others go on in between.
    for _ in 0..1_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("something waits")
}

fn row(id: u32, email: &str, hash: &str) -> SourceRow {
    let text = |text: &str| Value::Text(text.to_owned());
    let columns = [
        ("email", text(email)),
        ("username", Value::Null),
        ("password_hash", if hash.is_empty() { Value::Null } else { text(hash) }),
        ("is_active", Value::Bool(true)),
        ("created_at", text("2020-01-02 03:04:05")),
    ];
    SourceRow {
        id: SourceId::parse(&format!("{id:06}")).unwrap(),
        columns: columns.into_iter().map(|(name, value)| (name.into(), value)).collect(),
    }
}

fn profile() -> BoundProfile {
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: ColumnKind::Any,
        written: String::new(),
        identifies: name == "id",
    };
    let names = ["id", "email", "username", "password_hash", "created_at", "is_active"];
    let table = Table { name: "legacy_users".to_owned(), columns: names.into_iter().map(column).collect() };
    let shape = Shape { kind: SourceKind::Sqlite, tables: vec![table] };
    Profile::built_in("legacy-users").unwrap().bind(&shape).unwrap()
}

fn name() -> SourceName {
    SourceName::parse("legacy-users").unwrap()
}

/// Stops the import after so many batches.
struct After(Stop, u32);

impl Observer for After {
    fn done(&mut self, _counters: &Counters, _of: u64) {
        self.1 -= 1;
        if self.1 == 0 {
            self.0.ask();
        }
    }
}

fn run(bench: &Bench, rows: &[SourceRow], options: &ImportOptions) -> ImportReport {
    let mut source = Rows(rows.to_vec());
    ready(import(bench, &mut source, &profile(), name(), options, &Stop::default(), &mut Silent)).unwrap()
}

fn execute() -> ImportOptions {
    ImportOptions { execute: true, batch: 4, pace: Pace::Full, ..ImportOptions::default() }
}

fn people(count: u32) -> Vec<SourceRow> {
    (1..=count).map(|id| row(id, &format!("user{id}@example.com"), "$2b$12$hash")).collect()
}

#[test]
fn a_dry_run_tells_what_the_run_does_and_writes_nothing() {
    let bench = Bench::default();
    let mut rows = people(10);
    rows.push(row(11, "USER3@example.com", "$2b$12$hash"));
    rows.push(row(12, "broken", ""));
    let dry = run(&bench, &rows, &ImportOptions { execute: false, ..execute() });
    assert!(bench.target.accounts().is_empty() && bench.target.lines().is_empty());
    assert!(ready(runs(&bench, None, 9)).unwrap().is_empty());
    let real = run(&bench, &rows, &execute());
    assert_eq!(dry.without_times(), real.without_times());
    assert_eq!((real.rows, real.reconciles), (12, Some(true)));
    assert_eq!((real.outcomes["import"], real.outcomes["conflict"], real.outcomes["quarantine"]), (9, 2, 1));
    assert_eq!(real.outcomes.len(), 13);
    assert_eq!(real.schemes, BTreeMap::from([("bcrypt".to_owned(), 9)]));
    assert_eq!(bench.target.accounts().len(), 9);
}

#[test]
fn an_import_that_was_stopped_goes_on_where_it_was() {
    let bench = Bench::default();
    let rows = people(10);
    let stop = Stop::default();
    let mut after = After(stop.clone(), 2);
    let report =
        ready(import(&bench, &mut Rows(rows.clone()), &profile(), name(), &execute(), &stop, &mut after)).unwrap();
    assert_eq!((report.stopped, report.rows, report.reconciles), (Some(Stopped::Asked), 8, None));
    assert_eq!(bench.target.accounts().len(), 8);
    let lines = bench.target.lines().len();
    let report = run(&bench, &rows, &execute());
    assert!(report.resumed);
    assert_eq!((report.rows, report.reconciles, report.outcomes["import"]), (10, Some(true), 10));
    assert_eq!(bench.target.lines().len(), lines + 2);
    let states: Vec<_> = ready(runs(&bench, None, 9)).unwrap().into_iter().map(|run| run.state).collect();
    assert_eq!(states, ["finished"]);
}

#[test]
fn a_second_import_at_the_same_time_is_refused() {
    struct Second<'a>(&'a Bench, Option<MigrateError>);
    impl Observer for Second<'_> {
        fn done(&mut self, _counters: &Counters, _of: u64) {
            let mut source = Rows(people(3));
            let second =
                ready(import(self.0, &mut source, &profile(), name(), &execute(), &Stop::default(), &mut Silent));
            self.1 = second.err();
        }
    }
    let bench = Bench::default();
    let mut second = Second(&bench, None);
    let stop = Stop::default();
    ready(import(&bench, &mut Rows(people(3)), &profile(), name(), &execute(), &stop, &mut second)).unwrap();
    assert!(matches!(second.1, Some(MigrateError::Busy { .. })), "{:?}", second.1);
}

#[test]
fn on_error_stop_ends_before_the_row() {
    let bench = Bench::default();
    let mut rows = people(6);
    rows[4] = row(5, "broken", "");
    let options = ImportOptions { on_error: OnError::Stop, ..execute() };
    let report = run(&bench, &rows, &options);
    let Some(Stopped::Row { source_id, outcome, .. }) = &report.stopped else { panic!("{report:?}") };
    assert_eq!((source_id.as_str(), *outcome), ("000005", Outcome::Quarantine));
    assert_eq!((report.rows, bench.target.accounts().len()), (4, 4));
    rows[4] = row(5, "mended@example.com", "");
    assert_eq!(run(&bench, &rows, &options).reconciles, Some(true));
}

#[test]
fn limit_and_rate_are_kept() {
    let bench = Bench::default();
    let options = ImportOptions { limit: Some(5), max_rate: Some(1), ..execute() };
    let report = run(&bench, &people(9), &options);
    assert_eq!((report.rows, report.stopped), (5, Some(Stopped::Limit)));
    assert!(!bench.pauses.lock().unwrap().is_empty());
}

#[test]
fn weak_hashes_are_wrapped_where_that_is_asked_for() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", "weak"), row(2, "b@example.com", "$2b$")];
    run(&bench, &rows, &ImportOptions { wrap_weak: true, ..execute() });
    let mut hashes: Vec<_> =
        bench.target.accounts().iter().map(|account| account.hash.clone().unwrap().expose().to_owned()).collect();
    hashes.sort();
    assert_eq!(hashes, ["$2b$", "wrapped 4"]);
    // The wrapped hash is another than the source's, and the row is still unchanged.
    assert_eq!(run(&bench, &rows, &ImportOptions { wrap_weak: true, ..execute() }).outcomes["unchanged"], 2);
}

#[test]
fn the_gate_is_shut_at_first() {
    let bench = Bench::default();
    run(&bench, &people(1), &execute());
    let shut: Vec<_> = ready(gate(&bench)).unwrap().into_iter().filter(|one| !one.met).map(|one| one.name).collect();
    assert_eq!(shut, ["completed", "quiet", "hashes", "backup", "verified"]);
}

/// Rests once before the next piece, with these eights of looks at the processors ahead; tells how often it waited, and for how many
/// rows the piece is.
fn rest(bench: &Bench, rests: &mut Rests, looks: &[u32]) -> (usize, usize) {
    *bench.others.lock().unwrap() = Some(looks.iter().rev().flat_map(|wanted| [*wanted; 8]).collect());
    ready(rests.rest(bench, Duration::ZERO));
    (std::mem::take(&mut *bench.pauses.lock().unwrap()).len(), rests.rows(100))
}

#[test]
fn a_gentle_import_waits_while_others_need_the_processors_and_works_little_after_it() {
    let bench = Bench { others: Mutex::new(Some(Vec::new())), ..Bench::default() };
    let mut rests = Rests::new(Pace::Gentle, &bench);
    assert_eq!(rest(&bench, &mut rests, &[]), (0, 100), "nobody is there");
    assert_eq!(rest(&bench, &mut rests, &[1, 1, 1]), (3, 100), "it may have been its own work");
    assert!(rests.works_ahead(), "on both processors, while nobody else wants one");
    *bench.others.lock().unwrap() = Some([[0].as_slice(), &[1; 7]].concat());
    ready(rests.rest(&bench, Duration::ZERO));
    assert!(bench.pauses.lock().unwrap().is_empty(), "it is over in a moment");
    assert_eq!(rest(&bench, &mut rests, &[1, 2, 1, 1]), (4, 100), "a machine has other things to do");
    bench.clock.0.fetch_add(250_000, Ordering::SeqCst);
    assert_eq!(rest(&bench, &mut rests, &[1, 2, 1, 1]), (4, 100), "still nobody signs in");
    bench.target.sign_in();
    bench.clock.0.fetch_add(250_000, Ordering::SeqCst);
    assert_eq!(rest(&bench, &mut rests, &[1, 2, 1, 1]), (4, 25));
    assert!(!rests.works_ahead(), "one thing at a time behind others");
    bench.clock.0.fetch_add(3_000, Ordering::SeqCst);
    assert_eq!(rest(&bench, &mut rests, &[]), (1, 25), "a rest behind the piece");
    bench.clock.0.fetch_add(900_000, Ordering::SeqCst);
    ready(rests.rest(&bench, Duration::ZERO));
    assert_eq!(bench.pauses.lock().unwrap().split_off(0), [Duration::from_millis(100)], "and not too long a one");
    bench.clock.0.fetch_add(5_000_000, Ordering::SeqCst);
    assert_eq!(rest(&bench, &mut rests, &[]), (1, 100), "they have not come again for a while");
    assert!(rests.works_ahead());
    assert!(!Rests::new(Pace::Gentle, &Bench::default()).works_ahead(), "where it cannot see whether anybody does");
    let mut rests = Rests::new(Pace::Full, &bench);
    assert_eq!(rest(&bench, &mut rests, &[1; 500]), (0, 100));
    let report = run(&bench, &people(9), &ImportOptions { pace: Pace::Gentle, ..execute() });
    assert_eq!(report.reconciles, Some(true));
    assert!(!bench.pauses.lock().unwrap().is_empty(), "the import itself looks");
}

#[test]
fn where_the_processors_are_never_free_it_waits_less_each_time_and_goes_on() {
    let bench = Bench { others: Mutex::new(Some(Vec::new())), ..Bench::default() };
    let mut rests = Rests::new(Pace::Gentle, &bench);
    // Each look takes a millisecond by this clock, and so does the wait behind it.
    let waits = [(); 5].map(|()| rest(&bench, &mut rests, &[1; 500]).0);
    assert_eq!(waits, [50, 25, 13, 7, 6]);
    rest(&bench, &mut rests, &[]);
    assert_eq!(rest(&bench, &mut rests, &[1; 500]).0, 50, "they were free meanwhile");
}
