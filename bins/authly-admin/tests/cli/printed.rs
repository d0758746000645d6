//! What is printed of names that came from elsewhere, which may hold anything.

use std::fs;

use serde_json::Value;

use crate::support::Place;

/// DEL, C1, marks of direction and ends of lines: JSON leaves them as they are.
const ODD: &str = "ada\u{9b}31m\u{7f}\u{202e}\u{2028}\u{feff}@example.com";

#[test]
fn nothing_that_a_source_holds_steers_the_terminal_and_json_means_the_same() {
    let place = Place::new();
    let row = serde_json::json!({
        "id": "1", "email": ODD, "username": "ada", "password_hash": "$2b$12$abc", "is_active": true,
        "created_at": "2020-01-01T00:00:00Z",
    });
    fs::write(place.folder.path().join("users.ndjson"), format!("{row}\n")).unwrap();
    let source = ["--profile", "legacy-users", "--source", "users.ndjson"];
    let exported = place.run(&[["migrate", "export"].as_slice(), &source].concat());
    assert_eq!(exported.code, 0, "{}", exported.err);
    let line: Value = serde_json::from_str(&exported.out).unwrap();
    assert_eq!(line["email"], ODD);
    let file = place.run(&[["migrate", "export", "--out", "out.ndjson"].as_slice(), &source].concat());
    assert_eq!(file.code, 0, "{}", file.err);
    let kept = fs::read_to_string(place.folder.path().join("out.ndjson")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap()["email"], ODD);
    let mut printed = vec![exported.out, kept];
    for output in ["table", "json"] {
        for command in [["migrate", "plan"].as_slice(), &["migrate", "assess", "--rows", "email_invalid"]] {
            let done = place.run(&[command, &source, &["--output", output]].concat());
            printed.extend([done.out, done.err]);
        }
    }
    for text in printed {
        let steers = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || ODD.contains(c) && !c.is_ascii();
        assert!(!text.contains(steers), "{text:?}");
    }
}
