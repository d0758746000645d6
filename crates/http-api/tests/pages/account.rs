//! The account page: sessions, applications, password.

use authly_testkit::TestApp;

use crate::world::{EMAIL, PASSWORD, post, signed_in, start};

/// The account page changes the password, ends sessions elsewhere with their tokens, and keeps its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions() {
    let (app, flow) = start().await;
    let (mut here, mut there) = (signed_in(&app).await, app.browser());
    let tokens = flow.tokens(&app, &mut there, EMAIL).await;
    let page = here.open("/account").await;
    let csrf = page.hidden("csrf");
    for (current, new) in
        [("wrong", "a new password"), (PASSWORD, "short"), (PASSWORD, EMAIL), (PASSWORD, ""), ("", "a new password")]
    {
        let fields = [("csrf", csrf.as_str()), ("current_password", current), ("new_password", new)];
        let page = post(&mut here, "/account/password", &fields).await;
        assert!(page.body.contains("role=\"alert\""), "{current} {new}: {}", page.status);
        assert_eq!(there.get("/account").await.status, 200);
    }
    let fields = [("csrf", csrf.as_str()), ("current_password", PASSWORD), ("new_password", "a new password")];
    let page = post(&mut here, "/account/password", &fields).await;
    assert!(page.status == 200 && page.body.contains("role=\"status\""), "{}", page.body);
    assert_eq!(here.get("/account").await.status, 200, "this session goes on");
    assert_eq!(there.get("/account").await.status, 303, "the other one is over");
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 400, "with what came from it");
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
    let mut fresh = app.browser();
    let page = fresh.open("/sign-in").await;
    assert_eq!(fresh.sign_in(&page, EMAIL, PASSWORD).await.status, 400);
    assert_eq!(fresh.sign_in(&page, EMAIL, "a new password").await.status, 200);
}

/// The account page ends one other session, of this user only.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_from_the_account_page() {
    let (app, _) = start().await;
    app.user("bob@example.org").await;
    let (mut here, mut there, mut bob) = (signed_in(&app).await, signed_in(&app).await, app.browser());
    let page = bob.open("/sign-in").await;
    bob.sign_in(&page, "bob@example.org", PASSWORD).await;
    let mut elsewhere = app.browser();
    let page = elsewhere.open("/sign-in").await;
    elsewhere.sign_in(&page, "bob@example.org", PASSWORD).await;
    let foreign = bob.open("/account").await.button("session");
    let page = here.open("/account").await;
    let (csrf, other) = (page.hidden("csrf"), page.button("session"));
    assert_eq!(post(&mut here, "/account/sessions", &[("csrf", &csrf), ("session", &foreign)]).await.status, 200);
    assert_eq!(elsewhere.get("/account").await.status, 200, "somebody else's session lives");
    assert_eq!(post(&mut here, "/account/sessions", &[("csrf", &csrf), ("session", &other)]).await.status, 200);
    assert_eq!(there.get("/account").await.status, 303);
    assert_eq!(here.get("/account").await.status, 200);
}

/// The account page disconnects an application: its tokens end, and it has to ask again.
#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_application_loses_its_tokens_and_has_to_ask_again() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
    assert!(browser.get(&flow.clone().with("prompt", "none").path()).await.query("code").is_some());
    let page = browser.open("/account").await;
    assert!(page.body.contains("The App"));
    let (csrf, application) = (page.hidden("csrf"), page.button("application"));
    let page = post(&mut browser, "/account/applications", &[("csrf", &csrf), ("application", &application)]).await;
    assert!(page.status == 200 && !page.body.contains("The App"), "{}", page.body);
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 400);
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
    let answer = browser.get(&flow.clone().with("prompt", "none").path()).await;
    assert_eq!(answer.query("error").as_deref(), Some("consent_required"));
}

/// SECURITY.md row 29: names and browsers are text, also on the pages of their owner.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_and_browsers_are_called_is_text() {
    const EVIL: &str = "<script>alert(1)</script>\"><img src=x>";
    let app = TestApp::start().await;
    let draft = authly_admin_cases::user::UserDraft {
        email: "eve@example.org".to_owned(),
        username: Some(EVIL.to_owned()),
        name: Some(EVIL.to_owned()),
        ..Default::default()
    };
    app.user_with(draft).await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let fields = [
        ("request", page.hidden("request")),
        ("csrf", page.hidden("csrf")),
        ("identifier", "eve@example.org".to_owned()),
        ("password", PASSWORD.to_owned()),
    ];
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = app.http.post(app.at("/sign-in")).header("user-agent", EVIL).header("cookie", cookies.join("; "));
    let answer = app.send(request.form(&fields)).await;
    assert_eq!(answer.status, 303);
    let session = answer.set_cookies().into_iter().find(|cookie| cookie.starts_with("authly-session=")).unwrap();
    let session = session.split(['=', ';']).nth(1).unwrap().to_owned();
    browser.cookies.insert("authly-session".to_owned(), session);
    let page = browser.open("/account").await;
    assert!(page.body.contains("alert(1)"), "they are shown: {}", page.body);
    assert!(!page.body.contains("<script>") && !page.body.contains("<img"), "{}", page.body);
}

/// Without a session the account page leads to the sign-in page, and from there back.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_page_needs_somebody_who_is_signed_in() {
    let (app, _) = start().await;
    let mut browser = app.browser();
    let page = browser.get("/account").await;
    assert_eq!((page.status.as_u16(), page.location()), (303, &*format!("{}/sign-in", app.issuer())));
    for path in ["/account/password", "/account/sessions", "/account/applications"] {
        let page = browser.post(path, &[("csrf", "x")]).await;
        assert_eq!(page.status, 303, "{path}");
    }
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains(EMAIL));
    assert!(page.body.contains("<bdi>ada</bdi>"), "the user name is shown");
}

/// The question about signing out: "stay" stays, and nobody is asked when nobody is signed in.
#[tokio::test(flavor = "multi_thread")]
async fn people_may_stay() {
    let (app, _) = start().await;
    let mut browser = signed_in(&app).await;
    let page = browser.open("/auth/logout").await;
    let csrf = page.hidden("csrf");
    let page = browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "stay")]).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, &*format!("{}/", app.issuer())));
    assert_eq!(browser.get("/account").await.status, 200);
    let page = app.browser().open("/auth/logout").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<form"), "there is nothing to ask");
}
