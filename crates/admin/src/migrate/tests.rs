//! Tests of the use cases over a source and a target in memory.

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

use super::*;

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

/// Ports that count and remember, and never wait.
#[derive(Default)]
struct Bench {
    target: MemoryTarget,
    clock: Ticks,
    random: Steps,
    words: Words,
    pauses: Mutex<Vec<Duration>>,
}

/// A clock that goes on by a second each time it is asked.
#[derive(Default)]
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + self.0.fetch_add(1, Ordering::SeqCst))
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

    async fn pause(&self, time: Duration) {
        self.pauses.lock().unwrap().push(time);
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("everything in memory answers at once"),
    }
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
        columns: columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
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
    ImportOptions { execute: true, batch: 4, ..ImportOptions::default() }
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

fn back(bench: &Bench, execute: bool) -> RollbackReport {
    let options = RollbackOptions { scope: RollbackScope::All, execute, later: Later::Keep, by: None };
    ready(roll_back(bench, &options, &Stop::default())).unwrap()
}

#[test]
fn everything_is_taken_back_and_a_second_time_nothing() {
    let bench = Bench::default();
    let rows = people(10);
    run(&bench, &rows, &execute());
    let mut newer = rows.clone();
    newer[0] = row(1, "moved@example.com", "$2b$12$hash");
    assert_eq!(run(&bench, &newer, &execute()).outcomes["updated"], 1);
    let dry = back(&bench, false);
    assert_eq!(bench.target.accounts().len(), 10);
    let real = back(&bench, true);
    assert_eq!(RollbackReport { dry_run: false, ..dry }, real);
    assert_eq!(bench.target.accounts(), []);
    assert_eq!(back(&bench, true).results, BTreeMap::new());
    // After it, an import begins anew.
    assert_eq!(run(&bench, &rows, &execute()).outcomes["import"], 10);
}

#[test]
fn a_decision_about_a_row_is_heeded_and_stands_in_the_ledger() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", ""), row(2, "A@example.com", "")];
    assert_eq!(run(&bench, &rows, &execute()).needs_decisions(), 2);
    assert_eq!(ready(waiting(&bench, None, false, None, 9)).unwrap().len(), 2);
    let id = SourceId::parse("000002").unwrap();
    let missing = Resolution::Merge { user: oauth_core::ids::UserId::from_uuid(uuid::Uuid::from_u128(1)) };
    let refused = ready(resolve(&bench, &name(), &id, missing));
    assert!(matches!(refused, Err(MigrateError::NotFound { what: "user", .. })), "{refused:?}");
    let decided = ready(resolve(&bench, &name(), &id, Resolution::Drop)).unwrap();
    assert_eq!(decided.resolution, Some(Resolution::Drop));
    let report = run(&bench, &rows, &execute());
    assert_eq!((report.outcomes["import_reset_required"], report.outcomes["skip_deleted"]), (1, 1));
    let actions: Vec<_> = bench.target.lines().iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["note", "note", "decide", "create"]);
    let state = ready(status(&bench, None)).unwrap();
    assert_eq!((state.overall.imported, state.overall.reset_required, state.overall.waiting), (1, 1, 0));
}

#[test]
fn the_gate_is_shut_at_first() {
    let bench = Bench::default();
    run(&bench, &people(1), &execute());
    let shut: Vec<_> = ready(gate(&bench)).unwrap().into_iter().filter(|one| !one.met).map(|one| one.name).collect();
    assert_eq!(shut, ["completed", "quiet", "hashes", "backup", "verified"]);
}

fn check(bench: &Bench, rows: &[SourceRow]) -> Verified {
    ready(verify(bench, &mut Rows(rows.to_vec()), &profile(), name(), &mut Silent)).unwrap()
}

#[test]
fn a_check_is_clean_after_an_import_and_names_what_differs() {
    let bench = Bench::default();
    let mut rows = people(5);
    rows.push(row(6, "broken", ""));
    rows.push(row(7, "none@example.com", ""));
    assert_eq!(check(&bench, &rows).differences["is not imported"], 6);
    run(&bench, &rows, &execute());
    let clean = check(&bench, &rows);
    assert!(clean.clean, "{clean:?}");
    assert_eq!((clean.rows, clean.accounts, clean.waiting), (7, 6, 1));
    let met = |bench: &Bench| ready(gate(bench)).unwrap().into_iter().find(|one| one.name == "verified").unwrap().met;
    assert!(met(&bench));
    let mut account = bench.target.accounts().remove(0);
    account.hash = Some(StoredHash::new("another".to_owned()));
    bench.target.put(account);
    let spoiled = check(&bench, &rows);
    assert_eq!(spoiled.differences, BTreeMap::from([("has another hash", 1)]));
    assert!(!met(&bench));
    let fewer = check(&bench, &rows[..3]);
    assert_eq!(fewer.rows_gone, 3);
}

#[test]
fn a_link_by_hand_keeps_the_account_as_it_is_and_can_be_removed() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", "$2b$"), row(2, "A@example.com", "$2b$")];
    run(&bench, &rows[..1], &execute());
    let user = bench.target.accounts()[0].user;
    let id = |row: u32| SourceId::parse(&format!("{row:06}")).unwrap();
    let taken = ready(link(&bench, &name(), &id(2), &Subject::Account(user)));
    assert!(matches!(taken, Err(MigrateError::Refused(_))), "{taken:?}");
    ready(unlink(&bench, &name(), &id(1))).unwrap();
    let linked = ready(link(&bench, &name(), &id(2), &Subject::Account(user))).unwrap();
    assert_eq!(linked.user, Some(user.to_string()));
    let report = run(&bench, &rows[1..], &execute());
    assert_eq!(report.outcomes["unchanged"], 1, "{report:?}");
    assert_eq!(bench.target.accounts()[0].email, "a@example.com");
    let subject = Subject::External("abc".to_owned());
    assert_eq!(ready(link(&bench, &name(), &id(2), &subject)).unwrap().external_subject.as_deref(), Some("abc"));
    let null = Subject::External("null".to_owned());
    assert!(ready(link(&bench, &name(), &id(2), &null)).is_err());
    let nobody = Subject::Account(oauth_core::ids::UserId::from_uuid(uuid::Uuid::from_u128(9)));
    assert!(matches!(ready(link(&bench, &name(), &id(2), &nobody)), Err(MigrateError::NotFound { .. })));
}
