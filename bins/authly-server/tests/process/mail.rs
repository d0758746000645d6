//! Mails of a running server: queued in the store, written into a folder, and their links opened.

use std::{path::Path, time::Duration};

use serde_json::json;

use crate::support::{PATIENCE, Place};

/// The texts of the mails in a folder, oldest first.
fn mails(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default();
    files.retain(|path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    // Quoted-printable: long lines are broken, and "=" is written as "=3D".
    let read = |path| std::fs::read_to_string(path).unwrap().replace("=\r\n", "").replace("=3D", "=");
    files.into_iter().map(read).collect()
}

fn token(mail: &str) -> String {
    mail.split("?token=").nth(1).unwrap().chars().take_while(|c| !c.is_whitespace()).collect()
}

#[test]
fn registration_and_reset_go_by_mail() {
    let place = Place::new();
    let folder = place.folder.path().join("mails");
    let place = place.with("AUTHLY_MAIL_OUTBOX", folder.display().to_string());
    let server = place.start();
    let account = json!({ "email": "ada@example.org", "username": "ada", "password": "correct horse" });
    assert_eq!(server.post("/auth/register", &account).0, 201);
    server.within(PATIENCE, |_| mails(&folder).len() == 1);
    let verification = mails(&folder).remove(0);
    assert!(verification.contains("To: ada@example.org\r\n"), "{verification}");
    let opened = format!("/verify-email?token={}", token(&verification));
    assert_eq!(server.status(&opened), 200);
    // The link alone shows who reads the mails, and not who chose the password.
    assert_eq!(server.post("/api/auth/verify-email", &json!({ "token": token(&verification) })).0, 422);
    let proven = json!({ "token": token(&verification), "password": "correct horse" });
    assert_eq!(server.post("/api/auth/verify-email", &proven).0, 200);
    assert_eq!(server.status(&opened), 410);

    let asked = json!({ "email": "ada@example.org" });
    assert_eq!(server.post("/api/v1/auth/reset-password", &asked).0, 200);
    server.within(PATIENCE, |_| mails(&folder).len() == 2);
    let reset = mails(&folder).remove(1);
    assert!(reset.contains(&format!("http://localhost:{}/reset-password?token=", server.port)), "{reset}");
    let set = json!({ "token": token(&reset), "password": "a brand new one" });
    assert_eq!(server.post("/api/v1/auth/reset-password", &set).0, 200);
    let enter = |password| json!({ "grant_type": "password", "username": "ada", "password": password });
    assert_eq!(server.post("/auth/token", &enter("a brand new one")).0, 200);
    assert_eq!(server.post("/auth/token", &enter("correct horse")).0, 400);
    // The owner is told of it.
    server.within(PATIENCE, |_| mails(&folder).len() == 3);
    let list = place.admin(&["mail", "outbox", "list", "--state", "sent", "--output", "json"]);
    let sent: serde_json::Value = serde_json::from_str(&list.out).unwrap();
    assert_eq!(sent.as_array().map(Vec::len), Some(3), "{list:?}");
    server.stop();
}

#[test]
fn mails_that_were_queued_before_a_restart_are_sent_after_it() {
    let place = Place::new();
    let folder = place.folder.path().join("mails");
    // Built now if nobody did it before, and not while something is waited for.
    assert_eq!(place.admin(&["--version"]).code, 0);
    // A file where the folder would be: nothing can be written there.
    std::fs::write(&folder, "").unwrap();
    let place = place.with("AUTHLY_MAIL_OUTBOX", folder.display().to_string());
    let server = place.start();
    let account = json!({ "email": "ada@example.org", "username": "ada", "password": "correct horse" });
    assert_eq!(server.post("/auth/register", &account).0, 201);
    let list = || place.admin(&["mail", "outbox", "list", "--output", "json"]).out;
    server.within(PATIENCE, |_| list().contains("\"attempts\": 1"));
    server.stop();
    std::fs::remove_file(&folder).unwrap();
    let server = place.start();
    assert_eq!(place.admin(&["mail", "outbox", "retry", "--state", "queued"]).code, 0);
    server.within(PATIENCE + Duration::from_secs(5), |_| mails(&folder).len() == 1);
    server.stop();
}

#[test]
fn a_check_says_where_mails_go() {
    let folder = Place::new().run(&["--check", "--outbox", "mails"]);
    assert!(folder.out.contains("mail: written into mails"), "{folder:?}");
    assert!(Place::new().run(&["--check"]).out.contains("mail: none can be sent"));
    let two = Place::new().with("SMTP_HOST", "mail.example.com").with("SMTP_FROM_EMAIL", "a@example.com");
    let two = two.with("SMTP_USER", "ada").with("SMTP_USERNAME", "bob").run(&["--check"]);
    assert!(two.code == 1 && two.err.contains("SMTP_USER"), "{two:?}");
    let bare = Place::new().with("SMTP_HOST", "mail.example.com").with("SMTP_FROM_EMAIL", "a@example.com");
    let bare = bare.with("AUTHLY_SMTP_ENCRYPTION", "none").run(&["--check"]);
    assert!(bare.code == 1 && bare.err.contains("AUTHLY_SMTP_ENCRYPTION"), "{bare:?}");
}

#[test]
fn letters_that_went_into_files_are_counted_where_no_mail_server_is_named() {
    let place = Place::new();
    let server = place.start();
    assert_eq!(place.admin(&["user", "create", "--email", "ada@example.com", "--verified"]).code, 0);
    let invite = ["migrate", "invite", "--all", "--outbox", "letters", "--execute"];
    assert_eq!(place.admin(&invite).code, 0, "{:?}", place.admin(&invite));
    server.stop();
    let server = place.start();
    server.within(PATIENCE, |server| {
        server.get("/metrics").contains("authly_invitations_total{tenant=\"\",state=\"sent\"} ")
    });
    server.stop();
}
