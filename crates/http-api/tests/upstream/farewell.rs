//! Signing out here signs out at the provider too (OpenID Connect RP-Initiated Logout 2).

use std::time::Duration;

use authly_testkit::{Browser, CodeFlow, Page, TestApp, TokenSet};
use authly_upstream::provider::PeopleRule;
use serde_json::{Value, json};

use crate::fake::{Fake, ISSUER, come_back, leave, rule, sign_in};

const BYE: &str = "https://app.example/bye";

fn with_a_place_to_sign_out(fake: &Fake) {
    fake.set(|state| state.document["end_session_endpoint"] = json!(format!("{ISSUER}/end")));
}

/// Somebody who came from the provider for a client, with its tokens.
async fn signed_in(fake: &Fake, app: &TestApp) -> (Browser, CodeFlow, TokenSet) {
    let flow = CodeFlow::confidential(&app.confidential_client().await, "openid offline_access");
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let there = leave(&mut browser, &page).await;
    fake.expect(&there);
    let page = come_back(&mut browser, &there.state).await;
    let page = browser.decide(&page, "allow").await;
    let tokens = flow.redeem(app, &page.query("code").unwrap()).await;
    (browser, flow, tokens)
}

async fn logout(browser: &mut Browser, tokens: &TokenSet, more: &[(&str, &str)]) -> Page {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("id_token_hint", tokens.text("id_token")).extend_pairs(more);
    browser.get(&format!("/auth/logout?{}", query.finish())).await
}

#[tokio::test]
async fn a_client_that_signs_out_signs_out_there_and_gets_its_user_back() {
    let fake = Fake::new();
    with_a_place_to_sign_out(&fake);
    let app = fake.app().await;
    let (mut browser, flow, tokens) = signed_in(&fake, &app).await;
    let page = logout(&mut browser, &tokens, &[("post_logout_redirect_uri", BYE), ("state", "a&b")]).await;
    assert!(page.location().starts_with(&format!("{ISSUER}/end?")), "{}", page.location());
    assert_eq!(page.query("client_id").as_deref(), Some("authly"));
    assert_eq!(page.query("post_logout_redirect_uri"), Some(format!("{}/signed-out", app.issuer())));
    let hint = page.query("id_token_hint").unwrap();
    assert!(hint.split('.').count() == 3 && hint != tokens.text("id_token"), "the provider's token and not ours");
    let state = page.query("state").unwrap();
    assert!(!state.contains("app.example"), "nobody reads or writes addresses in it");
    assert!(browser.open("/account").await.is_sign_in(), "the session here has ended before");
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 400);

    let back = format!("/signed-out?state={state}");
    let mut stranger = app.browser();
    assert_eq!(stranger.get(&back).await.status, 200, "another browser stays on our page");
    for bad in ["x", "", &format!("{state}AA"), "https://evil.example"] {
        assert_eq!(browser.get(&format!("/signed-out?state={bad}")).await.status, 200, "{bad}");
    }
    let page = browser.get(&back).await;
    assert_eq!(page.location(), format!("{BYE}?state=a%26b"));
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(browser.get(&back).await.status, 200, "in time");
}

/// Browsers hold our form to the addresses that the page names, so the provider is offered by a link.
#[tokio::test]
async fn whoever_signs_out_by_our_form_is_offered_the_provider() {
    let fake = Fake::new();
    with_a_place_to_sign_out(&fake);
    let app = fake.app().await;
    let (mut browser, ..) = signed_in(&fake, &app).await;
    let page = browser.get("/auth/logout").await;
    let form = [("csrf", page.hidden("csrf")), ("decision", "sign_out".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = browser.post("/auth/logout", &form).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, link) = page.body.split_once("href=\"https://idp.example/end?").unwrap_or_else(|| panic!("{}", page.body));
    assert!(link.starts_with("id_token_hint="), "{link}");
    assert!(page.body.contains("Sign out of Corp &#38; Sons"), "{}", page.body);
    assert!(browser.open("/account").await.is_sign_in());
}

#[tokio::test]
async fn nobody_is_sent_where_nothing_is_to_be_done() {
    // No place, switched off, away, or a session that began with a password: the page of our own.
    for case in ["no place", "off", "away", "password"] {
        let fake = Fake::new();
        if case != "no place" {
            with_a_place_to_sign_out(&fake);
        }
        let app = if case == "off" { fake.app_that_signs_out_here_only().await } else { fake.app().await };
        let (mut browser, flow, mut tokens) = signed_in(&fake, &app).await;
        if case == "password" {
            browser = app.browser();
            let page = browser.open(&flow.path()).await;
            let page = browser.sign_in(&page, "ada@example.com", "correct horse").await;
            tokens = flow.redeem(&app, &page.query("code").unwrap()).await;
        }
        if case == "away" {
            app.clock.advance(Duration::from_secs(21));
            fake.set(|state| state.is_down = true);
        }
        let page = logout(&mut browser, &tokens, &[("post_logout_redirect_uri", BYE)]).await;
        assert_eq!(page.location(), BYE, "{case}");
        assert!(browser.open("/account").await.is_sign_in(), "{case}");
    }
}

/// What we keep of the provider's token opens under the cookie alone.
#[tokio::test]
async fn a_token_too_long_for_an_address_stays_here() {
    let fake = Fake::new();
    with_a_place_to_sign_out(&fake);
    let groups: Vec<Value> = (0..400).map(|number| json!(format!("group-{number:04}"))).collect();
    fake.set(|state| state.claims["groups"] = json!(groups));
    let app = fake.app().await;
    let (mut browser, _, tokens) = signed_in(&fake, &app).await;
    let page = logout(&mut browser, &tokens, &[]).await;
    assert!(page.location().starts_with(&format!("{ISSUER}/end?client_id=authly&")), "{}", page.location());
    assert_eq!((page.query("id_token_hint"), page.query("state")), (None, None));
}

/// S001-65, for a provider that tells nobody when somebody signs out there: applications come back after a time.
#[tokio::test]
async fn what_hangs_on_a_sign_in_there_ends_with_time() {
    let fake = Fake::new();
    let app = fake.app_with(PeopleRule { grants: Some(Duration::from_secs(3_600)), ..rule() }).await;
    let (_, flow, tokens) = signed_in(&fake, &app).await;
    app.clock.advance(Duration::from_secs(3_500));
    let renewed = flow.refresh(&app, tokens.refresh()).await;
    assert_eq!(renewed.status, 200);
    let next = renewed.json()["refresh_token"].as_str().unwrap().to_owned();
    app.clock.advance(Duration::from_secs(100));
    assert_eq!(flow.refresh(&app, &next).await.status, 400, "offline or not");
    fake.set(|state| state.claims["iat"] = json!(1_767_229_200));
    fake.set(|state| state.claims["exp"] = json!(1_767_229_500));
    assert_eq!(sign_in(&fake, &app).await.1.status, 200, "and a new proof begins anew");
}
