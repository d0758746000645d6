//! `authly-admin support-bundle`, and the log of a migration that goes into it.

use crate::support::Place;

const SECRET: &str = "a-secret-that-nobody-may-read-0123456789";

/// A place with accounts whose import was logged.
fn logged() -> Place {
    let place = Place::new().with("JWT_SECRET_KEY", SECRET).with("MIGRATION_LOG", "migration.log");
    let rows = "id,email,username,password_hash,created_at,is_active\n1,ada@example.org,ada,,2024-01-01,true\n2,,nobody,,,true\n";
    std::fs::write(place.folder.path().join("users.csv"), rows).unwrap();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let import = ["migrate", "import", "--profile", "legacy-users", "--source", "users.csv", "--execute"];
    assert_eq!(place.run(&import).code, 2);
    place
}

#[test]
fn a_bundle_says_what_a_helper_has_to_know_and_holds_no_secret() {
    let place = logged();
    place.json(&["support-bundle", "--out", "bundle.json"]);
    let path = place.folder.path().join("bundle.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bundle["program"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(bundle["schema"]["pending"], serde_json::json!([]));
    assert_eq!(bundle["migration"]["overall"]["waiting"], 1);
    assert_eq!(bundle["migration"]["runs"][0]["kind"], "import");
    assert!(bundle["migration"]["steps"]["steps"].as_array().unwrap().len() > 10, "{text}");
    assert!(bundle["migration"]["conditions"].as_array().unwrap().len() > 5, "{text}");
    assert!(!bundle["findings"].as_array().unwrap().is_empty() && bundle["engine"].is_string(), "{text}");
    assert!(bundle["logs"][0]["lines"].as_array().unwrap().len() >= 4, "{text}");
    for hidden in [SECRET, "ada@example.org"] {
        assert!(!text.contains(hidden), "{hidden} is in the bundle");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(
        place.run(&["support-bundle", "--out", "bundle.json"]).refused(1).contains("--out"),
        "never over another file"
    );
}

#[test]
fn a_bundle_is_made_where_there_is_no_store_yet() {
    let place = Place::new();
    place.json(&["support-bundle", "--out", "bundle.json", "--log", "nowhere.log"]);
    let text = std::fs::read_to_string(place.folder.path().join("bundle.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(bundle["migration"]["error"].is_string() && bundle["logs"][0]["error"].is_string(), "{text}");
    assert!(!place.folder.path().join("authly.db").exists(), "nothing was made");
}

#[test]
fn the_log_of_a_migration_has_time_name_level_and_message() {
    let place = logged();
    assert_eq!(place.run(&["--output", "json", "migrate", "status", "--tenant", "nosuch"]).code, 1);
    let log = std::fs::read_to_string(place.folder.path().join("migration.log")).unwrap();
    let message = |line: &str| {
        let parts: Vec<&str> = line.splitn(4, " - ").collect();
        assert_eq!((parts[0].len(), parts[1]), ("2026-11-21 17:41:30".len(), "authly-admin"), "{line}");
        format!("{} {}", parts[2], parts[3])
    };
    let lines: Vec<String> = log.lines().map(message).collect();
    let has = |text: &str| assert!(lines.iter().any(|line| line.contains(text)), "{text} is not in\n{log}");
    has("INFO migrate schema up: begins");
    has("INFO migrate schema up: done");
    has("INFO migrate import: begins");
    has("INFO 1 import_reset_required + 1 quarantine = 2 of 2 rows of the source");
    has("WARNING migrate import: ends with exit code 2");
    has("ERROR migrate status: ends with exit code 1: cannot");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = place.folder.path().join("migration.log").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
