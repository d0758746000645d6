//! What works.

use authly_directory::upstream::UpstreamRepository as _;
use authly_testkit::{CodeFlow, TestApp};
use authly_upstream::provider::NewPeople;
use oauth_core::ids::UserId;
use serde_json::json;

use crate::fake::{Fake, come_back, leave, rule, sign_in};

#[tokio::test]
async fn the_sign_in_page_offers_the_provider_without_script() {
    let fake = Fake::new();
    let app = fake.app().await;
    let page = app.get("/sign-in").await;
    assert!(page.body.contains("Continue with Corp &#38; Sons"), "{}", page.body);
    assert!(!page.body.contains("<script"));
    assert!(page.body.contains("name=\"password\""), "the password is still there");
    let plain = TestApp::start().await;
    assert!(!plain.get("/sign-in").await.body.contains("/sign-in/upstream"));
    assert_eq!(plain.get("/sign-in/upstream").await.status, 404);
    assert_eq!(plain.get("/sign-in/upstream/corp/callback").await.status, 404);
}

#[tokio::test]
async fn somebody_signs_in_for_a_client_and_is_who_they_were() {
    let fake = Fake::new();
    let app = fake.app().await;
    let secret = app.confidential_client().await;
    let user = app.user("ada@example.com").await;
    let flow = CodeFlow::confidential(&secret, "openid email");
    for round in 0..2 {
        let mut browser = app.browser();
        let page = browser.open(&flow.path()).await;
        let there = leave(&mut browser, &page).await;
        assert!(there.location.starts_with("https://idp.example/authorize?response_type=code&client_id=authly&"));
        assert!(there.location.contains("code_challenge_method=S256"), "{}", there.location);
        fake.expect(&there);
        let page = come_back(&mut browser, &there.state).await;
        let page = if page.is_consent() { browser.decide(&page, "allow").await } else { page };
        let tokens = flow.redeem(&app, &page.query("code").unwrap()).await;
        let claims = tokens.claims("id_token");
        assert_eq!(claims["sub"], json!(user.id), "round {round}");
        assert!(!claims.contains_key("amr"), "we do not know how they proved it there");
        let refreshed = flow.refresh(&app, "x").await;
        assert_eq!(refreshed.status, 400);
    }
    let form = fake.set(|state| state.forms[0].clone());
    assert!(form.contains("client_id=authly&client_secret=s3cret"), "{form}");
    let links = app.services.store.upstream_links(UserId::parse(&user.id).unwrap()).await.unwrap();
    assert_eq!((links.len(), links[0].key.subject.as_str()), (1, "alice"));
}

/// S001-37: both ways are open to an account that has both.
#[tokio::test]
async fn the_password_of_a_linked_account_still_works() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    let (_, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 200);
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let page = browser.sign_in(&page, "ada@example.com", "correct horse").await;
    assert!(page.body.contains("ada@example.com") && !page.is_sign_in(), "{}", page.body);
    assert!(page.body.contains("name=\"current_password\""), "and can be changed");
}

/// Providers that put nothing about people into ID tokens are asked once more.
#[tokio::test]
async fn claims_come_from_the_userinfo_endpoint_if_the_token_has_none() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    fake.set(|state| {
        state.document["userinfo_endpoint"] = json!("https://idp.example/me");
        state.claims.as_object_mut().unwrap().retain(|name, _| !name.starts_with("email"));
        state.userinfo = Some(json!({ "sub": "alice", "email": "ada@example.com", "email_verified": true }));
    });
    let (_, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 200, "{}", page.body);
    fake.set(|state| {
        state.userinfo = Some(json!({ "sub": "mallory", "email": "ada@example.com", "email_verified": true }))
    });
    fake.set(|state| state.claims["sub"] = json!("bob"));
    let (_, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 403, "claims about somebody else are not used");
}

#[tokio::test]
async fn somebody_new_gets_an_account_where_that_is_wanted() {
    let fake = Fake::new();
    let app = fake.app().await;
    let (_, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("We found no account for you"), "{}", page.body);
    let mut people = rule();
    people.new_people = NewPeople::Create;
    let app = fake.app_with(people).await;
    let (_, page) = sign_in(&fake, &app).await;
    assert!(page.body.contains("ada@example.com"), "{}", page.body);
    assert!(!page.body.contains("name=\"current_password\""), "there is no password to change");
}

/// `prompt=login` is the provider's to keep too.
#[tokio::test]
async fn a_client_that_wants_a_fresh_proof_gets_one_from_the_provider() {
    let fake = Fake::new();
    let app = fake.app().await;
    let secret = app.confidential_client().await;
    for (more, expected) in [(None, false), (Some(("prompt", "login")), true), (Some(("max_age", "60")), true)] {
        let mut flow = CodeFlow::confidential(&secret, "openid").with("login_hint", "ada@example.com");
        if let Some((name, value)) = more {
            flow = flow.with(name, value);
        }
        let mut browser = app.browser();
        let page = browser.open(&flow.path()).await;
        let there = leave(&mut browser, &page).await;
        assert_eq!(there.location.contains("prompt=login"), expected, "{more:?}");
        assert!(there.location.contains("login_hint=ada%40example.com"));
    }
}

/// SECURITY.md row 56: whoever finds a browser in which somebody is signed in at the provider has no proof for what asks for a fresh one, also
/// if they leave out of the address that one is wanted, or come by a sign-in that is for nothing.
#[tokio::test]
async fn a_session_at_the_provider_is_no_fresh_proof() {
    let fake = Fake::new();
    let app = fake.app().await;
    let secret = app.confidential_client().await;
    app.user("ada@example.com").await;
    let flow = CodeFlow::confidential(&secret, "openid").with("prompt", "login");
    for (proven, wanted) in [(1_767_225_600 - 3_600, false), (1_767_225_600 - 30, true)] {
        fake.set(|state| state.claims["auth_time"] = json!(proven));
        let mut browser = app.browser();
        let asked = browser.open(&flow.path()).await;
        let page = browser.open("/sign-in").await;
        let there = leave(&mut browser, &page).await;
        assert!(!there.location.contains("prompt="));
        fake.expect(&there);
        assert!(come_back(&mut browser, &there.state).await.body.contains("ada@example.com"));
        let page = browser.open(&format!("/consent?request={}", asked.hidden("request"))).await;
        assert_eq!((page.is_sign_in(), page.is_consent()), (!wanted, wanted), "proven at {proven}");
    }
}

/// OpenID Connect Core 3.1.2.1, 3.1.3.7 point 13: who asks by `max_age` is told when (`auth_time`). A provider that leaves it out signs people in
/// and proves nothing fresh: not where it was asked to, and not where it was not.
#[tokio::test]
async fn a_provider_that_does_not_say_when_gives_no_fresh_proof() {
    let fake = Fake::new();
    let app = fake.app().await;
    let secret = app.confidential_client().await;
    app.user("ada@example.com").await;
    for (name, value) in [("prompt", "login"), ("max_age", "3600")] {
        let flow = CodeFlow::confidential(&secret, "openid").with(name, value);
        let mut browser = app.browser();
        let page = browser.open(&flow.path()).await;
        let there = leave(&mut browser, &page).await;
        assert!(there.location.contains("prompt=login&max_age=0"), "{}", there.location);
        fake.expect(&there);
        let page = come_back(&mut browser, &there.state).await;
        assert!(page.status == 502 && page.is_sign_in() && page.body.contains("does not say when"), "{}", page.body);
        assert!(browser.open("/account").await.is_sign_in(), "there is no session");
        // The same by a sign-in that is for nothing, and so asks for nothing.
        let nothing = browser.open("/sign-in").await;
        let there = leave(&mut browser, &nothing).await;
        fake.expect(&there);
        assert!(come_back(&mut browser, &there.state).await.body.contains("ada@example.com"));
        let page = browser.open(&format!("/consent?request={}", page.hidden("request"))).await;
        assert!(page.is_sign_in(), "{name}: {}", page.body);
        // One that does say when is believed.
        let there = leave(&mut browser, &page).await;
        fake.expect(&there);
        fake.tell_when();
        assert!(come_back(&mut browser, &there.state).await.is_consent(), "{name}");
        fake.set(|state| state.claims.as_object_mut().unwrap().remove("auth_time"));
    }
}

/// Nothing is said that nobody knows: a token of such a session has no `auth_time`.
#[tokio::test]
async fn tokens_do_not_say_when_where_the_provider_does_not() {
    let fake = Fake::new();
    let app = fake.app().await;
    let secret = app.confidential_client().await;
    app.user("ada@example.com").await;
    let (mut browser, _) = sign_in(&fake, &app).await;
    let tokens = CodeFlow::confidential(&secret, "openid").tokens(&app, &mut browser, "").await;
    for token in ["access_token", "id_token"] {
        assert!(!tokens.claims(token).contains_key("auth_time"), "{token}");
    }
}
