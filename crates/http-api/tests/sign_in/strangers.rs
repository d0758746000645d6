//! What somebody without an account can learn: nothing (SECURITY.md rows 33, 36).

use authly_admin_cases::user::UserDraft;
use authly_directory::account::AccountChange;
use authly_testkit::{Page, TestApp};
use oauth_core::subject::AccountStatus;
use serde_json::json;

use crate::world::{EMAIL, PASSWORD, post, start};

/// What a stranger sees of an answer: status, body and headers, without what is random in every answer.
fn seen(page: &Page, typed: &str) -> (u16, String, Vec<(String, String)>) {
    let mut body = page.body.replace(typed, "TYPED");
    for name in ["csrf", "request"] {
        if body.contains(&format!("name=\"{name}\" value=\"")) {
            body = body.replace(&page.hidden(name), "RANDOM");
        }
    }
    let id = page.header("x-request-id").unwrap();
    let body = body.replace(id, "ID");
    let skipped = ["x-request-id", "date", "content-length"];
    let mut headers: Vec<_> = page
        .headers
        .iter()
        .filter(|(name, _)| !skipped.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (page.status.as_u16(), body, headers)
}

/// Accounts for which no password is right, each for its own reason.
async fn closed_accounts(app: &TestApp) -> Vec<&'static str> {
    for email in [
        "wrong@example.org",
        "locked@example.org",
        "disabled@example.org",
        "deleted@example.org",
        "admin-locked@example.org",
    ] {
        app.user(email).await;
    }
    let draft = UserDraft { email: "passwordless@example.org".to_owned(), verified: true, ..UserDraft::default() };
    app.app.admin.create_user(draft).await.unwrap();
    for (email, status, is_locked) in [
        ("disabled@example.org", Some(AccountStatus::Disabled), None),
        ("deleted@example.org", Some(AccountStatus::Deleted), None),
        ("admin-locked@example.org", None, Some(true)),
    ] {
        let change = AccountChange { status, is_locked, ..AccountChange::default() };
        app.app.admin.update_user(email, change).await.unwrap();
    }
    for _ in 0..5 {
        app.post_json("/api/auth/login", &json!({ "email": "locked@example.org", "password": "wrong" })).await;
    }
    vec![
        "unknown@example.org",
        "locked@example.org",
        "disabled@example.org",
        "deleted@example.org",
        "admin-locked@example.org",
        "passwordless@example.org",
    ]
}

/// SECURITY.md row 33 and section 5: one answer for every cause.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sign_in_reads_the_same_whatever_the_cause() {
    let (app, flow) = start().await;
    let closed = closed_accounts(&app).await;
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let fail = |password: &'static str| {
        let (browser, page, app) = (browser.clone(), &page, &app);
        async move |email: &str| {
            let mut browser = browser.clone();
            let form = seen(&browser.sign_in(page, email, password).await, email);
            let body = json!({ "grant_type": "password", "username": email, "password": password });
            let grant = seen(&app.post_json("/auth/token", &body).await, email);
            let login = app.post_json("/api/auth/login", &json!({ "email": email, "password": password })).await;
            (form, grant, seen(&login, email))
        }
    };
    let expected = fail("wrong")("wrong@example.org").await;
    assert_eq!((expected.0.0, expected.1.0, expected.2.0), (400, 400, 401));
    assert!(expected.0.1.contains("role=\"alert\""));
    for email in closed {
        assert_eq!(fail("wrong")(email).await, expected, "{email} with a wrong password");
        assert_eq!(fail(PASSWORD)(email).await, expected, "{email} with the right password");
    }
    for odd in ["", "nobody", "a@b@c", "%", "' OR 1=1 --"] {
        let answer = fail("wrong")(odd).await;
        if !odd.is_empty() {
            assert_eq!(answer.0.0, 400, "{odd}");
            assert_eq!(answer.1, expected.1, "{odd}");
        }
    }
}

/// SECURITY.md row 33: a hint is echoed, known or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_hint_tells_nobody_who_has_an_account() {
    let (app, flow) = start().await;
    let mut pages = Vec::new();
    for hint in [EMAIL, "unknown@example.org", "' OR 1=1 --"] {
        let page = app.browser().open(&flow.clone().with("login_hint", hint).path()).await;
        let (status, body, headers) = seen(&page, &hint.replace('\'', "&#39;"));
        let headers: Vec<_> = headers.into_iter().filter(|(name, _)| name != "set-cookie").collect();
        pages.push((status, body, headers));
    }
    assert!(pages[0].1.contains("TYPED"), "it is written into the field");
    assert!(pages.iter().all(|page| *page == pages[0]));
}

/// SECURITY.md row 33: registration on the page, C-41.
#[tokio::test(flavor = "multi_thread")]
async fn the_registration_page_tells_nobody_who_has_an_account() {
    let (app, _) = start().await;
    let mut answers = Vec::new();
    for (email, username) in [(EMAIL, "ada"), ("fresh@example.org", "fresh"), ("other@example.org", "ada")] {
        let mut browser = app.browser();
        let page = browser.open("/register").await;
        let fields = [
            ("csrf", page.hidden("csrf")),
            ("email", email.to_owned()),
            ("username", username.to_owned()),
            ("password", "another password".to_owned()),
        ];
        answers.push(seen(&post(&mut browser, "/register", &fields).await, email));
    }
    assert_eq!(answers[0].0, 303);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let login = app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": "another password" })).await;
    assert_eq!(login.status, 401, "the known account is untouched");
    let login = app
        .post_json("/api/auth/login", &json!({ "email": "fresh@example.org", "password": "another password" }))
        .await;
    assert_eq!(login.status, 200);
}

/// SECURITY.md row 36: registration takes what it names and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_with_privileges() {
    let (app, _) = start().await;
    let more = [
        ("is_admin", "true"),
        ("admin", "1"),
        ("is_verified", "true"),
        ("verified", "1"),
        ("status", "active"),
        ("roles", "admin"),
        ("tenant", "root"),
        ("id", "00000000-0000-7000-8000-000000000001"),
        ("password_hash", "x"),
    ];
    let mut browser = app.browser();
    let page = browser.open("/register").await;
    let mut fields = vec![
        ("csrf", page.hidden("csrf")),
        ("email", "page@example.org".to_owned()),
        ("username", "page".to_owned()),
        ("password", "another password".to_owned()),
    ];
    fields.extend(more.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(post(&mut browser, "/register", &fields).await.status, 303);
    let mut body = json!({ "email": "json@example.org", "username": "json", "password": "another password" });
    for (name, value) in more {
        body[name] = json!(value);
    }
    body["is_admin"] = json!(true);
    assert_eq!(app.post_json("/auth/register", &body).await.status, 201);
    for email in ["page@example.org", "json@example.org"] {
        let user = app.app.admin.user(email).await.unwrap();
        assert!(!user.is_admin && !user.is_verified, "{email}");
        assert_eq!(user.tenant, None);
        assert!(!user.roles.iter().any(|role| role == "admin"), "{:?}", user.roles);
        assert_ne!(user.id, "00000000-0000-7000-8000-000000000001");
    }
}
