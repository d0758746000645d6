//! SECURITY.md row 39: nothing of tenant A ever shows or does anything of tenant B.
//!
//! The first test is made from the table of endpoints: every endpoint is asked with everything that an attacker of tenant A has (a
//! session, an access token of scope admin, a legacy token, a client with its secret) for everything that names tenant B. An endpoint
//! that is added to the table is asked as well, without anybody having to remember it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use authly_admin_cases::{client::ClientDraft, tenant::TenantDraft, user::UserDraft};
use authly_directory::tenant::TenantRepository as _;
use authly_testkit::{Browser, CodeFlow, Options, Page, TestApp, TokenSet};
use oauth_core::{
    client::GrantType,
    endpoint::Endpoint,
    ids::TenantId,
    policy::{Mode, Policies, Policy},
    store::CatalogRepository as _,
    time::Timestamp,
};
use reqwest::Method;
use serde_json::{Value, json};

const SCOPE: &str = "openid profile email groups offline_access read admin";

/// A tenant with a client of its own, an administrator, and all that they hold.
struct Side {
    slug: &'static str,
    id: TenantId,
    client: String,
    secret: String,
    user: String,
    email: String,
    browser: Browser,
    tokens: TokenSet,
    legacy: Value,
}

impl Side {
    fn flow(&self) -> CodeFlow {
        CodeFlow {
            client_id: self.client.clone(),
            redirect_uri: format!("https://{}.example/cb", self.slug),
            ..CodeFlow::confidential(&self.secret, SCOPE)
        }
    }

    /// What must never be seen by anybody else.
    fn marks(&self) -> Vec<String> {
        let group = format!("tenant_{}_users", self.slug);
        vec![self.user.clone(), self.email.clone(), group, format!("The {} App", self.slug)]
    }

    /// Everything that names something of this side: what the other side asks for.
    fn names(&self) -> Vec<(&'static str, String)> {
        vec![
            ("tenant", self.slug.to_owned()),
            ("tenant_id", self.id.to_string()),
            ("user", self.user.clone()),
            ("user_id", self.user.clone()),
            ("sub", self.user.clone()),
            ("login_hint", self.email.clone()),
            ("id_token_hint", self.tokens.text("id_token").to_owned()),
            ("token", self.tokens.access().to_owned()),
            ("token", self.tokens.refresh().to_owned()),
        ]
    }
}

async fn side(app: &TestApp, slug: &'static str) -> Side {
    let draft = TenantDraft {
        slug: Some(slug.to_owned()),
        groups: authly_admin_cases::tenant::WithGroups::Yes,
        ..TenantDraft::default()
    };
    app.app.admin.create_tenant(draft).await.unwrap();
    app.services.refresh().await;
    let id = app.app.admin.tenant_by_slug(slug).await.unwrap();
    let email = format!("ada@{slug}.example");
    let user = UserDraft {
        email: email.clone(),
        username: Some(format!("ada-{slug}")),
        tenant: Some(slug.to_owned()),
        admin: true,
        ..UserDraft::default()
    };
    let user = app.user_with(user).await.id;
    let registered = app
        .client(ClientDraft {
            client_id: Some(format!("app-{slug}")),
            name: format!("The {slug} App"),
            tenant: Some(id),
            redirect_uris: vec![format!("https://{slug}.example/cb")],
            scopes: SCOPE.split(' ').map(str::to_owned).collect(),
            grant_types: GrantType::ALL.to_vec(),
            introspect_all: true,
            ..ClientDraft::default()
        })
        .await;
    let secret = registered.secret.unwrap().expose().clone();
    let mut browser = app.browser();
    let flow = CodeFlow {
        client_id: format!("app-{slug}"),
        redirect_uri: format!("https://{slug}.example/cb"),
        ..CodeFlow::confidential(&secret, SCOPE)
    };
    let tokens = flow.tokens(app, &mut browser, &email).await;
    let legacy = app.post_json("/api/auth/login", &json!({ "email": email, "password": "correct horse" })).await.json();
    Side { slug, id, client: format!("app-{slug}"), secret, user, email, browser, tokens, legacy }
}

/// Asks once for everything that names the other side, with everything that this side holds.
async fn ask(app: &TestApp, endpoint: Endpoint, method: &Method, own: &mut Side, other: &Side) -> Vec<Page> {
    let mut pages = Vec::new();
    let at = app.at(endpoint.path());
    let secret = own.secret.clone();
    let legacy = own.legacy["access_token"].as_str().unwrap().to_owned();
    for (name, value) in other.names() {
        let pair = [(name, value.as_str())];
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, &value).finish();
        let with_query = format!("{at}?{query}");
        for bearer in [own.tokens.access(), legacy.as_str()] {
            let request = app.http.request(method.clone(), &with_query).bearer_auth(bearer);
            pages.push(app.send(request).await);
            if *method == Method::POST {
                pages.push(app.send(app.http.post(&at).bearer_auth(bearer).json(&json!({ name: value }))).await);
                pages.push(app.send(app.http.post(&at).bearer_auth(bearer).form(&pair)).await);
            }
        }
        if *method == Method::POST {
            pages.push(app.send(app.http.post(&at).basic_auth(&own.client, Some(&secret)).form(&pair)).await);
        }
        let page = match *method {
            Method::POST => own.browser.clone().post(endpoint.path(), &pair).await,
            _ => own.browser.clone().get(&format!("{}?{query}", endpoint.path())).await,
        };
        pages.push(page);
    }
    pages
}

/// The other side as far as this side can change it.
async fn state(app: &TestApp, of: &Side) -> Value {
    let user = app.app.admin.user(&of.user).await.unwrap();
    let client = app.app.admin.client(&of.client).await.unwrap();
    let groups = app.services.store.groups(Some(of.id)).await.unwrap();
    let alive = app.userinfo(of.tokens.access()).await.status.as_u16();
    let legacy = app.http.get(app.at("/api/v1/users/me")).bearer_auth(of.legacy["access_token"].as_str().unwrap());
    let legacy = app.send(legacy).await.status.as_u16();
    let session = of.browser.clone().get("/account").await.status.as_u16();
    json!([user, client, format!("{groups:?}"), alive, legacy, session])
}

#[tokio::test(flavor = "multi_thread")]
async fn no_endpoint_shows_or_changes_anything_of_another_tenant() {
    // Every endpoint answers, those that are off by default too.
    let engine = |settings: &mut oauth_core::settings::Settings| settings.first_party_challenge = true;
    let app = TestApp::with(Options { engine: Some(Box::new(engine)), ..Options::default() }).await;
    let (mut own, other) = (side(&app, "a").await, side(&app, "b").await);
    let before = state(&app, &other).await;
    assert_eq!(
        (&before[3], &before[4], &before[5]),
        (&200.into(), &200.into(), &200.into()),
        "the other side is alive"
    );
    for endpoint in Endpoint::ALL.iter().copied() {
        for method in endpoint.methods() {
            let method: Method = method.parse().unwrap();
            for page in ask(&app, endpoint, &method, &mut own, &other).await {
                for mark in other.marks() {
                    // What was sent may come back in the sign-in form: the address that was hinted at.
                    let hinted = page.is_sign_in() && mark == other.email;
                    assert!(hinted || !page.body.contains(&mark), "{method} {endpoint:?} tells {mark}: {}", page.body);
                    let told = page.headers.values().any(|value| value.to_str().is_ok_and(|text| text.contains(&mark)));
                    assert!(
                        hinted || !told || page.status.is_redirection(),
                        "{method} {endpoint:?} tells {mark} in a header"
                    );
                }
                assert!(!page.status.is_server_error(), "{method} {endpoint:?}: {}", page.body);
            }
        }
        let after = state(&app, &other).await;
        assert_eq!(after, before, "{endpoint:?} changed the other tenant");
    }
    assert_eq!(own.browser.get("/account").await.status.as_u16(), 200, "until the end somebody was asking");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_a_tenant_signs_in_nobody_of_another() {
    let app = TestApp::start().await;
    let (own, mut other) = (side(&app, "a").await, side(&app, "b").await);
    app.user("nobody@example.com").await;
    // On the page of a's client only a's people exist.
    for stranger in [other.email.as_str(), "nobody@example.com"] {
        let mut browser = app.browser();
        let page = browser.open(&own.flow().path()).await;
        let page = browser.sign_in(&page, stranger, "correct horse").await;
        assert_eq!((page.status.as_u16(), page.is_sign_in()), (400, true), "{stranger}");
    }
    app.clock.advance(std::time::Duration::from_secs(60));
    // Who is signed in already is asked to sign in as somebody else, or told so silently.
    let page = other.browser.open(&own.flow().path()).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let silent = other.browser.open(&own.flow().with("prompt", "none").path()).await;
    assert_eq!(silent.query("error").as_deref(), Some("login_required"));
    // A client of no tenant serves everybody.
    let secret = app.confidential_client().await;
    let tokens = CodeFlow::confidential(&secret, "openid groups").tokens(&app, &mut app.browser(), &other.email).await;
    assert_eq!(tokens.claims("access_token")["groups"], json!(["tenant_b_users"]));
    assert_eq!(tokens.claims("access_token")["tenant"], "b");
}

#[tokio::test(flavor = "multi_thread")]
async fn introspection_ends_at_the_tenant() {
    let app = TestApp::start().await;
    let (own, other) = (side(&app, "a").await, side(&app, "b").await);
    let asked = async |caller: &Side, token: &str| {
        let request = app.http.post(app.at("/auth/introspect")).basic_auth(&caller.client, Some(&caller.secret));
        app.send(request.form(&[("token", token)])).await.json()
    };
    let machine = app.http.post(app.at("/auth/token")).basic_auth(&other.client, Some(&other.secret));
    let machine = app.send(machine.form(&[("grant_type", "client_credentials"), ("scope", "read")])).await.json();
    let tokens = [
        other.tokens.access(),
        other.tokens.refresh(),
        other.legacy["access_token"].as_str().unwrap(),
        machine["access_token"].as_str().unwrap(),
    ];
    for token in tokens {
        assert_eq!(asked(&other, token).await["active"], true, "its own");
        assert_eq!(asked(&own, token).await, json!({ "active": false }), "nothing more is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_of_a_tenant_registers_clients_of_that_tenant() {
    let app = TestApp::start().await;
    let own = side(&app, "a").await;
    let body = json!({ "client_name": "Mine", "redirect_uris": ["https://mine.example/cb"] });
    let request = app.http.post(app.at("/admin/oauth/clients")).bearer_auth(own.tokens.access()).json(&body);
    let made = app.send(request).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    assert_eq!(made.json()["tenant_id"], own.id.to_string());
    let body = json!({ "client_name": "Theirs", "redirect_uris": ["https://x.example/cb"], "tenant_id": own.id });
    let request = app.http.post(app.at("/admin/oauth/clients")).bearer_auth(own.tokens.access()).json(&body);
    assert_eq!(app.send(request).await.status.as_u16(), 400, "a tenant is not for the asker to name");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_doors_look_in_the_named_tenant_only() {
    let app = TestApp::start().await;
    let (own, other) = (side(&app, "a").await, side(&app, "b").await);
    let login = async |side: &Side, tenant: &str| {
        let body = json!({ "email": side.email, "password": "correct horse", "tenant": tenant });
        app.post_json("/api/auth/login", &body).await.status.as_u16()
    };
    assert_eq!((login(&own, "a").await, login(&other, "b").await), (200, 200));
    for tenant in ["b", "nobody", ""] {
        assert_eq!(login(&own, tenant).await, 401, "{tenant:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_switched_off_is_closed_at_every_door() {
    let app = TestApp::start().await;
    let mut own = side(&app, "a").await;
    let change = authly_admin_cases::tenant::TenantChange { active: Some(false), ..Default::default() };
    app.app.admin.update_tenant("a", change).await.unwrap();
    app.services.refresh().await;
    assert_eq!(app.userinfo(own.tokens.access()).await.status.as_u16(), 401);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", own.tokens.refresh())];
    let refresh =
        app.send(app.http.post(app.at("/auth/token")).basic_auth(&own.client, Some(&own.secret)).form(&fields)).await;
    assert_eq!(refresh.status.as_u16(), 401, "its client is as good as switched off: {}", refresh.body);
    let flow = own.flow().path();
    assert_eq!(own.browser.open(&flow).await.status.as_u16(), 400, "the client is unknown now");
    let body = json!({ "email": own.email, "password": "correct horse" });
    assert_eq!(app.post_json("/api/auth/login", &body).await.status.as_u16(), 401);
}

async fn set(app: &TestApp, tenant: Option<TenantId>, policy: &Policy) {
    let value = serde_json::to_string(policy).unwrap();
    let audit = oauth_core::audit::AuditEvent {
        id: oauth_core::ids::AuditId::from_uuid(uuid::Uuid::from_u128(7)),
        at: Timestamp::from_seconds(0),
        kind: oauth_core::audit::AuditKind::SettingChanged,
        user: None,
        client: None,
        address: None,
        detail: Value::Null,
    };
    app.services.store.put_setting(&Policies::setting(tenant), &value, audit).await.unwrap();
    app.services.refresh().await;
}

/// S001-50..53, MIGRATION.md 3.4.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_closes_the_legacy_doors_and_nobody_outside_can_tell() {
    let app = TestApp::start().await;
    let (mut own, other) = (side(&app, "a").await, side(&app, "b").await);
    let login = async |email: &str, password: &str| {
        app.post_json("/api/auth/login", &json!({ "email": email, "password": password })).await
    };
    let grant = async |email: &str| {
        let fields = [("grant_type", "password"), ("username", email), ("password", "correct horse")];
        app.post("/auth/token", &fields).await
    };
    set(&app, Some(own.id), &Policy { mode: Mode::OauthOnly, ..Policy::default() }).await;
    let refused = login(&own.email, "correct horse").await;
    let wrong = login(&other.email, "not the password").await;
    assert_eq!((refused.status, &refused.body), (wrong.status, &wrong.body), "the same answer as a wrong password");
    assert_eq!(grant(&own.email).await.json()["error"], "invalid_grant");
    let refresh = json!({ "refresh_token": own.legacy["refresh_token"] });
    assert_eq!(app.post_json("/auth/refresh", &refresh).await.json()["error"], "invalid_grant", "no new pair either");
    assert_eq!(grant(&other.email).await.status.as_u16(), 200, "the other tenant is not concerned");
    let flow = own.flow();
    let mut fresh = app.browser();
    assert!(!flow.code(&mut fresh, &own.email).await.is_empty(), "the page still takes the password");
    // Password alone: no codes.
    set(&app, Some(own.id), &Policy { mode: Mode::Password, ..Policy::default() }).await;
    assert_eq!(login(&own.email, "correct horse").await.status.as_u16(), 200);
    let page = own.browser.open(&flow.path()).await;
    assert_eq!(page.query("error").as_deref(), Some("access_denied"));
}

/// S001-53.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_has_an_end_and_a_rule_of_its_own_for_new_users() {
    let app = TestApp::start().await;
    let own = side(&app, "a").await;
    let now = app.app.engine.now();
    let minute = std::time::Duration::from_secs(60);
    let login = async |email: &str| {
        app.post_json("/api/auth/login", &json!({ "email": email, "password": "correct horse" })).await.status.as_u16()
    };
    let policy = Policy {
        new_users: Some(Mode::OauthOnly),
        since: Some(now.plus(minute)),
        until: Some(now.plus(minute * 60)),
        ..Policy::default()
    };
    set(&app, None, &policy).await;
    app.clock.advance(minute * 2);
    let newcomer =
        UserDraft { email: "new@a.example".to_owned(), tenant: Some("a".to_owned()), ..UserDraft::default() };
    app.user_with(newcomer).await;
    assert_eq!((login(&own.email).await, login("new@a.example").await), (200, 401));
    app.clock.advance(minute * 60);
    assert_eq!(login(&own.email).await, 401, "the last day is over");
}

/// MIGRATION.md 3.6.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_are_counted_by_method_and_tenant() {
    let app = TestApp::start().await;
    let own = side(&app, "a").await;
    let body = json!({ "email": own.email, "password": "wrong", "tenant": "a" });
    app.post_json("/api/auth/login", &body).await;
    let text = app.get("/metrics").await.body;
    for line in [
        "authly_logins_total{method=\"page\",tenant=\"a\",result=\"success\"} 1",
        "authly_logins_total{method=\"json_login\",tenant=\"a\",result=\"success\"} 1",
        "authly_logins_total{method=\"json_login\",tenant=\"a\",result=\"failure\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
