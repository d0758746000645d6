//! `authly-admin migrate profile|assess|verify-password|export` over sources that older programs left.

use std::fs;

use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::PgFixture;
use serde_json::{Value, json};

use crate::support::Place;

const SOURCE: [&str; 4] = ["--profile", "legacy-users", "--source", "sqlite:old.db"];

/// A place with a source beside the store; the passwords of the first ten people.
fn place(plan: Plan) -> (Place, Value) {
    let place = Place::new();
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let filled = runtime.block_on(fill(&address, &plan)).unwrap();
    (place, json!(filled.canaries))
}

fn dirty() -> (Place, Value) {
    place(Plan { users: 300, dirty: true, ..Plan::new(Legacy::LegacyUsers) })
}

fn command<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["migrate"], words, SOURCE.as_slice()].concat()
}

fn rows_of(report: &Value, class: &str) -> u64 {
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["class"] == class);
    finding.map_or(0, |finding| finding["rows"].as_u64().unwrap())
}

#[test]
fn a_dirty_source_is_told_in_numbers_and_by_exit_code() {
    let (place, _) = dirty();
    let before = fs::read(place.folder.path().join("old.db")).unwrap();
    let done = place.run(&[command(&["assess"]), vec!["--output", "json"]].concat());
    assert_eq!(done.code, 10, "{}", done.err);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["people"]["total"], 300);
    for class in [
        "email_taken",
        "email_missing",
        "email_invalid",
        "email_too_long",
        "username_is_email",
        "hash_hostile",
        "hash_missing",
        "hash_unsupported",
        "hash_weak",
        "time_odd",
    ] {
        assert!(rows_of(&report, class) > 0, "{class} is not found in {report:#}");
    }
    let states = report["people"].clone();
    let sum: u64 =
        ["active", "inactive", "pending", "deleted"].iter().map(|state| states[state].as_u64().unwrap()).sum();
    assert_eq!(sum, 300);
    assert_eq!(fs::read(place.folder.path().join("old.db")).unwrap(), before, "the source was written to");
    assert!(!place.folder.path().join("authly.db").exists(), "a store was made");
}

#[test]
fn the_rows_behind_a_number_are_as_many_as_it_says() {
    let (place, _) = dirty();
    for class in ["email_taken", "hash_hostile", "email_missing"] {
        let done = place.run(&[command(&["assess"]), vec!["--rows", class, "--output", "json"]].concat());
        let report: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(report["rows"].as_array().unwrap().len() as u64, rows_of(&report, class), "{class}");
    }
    let shown = place.run(&[command(&["assess"]), vec!["--rows", "email_taken"]].concat());
    assert!(shown.out.contains("with"), "{}", shown.out);
    let wrong = place.run(&[command(&["assess"]), vec!["--rows", "dragons"]].concat());
    assert_eq!(wrong.code, 64);
    assert!(wrong.err.contains("email_taken"), "{}", wrong.err);
}

#[test]
fn a_clean_source_has_no_errors_and_its_canaries_sing() {
    let (place, canaries) = place(Plan { users: 50, ..Plan::new(Legacy::LegacyUsers) });
    fs::write(place.folder.path().join("canaries.json"), canaries.to_string()).unwrap();
    let done = place.run(&[command(&["assess"]), vec!["--canary", "canaries.json", "--output", "json"]].concat());
    let report: Value = serde_json::from_str(&done.out).unwrap();
    let sung = report["canaries"].as_array().unwrap();
    assert_eq!(sung.len(), 10);
    assert!(sung.iter().all(|canary| canary["result"] == "verified"), "{sung:?}");
    assert!(report["advice"].as_str().unwrap().starts_with("manual"), "{report:#}");
    assert!([0, 11].contains(&done.code), "{report:#}");

    fs::write(place.folder.path().join("canaries.json"), r#"{"1": "another password", "99999": "x"}"#).unwrap();
    let done = place.run(&[command(&["assess"]), vec!["--canary", "canaries.json", "--output", "json"]].concat());
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, rows_of(&report, "canary_failed")), (10, 2), "{report:#}");
    assert!(!done.out.contains("another password") && !done.err.contains("another password"));
}

#[test]
fn only_who_tries_a_password_needs_the_peppers_of_a_profile() {
    let (place, canaries) = place(Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) });
    fs::write(place.folder.path().join("canaries.json"), canaries.to_string()).unwrap();
    let shown = place.run(&["migrate", "profile", "show", "legacy-users"]).out;
    let profile = format!("{shown}\n[passwords]\npeppers = [\"PEPPER_THAT_NOBODY_SET\"]\n");
    fs::write(place.folder.path().join("peppered.toml"), profile).unwrap();
    let assess = ["migrate", "assess", "--profile", "peppered.toml", "--source", "sqlite:old.db"];
    let done = place.run(&assess);
    assert!([0, 11].contains(&done.code), "{done:?}");
    let tried = place.run(&[&assess[..], &["--canary", "canaries.json"]].concat());
    assert!(tried.refused(1).contains("PEPPER_THAT_NOBODY_SET"), "{tried:?}");
}

#[test]
fn no_output_holds_a_hash_or_a_password() {
    let (place, canaries) = dirty();
    fs::write(place.folder.path().join("canaries.json"), canaries.to_string()).unwrap();
    for words in [vec!["assess", "--canary", "canaries.json"], vec!["assess", "--rows", "hash_hostile"], vec!["export"]]
    {
        for output in ["table", "json"] {
            let done = place.run(&[command(&words), vec!["--output", output]].concat());
            for secret in ["$2y$", "$2b$", "$argon2", "Legacy-pass", "{SSHA}"] {
                assert!(
                    !done.out.contains(secret) && !done.err.contains(secret),
                    "{words:?}: {}{}",
                    done.out,
                    done.err
                );
            }
        }
    }
}

#[test]
fn a_wrong_password_is_told_apart_from_a_hash_that_nobody_reads() {
    let (place, canaries) = dirty();
    let ask = |id: &str, password: &str| {
        let words = command(&["verify-password", "--password-stdin", "--source-id", id, "--output", "json"]);
        let done = place.run_with(&words, password);
        let result: Value = serde_json::from_str(&done.out).unwrap();
        (done.code, result["result"].as_str().unwrap().to_owned(), result["scheme"].clone())
    };
    assert_eq!(ask("1", canaries["1"].as_str().unwrap()), (0, "verified".to_owned(), json!("bcrypt")));
    assert_eq!(ask("1", "wrong"), (10, "wrong_password".to_owned(), json!("bcrypt")));
    // The rows of a stretch from the eleventh on hold one kind of dirt each: hostile ones and one without a password among them.
    assert_eq!(ask("28", "x").1, "unreadable_hash");
    assert_eq!(ask("27", "x").1, "no_hash");
    assert_eq!(ask("99999", "x").0, 1);
}

#[test]
fn an_export_is_a_line_for_each_account_and_none_for_none() {
    let (place, _) = place(Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) });
    let done = place.run(&command(&["export"]));
    assert_eq!(done.code, 0, "{}", done.err);
    let lines: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 20);
    assert!(lines.windows(2).all(|pair| pair[0]["email"].as_str() <= pair[1]["email"].as_str()));
    let nobody = place.run(&[command(&["export"]), vec!["--tenant", "nobody", "--output", "json"]].concat());
    assert!(nobody.refused(1).contains("no tenant \"nobody\" in the source: it has no tenants"), "{nobody:?}");
    let file = [command(&["export"]), vec!["--out", "users.ndjson"]].concat();
    assert_eq!(place.run(&file).code, 0);
    assert_eq!(fs::read_to_string(place.folder.path().join("users.ndjson")).unwrap(), done.out);
    place.run(&file).refused(1);
    let old = rusqlite::Connection::open(place.folder.path().join("old.db")).unwrap();
    old.execute("DELETE FROM legacy_users", []).unwrap();
    let none = place.run(&command(&["export"]));
    assert_eq!((none.code, none.out.as_str()), (0, ""));
}

#[test]
fn a_printed_profile_is_a_file_that_can_be_used() {
    let (place, _) = place(Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) });
    for name in ["authly", "tenants", "legacy-users"] {
        let shown = place.run(&["migrate", "profile", "show", name]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        fs::write(place.folder.path().join("own.toml"), &shown.out).unwrap();
        assert_eq!(place.json(&["migrate", "profile", "check", "own.toml"])["sound"], true);
    }
    let words = ["migrate", "profile", "check", "own.toml", "--source", "sqlite:old.db"];
    let checked = place.json(&words);
    assert!(checked["columns"].as_array().unwrap().contains(&json!("password_hash")), "{checked:#}");
}

#[test]
fn mistakes_in_a_profile_are_named_by_line_and_place() {
    let (place, _) = place(Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) });
    let file = place.folder.path().join("own.toml");
    let text = place.run(&["migrate", "profile", "show", "legacy-users"]).out;
    let said = |text: String, words: &[&str]| {
        fs::write(&file, text).unwrap();
        let done = place.run(&[words, &["--output", "json"]].concat());
        assert_eq!(done.code, 10, "{done:?}");
        serde_json::from_str::<Value>(&done.out).unwrap()["mistakes"].to_string()
    };
    let check = ["migrate", "profile", "check", "own.toml"];
    let typo = said(text.replace("email = \"email\"", "emial = \"email\""), &check);
    assert!(typo.contains("line ") && typo.contains("emial"), "{typo}");
    let source = [check.as_slice(), &["--source", "sqlite:old.db"]].concat();
    let missing = said(text.replace("\"username\"", "\"user name\""), &source);
    assert!(missing.contains("users.columns.username") && missing.contains("password_hash"), "{missing}");
    let other = place.run(&["migrate", "assess", "--profile", "own.toml", "--source", "sqlite:old.db"]);
    assert!(other.refused(1).contains("users.columns.username"));
}

#[test]
fn what_is_not_there_is_told_in_three_parts() {
    let elsewhere = Place::new().run(&["migrate", "assess", "--profile", "authly"]);
    assert!(elsewhere.refused(64).contains("adopts the configured database, and that is SQLite"), "{elsewhere:?}");
    let (place, _) = place(Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) });
    place.run(&["migrate", "assess", "--profile", "nobody.toml", "--source", "sqlite:old.db"]).refused(1);
    place.run(&["migrate", "assess", "--profile", "legacy-users", "--source", "sqlite:none.db"]).refused(1);
    place.run(&["migrate", "assess", "--profile", "legacy-users"]).refused(64);
    let secret = ["migrate", "assess", "--profile", "tenants", "--source", "postgresql://u:hunter2@127.0.0.1:1/a"];
    assert!(!place.run(&secret).refused(1).contains("hunter2"));
    let by_variable = Place { variables: vec![("AUTHLY_SOURCE", "sqlite:old.db".to_owned())], ..place };
    let done = by_variable.run(&["migrate", "assess", "--profile", "legacy-users", "--output", "json"]);
    assert!([0, 11].contains(&done.code), "{}", done.err);
}

#[test]
fn an_application_with_tenants_is_assessed_in_postgresql() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let database = runtime.block_on(PgFixture::empty());
    let plan = Plan { users: 300, dirty: true, ..Plan::new(Legacy::Tenants) };
    runtime.block_on(fill(database.url(), &plan)).unwrap();
    let place = Place::new().with("AUTHLY_SOURCE", database.url());
    let done = place.run(&["migrate", "assess", "--profile", "tenants", "--output", "json"]);
    assert_eq!(done.code, 10, "{}", done.err);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    for class in
        ["slug_taken", "tenant_unknown", "link_invalid", "group_orphan", "tenant_inactive", "time_invalid", "too_long"]
    {
        assert!(rows_of(&report, class) > 0, "{class} is not found in {report:#}");
    }
    assert_eq!(report["tables"][0], json!({ "table": "users", "rows": 300 }));
    let exported = place.run(&["migrate", "export", "--profile", "tenants"]);
    let lines: Vec<Value> = exported.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line["tenant_slug"].is_string() && line["has_self-auth"] == false)
    );
    let one = place.run(&["migrate", "export", "--profile", "tenants", "--tenant", "tenant-9"]);
    assert!(one.out.lines().count() < lines.len() && one.out.contains("tenant-9"), "{}", one.out);
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    for command in ["assess", "export", "plan", "import"] {
        let typo =
            place.run(&["migrate", command, "--profile", "tenants", "--tenant", "tenant-9x", "--output", "json"]);
        let told = typo.refused(1);
        assert!(told.contains("there is no tenant \"tenant-9x\" in the source: it has tenant-9,"), "{command}: {told}");
        assert!(told.contains("more") && told.contains("--tenant"), "{command}: {told}");
    }
}

/// Issue 2, 2: every secret also as `NAME_FILE`; the address of a source may hold a password.
#[test]
fn the_address_of_a_source_may_stand_in_a_file() {
    let (place, _) = dirty();
    let address = place.folder.path().join("address");
    fs::write(&address, "sqlite:old.db\n").unwrap();
    let place = place.with("AUTHLY_SOURCE_FILE", address.display().to_string());
    let assess = ["migrate", "assess", "--profile", "legacy-users", "--output", "json"];
    let done = place.run(&assess);
    assert_eq!(done.code, 10, "{}", done.err);
    assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap()["people"]["total"], 300);
    fs::write(&address, "\n").unwrap();
    assert!(place.run(&assess).refused(1).contains("AUTHLY_SOURCE_FILE"));
    fs::write(&address, "sqlite:old.db").unwrap();
    let place = place.with("AUTHLY_SOURCE", "sqlite:another.db");
    assert!(place.run(&assess).refused(1).contains("contradict"));
}
