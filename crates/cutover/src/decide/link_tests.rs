//! Tests of links: what a source says of accounts at the provider.

use super::{
    testing::{Act, World, person, with},
    *,
};
use crate::profile::rules::Collision;

#[test]
fn links_of_the_source_are_noted_and_broken_ones_are_none() {
    let mut world = World::new();
    let subject = "7ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let linked =
        |id: &str, email: &str| with(person(id, email), |person| person.external_subject = Some(subject.to_owned()));
    let report = world.import(&[
        linked("1", "a@example.com"),
        with(person("2", "b@example.com"), |person| {
            person.external_subject = Some("null".to_owned());
            person.flaws = vec![Flaw { kind: FlawKind::ExternalSubjectInvalid, column: "link".to_owned() }];
        }),
        with(person("3", "c@example.com"), |person| {
            person.external_subject = Some("8ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned());
            person.hash = None;
        }),
    ]);
    assert_eq!(report.outcome("1"), Outcome::AlreadyLinked);
    assert_eq!(report.outcome("2"), Outcome::Import);
    assert_eq!(report.outcome("3"), Outcome::AlreadyMigrated);
    assert_eq!(world.account("b@example.com").external_subject, None);
    let oauth = world.account("c@example.com");
    assert_eq!((oauth.auth_method, oauth.reset_required), (AuthMethod::Oauth, false));
    let two = World::new().import(&[linked("1", "a@example.com"), linked("2", "b@example.com")]);
    assert_eq!(two.row("1").reason.clone().unwrap().code, ReasonCode::ExternalSubjectTaken);
    assert_eq!(two.counters.of(Outcome::Conflict), 2);
}

/// A dry run, which never sees the account of the other row, says the same as the run.
#[test]
fn a_link_to_the_account_of_another_row_waits_wherever_that_row_stands() {
    let id = "5ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let wrong = |row: &str| {
        with(person(row, "a@example.com"), |person| person.external_subject = Some(id.to_ascii_uppercase()))
    };
    for row in ["1", "9ba7b810-9dad-11d1-80b4-00c04fd430c8"] {
        for rule in [Collision::Conflict, Collision::Oldest] {
            let mut world = World::new();
            world.rules.collision = rule;
            let rows = [wrong(row), person(id, "b@example.com")];
            let dry = world.pass(&rows, Act::Dry);
            let report = world.import(&rows);
            assert_eq!(report.row(row).reason.clone().unwrap().code, ReasonCode::ExternalSubjectTaken, "{row}");
            assert_eq!(report.outcome(id), Outcome::Import);
            assert_eq!(dry.counters, report.counters);
            let again = world.import(&rows);
            assert_eq!((again.outcome(row), again.outcome(id)), (Outcome::Conflict, Outcome::Unchanged));
        }
    }
    // A link to the row's own account is no mistake.
    let own = with(person(id, "b@example.com"), |person| person.external_subject = Some(id.to_owned()));
    assert_eq!(World::new().import(&[own]).counters.of(Outcome::Conflict), 0);
}
