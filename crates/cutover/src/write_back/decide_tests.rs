//! Tests of what is written back.

use super::*;
use crate::{profile::zone::Zone, source::SourceId};

const AT: Timestamp = Timestamp::from_micros(1_800_000_000_123_456);

fn forms() -> Forms {
    Forms::local("self-auth", Zone::UTC)
}

fn row(cells: &[(Track, Cell)]) -> AppRow {
    AppRow { id: SourceId::parse("o'hara \"7\"").unwrap(), cells: cells.iter().cloned().collect() }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn fresh() -> AppRow {
    row(&[
        (Track::AuthMethod, text("password")),
        (Track::ExternalSubject, text("null")),
        (Track::SyncedAt, Cell::Null),
        (Track::CompletedAt, Cell::Null),
    ])
}

fn wanted() -> Wanted {
    Wanted {
        auth_method: AuthMethod::Dual,
        external_subject: Some("6ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned()),
        synced_at: Some(AT),
        invited_at: None,
        completed_at: None,
    }
}

/// The row as the plan leaves it.
fn applied(mut row: AppRow, plan: &RowPlan) -> AppRow {
    for (track, promise) in plan.write.iter().flat_map(|write| &write.changes) {
        assert_eq!(row.cells.get(track), Some(&promise.there));
        row.cells.insert(*track, promise.wanted.clone());
    }
    row
}

/// What a store remembers after a promise.
fn remembered(known: Option<Written>, plan: &RowPlan) -> Option<Written> {
    let Some(new) = plan.promise.clone() else { return known };
    let Some(mut known) = known else { return Some(new) };
    for (track, cell) in new.before {
        known.before.entry(track).or_insert(cell);
    }
    known.promised.extend(new.promised);
    Some(known)
}

#[test]
fn an_account_is_written_once_and_then_in_step() {
    let plan = decide(&fresh(), None, Some(&wanted()), &forms());
    let known = remembered(None, &plan);
    assert_eq!(known.as_ref().unwrap().before.get(&Track::ExternalSubject), Some(&text("null")));
    let after = applied(fresh(), &plan);
    assert_eq!(after.cells.get(&Track::AuthMethod), Some(&text("dual")));
    assert_eq!(after.cells.get(&Track::SyncedAt), Some(&text("2027-01-15 08:00:00.123456")));
    assert_eq!(after.cells.get(&Track::CompletedAt), Some(&Cell::Null), "completed is the first sign-in by OAuth");
    assert!(decide(&after, known.as_ref(), Some(&wanted()), &forms()).is_in_step());
    assert!(decide(&after, None, Some(&wanted()), &forms()).is_in_step(), "even if the promise were lost");
}

#[test]
fn instants_are_compared_by_what_they_mean() {
    let mut said = applied(fresh(), &decide(&fresh(), None, Some(&wanted()), &forms()));
    said.cells.insert(Track::SyncedAt, text("2027-01-15 10:00:00.123456+02"));
    said.cells.insert(Track::ExternalSubject, text("6BA7B810-9DAD-11D1-80B4-00C04FD430C8"));
    assert!(decide(&said, None, Some(&wanted()), &forms()).is_in_step());
}

#[test]
fn whoever_dies_between_promise_and_write_is_completed() {
    let first = decide(&fresh(), None, Some(&wanted()), &forms());
    let known = remembered(None, &first);
    // Nothing was written; meanwhile the account has signed in by OAuth.
    let later = Wanted { auth_method: AuthMethod::Oauth, completed_at: Some(AT), ..wanted() };
    let second = decide(&fresh(), known.as_ref(), Some(&later), &forms());
    let known = remembered(known, &second);
    let done = applied(fresh(), &second);
    assert_eq!(done.cells.get(&Track::AuthMethod), Some(&text("self-auth")));
    // A promise that was written only after a newer one was made is still ours.
    let old = applied(fresh(), &first);
    let third = decide(&old, remembered(known.clone(), &second).as_ref(), Some(&later), &forms());
    assert_eq!(third.kept, [Track::AuthMethod], "what is neither before, there nor wanted is the application's");
    assert!(decide(&done, known.as_ref(), Some(&later), &forms()).is_in_step());
}

#[test]
fn taking_back_restores_exactly_what_was_there() {
    let plan = decide(&fresh(), None, Some(&wanted()), &forms());
    let known = remembered(None, &plan);
    let after = applied(fresh(), &plan);
    let back = decide(&after, known.as_ref(), None, &forms());
    assert!(back.forget);
    assert_eq!(back.restores, [Track::AuthMethod, Track::ExternalSubject, Track::SyncedAt]);
    assert_eq!(applied(after, &back), fresh());
    // Died after writing and before forgetting.
    let again = decide(&fresh(), known.as_ref(), None, &forms());
    assert_eq!((again.write, again.forget), (None, true));
}

#[test]
fn what_the_application_changed_itself_stays() {
    let plan = decide(&fresh(), None, Some(&wanted()), &forms());
    let known = remembered(None, &plan);
    let mut after = applied(fresh(), &plan);
    after.cells.insert(Track::AuthMethod, text("self-auth"));
    let forward = decide(&after, known.as_ref(), Some(&wanted()), &forms());
    assert_eq!((forward.kept, forward.write), (vec![Track::AuthMethod], None));
    let back = decide(&after, known.as_ref(), None, &forms());
    assert_eq!(back.kept, [Track::AuthMethod]);
    assert_eq!(applied(after, &back).cells.get(&Track::AuthMethod), Some(&text("self-auth")));
}

#[test]
fn an_account_that_says_nothing_never_erases_what_the_application_says() {
    let invited = row(&[(Track::InvitedAt, text("2025-01-10 00:00:00")), (Track::AuthMethod, text("dual"))]);
    assert!(decide(&invited, None, Some(&wanted()), &forms()).is_in_step());
    assert!(decide(&invited, None, None, &forms()).is_in_step());
}

#[test]
fn an_id_that_its_column_cannot_hold_is_told_and_not_written() {
    let forms = Forms { subject_is_uuid: true, ..forms() };
    let wanted = Wanted { external_subject: Some("ada@example.com".to_owned()), ..wanted() };
    let plan = decide(&fresh(), None, Some(&wanted), &forms);
    assert_eq!(plan.misfits, [Track::ExternalSubject]);
    assert!(!plan.write.unwrap().changes.contains_key(&Track::ExternalSubject));
}
