//! What is logged, and how it changes on SIGHUP.

use crate::support::Place;

#[test]
fn production_logs_json_with_the_members_of_before() {
    let place = Place::production();
    assert_eq!(place.admin(&["migrate", "schema", "up"]).code, 0);
    let server = place.start();
    let line: serde_json::Value = serde_json::from_str(&server.log.wait_for("authly-server answers")).unwrap();
    assert_eq!((&line["levelname"], &line["message"]), (&"INFO".into(), &"authly-server answers".into()));
    let at = line["asctime"].as_str().unwrap();
    assert!(at.len() == 19 && at.get(10..11) == Some(" ") && at.starts_with("20"), "{at}");
    assert!(line["name"].as_str().unwrap().starts_with("authly"));
    assert_eq!(server.status("/health"), 200);
    let log = server.log.text();
    server.stop();
    assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    assert!(!log.contains("/health"), "requests that succeed are not logged in production: {log}");
    assert!(!log.contains("9f8b1c3d"), "secrets are not logged");
}

#[test]
fn a_hang_up_reads_the_settings_again() {
    let place = Place::new();
    let file = place.folder.path().join("authly.toml");
    std::fs::write(&file, "").unwrap();
    let place = place.with("AUTHLY_CONFIG", file.display().to_string());
    let server = place.start();
    assert_eq!(server.status("/.well-known/openid-configuration"), 200);
    std::fs::write(&file, "[oauth]\nenabled = false\n[limits]\nper_minute = 7\n").unwrap();
    server.signal("HUP");
    server.log.wait_for("the settings have been read again");
    assert_eq!(server.status("/.well-known/openid-configuration"), 404);
    assert!(server.log.wait_for("only a restart can follow").contains("limits.per_minute"));
    // What cannot be used changes nothing.
    std::fs::write(&file, "[oauth]\nenabled = \"perhaps\"\n").unwrap();
    server.signal("HUP");
    server.log.wait_for("those before stay in force");
    assert_eq!(server.status("/.well-known/openid-configuration"), 404);
    server.stop();
}
