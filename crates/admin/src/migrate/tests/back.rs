//! Tests of the way back, and of rows that wait.

use super::*;

pub(super) fn back(bench: &Bench, execute: bool) -> RollbackReport {
    let options =
        RollbackOptions { scope: RollbackScope::All, execute, later: Later::Keep, pace: Pace::Full, by: None };
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

/// Whoever waits for it sees how far it is.
#[test]
fn a_rollback_tells_how_far_it_is_dry_or_not() {
    #[derive(Default)]
    struct Heard(Vec<(u64, u64)>);
    impl Observer for Heard {
        fn reading(&mut self, rows: u64, of: u64) {
            self.0.push((rows, of));
        }
    }
    let bench = Bench::default();
    run(&bench, &people(1_200), &execute());
    for execute in [false, true] {
        let options =
            RollbackOptions { scope: RollbackScope::All, execute, later: Later::Keep, pace: Pace::Full, by: None };
        let mut heard = Heard::default();
        ready(options.take_back(&bench, &Stop::default(), &mut heard)).unwrap();
        assert!(heard.0.len() > 2 && heard.0.is_sorted(), "{:?}", heard.0);
        assert_eq!(heard.0.last(), Some(&(1_200, 1_200)));
    }
}

#[test]
fn a_decision_about_a_row_is_heeded_and_stands_in_the_ledger() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", ""), row(2, "A@example.com", "")];
    assert_eq!(run(&bench, &rows, &execute()).needs_decisions(), 2);
    assert_eq!(ready(waiting(&bench, &WaitingRows::default(), None, 9)).unwrap().len(), 2);
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
    let state = ready(status(&bench, None, OAuthSwitch::On)).unwrap();
    let off = ready(status(&bench, None, OAuthSwitch::Off)).unwrap();
    assert_eq!(
        (state.phase, off.phase),
        ("people sign in both ways", "people sign in by password; OAuth is switched off")
    );
    let overall = state.overall.progress;
    assert_eq!((overall.imported, overall.reset_required, overall.waiting), (1, 1, 0));
}

#[test]
fn a_decision_that_no_import_could_heed_is_refused() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", ""), row(2, "nobody at example", ""), row(3, "A@example.com", "")];
    run(&bench, &rows[..1], &execute());
    run(&bench, &rows, &execute());
    let user = bench.target.accounts()[0].user;
    let [flawed, twin] = ["000002", "000003"].map(|id| SourceId::parse(id).unwrap());
    let new_name = |email: Option<&str>, username: Option<&str>| Resolution::Rename {
        email: email.map(str::to_owned),
        username: username.map(str::to_owned),
    };
    for useless in [Resolution::Merge { user }, Resolution::KeepBoth, new_name(None, Some("nobody"))] {
        let refused = ready(resolve(&bench, &name(), &flawed, useless)).unwrap_err().to_string();
        assert!(refused.contains("email_invalid (email)"), "{refused}");
    }
    let refused = ready(resolve(&bench, &name(), &twin, Resolution::Merge { user })).unwrap_err().to_string();
    assert!(refused.contains("row 000001 of this source is that account already"), "{refused}");
    assert_eq!(ready(waiting(&bench, &WaitingRows::default(), None, 9)).unwrap().len(), 2, "nothing was decided");
    ready(resolve(&bench, &name(), &flawed, new_name(Some("b@example.com"), None))).unwrap();
    ready(resolve(&bench, &name(), &twin, Resolution::Drop)).unwrap();
    let report = run(&bench, &rows, &execute());
    assert_eq!((report.needs_decisions(), report.outcomes["skip_deleted"]), (0, 1), "{report:?}");
}

/// Rows wait because of an import; without it there is nothing to decide about.
#[test]
fn rows_that_wait_go_with_the_imports_that_they_are_of() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", ""), row(2, "A@example.com", ""), row(3, "b@example.com", "")];
    run(&bench, &rows, &execute());
    let id = SourceId::parse("000002").unwrap();
    ready(resolve(&bench, &name(), &id, Resolution::Drop)).unwrap();
    let tenant = RollbackScope::User(bench.target.accounts()[0].user);
    let one = RollbackOptions { scope: tenant, execute: true, later: Later::Keep, pace: Pace::Full, by: None };
    assert_eq!(
        ready(roll_back(&bench, &one, &Stop::default())).unwrap().waiting_cleared,
        0,
        "one account is no import"
    );
    assert_eq!(back(&bench, false).waiting_cleared, 1);
    assert_eq!(ready(waiting(&bench, &WaitingRows::default(), None, 9)).unwrap().len(), 1, "a dry run clears nothing");
    assert_eq!(back(&bench, true).waiting_cleared, 1);
    assert_eq!(ready(waiting(&bench, &WaitingRows::default(), None, 9)).unwrap().len(), 0);
    assert_eq!(
        ready(waiting(&bench, &WaitingRows { resolved_too: true, ..WaitingRows::default() }, None, 9)).unwrap().len(),
        1,
        "what was decided is heeded by the next import"
    );
    let report = run(&bench, &rows, &execute());
    assert_eq!((report.outcomes["conflict"], report.outcomes["skip_deleted"]), (0, 1), "{report:?}");
}
