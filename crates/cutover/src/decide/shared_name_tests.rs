//! Tests of one user name in several tenants.

use super::{
    testing::{Act, Report, World, person, with},
    *,
};
use crate::profile::{
    rules::{Collision, Unique},
    shared_name::SharedName,
};

fn world() -> World {
    let mut world = World::new();
    let tenants = [("a", 1, "acme", true), ("b", 2, "bolt", true), ("c", 3, "closed", false)];
    world.rules.tenants.extend(tenants.map(|(key, number, slug, active)| {
        let tenant = MappedTenant {
            id: oauth_core::ids::TenantId::from_uuid(uuid::Uuid::from_u128(number)),
            slug: slug.to_owned(),
            active,
            groups: std::collections::BTreeMap::new(),
            policy: None,
        };
        (key.to_owned(), tenant)
    }));
    world.rules.unique = Unique::Tenant;
    world.target.let_tenants_share_addresses();
    world
}

fn of(id: &str, email: &str, tenant: Option<&str>) -> Person {
    with(person(id, email), |person| person.tenant = tenant.map(str::to_owned))
}

fn named(id: &str, email: &str, username: &str, tenant: &str) -> Person {
    with(of(id, email, Some(tenant)), |person| person.username = Some(username.to_owned()))
}

/// The user names that there are, in order.
fn names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = world.target.accounts().into_iter().map(|account| account.username).collect();
    names.sort();
    names
}

/// A dry run and a run, which say the same (G4).
fn both(world: &mut World, rows: &[Person]) -> Report {
    let dry = world.pass(rows, Act::Dry);
    let report = world.import(rows);
    assert_eq!(dry, report);
    report
}

#[test]
fn one_address_in_two_tenants_becomes_two_accounts_with_user_names_of_their_own() {
    let mut world = world();
    let rows = [
        of("1", "ada@example.com", Some("a")),
        of("2", "Ada@example.com", Some("b")),
        of("3", "x@b.example", Some("b")),
    ];
    let report = both(&mut world, &rows);
    assert_eq!(report.counters.of(Outcome::Import), 3);
    assert_eq!(names(&world), ["Ada@example.com@bolt", "ada@example.com@acme", "x@b.example"]);
    assert_eq!(report.counters.names_given, 2);
    assert_eq!(report.row("1").username.as_deref(), Some("ada@example.com@acme"));
    assert_eq!(report.row("3").username, None);
}

/// MIGRATION G3.
#[test]
fn a_user_name_that_was_given_stays_whoever_joins_or_leaves() {
    let mut world = world();
    let mut rows = vec![of("1", "ada@example.com", Some("a"))];
    world.import(&rows);
    rows.push(of("2", "ada@example.com", Some("b")));
    let report = both(&mut world, &rows);
    assert_eq!((report.outcome("1"), report.outcome("2")), (Outcome::Unchanged, Outcome::Import));
    assert_eq!(names(&world), ["ada@example.com", "ada@example.com@bolt"]);
    let again = world.import(&rows);
    assert_eq!((again.counters.of(Outcome::Unchanged), again.counters.names_given), (2, 0));
    assert!(again.rows.iter().all(|row| row.username.is_none()));
    rows.remove(0);
    assert_eq!(both(&mut world, &rows).outcome("2"), Outcome::Unchanged);
    rows[0].email = Some("lovelace@example.com".to_owned());
    assert_eq!(both(&mut world, &rows).outcome("2"), Outcome::Updated);
    assert_eq!(names(&world), ["ada@example.com", "lovelace@example.com"]);
}

#[test]
fn an_account_that_was_here_before_keeps_its_name_and_the_row_of_another_tenant_gets_one() {
    let mut world = world();
    world.import(&[of("1", "ada@example.com", Some("a"))]);
    let second = [of("2", "ada@example.com", Some("b"))];
    assert_eq!(both(&mut world, &second).outcome("2"), Outcome::Import);
    assert_eq!(names(&world), ["ada@example.com", "ada@example.com@bolt"]);
    // In one tenant it is the same address twice, as ever.
    let third = [second[0].clone(), of("3", "ADA@example.com", Some("b"))];
    assert_eq!(world.import(&third).row("3").reason.clone().unwrap().code, ReasonCode::EmailTaken);
}

#[test]
fn user_names_of_the_source_that_two_tenants_have_are_told_apart_too() {
    let mut world = world();
    let rows = [
        named("1", "ada@a.example", "ada", "a"),
        named("2", "ada@b.example", "ada", "b"),
        named("3", "bob@b.example", "bob", "b"),
    ];
    both(&mut world, &rows);
    assert_eq!(names(&world), ["ada@acme", "ada@bolt", "bob"]);
}

#[test]
fn a_name_that_was_given_is_not_given_twice() {
    let mut world = world();
    let rows = [
        named("1", "ada@a.example", "ada", "a"),
        named("2", "ada@b.example", "ada", "b"),
        named("3", "eve@a.example", "ada@acme", "a"),
    ];
    let report = both(&mut world, &rows);
    for id in ["1", "3"] {
        assert_eq!(report.row(id).reason.clone().unwrap().code, ReasonCode::UsernameTaken, "{id}");
    }
    assert_eq!(report.outcome("2"), Outcome::Import);
    world.import(&[named("9", "eve@c.example", "bob@bolt", "a")]);
    let rows = [named("4", "bob@a.example", "bob", "a"), named("5", "bob@b.example", "bob", "b")];
    let report = both(&mut world, &rows);
    assert_eq!((report.outcome("4"), report.outcome("5")), (Outcome::Import, Outcome::Conflict));
}

#[test]
fn one_tenants_own_twins_wait_and_the_other_tenant_is_no_worse_for_it() {
    let mut world = world();
    let rows = [
        of("1", "ada@example.com", Some("a")),
        of("2", "ADA@example.com", Some("a")),
        of("3", "ada@example.com", Some("b")),
        of("4", "ada@example.com", Some("c")),
        of("5", "ada@example.com", None),
    ];
    let report = both(&mut world, &rows);
    for id in ["1", "2"] {
        assert_eq!(report.row(id).reason.clone().unwrap().code, ReasonCode::EmailTaken, "{id}");
    }
    assert_eq!((report.outcome("3"), report.outcome("5")), (Outcome::Import, Outcome::Import));
    assert_eq!(names(&world), ["ada@example.com", "ada@example.com@bolt"], "who is of no tenant keeps the name");
    world.rules.collision = Collision::Oldest;
    assert_eq!(both(&mut world, &rows).outcome("1"), Outcome::Import);
}

#[test]
fn a_user_name_that_an_operator_chose_is_taken_as_it_is() {
    let mut world = world();
    let rows = [of("1", "ada@example.com", Some("a")), of("2", "ada@example.com", Some("b"))];
    world.rules.shared_name = SharedName::Conflict;
    let report = both(&mut world, &rows);
    assert_eq!(report.row("1").reason.clone().unwrap().code, ReasonCode::UsernameTaken);
    assert_eq!(report.counters.of(Outcome::Conflict), 2);
    world.resolve("2", Resolution::Rename { email: None, username: Some("bolt-a".to_owned()) });
    world.rules.shared_name = SharedName::default();
    both(&mut world, &rows);
    assert_eq!(names(&world), ["ada@example.com", "bolt-a"]);
}

/// MIGRATION G5, G10.
#[test]
fn one_tenant_alone_gets_the_names_that_all_together_get() {
    let mut world = world();
    let rows = [of("1", "ada@example.com", Some("a")), of("2", "ada@example.com", Some("b"))];
    world.rules.only_tenant = Some("acme".to_owned());
    both(&mut world, &rows);
    assert_eq!(names(&world), ["ada@example.com@acme"]);
    world.rules.only_tenant = None;
    assert_eq!(both(&mut world, &rows).outcome("1"), Outcome::Unchanged);
    world.roll_back(crate::rollback::Later::Keep);
    assert_eq!(names(&world), [""; 0]);
    world.import(&rows);
    assert_eq!(names(&world), ["ada@example.com@acme", "ada@example.com@bolt"]);
}
