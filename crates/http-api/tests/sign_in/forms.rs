//! Forms and sessions belong to one browser (RFC 6819 4.4.1, RFC 9700 4.7).

use std::time::Duration;

use authly_testkit::Page;
use serde_json::json;

use crate::world::{EMAIL, PASSWORD, post, signed_in, start};

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
