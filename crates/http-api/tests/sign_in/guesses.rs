//! Guessing passwords: counted over all doors (SECURITY.md rows 34, 50, 60).

use std::time::Duration;

use authly_admin_cases::user::UserDraft;
use authly_directory::{account::AccountChange, settings::Limits};
use authly_testkit::{Browser, Options, TestApp};
use oauth_core::{limit::Rate, secret::Secret, subject::AccountStatus};
use serde_json::{Value, json};

use crate::world::{EMAIL, PASSWORD, post, signed_in, start};

/// SECURITY.md rows 34 and 60: one counter per account over every door and spelling.
#[tokio::test(flavor = "multi_thread")]
async fn one_counter_covers_every_door_and_spelling() {
    let (app, _) = start().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, "Ada@Example.ORG", "wrong").await.status, 400);
    let grant = json!({ "grant_type": "password", "username": "ADA", "password": "wrong" });
    assert_eq!(app.post_json("/auth/token", &grant).await.status, 400);
    let form = [("grant_type", "password"), ("username", " ada@example.org "), ("password", "wrong")];
    assert_eq!(app.post("/auth/token", &form).await.status, 400);
    for path in ["/api/auth/login", "/api/v1/auth/login"] {
        let body = json!({ "email": "ada", "password": "wrong" });
        assert_eq!(app.post_json(path, &body).await.status, 401);
    }
    let right = json!({ "grant_type": "password", "username": EMAIL, "password": PASSWORD });
    assert_eq!(app.post_json("/auth/token", &right).await.status, 400, "locked at the grant");
    assert_eq!(app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await.status, 401);
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, EMAIL, PASSWORD).await.status, 400, "locked on the page");
    app.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(app.post_json("/auth/token", &right).await.status, 200, "and the lock ends");
}

/// C-28: a stranger's guesses shut out neither a session nor a browser that has signed in before.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_does_not_shut_out_the_owners_own_browser() {
    let (app, _) = start().await;
    let mut browser = signed_in(&app, EMAIL).await;
    for _ in 0..10 {
        app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": "wrong" })).await;
    }
    assert_eq!(browser.get("/account").await.status, 200, "the session lives");
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, EMAIL, PASSWORD).await.status, 200, "the known browser is counted apart");
    let mut stranger = app.browser();
    let page = stranger.open("/sign-in").await;
    assert_eq!(stranger.sign_in(&page, EMAIL, PASSWORD).await.status, 400);
    let mut stolen = app.browser();
    stolen.cookies.insert("authly-device".to_owned(), browser.cookies["authly-device"].replace('A', "B"));
    let page = stolen.open("/sign-in").await;
    assert_eq!(stolen.sign_in(&page, EMAIL, PASSWORD).await.status, 400, "a mark that was altered is none");
}

/// C-28: whoever had the former password is a stranger like any other; whoever has set the new one on the account page is not.
#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_known_as_long_as_the_password() {
    let (app, _) = start().await;
    let (mut owner, mut other) = (signed_in(&app, EMAIL).await, signed_in(&app, EMAIL).await);
    let lock = async || {
        for _ in 0..10 {
            app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": "wrong" })).await;
        }
    };
    let enter = async |browser: &mut Browser, password: &str| {
        let page = browser.open("/sign-in").await;
        browser.sign_in(&page, EMAIL, password).await.status
    };
    app.clock.advance(Duration::from_secs(1));
    let page = owner.open("/account").await;
    let fields = [
        ("csrf", page.hidden("csrf")),
        ("current_password", PASSWORD.to_owned()),
        ("new_password", "a brand new one".to_owned()),
    ];
    assert_eq!(post(&mut owner, "/account/password", &fields).await.status, 200);
    lock().await;
    assert_eq!(enter(&mut other, "a brand new one").await, 400);
    assert_eq!(enter(&mut owner, "a brand new one").await, 200);
    app.clock.advance(Duration::from_secs(1));
    let link = app.app.admin.password_link(EMAIL, Duration::from_secs(60)).await.unwrap();
    let mut elsewhere = app.browser();
    let page = elsewhere.open(&format!("/reset-password?token={}", link.token.expose())).await;
    let fields =
        [("csrf", page.hidden("csrf")), ("token", page.hidden("token")), ("password", "yet another one".to_owned())];
    assert_eq!(post(&mut elsewhere, "/reset-password", &fields).await.status, 200);
    lock().await;
    assert_eq!(enter(&mut owner, "yet another one").await, 400, "the link has made strangers of all");
}

/// SECURITY.md row 34 (Keycloak CVE-2024-4629): parallel guesses do not outrun the counter.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_are_counted_one_by_one() {
    let (app, _) = start().await;
    let tasks: Vec<_> = (0..30)
        .map(|_| {
            let body = json!({ "grant_type": "password", "username": EMAIL, "password": "wrong" });
            tokio::spawn(app.http.post(app.at("/auth/token")).json(&body).send())
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().status(), 400);
    }
    let right = json!({ "grant_type": "password", "username": EMAIL, "password": PASSWORD });
    assert_eq!(app.post_json("/auth/token", &right).await.status, 400);
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            let email = format!("user{number}@example.org");
            let (app, http, at) = (&app, app.http.clone(), app.at("/auth/token"));
            async move {
                app.user(&email).await;
                let guesses = (0..20).map(|guess| {
                    let password = if guess == 19 { PASSWORD } else { "wrong" };
                    let body = json!({ "grant_type": "password", "username": email, "password": password });
                    let request = http.post(&at).json(&body);
                    async move { request.send().await.unwrap().status().as_u16() }
                });
                let mut statuses = Vec::new();
                for guess in guesses {
                    statuses.push(guess.await);
                }
                statuses
            }
        })
        .collect();
    for task in tasks {
        assert!(task.await.iter().all(|status| *status == 400), "the twentieth guess is right and too late");
    }
}

fn limited(trusted_proxies: Vec<String>) -> Options {
    let tight = Rate::per_minute(60).burst(3);
    let wide = Rate::per_minute(1_000);
    Options {
        trusted_proxies,
        directory: Some(Box::new(move |settings| {
            settings.max_failures = 100;
            settings.limits =
                Some(Limits { account: wide, address: tight, registration: tight, password_change: tight });
        })),
        ..Options::default()
    }
}

/// SECURITY.md row 34: forwarded addresses count from declared proxies only.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_choose_the_address_that_it_is_counted_under() {
    let headers = [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x_forwarded_for",
        "client-ip",
    ];
    let app = TestApp::with(limited(Vec::new())).await;
    let guess = |app: &TestApp, name: &str, value: &str| {
        let body = json!({ "email": EMAIL, "password": "wrong" });
        app.http.post(app.at("/api/auth/login")).json(&body).header(name, value).send()
    };
    let mut statuses = Vec::new();
    for (number, name) in headers.iter().enumerate() {
        statuses.push(guess(&app, name, &format!("198.51.100.{number}")).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429, 429, 429]);
    let app = TestApp::with(limited(vec!["127.0.0.0/8".to_owned()])).await;
    for number in 0..6 {
        assert_eq!(
            guess(&app, "x-forwarded-for", &format!("198.51.100.{number}")).await.unwrap().status(),
            401,
            "{number}"
        );
    }
    let mut statuses = Vec::new();
    for number in 0..5 {
        let spoofed = format!("203.0.113.{number}, 192.0.2.1");
        statuses.push(guess(&app, "x-forwarded-for", &spoofed).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429], "what stands left of the proxy's own entry is the stranger's word");
}

/// SECURITY.md rows 34 and 60: the buckets of page and legacy doors are the same, and a refusal says when to come back.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_tries_too_much_is_told_when_to_come_back() {
    let app = TestApp::with(limited(Vec::new())).await;
    app.user(EMAIL).await;
    for _ in 0..3 {
        app.post_json("/api/auth/login", &json!({ "email": "x@example.org", "password": "wrong" })).await;
    }
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let page = browser.sign_in(&page, EMAIL, PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(page.is_sign_in() && page.body.contains("role=\"alert\""));
    assert_eq!(page.header("retry-after"), Some("1"));
    let grant = json!({ "grant_type": "password", "username": EMAIL, "password": PASSWORD });
    let answer = app.post_json("/auth/token", &grant).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("1")));
    assert_eq!(answer.json()["error"], "too_many_requests");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.post_json("/auth/token", &grant).await.status, 200);
    for _ in 0..3 {
        app.post_json("/auth/register", &json!({ "email": "x", "username": "x", "password": "x" })).await;
    }
    let full = app.post_json("/auth/register", &json!({ "email": "x", "username": "x", "password": "x" })).await;
    assert_eq!(full.status, 429);
    let mut browser = app.browser();
    let page = browser.open("/register").await;
    let fields =
        [("csrf", page.hidden("csrf")), ("email", "a@example.org".to_owned()), ("password", PASSWORD.to_owned())];
    let page = post(&mut browser, "/register", &fields).await;
    assert_eq!(page.status, 429);
    assert!(page.header("retry-after").is_some());
    for path in ["/health", "/.well-known/openid-configuration", "/sign-in", "/"] {
        assert_eq!(app.get(path).await.status, 200, "{path} has no limit");
    }
}

/// SECURITY.md row 50.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_odd_shapes_verify_nothing_and_break_nothing() {
    let (app, _) = start().await;
    let mut browser = app.browser();
    let long = "p".repeat(1_025);
    let huge = "p".repeat(8_000);
    for password in ["", "correct horse\0", "\0", "correct", &long, &huge, "🐎".repeat(300).as_str()] {
        let body = json!({ "grant_type": "password", "username": EMAIL, "password": password });
        let answer = app.post_json("/auth/token", &body).await;
        assert_eq!(answer.status, 400, "{} bytes", password.len());
        let page = browser.open("/sign-in").await;
        let page = browser.sign_in(&page, EMAIL, password).await;
        assert_eq!(page.status, 400, "{} bytes", password.len());
        app.app.admin.unlock_user(EMAIL).await.unwrap();
    }
    let longest = "ü".repeat(512);
    let draft = UserDraft {
        email: "long@example.org".to_owned(),
        password: Some(Secret::new(longest.clone())),
        ..UserDraft::default()
    };
    app.user_with(draft).await;
    let login = |password: String| {
        app.http.post(app.at("/api/auth/login")).json(&json!({ "email": "long@example.org", "password": password }))
    };
    assert_eq!(app.send(login(longest.clone())).await.status, 200);
    let almost: String = longest.chars().take(511).chain(['u']).collect();
    assert_eq!(app.send(login(almost)).await.status, 401, "all of it counts");
    for password in ["\u{0}aaaaaaaaaaaa", &"a".repeat(1_025)] {
        let body = json!({ "email": "n@example.org", "username": "n", "password": password });
        let answer = app.post_json("/auth/register", &body).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
}

/// SECURITY.md section 5: a legacy token never carries an OAuth scope, whatever is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_token_carries_no_scope() {
    let (app, _) = start().await;
    let grant = json!({ "grant_type": "password", "username": EMAIL, "password": PASSWORD, "scope": "openid admin" });
    let tokens = authly_testkit::TokenSet { body: app.post_json("/auth/token", &grant).await.json() };
    for token in ["access_token", "refresh_token"] {
        let claims = tokens.claims(token);
        for name in ["scope", "scp", "client_id", "aud"] {
            assert!(!claims.contains_key(name), "{token} has {name}");
        }
    }
    assert!(tokens.body.get("scope").is_none());
}

/// SECURITY.md row 60: the legacy door asks the same questions of an account.
#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_doors_close_with_the_account() {
    let (app, _) = start().await;
    let grant = json!({ "grant_type": "password", "username": EMAIL, "password": PASSWORD });
    let tokens: Value = app.post_json("/auth/token", &grant).await.json();
    let change = AccountChange { status: Some(AccountStatus::Disabled), ..AccountChange::default() };
    app.app.admin.update_user(EMAIL, change).await.unwrap();
    assert_eq!(app.post_json("/auth/token", &grant).await.status, 400);
    let refresh = json!({ "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
    assert_eq!(app.post_json("/auth/token", &refresh).await.status, 400, "row 16 holds for legacy pairs");
    let me = app.http.get(app.at("/api/v1/users/me")).bearer_auth(tokens["access_token"].as_str().unwrap());
    assert_eq!(app.send(me).await.status, 401);
}
