//! Signing in: forms, sessions, and what a stranger can learn or try (RFC 6819 4.4.1, RFC 9700 4.7).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use authly_admin_cases::user::UserDraft;
use authly_directory::{account::AccountChange, settings::Limits};
use authly_testkit::{Browser, CodeFlow, Options, Page, TestApp};
use oauth_core::{limit::Rate, secret::Secret, subject::AccountStatus};
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

async fn start() -> (TestApp, CodeFlow) {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, "openid profile"))
}

async fn signed_in(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let page = browser.sign_in(&page, email, PASSWORD).await;
    assert!(page.body.contains(email), "{}", page.body);
    browser
}

async fn post(browser: &mut Browser, path: &str, fields: &[(&str, String)]) -> Page {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &fields).await
}

/// SECURITY.md row 30; RFC 6819 5.3.5: each form of ours works only from its own page, in its own browser and session.
#[tokio::test(flavor = "multi_thread")]
async fn every_form_is_bound_to_the_browser_or_session_that_it_was_made_for() {
    let (app, flow) = start().await;
    app.user("eve@example.org").await;
    let mut victim = signed_in(&app, EMAIL).await;
    let mut eve = signed_in(&app, "eve@example.org").await;
    let consent = victim.open(&flow.path()).await;
    let chooser = victim.open(&flow.clone().with("prompt", "select_account").path()).await;
    let account = victim.open("/account").await;
    let logout = victim.open("/auth/logout").await;
    let mut nobody = app.browser();
    let (sign_in, register) = (nobody.open("/sign-in").await, nobody.open("/register").await);
    let (eve_consent, eve_account, eve_logout) =
        (eve.open(&flow.path()).await, eve.open("/account").await, eve.open("/auth/logout").await);
    let mut other = app.browser();
    let (other_sign_in, other_register) = (other.open("/sign-in").await, other.open("/register").await);
    let own = |page: &Page, name: &str| page.hidden(name);
    let application = "00000000-0000-7000-8000-000000000000".to_owned();
    // Form, its proper page, pages whose tokens must not fit, further fields.
    type Case<'a> = (&'a str, bool, &'a Page, Vec<&'a Page>, Vec<(&'a str, String)>);
    let cases: Vec<Case<'_>> = vec![
        (
            "/sign-in",
            false,
            &sign_in,
            vec![&other_sign_in, &register, &account],
            vec![("identifier", EMAIL.to_owned()), ("password", PASSWORD.to_owned())],
        ),
        (
            "/register",
            false,
            &register,
            vec![&other_register, &sign_in, &account],
            vec![
                ("email", "new@example.org".to_owned()),
                ("username", "new".to_owned()),
                ("password", PASSWORD.to_owned()),
            ],
        ),
        (
            "/consent",
            true,
            &consent,
            vec![&eve_consent, &chooser, &account, &logout],
            vec![("request", own(&consent, "request")), ("decision", "allow".to_owned())],
        ),
        (
            "/choose-account",
            true,
            &chooser,
            vec![&eve_consent, &consent, &account],
            vec![("request", own(&chooser, "request")), ("account", "current".to_owned())],
        ),
        (
            "/account/password",
            true,
            &account,
            vec![&eve_account, &logout, &consent],
            vec![("current_password", PASSWORD.to_owned()), ("new_password", "a new password".to_owned())],
        ),
        ("/account/sessions", true, &account, vec![&eve_account, &logout], vec![("session", application.clone())]),
        (
            "/account/applications",
            true,
            &account,
            vec![&eve_account, &logout],
            vec![("application", application.clone())],
        ),
        ("/auth/logout", true, &logout, vec![&eve_logout, &account], vec![("decision", "sign_out".to_owned())]),
    ];
    for (path, with_session, proper, foreign, fields) in &cases {
        let browser = if *with_session { &mut victim } else { &mut nobody };
        let mut tokens: Vec<String> = foreign.iter().map(|page| own(page, "csrf")).collect();
        let proper = own(proper, "csrf");
        tokens.extend([String::new(), "x".to_owned(), format!("{proper}x"), proper[..proper.len() - 2].to_owned()]);
        for token in tokens {
            let mut form = fields.clone();
            form.push(("csrf", token.clone()));
            let answer = post(browser, path, &form).await;
            assert_eq!(answer.status, 400, "{path} with {token}");
            assert!(answer.header("location").is_none(), "{path}");
        }
        let answer = post(browser, path, fields).await;
        assert_eq!(answer.status, 400, "{path} without a token");
    }
    assert!(victim.open("/account").await.body.contains(EMAIL), "the session lives");
    assert!(!victim.cookies.is_empty());
    let fresh = app.post_json("/api/auth/login", &json!({ "email": "new@example.org", "password": PASSWORD })).await;
    assert_eq!(fresh.status, 401, "nobody was registered");
    let login = app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await;
    assert_eq!(login.status, 200, "the password is the old one");
    let mut form = cases[2].4.clone();
    form.push(("csrf", own(&consent, "csrf")));
    assert!(post(&mut victim, "/consent", &form).await.query("code").is_some(), "and the proper token works");
}

/// SECURITY.md row 58 for forms: a token is good for a while only.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_stood_open_too_long_is_shown_again() {
    let (app, _) = start().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    app.clock.advance(Duration::from_secs(2 * 86_400));
    let answer = browser.sign_in(&page, EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 400);
    assert!(answer.is_sign_in(), "what was typed is not lost");
    assert!(answer.body.contains("role=\"alert\"") && answer.body.contains(EMAIL));
    let answer = browser.sign_in(&answer, EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 200);
}

/// SECURITY.md row 30: a GET never decides anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_get_never_consents_signs_in_or_signs_out() {
    let (app, flow) = start().await;
    let mut browser = signed_in(&app, EMAIL).await;
    let page = browser.open(&flow.path()).await;
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let answer = browser.get(&format!("/consent?request={request}&csrf={csrf}&decision=allow")).await;
    assert!(answer.status == 200 && answer.is_consent(), "{}", answer.status);
    let logout = browser.open("/auth/logout").await;
    let csrf = logout.hidden("csrf");
    let answer = browser.get(&format!("/auth/logout?csrf={csrf}&decision=sign_out")).await;
    assert_eq!(answer.status, 200, "asked again");
    assert_eq!(browser.get("/account").await.status, 200);
    let mut stranger = app.browser();
    let page = stranger.open("/sign-in").await;
    let query = format!("/sign-in?csrf={}&identifier={EMAIL}&password=correct+horse", page.hidden("csrf"));
    stranger.get(&query).await;
    assert_eq!(stranger.get("/account").await.status, 303, "nobody is signed in");
    for path in ["/account/password", "/account/sessions", "/account/applications", "/choose-account"] {
        assert_eq!(browser.get(path).await.status, 405, "{path}");
    }
}

/// SECURITY.md row 30: a cross-site POST arrives without our cookies (SameSite=Lax) and so decides nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_cross_site_post_to_the_authorization_endpoint_goes_on_by_get() {
    let (app, flow) = start().await;
    let mut browser = signed_in(&app, EMAIL).await;
    let page = browser.open(&flow.path()).await;
    assert!(browser.decide(&page, "allow").await.query("code").is_some());
    let pairs = flow.parameters();
    let answer = app.send(app.http.post(app.at("/authorize")).form(&pairs)).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(&format!("{}/", app.issuer())), "no code, but our own page");
}

/// SECURITY.md row 31; RFC 6819 5.1.5.10: a new id at every sign-in, and the old one is dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_id_is_never_taken_from_the_browser_and_renewed_at_sign_in() {
    let (app, _) = start().await;
    let mut browser = app.browser();
    let chosen = "A".repeat(43);
    browser.cookies.insert("authly-session".to_owned(), chosen.clone());
    let page = browser.open("/sign-in").await;
    let marked = browser.cookies["authly-browser"].clone();
    browser.sign_in(&page, EMAIL, PASSWORD).await;
    let first = browser.cookies["authly-session"].clone();
    assert_ne!(first, chosen);
    assert_ne!(first, marked);
    let with = |value: &str| {
        let mut other = app.browser();
        other.cookies.insert("authly-session".to_owned(), value.to_owned());
        other
    };
    assert_eq!(with(&chosen).get("/account").await.status, 303, "the chosen id is nobody's");
    assert_eq!(with(&first).get("/account").await.status, 200);
    let page = browser.open("/sign-in").await;
    browser.sign_in(&page, EMAIL, PASSWORD).await;
    let second = browser.cookies["authly-session"].clone();
    assert_ne!(first, second);
    assert_eq!(with(&first).get("/account").await.status, 303, "the old id is dead");
    for broken in [&second[..42], &format!("{second}A"), "", "%00", &second.to_lowercase()] {
        assert_eq!(with(broken).get("/account").await.status, 303, "{broken}");
    }
}

/// SECURITY.md row 48; CWE-613.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_cookie_is_dead_after_sign_out() {
    let (app, _) = start().await;
    let mut browser = signed_in(&app, EMAIL).await;
    let mut thief = browser.clone();
    assert_eq!(thief.get("/account").await.status, 200);
    let page = browser.open("/auth/logout").await;
    let csrf = page.hidden("csrf");
    let answer = browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, &*format!("{}/signed-out", app.issuer())));
    assert!(!browser.cookies.contains_key("authly-session"));
    assert_eq!(thief.get("/account").await.status, 303);
}

/// DESIGN.md 4: idle and absolute limits of a session; "keep me signed in" lasts longer.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_themselves() {
    let (app, _) = start().await;
    let mut idle = signed_in(&app, EMAIL).await;
    app.clock.advance(Duration::from_secs(8 * 3_600 - 1));
    assert_eq!(idle.get("/account").await.status, 200);
    app.clock.advance(Duration::from_secs(8 * 3_600));
    assert_eq!(idle.get("/account").await.status, 303);
    let mut busy = signed_in(&app, EMAIL).await;
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(7 * 3_600));
        assert_eq!(busy.get("/account").await.status, 200);
    }
    app.clock.advance(Duration::from_secs(4 * 3_600));
    assert_eq!(busy.get("/account").await.status, 303, "a day is the end in any case");
    let mut long = app.browser();
    let page = long.open("/sign-in").await;
    let fields = [
        ("request", page.hidden("request")),
        ("csrf", page.hidden("csrf")),
        ("identifier", EMAIL.to_owned()),
        ("password", PASSWORD.to_owned()),
        ("remember", "1".to_owned()),
    ];
    let answer = post(&mut long, "/sign-in", &fields).await;
    let cookie = answer.set_cookies().into_iter().find(|cookie| cookie.starts_with("authly-session")).unwrap();
    assert!(cookie.contains("Max-Age=2592000"), "{cookie}");
    app.clock.advance(Duration::from_secs(20 * 86_400));
    assert_eq!(long.get("/account").await.status, 200);
}

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
