//! A provider that is away: what pages say, what still works, and that it is left alone for a while (C-30).

use std::time::Duration;

use authly_testkit::{Browser, Page, TestApp};
use serde_json::json;

use crate::fake::{Fake, link, sign_in};

const DISCOVERY: &str = "/.well-known/openid-configuration";

async fn try_to_leave(browser: &mut Browser) -> Page {
    let page = browser.open("/sign-in").await;
    browser.get(&link(&page)).await
}

async fn metric(app: &TestApp, line: &str) -> bool {
    app.get("/metrics").await.body.lines().any(|own| own == line)
}

#[tokio::test]
async fn while_the_provider_is_away_passwords_work_and_the_page_says_so() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    assert!(metric(&app, "authly_upstream_up{provider=\"corp\"} 1").await);
    fake.set(|state| state.is_down = true);
    app.clock.advance(Duration::from_secs(21));
    let before = fake.asked(DISCOVERY);
    let mut browser = app.browser();
    for _ in 0..10 {
        let page = try_to_leave(&mut browser).await;
        assert_eq!(page.status, 503);
        assert!(page.is_sign_in() && page.body.contains("does not answer at the moment"), "{}", page.body);
        assert_eq!(page.body.matches("does not answer").count(), 1, "said once: {}", page.body);
    }
    assert_eq!(fake.asked(DISCOVERY) - before, 3, "then it is left alone");
    assert!(metric(&app, "authly_upstream_up{provider=\"corp\"} 0").await);
    assert!(metric(&app, "authly_upstream_sign_ins_total{provider=\"corp\",result=\"away\"} 10").await);
    let page = browser.open("/sign-in").await;
    assert!(page.body.contains("Corp &#38; Sons does not answer at the moment"), "before anybody tries: {}", page.body);
    let page = browser.sign_in(&page, "ada@example.com", "correct horse").await;
    assert!(!page.is_sign_in(), "the password is the way in: {}", page.body);

    fake.set(|state| state.is_down = false);
    let mut browser = app.browser();
    assert_eq!(try_to_leave(&mut browser).await.status, 503, "still left alone");
    app.clock.advance(Duration::from_secs(30));
    fake.set(|state| state.claims["iat"] = json!(1_767_225_650));
    assert_eq!(sign_in(&fake, &app).await.1.status, 200, "one tries, and it is back");
    assert!(metric(&app, "authly_upstream_up{provider=\"corp\"} 1").await);
    assert!(!browser.open("/sign-in").await.body.contains("does not answer"));
}

/// What the pages say is the same for everybody, whoever they are about to be.
#[tokio::test]
async fn an_account_without_a_password_is_not_let_in_by_one_meanwhile() {
    let fake = Fake::new();
    let mut people = crate::fake::rule();
    people.new_people = authly_upstream::provider::NewPeople::Create;
    let app = fake.app_with(people).await;
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    fake.set(|state| state.is_down = true);
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    for (identifier, password) in [("ada@example.com", "correct horse"), ("nobody@example.com", "correct horse")] {
        let page = browser.sign_in(&page, identifier, password).await;
        assert!(page.is_sign_in() && page.body.contains("That did not work"), "{identifier}");
    }
}

#[tokio::test]
async fn a_provider_that_goes_away_between_code_and_token_lets_nobody_in() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let there = crate::fake::leave(&mut browser, &page).await;
    fake.expect(&there);
    fake.set(|state| state.is_down = true);
    let page = browser.get(&crate::fake::callback(&there.state)).await;
    assert_eq!(page.status, 503);
    assert!(page.is_sign_in());
    assert!(!page.set_cookies().iter().any(|cookie| cookie.starts_with("authly-session")));
}

/// OpenID Connect Discovery 4.3, and documents that are none.
#[tokio::test]
async fn a_document_that_is_not_the_providers_own_is_not_used() {
    for (name, value) in [
        ("issuer", json!("https://idp.example/")),
        ("token_endpoint", json!("http://idp.example/token")),
        ("jwks_uri", json!("https://user@idp.example/jwks")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("code_challenge_methods_supported", json!(["plain"])),
    ] {
        let fake = Fake::new();
        fake.set(|state| state.document[name] = value.clone());
        let app = fake.app().await;
        let page = try_to_leave(&mut app.browser()).await;
        assert_eq!(page.status, 503, "{name}");
        assert!(page.is_sign_in(), "{name}");
    }
}
