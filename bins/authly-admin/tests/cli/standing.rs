//! How far an installation and its migration are: the four phases (S000-90), hashes by scheme, and boxes that people confirm (S001-61).

use authly_legacy_source::{Legacy, Plan, fill};
use serde_json::Value;

use crate::support::Place;

fn phases(place: &Place) -> (u64, Vec<(String, Option<String>)>) {
    let done = place.run(&["migrate", "status", "--output", "json"]);
    let status: Value = serde_json::from_str(&done.out).unwrap();
    let installation = &status["installation"];
    let phase = |phase: &Value| {
        let next = phase["next"].as_str().map(str::to_owned);
        (phase["state"].as_str().unwrap().to_owned(), next)
    };
    let phases = installation["phases"].as_array().unwrap().iter().map(phase).collect();
    (installation["reached"].as_u64().unwrap(), phases)
}

fn next(place: &Place) -> (u64, String) {
    let (reached, phases) = phases(place);
    let open: Vec<_> = phases.into_iter().filter(|(state, _)| state == "open").collect();
    assert_eq!(open.len(), 1, "{open:?}");
    (reached, open.into_iter().next().unwrap().1.unwrap())
}

#[test]
fn the_phases_of_an_installation_follow_one_another() {
    let place = Place::new();
    let before = place.run(&["migrate", "status"]);
    assert_eq!(before.code, 1, "{before:?}");
    assert!(before.out.contains("Installation: phase 0 of 4.") && before.err.contains("no store yet"), "{before:?}");
    assert_eq!(next(&place), (0, "authly-admin migrate schema up".to_owned()));
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    assert_eq!(next(&place), (0, "authly-admin migrate schema verify".to_owned()));
    assert_eq!(place.run(&["migrate", "schema", "verify"]).code, 0);
    // The default scopes came with the tables; a server that runs makes keys.
    assert_eq!(next(&place), (2, "authly-server".to_owned()));
    place.json(&["keys", "rotate", "--alg", "ES256"]);
    assert_eq!(next(&place), (3, "authly-admin migrate validate".to_owned()));
    let told = place.run(&["migrate", "status"]);
    assert!(told.out.contains("Installation: phase 3 of 4."), "{told:?}");
    assert!(
        told.out.contains("  4 tests: open, `validate` never ran; next: authly-admin migrate validate"),
        "{told:?}"
    );
    // A schema that was changed by hand is not verified any more.
    let file = rusqlite::Connection::open(place.folder.path().join("authly.db")).unwrap();
    file.execute_batch("DROP INDEX users_completed").unwrap();
    drop(file);
    assert_eq!(place.run(&["migrate", "schema", "verify"]).code, 10);
    assert_eq!(next(&place), (0, "authly-admin migrate schema verify".to_owned()));
}

#[test]
fn hashes_that_are_left_are_told_by_scheme() {
    let place = Place::new();
    let plan = Plan { users: 60, dirty: true, ..Plan::new(Legacy::Tenants) };
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let empty = place.json(&["migrate", "status"]);
    assert_eq!(empty["overall"]["old_hashes"], serde_json::json!({}));
    let import = ["migrate", "import", "--profile", "tenants", "--source", "sqlite:old.db", "--execute"];
    place.run(&import);
    let status = place.json(&["migrate", "status"]);
    let sum = |standing: &Value| {
        let schemes = standing["old_hashes"].as_object().unwrap();
        schemes.values().map(|accounts| accounts.as_u64().unwrap()).sum::<u64>()
    };
    let left = |standing: &Value| standing["legacy_scheme"].as_u64().unwrap() + standing["wrapped"].as_u64().unwrap();
    let overall = &status["overall"];
    assert!(sum(overall) > 0 && sum(overall) == left(overall), "{overall}");
    let tenants = status["tenants"].as_array().unwrap();
    assert!(tenants.iter().all(|tenant| sum(tenant) == left(tenant)), "{status:#}");
    assert_eq!(tenants.iter().map(sum).sum::<u64>(), sum(overall));
    let (scheme, accounts) = overall["old_hashes"].as_object().unwrap().iter().next().unwrap();
    let table = place.run(&["migrate", "status"]).out;
    assert!(table.contains(&format!("{accounts} {scheme}")), "{table}");
    let few = place.run(&["migrate", "status", "--limit", "1"]);
    let shown = |place: usize| few.out.contains(&format!("│ {} ", tenants[place]["tenant"].as_str().unwrap()));
    assert!(shown(0) && !shown(1) && few.out.contains("│ all "), "{few:?}");
    assert!(few.err.contains(&format!("{} more tenants are at least as far", tenants.len() - 1)), "{few:?}");
    let one = tenants.iter().find(|tenant| sum(tenant) > 0).unwrap();
    let of_one = place.json(&["migrate", "status", "--tenant", one["tenant"].as_str().unwrap()]);
    assert_eq!(of_one["overall"]["old_hashes"], one["old_hashes"]);
    // A tenant without anybody is no installation without anybody.
    place.json(&["tenant", "create", "--slug", "nobody-yet"]);
    let of_none = place.json(&["migrate", "status", "--tenant", "nobody-yet"]);
    assert_eq!((&of_none["overall"]["total"], &of_none["installation"]), (&0.into(), &status["installation"]));
}

#[test]
fn a_box_that_only_people_can_know_is_confirmed_and_taken_back() {
    let place = Place::new();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let step = || {
        let list = place.run(&["migrate", "checklist", "--output", "json"]).out;
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list["steps"].as_array().unwrap().iter().filter(|step| step["box"].is_u64()).count(), 30);
        list["steps"].as_array().unwrap().iter().find(|step| step["name"] == "feedback").unwrap().clone()
    };
    assert_eq!(step()["state"], "open");
    assert!(step()["next"].as_str().unwrap().ends_with("checklist confirm feedback --by NAME"));
    place.json(&["migrate", "checklist", "confirm", "feedback", "--by", "Zoe Adams", "--note", "twelve answers"]);
    let confirmed = step();
    assert_eq!(confirmed["state"], "done");
    let found = confirmed["found"].as_str().unwrap();
    assert!(found.starts_with("confirmed by Zoe Adams ") && found.ends_with(": twelve answers"), "{found}");
    place.json(&["migrate", "checklist", "confirm", "feedback", "--withdraw"]);
    assert_eq!(step()["state"], "open");
    assert_eq!(place.run(&["migrate", "checklist", "confirm", "feedback", "--withdraw"]).code, 1, "it is gone");
    // What is measured takes nobody's word.
    assert_eq!(place.run(&["migrate", "checklist", "confirm", "close-doors", "--by", "Zoe"]).code, 64);
    assert_eq!(place.run(&["migrate", "checklist", "confirm", "feedback", "--by", "  "]).code, 1);
}
