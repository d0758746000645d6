//! What the commands of a migration say beside what was asked: warnings, reasons and the next step.

use authly_legacy_source::{Legacy, Plan, fill};

use crate::support::{Done, Place};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A place with an up-to-date store and a source beside it.
fn prepared(place: Place, legacy: Legacy, users: u32) -> Place {
    let plan = Plan { users, dirty: legacy == Legacy::Tenants, ..Plan::new(legacy) };
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    place
}

fn import(place: &Place, profile: &str, more: &[&str]) -> Done {
    place.run(&[&["migrate", "import", "--profile", profile, "--source", "sqlite:old.db"], more].concat())
}

#[test]
fn an_import_says_which_key_a_rollback_needs_where_nobody_named_one() {
    let place = prepared(Place::new(), Legacy::LegacyUsers, 3);
    let done = import(&place, "legacy-users", &["--execute"]);
    let file = place.folder.path().join("data").join("secret-encryption.key");
    assert!(done.err.contains("warning: SECRET_ENCRYPTION_KEY is not set"), "{}", done.err);
    assert!(done.err.contains(&file.display().to_string()) && file.is_file(), "{}", done.err);
    let named = prepared(Place::new().with("SECRET_ENCRYPTION_KEY", KEY), Legacy::LegacyUsers, 3);
    assert!(!import(&named, "legacy-users", &["--execute"]).err.contains("warning: "));
}

#[test]
fn people_of_a_tenant_whose_short_name_is_taken_are_told_so() {
    let place = prepared(Place::new(), Legacy::Tenants, 300);
    import(&place, "tenants", &["--execute"]);
    let rows = place.json(&["migrate", "quarantine", "list", "--limit", "500"]);
    let text = rows.to_string();
    assert!(text.contains("tenant_slug_taken") && text.contains("tenant_unknown"), "{text}");
    let taken = rows.as_array().unwrap().iter().find(|row| row.to_string().contains("tenant_slug_taken")).unwrap();
    assert!(taken.to_string().contains("acme-corp"), "{taken}");
}

#[test]
fn the_status_says_that_oauth_is_off_and_how_to_switch_it_on() {
    let place = prepared(Place::new().with("OAUTH_ENABLED", "true"), Legacy::LegacyUsers, 3);
    import(&place, "legacy-users", &["--execute"]);
    let on = place.run(&["migrate", "status"]);
    assert!(on.out.contains("people sign in both ways") && !on.err.contains("switched off"), "{on:?}");
    let place = place.with("OAUTH_ENABLED", "false");
    let off = place.run(&["migrate", "status"]);
    assert!(off.out.contains("OAuth is switched off") && !off.out.contains("both ways"), "{off:?}");
    assert!(off.err.contains("OAUTH_ENABLED"), "{off:?}");
}

#[test]
fn a_rollback_that_is_cancelled_says_what_it_did_not_do() {
    let place = prepared(Place::new(), Legacy::LegacyUsers, 3);
    import(&place, "legacy-users", &["--execute"]);
    let done = place.run_with(&["migrate", "rollback", "--all", "--execute"], "no\n");
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert!(done.err.lines().any(|line| line.ends_with("error: did not take back every account")), "{}", done.err);
    assert!(done.err.contains("What their owners changed since stays."), "{}", done.err);
}

#[test]
fn a_dry_rollback_tells_what_becomes_of_the_applications_table() {
    let place = prepared(Place::new(), Legacy::Tenants, 20);
    import(&place, "tenants", &["--write-back", "--execute"]);
    let back = ["migrate", "rollback", "--all", "--write-back", "--profile", "tenants", "--source", "sqlite:old.db"];
    let dry = place.run(&back);
    assert!(
        dry.err.contains("the application's own table follows") && !dry.err.contains("write-back --execute`"),
        "{dry:?}"
    );
}

#[test]
fn who_has_no_tenants_yet_is_told_where_they_come_from() {
    let place = Place::new();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let done = place.run(&["migrate", "tenants", "sync"]);
    assert!(done.out.contains("migrate import") || done.err.contains("migrate import"), "{done:?}");
}

#[test]
fn letters_in_files_count_in_the_checklist_and_name_the_link() {
    let place = prepared(Place::new(), Legacy::Tenants, 20);
    import(&place, "tenants", &["--execute"]);
    let none = place.run(&["migrate", "invite", "--all", "--outbox", "letters"]);
    assert!(none.err.contains("--include-unverified"), "{none:?}");
    let told = |place: &Place| {
        let list = place.run(&["migrate", "checklist", "--output", "json"]).out;
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let steps = list["steps"].as_array().unwrap().clone();
        steps.into_iter().find(|step| step["step"] == "tell people").unwrap()
    };
    assert_eq!(told(&place)["state"], "not_applicable", "no mail can be sent");
    let sent = place.run(&["migrate", "invite", "--all", "--outbox", "letters", "--include-unverified", "--execute"]);
    assert!(sent.code == 0 && !sent.err.contains("--include-unverified"), "{sent:?}");
    assert_eq!(told(&place)["state"], "done");
    let letter = std::fs::read_dir(place.folder.path().join("letters")).unwrap().next().unwrap().unwrap();
    let letter = std::fs::read_to_string(letter.path()).unwrap();
    let text = letter.split("text/html").next().unwrap();
    assert!(text.contains("1. Open the link below.") && !text.contains("button"), "{text}");
}
