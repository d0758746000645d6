//! What a client and a token of one tenant reach of another, and which doors a tenant's policy closes.

use authly_admin_cases::user::UserDraft;
use authly_testkit::{CodeFlow, TestApp, TestStore};
use oauth_core::{
    audit::AuditKind,
    ids::TenantId,
    policy::{Mode, Policies, Policy},
};
use serde_json::json;

use crate::{
    stores::{Kind, World, over_every_store},
    world::{Side, side},
};

over_every_store! {
    a_client_of_a_tenant_signs_in_nobody_of_another,
    introspection_ends_at_the_tenant,
    the_legacy_doors_look_in_the_named_tenant_only,
    a_tenant_that_is_switched_off_is_closed_at_every_door,
    a_policy_closes_the_legacy_doors_and_nobody_outside_can_tell,
    a_policy_has_an_end_and_a_rule_of_its_own_for_new_users,
    sign_ins_are_counted_by_method_and_tenant,
}

async fn a_client_of_a_tenant_signs_in_nobody_of_another<K: Kind>() {
    let app = World::<K>::start().await;
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

async fn introspection_ends_at_the_tenant<K: Kind>() {
    let app = World::<K>::start().await;
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

async fn the_legacy_doors_look_in_the_named_tenant_only<K: Kind>() {
    let app = World::<K>::start().await;
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

async fn a_tenant_that_is_switched_off_is_closed_at_every_door<K: Kind>() {
    let app = World::<K>::start().await;
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

async fn set<S: TestStore>(app: &TestApp<S>, tenant: Option<TenantId>, policy: &Policy) {
    let value = serde_json::to_string(policy).unwrap();
    let engine = &app.app.engine;
    let audit = engine.audit(AuditKind::SettingChanged, None, engine.now());
    app.services.store.put_setting(&Policies::setting(tenant), &value, audit).await.unwrap();
    app.services.refresh().await;
}

/// S001-50..53, MIGRATION.md 3.4.
async fn a_policy_closes_the_legacy_doors_and_nobody_outside_can_tell<K: Kind>() {
    let app = World::<K>::start().await;
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
async fn a_policy_has_an_end_and_a_rule_of_its_own_for_new_users<K: Kind>() {
    let app = World::<K>::start().await;
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
async fn sign_ins_are_counted_by_method_and_tenant<K: Kind>() {
    let app = World::<K>::start().await;
    let own = side(&app, "a").await;
    let body = json!({ "email": own.email, "password": "wrong", "tenant": "a" });
    app.post_json("/api/auth/login", &body).await;
    let text = app.get("/metrics").await.body;
    for line in [
        "authly_logins_total{method=\"page\",tenant=\"a\",result=\"success\"} 2",
        "authly_logins_total{method=\"json_login\",tenant=\"a\",result=\"success\"} 1",
        "authly_logins_total{method=\"json_login\",tenant=\"a\",result=\"failure\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
