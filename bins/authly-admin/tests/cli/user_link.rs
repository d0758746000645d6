//! `authly-admin user link`: who is who at upstream providers.

use serde_json::{Value, json};

use crate::support::Place;

const ISSUER: &str = "https://idp.example";

fn place() -> Place {
    let place = Place::new()
        .with("AUTHLY_UPSTREAM_ISSUER", ISSUER)
        .with("AUTHLY_UPSTREAM_NAME", "corp")
        .with("AUTHLY_UPSTREAM_CLIENT_ID", "authly");
    for name in ["ada", "bob"] {
        let email = format!("{name}@example.com");
        place.json(&["user", "create", "--email", &email, "--username", name, "--verified"]);
    }
    place
}

fn add(place: &Place, user: &str, subject: &str) -> Value {
    place.json(&["user", "link", "add", user, "--provider", "corp", "--subject", subject])
}

fn list(place: &Place, more: &[&str]) -> Vec<Value> {
    let listed = place.json(&[&["user", "link", "list"], more].concat());
    listed.as_array().unwrap().clone()
}

#[test]
fn a_link_is_made_listed_and_removed() {
    let place = place();
    assert!(list(&place, &[]).is_empty());
    let made = add(&place, "ada", "there-1");
    let expected = json!({ "provider": "corp", "issuer": ISSUER, "subject": "there-1", "email": "ada@example.com" });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&made[member], value, "{member}");
    }
    assert_eq!(add(&place, "ada", "there-1"), made, "a second time changes nothing");
    add(&place, "bob", "there-2");
    assert_eq!(list(&place, &["--user", "ada@example.com"]), std::slice::from_ref(&made));
    assert_eq!(list(&place, &["--provider", "corp"]).len(), 2);
    assert_eq!(list(&place, &["--provider", ISSUER]).len(), 2);
    let first = list(&place, &["--limit", "1"]);
    let second = list(&place, &["--after", first[0]["user"].as_str().unwrap()]);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first[0]["user"], second[0]["user"]);
    let table = place.run(&["user", "link", "list", "--limit", "1"]);
    assert!(table.out.contains("there-") && table.out.contains("Last used"), "{}", table.out);
    assert!(table.err.contains("--after"), "{}", table.err);

    let remove = ["user", "link", "remove", "ada", "--provider", "corp"];
    assert!(place.run(&remove).refused(1).contains("--yes"));
    let gone = place.json(&[&remove[..], &["--yes"]].concat());
    assert_eq!((&gone["subject"], &gone["sessions_ended"]), (&"there-1".into(), &true.into()));
    assert!(list(&place, &["--user", "ada"]).is_empty());
    place.run(&[&remove[..], &["--yes"]].concat()).refused(1);
    let kept = place.json(&["user", "link", "remove", "bob", "--provider", ISSUER, "--keep-sessions", "--yes"]);
    assert_eq!(kept["sessions_ended"], false);
    let audit = place.folder.path().join("authly.db");
    let audit = std::fs::read(audit).unwrap();
    let log = std::fs::read(place.folder.path().join("authly.db-wal")).unwrap_or_default();
    let said = [audit, log].concat();
    assert!(said.windows(17).any(|part| part == b"upstream_unlinked"), "the audit log says so");
}

/// A person has one account, and an account one person at a provider.
#[test]
fn what_cannot_be_linked_is_refused() {
    let place = place();
    add(&place, "ada", "there-1");
    let link = |user: &str, provider: &str, subject: &str, code: i32| {
        let done = place.run(&["user", "link", "add", user, "--provider", provider, "--subject", subject]);
        done.refused(code).to_owned()
    };
    assert!(link("bob", "corp", "there-1", 1).contains("another account's"));
    assert!(link("ada", "corp", "there-2", 1).contains("remove that link first"));
    assert!(link("bob", "corp", "null", 1).contains("subject"), "S001-26");
    assert!(link("bob", "other", "there-2", 64).contains("corp"));
    link("nobody", "corp", "there-2", 1);
    place.run(&["user", "link", "list", "--provider", "other"]).refused(64);
    place.run(&["user", "link", "list", "--after", "x"]).refused(64);
}

/// A provider that the settings do not name any more leaves links behind, which can be removed by its issuer.
#[test]
fn a_link_outlives_the_settings_of_its_provider() {
    let mut place = place();
    add(&place, "ada", "there-1");
    place.variables.clear();
    let links = list(&place, &[]);
    assert_eq!((&links[0]["provider"], &links[0]["issuer"]), (&Value::Null, &ISSUER.into()));
    place.json(&["user", "link", "remove", "ada", "--provider", ISSUER, "--yes"]);
    assert!(list(&place, &[]).is_empty());
}
