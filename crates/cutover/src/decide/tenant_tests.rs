//! Tests of tenants: whose rows are looked at, and what is unique where.

use super::{
    testing::{World, person, with},
    *,
};
use crate::store::{CutoverStore as _, PenEntry};

/// Two tenants in operation and one that is closed.
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
    world
}

fn of(id: &str, email: &str, tenant: Option<&str>) -> Person {
    with(person(id, email), |person| person.tenant = tenant.map(str::to_owned))
}

fn waiting(world: &World) -> Vec<String> {
    let pen: Vec<PenEntry> = super::testing::ready(world.target.pen(None, false, None, u32::MAX)).unwrap();
    pen.into_iter().map(|entry| entry.source_id.to_string()).collect()
}

#[test]
fn tenants_that_are_not_wanted_or_not_in_operation_are_skipped() {
    let rows = [
        of("1", "u1@example.com", Some("a")),
        of("2", "u2@example.com", Some("b")),
        of("3", "u3@example.com", Some("c")),
        of("4", "u4@example.com", None),
        of("5", "u5@example.com", Some("?")),
    ];
    let report = world().import(&rows);
    assert_eq!(report.outcome("3"), Outcome::SkipTenant);
    assert_eq!(report.outcome("5"), Outcome::Quarantine);
    assert_eq!(report.counters.of(Outcome::Import), 3);
    let mut one = world();
    one.rules.only_tenant = Some("acme".to_owned());
    let report = one.import(&rows);
    assert_eq!((report.counters.of(Outcome::Import), report.counters.of(Outcome::SkipTenant)), (1, 3));
}

#[test]
fn a_row_that_waits_is_of_its_tenant() {
    let rows = [
        of("1", "broken", Some("a")),
        of("2", "too", None),
        of("3", "u3@example.com", Some("?")),
        of("4", "fine@example.com", Some("b")),
        of("5", "FINE@example.com", Some("b")),
    ];
    let mut world = world();
    world.import(&rows);
    let pen: Vec<PenEntry> = super::testing::ready(world.target.pen(None, false, None, u32::MAX)).unwrap();
    let tenants = pen.iter().map(|entry| (entry.source_id.as_str(), entry.tenant.map(|id| id.uuid().as_u128())));
    let expected = [("1", Some(1)), ("2", None), ("3", None), ("4", Some(2)), ("5", Some(2))];
    assert_eq!(tenants.collect::<Vec<_>>(), expected);
    let lines = world.target.lines();
    let noted = lines.iter().map(|line| (line.source_id.as_str(), line.tenant.map(|id| id.uuid().as_u128())));
    assert_eq!(noted.collect::<Vec<_>>(), expected, "and so is what the ledger notes of it");
    let before = lines.len();
    world.import(&rows);
    assert_eq!(world.target.lines().len(), before, "nothing is new");
}

/// MIGRATION G10.
#[test]
fn an_import_of_one_tenant_touches_nothing_of_another() {
    let mut world = world();
    let mut rows = [
        of("1", "a@example.com", Some("a")),
        of("2", "broken", Some("b")),
        of("3", "b@example.com", Some("b")),
        of("4", "broken too", Some("a")),
    ];
    world.import(&rows);
    assert_eq!(waiting(&world), ["2", "4"]);
    world.rules.only_tenant = Some("acme".to_owned());
    rows[2].activity = Activity::Deleted;
    rows[3].email = Some("mended@example.com".to_owned());
    let report = world.import(&rows);
    assert_eq!((report.outcome("2"), report.outcome("3")), (Outcome::SkipTenant, Outcome::SkipTenant));
    assert_eq!(waiting(&world), ["2"], "rows of other tenants wait on");
    assert_eq!(world.account("b@example.com").status, AccountStatus::Active);
}
