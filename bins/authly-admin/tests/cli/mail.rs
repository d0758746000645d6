//! `authly-admin mail`, and the link of `user reset-link`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use crate::support::Place;

/// A mail server for one mail; what it was told comes back.
fn server(answer_to_recipient: &'static str) -> (u16, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut answers = stream.try_clone().unwrap();
        answers.write_all(b"220 ready\r\n").unwrap();
        let (mut lines, mut content) = (Vec::new(), false);
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let answer = match line.split(' ').next().unwrap() {
                "." => {
                    content = false;
                    "250 taken"
                }
                "DATA" if !content => {
                    content = true;
                    "354 go on"
                }
                "RCPT" => answer_to_recipient,
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            if !content || line == "DATA" {
                answers.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            }
            lines.push(line);
        }
        lines
    });
    (port, told)
}

fn with_server(port: u16) -> Place {
    Place::new()
        .with("SMTP_HOST", "localhost")
        .with("SMTP_PORT", port.to_string())
        .with("SMTP_FROM_EMAIL", "no-reply@example.com")
        .with("AUTHLY_SMTP_ENCRYPTION", "none")
}

#[test]
fn a_test_mail_goes_to_the_mail_server_of_the_settings() {
    let (port, told) = server("250 fine");
    let shown = with_server(port).json(&["mail", "test", "--to", "ada@example.org"]);
    let lines = told.join().unwrap();
    assert!(lines.contains(&"RCPT TO:<ada@example.org>".to_owned()), "{lines:?}");
    assert!(lines.contains(&format!("Message-ID: {}", shown["message_id"].as_str().unwrap())), "{lines:?}");
}

#[test]
fn a_refusal_of_the_mail_server_is_told() {
    let (port, _told) = server("550 no such user");
    let done = with_server(port).run(&["mail", "test", "--to", "ada@example.org"]);
    assert!(done.refused(1).contains("no such user"));
}

#[test]
fn without_a_mail_server_there_is_a_folder() {
    let place = Place::new();
    let done = place.run(&["mail", "test", "--to", "ada@example.org"]);
    assert!(done.refused(1).contains("--outbox"));
    let folder = place.folder.path().join("mails");
    let test = ["mail", "test", "--to", "ada@example.org", "--language", "de", "--outbox", folder.to_str().unwrap()];
    let shown = place.json(&test);
    let mail = std::fs::read_to_string(shown["file"].as_str().unwrap()).unwrap();
    assert!(mail.contains("To: ada@example.org\r\n") && mail.contains("Testmail"), "{mail}");
    assert!(!place.folder.path().join("authly.db").exists(), "a test needs no store");
    let bad = place.run(&["mail", "test", "--to", "ada@example.org\nBcc: x@y.z", "--outbox", folder.to_str().unwrap()]);
    bad.refused(64);
}

#[test]
fn the_outbox_is_looked_after() {
    let place = Place::new();
    place.json(&["user", "create", "--email", "ada@example.com", "--username", "ada"]);
    assert_eq!(place.json(&["mail", "outbox", "list"]), serde_json::json!([]));
    assert!(place.run(&["mail", "outbox", "list", "--state", "unknown"]).out.contains("No mails"));
    let nothing = "0193a1b2-0000-7000-8000-000000000000";
    for act in ["show", "retry", "drop"] {
        let done = place.run(&["mail", "outbox", act, nothing, "--yes"]);
        assert!(done.refused(1).contains("mail outbox list"), "{act}");
    }
    assert_eq!(place.json(&["mail", "outbox", "retry", "--state", "failed"]), serde_json::json!([]));
    assert_eq!(place.run(&["mail", "outbox", "retry"]).code, 64);
}

/// A place where letters to these people wait, and their ids.
fn waiting(names: &[&str]) -> (Place, Vec<String>) {
    let place = with_server(9);
    for name in names {
        place.json(&["user", "create", "--email", &format!("{name}@example.com"), "--username", name, "--verified"]);
    }
    assert_eq!(place.run(&["migrate", "invite", "--all", "--execute"]).code, 0);
    let ids = ids(&place, "queued");
    assert_eq!(ids.len(), names.len());
    (place, ids)
}

fn ids(place: &Place, state: &str) -> Vec<String> {
    let list = place.json(&["mail", "outbox", "list", "--state", state]);
    list.as_array().unwrap().iter().map(|mail| mail["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn several_mails_are_dropped_at_once_after_a_question() {
    let (place, mails) = waiting(&["ada", "bob", "eve", "dan", "fay"]);
    let unknown = place.run(&["mail", "outbox", "drop", &mails[0], "0193a1b2-0000-7000-8000-000000000000", "--yes"]);
    assert!(unknown.refused(1).contains("there is no mail"));
    assert_eq!(ids(&place, "queued").len(), 5, "nothing was dropped");
    // One is named twice.
    let dropped = place.json(&["mail", "outbox", "drop", &mails[0], &mails[1], &mails[0], "--yes"]);
    assert_eq!(dropped.as_array().unwrap().len(), 2);
    let all = ["mail", "outbox", "drop", "--state", "queued"];
    let cancelled = place.run_with(&all, "no\n");
    assert!(cancelled.code == 1 && cancelled.err.contains("did not drop 3 mails"), "{cancelled:?}");
    assert!(cancelled.err.contains("mail outbox list --state queued"), "{cancelled:?}");
    assert_eq!(ids(&place, "queued"), mails[2..]);
    assert_eq!(place.json_with(&all, "yes\n").as_array().unwrap().len(), 3);
    assert_eq!(place.json(&all), serde_json::json!([]), "nothing is left to ask about");
    for wrong in [&["drop"][..], &["drop", "--state", "sending"], &["drop", &mails[0], "--state", "queued"]] {
        assert_eq!(place.run(&[&["mail", "outbox"], wrong].concat()).code, 64, "{wrong:?}");
    }
}

#[test]
fn several_mails_are_queued_again_and_what_stays_is_named() {
    let (place, mails) = waiting(&["ada", "bob", "eve"]);
    let file = rusqlite::Connection::open(place.folder.path().join("authly.db")).unwrap();
    let becomes = |state: &str, id: &str| {
        let sql = "UPDATE mail_outbox SET state = ?1 WHERE lower(hex(id)) = replace(?2, '-', '')";
        assert_eq!(file.execute(sql, [state, id]).unwrap(), 1);
    };
    becomes("failed", &mails[0]);
    becomes("sending", &mails[1]);
    becomes("failed", &mails[2]);
    let some = place.run(&["mail", "outbox", "retry", &mails[0], &mails[1]]);
    assert!(some.code == 2 && some.err.contains(&format!("{}: the mail is sending", mails[1])), "{some:?}");
    let none = place.run(&["mail", "outbox", "retry", &mails[1]]);
    assert!(none.refused(1).contains("the mail is sending"));
    let failed = place.json(&["mail", "outbox", "retry", "--state", "failed"]);
    assert_eq!((failed.as_array().unwrap().len(), &failed[0]["state"]), (1, &"queued".into()));
    assert_eq!(ids(&place, "queued").len(), 2);
    assert_eq!(place.run(&["mail", "outbox", "retry", "--state", "sent"]).code, 64);
}

/// Of 100,000 letters a list shows a few: it says so, and how the others are.
#[test]
fn a_list_that_is_cut_off_says_how_many_there_are() {
    let place = Place::new();
    for name in ["ada", "bob", "eve"] {
        place.json(&["user", "create", "--email", &format!("{name}@example.com"), "--username", name, "--verified"]);
    }
    let letters = place.folder.path().join("letters");
    let invite = ["migrate", "invite", "--all", "--execute", "--limit", "2", "--outbox", letters.to_str().unwrap()];
    assert_eq!(place.run(&invite).code, 0);
    let cut = place.run(&["mail", "outbox", "list", "--limit", "1"]);
    assert!(cut.err.contains("the newest 1 of 2 mails (2 sent)"), "{cut:?}");
    assert!(!place.run(&["mail", "outbox", "list", "--limit", "3"]).err.contains("newest"));
}

#[test]
fn a_wave_that_nobody_is_in_says_what_to_do() {
    let place = Place::new();
    for name in ["ada", "bob", "eve"] {
        place.json(&["user", "create", "--email", &format!("{name}@example.com"), "--username", name, "--verified"]);
    }
    let invite = |more: &[&str]| place.run(&[&["migrate", "invite", "--all"], more].concat());
    let none = invite(&["--wave", "1"]);
    assert!(none.out.contains("3 other_wave = 3 accounts") && none.err.contains("Add --wave-size"), "{none:?}");
    assert!(!invite(&["--wave", "1", "--wave-size", "2"]).err.contains("Nobody is in wave"));
    let last = invite(&["--wave", "7", "--wave-size", "2"]);
    assert!(last.err.contains("Nobody is in wave 7: the last wave is 2."), "{last:?}");
    assert!(!invite(&[]).err.contains("Nobody is in wave"));
}

#[test]
fn a_link_is_shown_where_no_mail_can_be_sent() {
    let place = Place::new().with("AUTHLY_ISSUER", "http://localhost:8123");
    place.json(&["user", "create", "--email", "ada@example.com", "--username", "ada"]);
    let shown = place.json(&["user", "reset-link", "--user", "ADA@example.com"]);
    let link = shown["link"].as_str().unwrap();
    assert!(link.starts_with("http://localhost:8123/reset-password?token="), "{link}");
    assert_eq!(link.split_once('=').unwrap().1.len(), 43);
    assert_ne!(place.json(&["user", "reset-link", "--user", "ada"])["link"], link);
    place.run(&["user", "reset-link", "--user", "nobody"]).refused(1);
    place.json(&["user", "deactivate", "ada"]);
    place.run(&["user", "reset-link", "--user", "ada"]).refused(1);
}
