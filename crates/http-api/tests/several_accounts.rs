//! One name and one password for accounts of several tenants (MIGRATION.md 3.4): the page asks which one is meant, JSON refuses.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_admin_cases::{client::ClientDraft, user::UserDraft};
use authly_directory::{services::DirectoryServices as _, store::AccountRepository as _, uniqueness::EmailUniqueness};
use authly_testkit::{Browser, CodeFlow, Page, TestApp};
use oauth_core::audit::AuditKind;
use serde_json::json;

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

/// Ada is in three tenants; in the first two with the same password.
async fn start() -> (TestApp, CodeFlow) {
    start_with(|tenant| format!("ada-{tenant}")).await
}

async fn start_with(username: impl Fn(&str) -> String) -> (TestApp, CodeFlow) {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    let event = app.app.engine.audit(AuditKind::SignedIn, None, app.app.engine.now());
    app.services.accounts().set_email_uniqueness(EmailUniqueness::PerTenant, event).await.unwrap();
    for (tenant, password) in [("north", PASSWORD), ("south", PASSWORD), ("west", "another password")] {
        let draft = UserDraft {
            email: EMAIL.to_owned(),
            username: Some(username(tenant)),
            tenant: Some(tenant.to_owned()),
            password: Some(oauth_core::secret::Secret::new(password.to_owned())),
            verified: true,
            ..UserDraft::default()
        };
        app.user_with(draft).await;
    }
    (app, CodeFlow::confidential(&secret, "openid profile"))
}

/// The values of the page's buttons for accounts.
fn offers(page: &Page) -> Vec<String> {
    let value = |part: &str| part.split('"').next().unwrap_or_default().to_owned();
    page.body.split("name=\"account\" value=\"").skip(1).map(value).collect()
}

async fn asked(browser: &mut Browser, flow: &CodeFlow) -> Page {
    let page = browser.open(&flow.path()).await;
    browser.sign_in(&page, EMAIL, PASSWORD).await
}

async fn choose(browser: &mut Browser, request: &str, account: &str) -> Page {
    let answer = browser.post("/choose-account", &[("request", request), ("csrf", ""), ("account", account)]).await;
    browser.follow(answer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_asks_which_account_is_meant_and_goes_on_with_it() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let page = asked(&mut browser, &flow).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("More than one account has this name and password."), "{}", page.body);
    let offered = offers(&page);
    assert_eq!(offered.len(), 3, "two accounts and another one: {}", page.body);
    assert!(page.body.contains("ada-north") && page.body.contains("ada-south") && !page.body.contains("ada-west"));
    assert_eq!(browser.get("/account").await.status, 303, "nobody is signed in yet");
    let request = page.hidden("request");
    let page = choose(&mut browser, &request, &offered[1]).await;
    assert!(page.is_consent(), "{}", page.body);
    let answer = browser.decide(&page, "allow").await;
    let tokens = flow.redeem(&app, &answer.query("code").unwrap()).await;
    let who = app.userinfo(tokens.access()).await.json();
    assert_eq!(who["preferred_username"], "ada-south", "{who}");
    assert_eq!(choose(&mut browser, &request, "other").await.status, 400, "that request is over");
}

/// SECURITY.md rows 30 and 31: an offer is for this browser, this request, this account, and not for long.
#[tokio::test(flavor = "multi_thread")]
async fn an_offer_opens_nothing_elsewhere_later_or_altered() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let page = asked(&mut browser, &flow).await;
    let (offered, request) = (offers(&page), page.hidden("request"));
    let (south, _) = offered[1].rsplit_once('.').unwrap();
    let (_, token_of_north) = offered[0].rsplit_once('.').unwrap();
    let other = browser.open(&flow.path()).await.hidden("request");
    for (what, request, account) in [
        ("a token of another account", &request, format!("{south}.{token_of_north}")),
        ("no token", &request, format!("{south}.")),
        ("a longer session", &request, offered[1].replacen(".s.", ".d.", 1)),
        ("another request", &other, offered[1].clone()),
        (
            "an account that was not offered",
            &request,
            format!("00000000-0000-0000-0000-000000000000.s.{token_of_north}"),
        ),
    ] {
        assert_eq!(choose(&mut browser, request, &account).await.status, 400, "{what}");
        assert_eq!(browser.get("/account").await.status, 303, "{what}");
    }
    let mut foreign = app.browser();
    let own = foreign.open(&flow.path()).await.hidden("request");
    assert_eq!(choose(&mut foreign, &own, &offered[1]).await.status, 400, "another browser");
    app.clock.advance(std::time::Duration::from_secs(5 * 60));
    assert_eq!(choose(&mut browser, &request, &offered[1]).await.status, 400, "too late");
    assert_eq!(browser.get("/account").await.status, 303);
}

/// OpenID Connect Core 2: `auth_time` is when somebody proved who they are. Taking an offer, later or once more, proves nothing new.
#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_is_taken_later_or_again_is_no_fresh_proof() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let typed = app.app.engine.now();
    let page = browser.open("/sign-in").await;
    let page = browser.sign_in(&page, EMAIL, PASSWORD).await;
    let offered = offers(&page);
    for _ in 0..2 {
        app.clock.advance(std::time::Duration::from_secs(60));
        choose(&mut browser, "", &offered[0]).await;
        let fresh = flow.clone().with("max_age", "30");
        assert!(browser.open(&fresh.path()).await.is_sign_in(), "the password was typed a minute ago");
        let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
        assert_eq!(tokens.claims("id_token")["auth_time"], typed.seconds());
    }
}

/// Without a request under way the account page follows; "another account" leads back.
#[tokio::test(flavor = "multi_thread")]
async fn the_question_works_without_an_application() {
    let (app, _) = start().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let page = browser.sign_in(&page, EMAIL, PASSWORD).await;
    let offered = offers(&page);
    let back = choose(&mut browser, "", "other").await;
    assert!(back.is_sign_in());
    let page = choose(&mut browser, "", &offered[0]).await;
    assert!(page.body.contains("ada-north") && page.status == 200, "{}", page.body);
}

/// The tenant of the client decides, so that nothing has to be asked.
#[tokio::test(flavor = "multi_thread")]
async fn the_tenant_of_the_client_decides() {
    let (app, flow) = start().await;
    let south = app.app.engine.catalog().tenant_named("south").unwrap().id;
    let draft = ClientDraft {
        client_id: Some("southern".to_owned()),
        name: "Southern".to_owned(),
        tenant: Some(south),
        redirect_uris: vec![flow.redirect_uri.clone()],
        scopes: vec!["openid".to_owned()],
        ..ClientDraft::default()
    };
    app.client(draft).await;
    let flow = CodeFlow { client_id: "southern".to_owned(), scope: "openid".to_owned(), ..flow };
    let mut browser = app.browser();
    let page = asked(&mut browser, &flow).await;
    assert!(page.is_consent(), "{}", page.body);
    assert!(browser.get("/account").await.body.contains("ada-south"));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_refuses_until_the_tenant_is_named() {
    json_answers(&start().await.0).await;
}

/// The user names that an import gives (`shared_name`); who was here first is still called by the address.
#[tokio::test(flavor = "multi_thread")]
async fn user_names_made_of_the_address_change_nothing_of_that() {
    let given = |tenant: &str| if tenant == "north" { EMAIL.to_owned() } else { format!("{EMAIL}@{tenant}") };
    let (app, flow) = start_with(given).await;
    json_answers(&app).await;
    let mut browser = app.browser();
    let page = asked(&mut browser, &flow).await;
    assert_eq!(offers(&page).len(), 3, "two accounts and another one: {}", page.body);
    let body = json!({ "grant_type": "password", "username": format!("{EMAIL}@south"), "password": PASSWORD });
    assert_eq!(app.send(app.http.post(app.at("/auth/token")).json(&body)).await.status, 200, "by the name as well");
}

async fn json_answers(app: &TestApp) {
    for (path, status, name) in [("/auth/token", 400, "username"), ("/api/auth/login", 401, "email")] {
        let body = |tenant: Option<&str>, password: &str| json!({ "grant_type": "password", name: EMAIL, "password": password, "tenant": tenant });
        let post = |body: serde_json::Value| app.send(app.http.post(app.at(path)).json(&body));
        let several = post(body(None, PASSWORD)).await;
        assert_eq!((several.status.as_u16(), &several.json()["error"]), (status, &json!("invalid_grant")), "{path}");
        assert!(several.json()["detail"].as_str().unwrap().contains("tenant"), "{path}");
        let wrong = post(body(None, "wrong")).await;
        assert!(!wrong.body.contains("several"), "{path}: who does not know the password learns nothing");
        assert_eq!(post(body(Some("south"), PASSWORD)).await.status, 200, "{path}");
        assert_eq!(post(body(None, "another password")).await.status, 200, "{path}: one fits");
        assert_eq!(post(body(Some("nowhere"), PASSWORD)).await.status.as_u16(), status, "{path}");
    }
}
