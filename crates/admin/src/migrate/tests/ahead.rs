//! Batches that are decided while the one before is still being written.

use authly_cutover::store::{AccountWrite, BatchWrite, CutoverStore as _, LinkWrite, RowKeys, SnapshotAsk};
use oauth_core::ids::UserId;

use super::*;
use crate::migrate::ahead::Touched;

/// A target with three accounts, and the write that made the first of them.
fn written() -> (Bench, BatchWrite) {
    let bench = Bench::default();
    run(&bench, &people(3), &execute());
    let account = bench.target.accounts().into_iter().min_by(|a, b| a.email.cmp(&b.email)).unwrap();
    let link = ready(bench.target.links(&name(), None, 1)).unwrap().remove(0);
    assert_eq!(link.user, account.user);
    let run = ready(bench.target.runs(None, 1)).unwrap().remove(0);
    let mut write = BatchWrite::empty(run.lease(), Timestamp::from_seconds(1));
    write.accounts = vec![AccountWrite::Create(Box::new(authly_cutover::account::TargetAccount {
        external_subject: Some("Known-Elsewhere".to_owned()),
        ..account
    }))];
    write.links = vec![LinkWrite::Put(link)];
    (bench, write)
}

fn keys(id: &str) -> RowKeys {
    RowKeys { source_id: SourceId::parse(id).unwrap(), user: None, names: Vec::new(), external_subject: None }
}

#[test]
fn a_batch_that_asks_for_anything_of_the_one_before_is_not_decided_ahead() {
    let (_, write) = written();
    let [AccountWrite::Create(account)] = write.accounts.as_slice() else { panic!("{write:?}") };
    let touched = Touched::by(&write);
    let asks = |keys: RowKeys| touched.is_asked_for(&[self::keys("900000"), keys]);
    assert!(!asks(keys("000002")));
    assert!(asks(keys("000001")), "its row");
    assert!(asks(RowKeys { user: Some(account.user), ..keys("000009") }), "its account");
    assert!(asks(RowKeys { names: vec!["user1@example.com".to_owned()], ..keys("000009") }), "its name");
    let subject = |text: &str| RowKeys { external_subject: Some(text.to_owned()), ..keys("000009") };
    assert!(asks(subject("Known-Elsewhere")), "its id elsewhere");
    assert!(asks(subject(&account.user.to_string().to_uppercase())), "its own id as one of elsewhere");
    let other = UserId::generate(Timestamp::from_seconds(9), &Steps::default());
    assert!(!asks(RowKeys { user: Some(other), names: vec!["user2@example.com".to_owned()], ..subject("else") }));
}

#[test]
fn a_batch_that_finds_an_account_of_the_one_before_is_not_decided_ahead() {
    let (bench, write) = written();
    let touched = Touched::by(&write);
    let found = |id: &str| ready(bench.target.snapshot(SnapshotAsk { source: name(), rows: vec![keys(id)] })).unwrap();
    assert!(touched.is_in(&found("000001")), "by its link, which no key tells");
    assert!(!touched.is_in(&found("000002")));
}

#[test]
fn names_that_go_from_row_to_row_between_batches_come_out_as_if_each_waited_for_the_one_before() {
    let (bench, slow) = (Bench::default(), Bench::default());
    let mut rows = people(9);
    let both = |rows: &[SourceRow]| {
        let ahead = run(&bench, rows, &ImportOptions { batch: 1, ..execute() });
        // A rate lets every batch wait for the one before.
        let waiting = run(&slow, rows, &ImportOptions { batch: 1, max_rate: Some(1_000_000), ..execute() });
        assert_eq!(ahead.without_times().outcomes, waiting.without_times().outcomes);
        let state = |bench: &Bench| {
            let mut of: Vec<_> = bench.target.accounts().into_iter().map(|one| (one.email, one.username)).collect();
            of.sort();
            of
        };
        assert_eq!(state(&bench), state(&slow));
        ahead
    };
    both(&rows);
    // Each takes the name that the row before it has just given up.
    for id in 1..=9 {
        let email = format!("user{}@example.com", if id == 1 { 99 } else { id - 1 });
        rows[id as usize - 1] = row(id, &email, "$2b$12$hash");
    }
    let report = both(&rows);
    assert_eq!((report.reconciles, report.outcomes["updated"]), (Some(true), 9));
}
