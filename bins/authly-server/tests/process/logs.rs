//! What is logged, and how it changes on SIGHUP.

use std::io::{Read as _, Write as _};

use serde_json::json;

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

#[test]
fn a_hang_up_shows_new_logos() {
    let place = Place::new();
    let folder = place.folder.path().join("logos");
    std::fs::create_dir(&folder).unwrap();
    let place = place.with("AUTHLY_LOGO_DIR", folder.display().to_string());
    let server = place.start();
    server.log.wait_for("the logos have been read");
    std::fs::write(folder.join("demo.png"), b"\x89PNG\r\n\x1a\n a picture").unwrap();
    server.signal("HUP");
    server.log.wait_for("count=1");
    std::fs::write(folder.join("demo.png"), "<svg onload=alert(1)>").unwrap();
    server.signal("HUP");
    server.log.wait_for("the new logos cannot be used");
    server.stop();
}

/// What callers choose may hold the sequences that steer a terminal, and line ends that begin a forged line.
#[test]
fn nothing_from_outside_steers_a_terminal_or_forges_a_line_of_the_log() {
    for place in [Place::new(), Place::production().with("LOG_LEVEL", "DEBUG")] {
        assert_eq!(place.admin(&["migrate", "schema", "up"]).code, 0);
        let server = place.start();
        let forged = "ada\u{1b}[2J\u{9b}31m\r\n2026-01-01 INFO forged: line\u{2028}\u{202e}";
        for path in ["/auth/token", "/api/auth/login", "/auth/register"] {
            let body = json!({
                "grant_type": "password", "username": forged, "email": forged, "password": "wrong password", "client_id": forged
            });
            let (status, _) = server.post(path, &body);
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        server.get("/no%1b%5B2Jpath%0D%0A2026-01-01%20INFO%20forged?a=%1b%5B2J");
        let mut stream = server.connect();
        let head =
            "GET /no-such-page HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\u{1b}[2J\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let _whatever_it_answers = stream.read_to_end(&mut Vec::new());
        let log = server.log.text();
        server.stop();
        let control = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{202e}');
        // The colours of our own lines are not asked for where the log is no terminal.
        assert!(!log.contains(control), "{log:?}");
        assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    }
}
