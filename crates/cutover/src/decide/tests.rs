//! Tests of the decision, case by case.

use std::time::Duration;

use serde_json::json;

use super::{
    testing::{Mirror, World, person, ready, with},
    *,
};
use crate::{
    account::CredentialState,
    ledger::{LedgerAsk, LedgerScope},
    profile::rules::Collision,
    rollback::{self, Later, Restored},
    run::{Begun, RunKind},
    source::{SourceId, SourceName},
    store::{BatchCommit, BatchWrite, CutoverStore as _, PenEntry},
};
use authly_directory::password::StoredHash;

#[test]
fn a_row_becomes_an_account_that_keeps_its_id() {
    let mut world = World::new();
    let id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let report = world.import(&[person(id, "Ada@example.com"), person("2", "bob@example.com")]);
    assert_eq!(report.counters.of(Outcome::Import), 2);
    let ada = world.account("Ada@example.com");
    assert_eq!(ada.user.to_string(), id);
    assert_eq!((ada.username.as_str(), ada.auth_method), ("Ada@example.com", AuthMethod::Dual));
    assert_eq!((ada.credential_state, ada.reset_required), (CredentialState::LegacyScheme, false));
    let line = &world.target.lines()[0];
    assert_eq!(line.outcome, Some(Outcome::Import));
    assert!(!serde_json::to_string(&line.after).unwrap().contains("foreign:1"), "a hash stands open in the ledger");
}

#[test]
fn passwords_that_cannot_be_used_must_be_set_anew_and_none_is_invented() {
    let mut world = World::new();
    let hash = |text: &str| Some(StoredHash::new(text.to_owned()));
    let report = world.import(&[
        with(person("1", "none@example.com"), |person| person.hash = None),
        with(person("2", "hostile@example.com"), |person| person.hash = hash("hostile:1")),
        with(person("3", "odd@example.com"), |person| person.hash = hash("what")),
        with(person("4", "current@example.com"), |person| person.hash = hash("current:1")),
    ]);
    let reason = |id: &str| report.row(id).reason.clone().unwrap().code;
    assert_eq!(reason("1"), ReasonCode::HashMissing);
    assert_eq!(reason("2"), ReasonCode::HashHostile);
    assert_eq!(reason("3"), ReasonCode::HashUnsupported);
    assert_eq!(report.counters.of(Outcome::ImportResetRequired), 3);
    let none = world.account("none@example.com");
    assert_eq!((none.hash, none.reset_required), (None, true));
    assert_eq!(world.account("current@example.com").credential_state, CredentialState::Ok);
}

#[test]
fn the_inactive_stay_switched_off_and_the_deleted_stay_away() {
    let mut world = World::new();
    let rows = [
        with(person("1", "off@example.com"), |person| person.activity = Activity::Inactive),
        with(person("2", "gone@example.com"), |person| person.activity = Activity::Deleted),
        with(person("3", "waits@example.com"), |person| person.activity = Activity::Pending),
    ];
    let report = world.import(&rows);
    assert_eq!(report.outcome("1"), Outcome::ImportDisabled);
    assert_eq!(report.outcome("2"), Outcome::SkipDeleted);
    assert_eq!(world.account("off@example.com").status, AccountStatus::Disabled);
    assert_eq!(world.account("waits@example.com").status, AccountStatus::PendingVerification);
    let mut lax = World::new();
    lax.rules.inactive = Inactive::PendingVerification;
    lax.import(&rows);
    assert_eq!(lax.account("off@example.com").status, AccountStatus::PendingVerification);
}

#[test]
fn names_that_differ_by_case_or_unicode_form_wait_all_of_them() {
    let mut world = World::new();
    let report = world.import(&[
        person("1", "Zoë@example.com"),
        person("2", "carol@example.com"),
        person("3", "dan@example.com"),
        person("4", "zoe\u{308}@EXAMPLE.com"),
        with(person("5", "eve@example.com"), |person| person.username = Some("Dan@example.com".to_owned())),
    ]);
    for (id, code, other) in [
        ("1", ReasonCode::EmailTaken, "4"),
        ("4", ReasonCode::EmailTaken, "1"),
        ("3", ReasonCode::UsernameIsEmail, "5"),
        ("5", ReasonCode::UsernameIsEmail, "3"),
    ] {
        let reason = report.row(id).reason.clone().unwrap();
        assert_eq!((report.outcome(id), reason.code), (Outcome::Conflict, code), "{id}");
        assert_eq!(reason.detail["rows"], json!([other]));
    }
    assert_eq!(world.target.accounts().len(), 1);
    assert_eq!(ready(world.target.pen(None, false, None, 10)).unwrap().len(), 4);
}

#[test]
fn the_rule_may_prefer_one_of_the_twins() {
    let at = |seconds| Some(Timestamp::from_seconds(seconds));
    let rows = [
        with(person("1", "a@example.com"), |person| (person.created_at, person.last_login_at) = (at(5), at(7))),
        with(person("2", "A@example.com"), |person| (person.created_at, person.last_login_at) = (at(4), at(6))),
        with(person("3", "a@EXAMPLE.com"), |person| (person.created_at, person.last_login_at) = (None, None)),
    ];
    for (rule, winner) in [(Collision::Oldest, "2"), (Collision::MostRecentlyUsed, "1")] {
        let mut world = World::new();
        world.rules.collision = rule;
        let report = world.import(&rows);
        assert_eq!(report.outcome(winner), Outcome::Import);
        assert_eq!(report.counters.of(Outcome::Conflict), 2);
        // The second run sees the same.
        let again = world.import(&rows);
        assert_eq!((again.outcome(winner), again.counters.of(Outcome::Conflict)), (Outcome::Unchanged, 2));
    }
}

#[test]
fn rows_that_cannot_be_read_wait() {
    let mut world = World::new();
    let long = format!("{}@example.com", "x".repeat(250));
    let report = world.import(&[
        with(person("1", ""), |person| person.email = None),
        person("2", "no address"),
        person("3", &long),
        with(person("4", "d@example.com"), |person| person.username = Some("u".repeat(256))),
        with(person("5", "e@example.com"), |person| {
            person.flaws = vec![Flaw { kind: FlawKind::WrongType, column: "is_active".to_owned() }];
        }),
        with(person("6", "f@example.com"), |person| {
            person.flaws = vec![Flaw { kind: FlawKind::TimeInvalid, column: "created_at".to_owned() }];
        }),
    ]);
    assert_eq!(report.counters.of(Outcome::Quarantine), 5);
    assert_eq!(report.outcome("6"), Outcome::Import);
    assert_eq!(report.counters.left_out.get(&FlawKind::TimeInvalid), Some(&1));
    assert!(report.rows.iter().all(|row| row.label.len() < 100));
}

#[test]
fn what_an_operator_resolved_is_heeded() {
    let mut world = World::new();
    let rows = [
        person("1", "a@example.com"),
        person("2", "A@example.com"),
        person("3", "b@example.com"),
        person("4", "B@example.com"),
        person("5", "broken"),
    ];
    assert_eq!(world.import(&rows).counters.needing_a_decision(), 5);
    world.resolve("2", Resolution::Drop);
    world.resolve("4", Resolution::KeepBoth);
    world.resolve("5", Resolution::Rename { email: Some("mended@example.com".to_owned()), username: None });
    let report = world.import(&rows);
    assert_eq!(report.outcome("1"), Outcome::Import);
    assert_eq!(report.outcome("2"), Outcome::SkipDeleted);
    assert_eq!((report.outcome("3"), report.outcome("4")), (Outcome::Import, Outcome::Import));
    assert_eq!(report.outcome("5"), Outcome::Import);
    assert_eq!(world.target.accounts().len(), 4);
    let again = world.import(&rows);
    assert_eq!((again.outcome("2"), again.outcome("4"), again.outcome("5")), {
        (Outcome::SkipDeleted, Outcome::Unchanged, Outcome::Unchanged)
    });
}

#[test]
fn a_row_may_be_an_account_that_is_there() {
    let mut world = World::new();
    let (mine, taken) = ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8");
    let mut other = World::new();
    other.rules.source = SourceName::parse("elsewhere").unwrap();
    other.import(&[person(mine, "ada@example.com"), person(taken, "bob@example.com")]);
    for account in other.target.accounts() {
        world.target.put(account);
    }
    let report = world.import(&[person(mine, "ADA@example.com"), person(taken, "new@example.com")]);
    assert_eq!(report.outcome(mine), Outcome::ImportRelink);
    assert_eq!(report.row(taken).reason.clone().unwrap().code, ReasonCode::IdTaken);
    assert_eq!(world.account("ada@example.com").effective_hash().unwrap().expose(), "foreign:1");
}

#[test]
fn what_changed_in_the_source_is_carried_over() {
    let mut world = World::new();
    world.import(&[person("1", "a@example.com"), person("2", "b@example.com")]);
    let changed = with(person("1", "new@example.com"), |person| {
        person.hash = Some(StoredHash::new("current:2".to_owned()));
        person.is_admin = true;
    });
    let report = world.import(&[changed, person("2", "b@example.com")]);
    assert_eq!((report.outcome("1"), report.outcome("2")), (Outcome::Updated, Outcome::Unchanged));
    let account = world.account("new@example.com");
    assert_eq!(account.effective_hash().unwrap().expose(), "current:2");
    assert_eq!((account.credential_state, account.is_admin), (CredentialState::Ok, true));
}

/// Whoever verified one address here, and then has another put into the older program, has not verified that one.
#[test]
fn another_address_of_the_source_is_as_verified_as_the_source_says() {
    let shown = |id: &str, email: &str| with(person(id, email), |person| person.is_verified = true);
    let mut world = World::new();
    world.import(&[person("1", "own@example.com"), shown("2", "two@example.com"), person("3", "Case@example.com")]);
    for email in ["own@example.com", "Case@example.com"] {
        world.change(email, |account, _| account.is_verified = true);
    }
    let rows =
        [person("1", "strangers@example.com"), shown("2", "another@example.com"), person("3", "case@example.com")];
    let report = world.import(&rows);
    assert_eq!(report.counters.of(Outcome::Updated), 3);
    assert!(!world.account("strangers@example.com").is_verified, "nobody has shown whose that is");
    assert!(world.account("another@example.com").is_verified, "the source has");
    assert!(world.account("case@example.com").is_verified, "it is the same address");
    assert_eq!(world.import(&rows).counters.of(Outcome::Unchanged), 3);
    let rows = [shown("1", "strangers@example.com"), rows[1].clone(), rows[2].clone()];
    world.import(&rows);
    assert!(world.account("strangers@example.com").is_verified, "now the source has shown it");
}

#[test]
fn an_address_that_an_operator_gave_is_verified_by_nobody() {
    let mut world = World::new();
    let shown = |id: &str, email: &str| with(person(id, email), |person| person.is_verified = true);
    let rows = [shown("1", "a@example.com"), shown("2", "A@example.com"), shown("3", "broken")];
    world.import(&rows);
    world.resolve("2", Resolution::KeepBoth);
    world.resolve("3", Resolution::Rename { email: Some("mended@example.com".to_owned()), username: None });
    let counters = world.import(&rows).counters;
    assert_eq!((counters.of(Outcome::Import), counters.verified), (3, 1), "the report counts what is so");
    let verified = |email: &str| world.account(email).is_verified;
    assert!(verified("a@example.com") && !verified("mended@example.com"));
    let both = world.target.accounts().into_iter().find(|account| account.email.contains('+')).unwrap();
    assert!(!both.is_verified, "{}", both.email);
    assert_eq!(world.import(&rows).counters.of(Outcome::Unchanged), 3);
}

#[test]
fn the_last_action_of_the_user_wins() {
    let mut world = World::new();
    world.import(&[person("1", "a@example.com"), person("2", "b@example.com"), person("3", "c@example.com")]);
    world.change("a@example.com", |account, now| {
        account.hash = Some(StoredHash::new("current:mine".to_owned()));
        account.password_set_at = Some(now);
    });
    world.change("b@example.com", |account, _| account.email = "mine@example.com".to_owned());
    let gone = world.account("c@example.com").user;
    world.target.remove(gone);
    let rows = [
        with(person("1", "a@example.com"), |person| person.hash = Some(StoredHash::new("foreign:2".to_owned()))),
        with(person("2", "b@example.com"), |person| person.is_locked = true),
        person("3", "c@example.com"),
    ];
    let report = world.import(&rows);
    assert_eq!(report.row("1").reason.clone().unwrap().code, ReasonCode::ChangedHere);
    assert_eq!(world.account("a@example.com").effective_hash().unwrap().expose(), "current:mine");
    // Another column is carried over, and the address that was changed here stays.
    assert_eq!(report.outcome("2"), Outcome::Updated);
    assert!(world.account("mine@example.com").is_locked);
    assert_eq!(report.row("3").reason.clone().unwrap().code, ReasonCode::DeletedHere);
    assert_eq!(world.target.accounts().len(), 2);
}

#[test]
fn an_upgraded_hash_is_no_change_of_the_owner() {
    let mut world = World::new();
    world.import(&[person("1", "a@example.com")]);
    world.change("a@example.com", |account, now| {
        account.hash = Some(StoredHash::new("current:upgraded".to_owned()));
        account.hash_upgraded_at = Some(now);
        account.credential_state = CredentialState::Ok;
    });
    assert_eq!(world.import(&[person("1", "a@example.com")]).outcome("1"), Outcome::Unchanged);
    assert_eq!(world.account("a@example.com").effective_hash().unwrap().expose(), "current:upgraded");
    let newer =
        with(person("1", "a@example.com"), |person| person.hash = Some(StoredHash::new("foreign:2".to_owned())));
    assert_eq!(world.import(&[newer]).outcome("1"), Outcome::Updated);
    assert_eq!(world.account("a@example.com").effective_hash().unwrap().expose(), "foreign:2");
}

#[test]
fn an_account_deleted_in_the_source_is_switched_off_once() {
    let mut world = World::new();
    world.import(&[person("1", "a@example.com")]);
    let deleted = [with(person("1", "a@example.com"), |person| person.activity = Activity::Deleted)];
    assert_eq!(world.import(&deleted).outcome("1"), Outcome::Updated);
    assert_eq!(world.account("a@example.com").status, AccountStatus::Disabled);
    assert_eq!(world.import(&deleted).outcome("1"), Outcome::Unchanged);
    world.change("a@example.com", |account, _| account.status = AccountStatus::Active);
    assert_eq!(world.import(&deleted).outcome("1"), Outcome::Unchanged);
    assert_eq!(world.account("a@example.com").status, AccountStatus::Active);
}

#[test]
fn a_rollback_removes_what_was_imported_and_keeps_what_its_owner_changed() {
    let mut world = World::new();
    world.import(&[person("1", "a@example.com"), person("2", "b@example.com")]);
    world.change("a@example.com", |account, now| {
        account.last_login_at = Some(now);
        account.hash = Some(StoredHash::new("current:upgraded".to_owned()));
        account.hash_upgraded_at = Some(now);
        account.completed_at = Some(now);
    });
    world.change("b@example.com", |account, now| {
        account.hash = Some(StoredHash::new("current:mine".to_owned()));
        account.password_set_at = Some(now);
    });
    let mut results = world.roll_back(Later::Keep);
    results.sort();
    assert_eq!(results, [Restored::KeptChanged, Restored::Removed]);
    assert_eq!(world.target.accounts().len(), 1);
    assert_eq!(world.account("b@example.com").effective_hash().unwrap().expose(), "current:mine");
    world.roll_back(Later::Overwrite);
    assert_eq!(world.target.accounts(), []);
}

#[test]
fn an_update_is_taken_back_to_the_exact_former_state() {
    let mut world = World::new();
    world.import(&[person("1", "a@example.com")]);
    let before = world.target.accounts();
    let ask = LedgerAsk { scope: LedgerScope::All, changes_only: true, before: None, limit: 10 };
    world.import(&[with(person("1", "z@example.com"), |person| {
        person.hash = Some(StoredHash::new("foreign:2".to_owned()));
        person.roles = vec!["admin".to_owned()];
    })]);
    let newest = ready(world.target.ledger(ask)).unwrap().remove(0).item;
    let current = world.target.accounts().remove(0);
    let back = rollback::decide(&[newest], Some(&current), Later::Keep, &Mirror).unwrap();
    assert_eq!(back.result, Restored::Restored);
    let Some(AccountWrite::Change { to, .. }) = back.write else { panic!("{back:?}") };
    assert_eq!([*to], *before);
}

#[test]
fn a_stale_run_is_fenced_off_and_a_second_one_is_refused() {
    let mut world = World::new();
    let run = world.begin(RunKind::Import);
    let (plan, at) = (run.plan.clone(), world.now());
    let busy = ready(world.target.begin_run(plan.clone(), at, at.minus(Duration::from_secs(30)))).unwrap();
    assert!(matches!(busy, Begun::Busy(_)));
    let mut write = BatchWrite::empty(run.lease(), at);
    write.progress.checkpoint = SourceId::parse("7");
    assert_eq!(ready(world.target.commit_batch(write.clone())).unwrap(), BatchCommit::Applied);
    let resumed = ready(world.target.begin_run(plan, at, at)).unwrap();
    let Begun::Resumed(resumed) = resumed else { panic!("{resumed:?}") };
    assert_eq!((resumed.checkpoint.clone(), resumed.fence), (SourceId::parse("7"), 2));
    assert_eq!(ready(world.target.commit_batch(write)).unwrap(), BatchCommit::Fenced);
}

#[test]
fn rows_that_wait_are_listed_with_their_reason() {
    let mut world = World::new();
    world.import(&[person("1", "broken")]);
    let waiting: Vec<PenEntry> = ready(world.target.pen(None, false, None, 10)).unwrap();
    assert_eq!(waiting[0].label, "broken");
    let flaws = serde_json::json!({"flaws": [{"column": "email", "kind": "email_invalid"}]});
    assert_eq!(waiting[0].reason, Reason::with(ReasonCode::Flawed, flaws));
    assert!(waiting[0].reason.text().starts_with("flawed {\"flaws\":[{"));
}
