//! G6: a password of every format opens its account in every phase of a migration, and nothing else does, on both stores.

use std::collections::BTreeMap;

use authly_legacy_source::{Legacy, Plan};
use serde_json::{Value, json};

use crate::world::{Kind, World};

/// Somebody whose hash another program made.
struct Person {
    email: String,
    hash: String,
    password: String,
}

/// One person for each format, with a hash of the format's own program.
fn people(longest: usize) -> Vec<Person> {
    let vectors = include_str!("../../../../crates/passwords/tests/vectors.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    let mut formats: BTreeMap<String, Person> = BTreeMap::new();
    for vector in vectors {
        let text = |member: &str| vector[member].as_str().unwrap().to_owned();
        let (scheme, hash, password) = (text("scheme"), text("hash"), text("password"));
        if hash.len() <= longest {
            let email = format!("{scheme}@formats.example");
            formats.entry(scheme).or_insert(Person { email, hash, password });
        }
    }
    assert!(formats.len() > 40, "{}", formats.len());
    formats.into_values().collect()
}

/// The rows of a table in the place of those that are there; `id` makes a key of a place.
fn rows(table: &str, active: &str, people: &[Person], id: impl Fn(usize) -> String) -> String {
    let row = |(place, person): (usize, &Person)| {
        let (email, hash) = (&person.email, person.hash.replace('\'', "''"));
        format!("({}, '{email}', 'person-{place}', '{hash}', (1 = 1))", id(place))
    };
    let rows: Vec<String> = people.iter().enumerate().map(row).collect();
    let columns = format!("id, email, username, password_hash, {active}");
    format!("DELETE FROM {table}; INSERT INTO {table} ({columns}) VALUES {}", rows.join(", "))
}

/// Everybody is answered so with a password of that kind.
async fn answered(world: &World, people: &[Person], phase: &str, of: impl Fn(&Person) -> String, wanted: u16) {
    let grant = |one: &Person| json!({ "grant_type": "password", "username": one.email, "password": of(one) });
    let asked: Vec<Value> = people.iter().map(grant).collect();
    for (person, (status, answer)) in people.iter().zip(world.grants(&asked).await) {
        assert_eq!(status, wanted, "{:?}, {phase}: {}: {answer}", world.kind, person.email);
    }
}

/// Everybody gets in with the own password, and with nothing else.
async fn open(world: &World, people: &[Person], phase: &str) {
    answered(world, people, phase, |one| format!("not {}", one.password), 400).await;
    answered(world, people, phase, |one| one.hash.clone(), 400).await;
    answered(world, people, phase, |one| one.password.clone(), 200).await;
}

/// Nobody gets in.
async fn shut(world: &World, people: &[Person], phase: &str) {
    answered(world, people, phase, |one| one.password.clone(), 400).await;
}

/// How many live accounts have a hash that is not the policy's.
fn of_before(world: &World) -> u64 {
    world.json(&["migrate", "status"])["overall"]["legacy_scheme"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_opens_its_account_from_import_to_rollback() {
    for kind in Kind::BOTH {
        let people = people(4_096);
        let world = World::new(kind, Plan { users: 1, ..Plan::new(Legacy::LegacyUsers) }).await;
        world.change_source(&rows("legacy_users", "is_active", &people, |place| (place + 1).to_string())).await;
        let server = world.serve();
        shut(&world, &people, "before the import").await;
        let imported = world.import(&["--execute"]);
        assert_eq!(imported["outcomes"]["import"], people.len(), "{kind:?}: {imported}");
        assert!(of_before(&world) > 30, "{kind:?}");
        open(&world, &people, "imported").await;
        assert_eq!(of_before(&world), 0, "{kind:?}: each hash was made anew at the first sign-in");
        server.stop().unwrap();
        let server = world.serve();
        open(&world, &people, "made anew, after a restart").await;
        world.rollback(&["--all"]);
        shut(&world, &people, "taken back").await;
        let again = world.import(&["--execute"]);
        assert_eq!(again["outcomes"]["import"], people.len(), "{kind:?}: {again}");
        open(&world, &people, "imported once more").await;
        server.stop().unwrap();
    }
}

/// With weak digests wrapped, which is another thing to verify.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_opens_its_account_where_weak_digests_are_wrapped() {
    for kind in Kind::BOTH {
        let people = people(4_096);
        let world = World::new(kind, Plan { users: 1, ..Plan::new(Legacy::LegacyUsers) }).await;
        world.change_source(&rows("legacy_users", "is_active", &people, |place| (place + 1).to_string())).await;
        world.import(&["--execute", "--wrap-weak"]);
        let wrapped = world.number("SELECT count(*) FROM users WHERE password_hash LIKE 'wrapped:%'").await;
        assert!(wrapped >= 5, "{kind:?}: {wrapped} are wrapped");
        let server = world.serve();
        open(&world, &people, "wrapped").await;
        let left = world.number("SELECT count(*) FROM users WHERE password_hash LIKE 'wrapped:%'").await;
        assert_eq!(left, 0, "{kind:?}: each was made anew at the first sign-in");
        server.stop().unwrap();
    }
}

/// An adopted table, which only PostgreSQL has: the accounts are there before the import and after the rollback.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_opens_its_account_in_an_adopted_table_in_all_phases() {
    let people = people(255);
    let world = World::in_place(Plan { users: 1, ..Plan::new(Legacy::Authly) }).await;
    let id = |place: usize| format!("'00000000-0000-4000-8000-{:012}'", place + 1);
    world.change_source(&rows("users", "is_verified", &people, id)).await;
    world.ok(&["migrate", "schema", "up"]);
    let server = world.serve();
    open(&world, &people, "before the import").await;
    server.stop().unwrap();
    let server = world.serve();
    open(&world, &people, "made anew, after a restart").await;
    world.import(&["--execute"]);
    open(&world, &people, "imported").await;
    world.rollback(&["--all"]);
    open(&world, &people, "taken back").await;
    server.stop().unwrap();
    // What the older program verifies is what it wrote.
    for (place, person) in people.iter().enumerate() {
        let hash = person.hash.replace('\'', "''");
        let own = format!("SELECT count(*) FROM users WHERE id = {} AND password_hash = '{hash}'", id(place));
        assert_eq!(world.number(&own).await, 1, "{}", person.email);
    }
}
