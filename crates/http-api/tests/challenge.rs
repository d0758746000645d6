//! The authorization challenge endpoint (draft-ietf-oauth-first-party-apps).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use authly_admin_cases::{
    client::{ClientChange, ClientDraft},
    tenant::TenantDraft,
    user::UserDraft,
};
use authly_testkit::{Options, Page, TestApp};
use oauth_core::{
    client::{ChallengePolicy, ClientType},
    pkce::CodeVerifier,
};
use serde_json::{Value, json};

const VERIFIER: &str = "a-verifier-of-at-least-43-characters-0123456789";
const EMAIL: &str = "ada@example.org";
const PATH: &str = "/authorize-challenge";

fn draft(id: &str) -> ClientDraft {
    ClientDraft {
        client_id: Some(id.to_owned()),
        name: "The App".to_owned(),
        kind: Some(ClientType::Public),
        redirect_uris: vec!["com.example.app:/cb".to_owned()],
        scopes: ["openid", "profile", "offline_access", "read"].map(str::to_owned).to_vec(),
        first_party: true,
        challenge: true,
        ..ClientDraft::default()
    }
}

async fn start() -> TestApp {
    let options = Options {
        engine: Some(Box::new(|settings| settings.first_party_challenge = true)),
        directory: Some(Box::new(|settings| settings.max_failures = 3)),
        ..Options::default()
    };
    let app = TestApp::with(options).await;
    app.client(draft("app")).await;
    app.user(EMAIL).await;
    app
}

/// The parameters of a request; with a name and a password if given.
fn request(client: &str, who: Option<(&str, &str)>) -> Vec<(&'static str, String)> {
    let challenge = CodeVerifier::parse(VERIFIER).unwrap().challenge().to_text();
    let mut fields = vec![
        ("client_id", client.to_owned()),
        ("scope", "openid offline_access read".to_owned()),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256".to_owned()),
        ("nonce", "n-1".to_owned()),
    ];
    if let Some((username, password)) = who {
        fields.extend([("username", username.to_owned()), ("password", password.to_owned())]);
    }
    fields
}

async fn ask(app: &TestApp, fields: &[(&'static str, String)]) -> Page {
    app.send(app.http.post(app.at(PATH)).form(fields)).await
}

async fn redeem(app: &TestApp, code: &str, verifier: &str) -> Page {
    let fields =
        [("grant_type", "authorization_code"), ("client_id", "app"), ("code", code), ("code_verifier", verifier)];
    app.post("/auth/token", &fields).await
}

fn text(page: &Page, name: &str) -> String {
    page.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", page.body)).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_the_application_leads_to_tokens() {
    let app = start().await;
    let page = ask(&app, &request("app", Some((EMAIL, "correct horse")))).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.set_cookies().is_empty());
    let code = text(&page, "authorization_code");
    assert_eq!(
        text(&redeem(&app, &code, "another-verifier-of-at-least-43-characters-01").await, "error"),
        "invalid_grant"
    );
    let tokens = redeem(&app, &code, VERIFIER).await;
    assert_eq!(tokens.status.as_u16(), 200, "{}", tokens.body);
    assert!(app.userinfo(&text(&tokens, "access_token")).await.json()["sub"].is_string());
    assert!(!text(&tokens, "id_token").is_empty());
    assert!(app.get("/metrics").await.body.contains("{method=\"first_party\",tenant=\"\",result=\"success\"} 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_the_session_says_how_to_go_on() {
    let app = start().await;
    let first = ask(&app, &request("app", None)).await;
    assert_eq!((first.status.as_u16(), text(&first, "error")), (400, "insufficient_authorization".to_owned()));
    let session = text(&first, "auth_session");
    let go_on = |client: &str, session: &str, password: &str| {
        vec![
            ("client_id", client.to_owned()),
            ("auth_session", session.to_owned()),
            ("username", EMAIL.to_owned()),
            ("password", password.to_owned()),
        ]
    };
    let wrong = ask(&app, &go_on("app", &session, "wrong")).await;
    assert_eq!(
        (text(&wrong, "error"), text(&wrong, "auth_session")),
        ("insufficient_authorization".to_owned(), session.clone())
    );
    // Another client, an altered session and one that is over are all the same.
    app.client(draft("other")).await;
    for (client, session) in [("other", session.as_str()), ("app", "x.y"), ("app", &session[..session.len() - 4])] {
        assert_eq!(text(&ask(&app, &go_on(client, session, "correct horse")).await, "error"), "invalid_session");
    }
    let right = ask(&app, &go_on("app", &session, "correct horse")).await;
    let tokens = redeem(&app, &text(&right, "authorization_code"), VERIFIER).await;
    assert_eq!(tokens.status.as_u16(), 200, "{}", tokens.body);
    app.clock.advance(app.app.engine.settings().request_ttl);
    assert_eq!(text(&ask(&app, &go_on("app", &session, "correct horse")).await, "error"), "invalid_session");
}

/// SECURITY.md: one failure counter for all doors; nothing tells who exists.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_read_the_same_and_count_for_all_doors() {
    let app = start().await;
    let without_session = |page: &Page| {
        let mut body = page.json();
        body.as_object_mut().unwrap().remove("auth_session");
        (page.status, body)
    };
    let unknown = ask(&app, &request("app", Some(("nobody@example.org", "correct horse")))).await;
    for _ in 0..3 {
        let wrong = ask(&app, &request("app", Some((EMAIL, "wrong")))).await;
        assert_eq!(without_session(&wrong), without_session(&unknown));
    }
    let locked = ask(&app, &request("app", Some((EMAIL, "correct horse")))).await;
    assert_eq!(without_session(&locked), without_session(&unknown), "locked now");
    let login = app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": "correct horse" })).await;
    assert_eq!(login.status.as_u16(), 401, "and locked at the other doors");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_the_authorization_endpoint_hold() {
    let app = start().await;
    let who = Some((EMAIL, "correct horse"));
    let with = |name: &'static str, value: Option<&str>| {
        let mut fields = request("app", who);
        fields.retain(|(known, _)| *known != name);
        fields.extend(value.map(|value| (name, value.to_owned())));
        fields
    };
    for (fields, error) in [
        (with("code_challenge", None), "invalid_request"),
        (with("code_challenge_method", Some("plain")), "invalid_request"),
        (with("scope", Some("write")), "invalid_scope"),
        (with("resource", Some("https://api.example")), "invalid_target"),
        (with("client_id", Some("nobody")), "invalid_client"),
        ([with("scope", None), with("scope", Some("read"))].concat(), "invalid_request"),
    ] {
        assert_eq!(text(&ask(&app, &fields).await, "error"), error, "{fields:?}");
    }
    let json = app.post_json(PATH, &json!({ "client_id": "app" })).await;
    assert_eq!(json.status.as_u16(), 415, "{}", json.body);
}

/// A confidential client proves who it is, and its PKCE exemption does not count here.
#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_client_authenticates_and_needs_pkce() {
    let app = start().await;
    let draft = ClientDraft {
        kind: None,
        no_pkce: true,
        redirect_uris: vec!["https://web.example/cb".to_owned()],
        ..draft("web")
    };
    let secret = app.client(draft).await.secret.unwrap().expose().clone();
    let send = async |secret: &str, fields: Vec<(&'static str, String)>| {
        app.send(app.http.post(app.at(PATH)).basic_auth("web", Some(secret)).form(&fields)).await
    };
    let mut fields = request("web", Some((EMAIL, "correct horse")));
    assert_eq!(text(&send("wrong", fields.clone()).await, "error"), "invalid_client");
    assert_eq!(send(&secret, fields.clone()).await.status.as_u16(), 200);
    fields.retain(|(name, _)| !name.starts_with("code_challenge"));
    assert_eq!(text(&send(&secret, fields).await, "error"), "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_first_party_clients_with_the_switch_come_in_and_only_where_it_is_on() {
    let app = start().await;
    app.client(ClientDraft { challenge: false, ..draft("page") }).await;
    assert_eq!(
        text(&ask(&app, &request("page", Some((EMAIL, "correct horse")))).await, "error"),
        "unauthorized_client"
    );
    let refused = app.app.admin.create_client(ClientDraft { first_party: false, ..draft("third") }).await;
    assert!(refused.unwrap_err().to_string().contains("first_party_challenge"));
    app.change_client("app", ClientChange { challenge: Some(ChallengePolicy::Closed), ..ClientChange::default() })
        .await;
    assert_eq!(text(&ask(&app, &request("app", Some((EMAIL, "correct horse")))).await, "error"), "unauthorized_client");
    let metadata = |app: &TestApp| -> Value { serde_json::from_str(&app.app.engine.metadata()).unwrap() };
    assert_eq!(metadata(&app)["authorization_challenge_endpoint"], format!("{}{PATH}", app.issuer()));
    let off = TestApp::start().await;
    assert_eq!(off.post(PATH, &[("client_id", "app")]).await.status.as_u16(), 404);
    assert_eq!(metadata(&off)["authorization_challenge_endpoint"], Value::Null);
}

/// SECURITY.md row 39.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_a_tenant_signs_in_its_own_people_only() {
    let app = start().await;
    app.app.admin.create_tenant(TenantDraft { slug: Some("a".to_owned()), ..TenantDraft::default() }).await.unwrap();
    let tenant = Some(app.app.admin.tenant_by_slug("a").await.unwrap());
    app.client(ClientDraft { tenant, ..draft("theirs") }).await;
    let member = UserDraft { email: "bob@a.example".to_owned(), tenant: Some("a".to_owned()), ..UserDraft::default() };
    app.user_with(member).await;
    let stranger = ask(&app, &request("theirs", Some((EMAIL, "correct horse")))).await;
    assert_eq!(text(&stranger, "error"), "insufficient_authorization");
    assert_eq!(ask(&app, &request("theirs", Some(("bob@a.example", "correct horse")))).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_it_ends_with_the_session_that_the_account_page_shows() {
    let app = start().await;
    let page = ask(&app, &request("app", Some((EMAIL, "correct horse")))).await;
    let tokens = redeem(&app, &text(&page, "authorization_code"), VERIFIER).await;
    let access = text(&tokens, "access_token");
    assert_eq!(app.userinfo(&access).await.status.as_u16(), 200);
    app.app.admin.set_user_password(EMAIL, &oauth_core::secret::Secret::new("another horse".to_owned())).await.unwrap();
    assert_eq!(app.userinfo(&access).await.status.as_u16(), 401);
}

/// Which stage of the way from passwords to the browser a client has reached.
#[tokio::test(flavor = "multi_thread")]
async fn uses_are_counted_by_client_or_tenant_and_written_together() {
    let app = start().await;
    app.app.admin.create_tenant(TenantDraft { slug: Some("a".to_owned()), ..TenantDraft::default() }).await.unwrap();
    let member = UserDraft { email: "bob@a.example".to_owned(), tenant: Some("a".to_owned()), ..UserDraft::default() };
    app.user_with(member).await;
    for _ in 0..2 {
        let page = ask(&app, &request("app", Some((EMAIL, "correct horse")))).await;
        redeem(&app, &text(&page, "authorization_code"), VERIFIER).await;
    }
    for email in [EMAIL, "bob@a.example"] {
        app.post_json("/api/auth/login", &json!({ "email": email, "password": "correct horse" })).await;
        app.post_json("/api/auth/login", &json!({ "email": email, "password": "wrong" })).await;
    }
    assert!(app.app.admin.usage(30).await.unwrap().is_empty(), "no request writes");
    app.services.store.take_down();
    assert!(app.app.write_uses().await.is_err());
    app.services.store.bring_up();
    app.app.write_uses().await.unwrap();
    let told = app.app.admin.usage(30).await.unwrap();
    let rows: Vec<_> =
        told.iter().map(|row| (row.client.as_deref(), row.tenant.as_deref(), row.way, row.uses)).collect();
    assert_eq!(
        rows,
        [
            (None, None, "json_login", 1),
            (None, Some("a"), "json_login", 1),
            (Some("app"), None, "authorization_code", 2),
            (Some("app"), None, "first_party", 2),
        ]
    );
    app.clock.advance(std::time::Duration::from_secs(40 * 86_400));
    assert!(app.app.admin.usage(30).await.unwrap().is_empty());
    assert_eq!(app.app.admin.usage(60).await.unwrap(), told);
}
