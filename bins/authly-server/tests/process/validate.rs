//! `authly-admin migrate validate` against a running server, and backups beside one.

use serde_json::Value;

use crate::support::{Done, Place, Server};

fn validate(place: &Place, server: &Server) -> (Done, Value) {
    let url = format!("http://127.0.0.1:{}", server.port);
    let done = place.admin(&["migrate", "validate", "--url", &url, "--output", "json"]);
    let report = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    (done, report)
}

fn failed(report: &Value) -> Vec<String> {
    let checks = report["parts"].as_array().unwrap().iter().flat_map(|part| part["checks"].as_array().unwrap());
    let failed = checks.filter(|check| check["outcome"] == "failed");
    failed.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_sound_server_passes_every_part_and_nobody_stays() {
    let place = Place::new();
    assert_eq!(place.admin(&["migrate", "seed"]).code, 0);
    let server = place.start();
    let (done, report) = validate(&place, &server);
    assert_eq!((done.code, failed(&report)), (0, Vec::new()), "{report:#}");
    let order: Vec<&str> =
        report["parts"].as_array().unwrap().iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(order, ["compatibility", "OAuth", "command line", "performance", "security"]);
    for kind in ["password_grant", "discovery"] {
        let spread = &report["figures"][kind];
        assert_eq!(spread["count"], 100, "{report:#}");
        assert!(spread["median_ms"].as_f64().unwrap() <= spread["p95_ms"].as_f64().unwrap(), "{report:#}");
    }
    let users = place.admin(&["user", "list", "--output", "json"]).out;
    assert!(!users.contains("authly-validate"), "{users}");
    // S000-90: with it all four phases of the installation are reached.
    assert_eq!(place.admin(&["migrate", "schema", "verify"]).code, 0);
    let status: Value = serde_json::from_str(&place.admin(&["migrate", "status", "--output", "json"]).out).unwrap();
    assert_eq!(status["installation"]["reached"], 4, "{status:#}");
    // A check is nobody who still comes by an old door: it is counted apart, and the quiet days go on.
    server.stop();
    let ways: Value = serde_json::from_str(&place.admin(&["migrate", "usage", "--output", "json"]).out).unwrap();
    let ways: Vec<_> = ways.as_array().unwrap().iter().map(|row| row["way"].as_str().unwrap().to_owned()).collect();
    assert!(ways.contains(&"check".to_owned()) && !ways.contains(&"password_grant".to_owned()), "{ways:?}");
    assert!(!ways.contains(&"legacy_refresh".to_owned()), "{ways:?}");
    let gate = place.admin(&["migrate", "finalize", "check", "--output", "json"]).out;
    assert!(gate.contains("no use, counted only since"), "{gate}");
}

#[test]
fn what_is_switched_off_fails_its_part_alone() {
    let place = Place::new().with("RATE_LIMIT_ENABLED", "false");
    assert_eq!(place.admin(&["migrate", "seed"]).code, 0);
    assert_eq!(place.admin(&["migrate", "oauth", "disable"]).code, 0);
    let server = place.start();
    let (done, report) = validate(&place, &server);
    assert_eq!(done.code, 10, "{report:#}");
    let list: Value = serde_json::from_str(&place.admin(&["migrate", "checklist", "--output", "json"]).out).unwrap();
    let is_done = |name: &str| {
        let step = list["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap();
        step["state"] == "done"
    };
    assert!(is_done("application-trial") && is_done("performance-test"), "{list:#}");
    assert!(!is_done("integration-test") && !is_done("security-test") && !is_done("scenario-test"), "{list:#}");
    assert_eq!(report["failed"], serde_json::json!(["OAuth", "security"]), "{report:#}");
    assert_eq!(failed(&report), ["OAuth is on", "sign-ins are limited"]);
}

/// S001-50..53: who may use an old door is another question than whether it works.
#[test]
fn a_policy_keeps_no_trial_out() {
    let place = Place::new();
    assert_eq!(place.admin(&["migrate", "seed"]).code, 0);
    let server = place.start();
    assert_eq!(place.admin(&["migrate", "policy", "set", "--all", "--mode", "oauth-only"]).code, 0);
    let (done, report) = validate(&place, &server);
    assert_eq!((done.code, failed(&report)), (0, Vec::new()), "{report:#}");
    assert!(report.to_string().contains("the access token tells who signed in"), "{report:#}");
}

/// C-06: what is closed for good is no failure, and is looked at.
#[test]
fn after_the_end_of_the_migration_the_old_doors_must_be_closed() {
    let place = Place::new();
    assert_eq!(place.admin(&["migrate", "seed"]).code, 0);
    let file = rusqlite::Connection::open(place.folder.path().join("authly.db")).unwrap();
    file.execute("INSERT INTO settings (name, value) VALUES ('finalization', '{}')", []).unwrap();
    drop(file);
    let server = place.start();
    let (done, report) = validate(&place, &server);
    assert_eq!((done.code, failed(&report)), (0, Vec::new()), "{report:#}");
    let text = report.to_string();
    assert!(text.contains("/auth/register answers 410") && text.contains("unsupported_grant_type"), "{text}");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let place = Place::new();
    assert_eq!(place.admin(&["migrate", "seed"]).code, 0);
    let done = place.admin(&["migrate", "validate", "--url", "http://127.0.0.1:9"]);
    assert!(done.code == 1 && done.err.contains("cannot try http://127.0.0.1:9"), "{done:?}");
    assert!(!place.admin(&["user", "list", "--output", "json"]).out.contains("authly-validate"));
}

#[test]
fn a_backup_is_made_beside_a_server_and_put_back_without_it() {
    let place = Place::new();
    let server = place.start();
    let made = place.admin(&["backup", "create", "--dir", "backups", "--output", "json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let made: Value = serde_json::from_str(&made.out).unwrap();
    let file = made["file"].as_str().unwrap();
    let refused = place.admin(&["backup", "restore", file, "--yes"]);
    assert!(refused.code == 1 && refused.err.contains("another program has it open"), "{refused:?}");
    drop(server);
    assert_eq!(place.admin(&["backup", "restore", file, "--yes"]).code, 0);
}
