//! The doors of the legacy contract after the end of the migration (C-06, C-31): every one is closed, pages and OAuth are not, and
//! the way back opens them again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_http_api::edge::closed::is_door;
use authly_testkit::{CodeFlow, TestApp};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    catalog::CatalogRecords,
    endpoint::Endpoint,
    ids::AuditId,
    services::{Clock as _, Services as _},
    store::CatalogRepository as _,
};
use serde_json::json;

const PASSWORD: &str = "correct horse";

/// The end of the migration as a store tells of it; `null` takes it back.
async fn end(app: &TestApp, record: &str) {
    let services = app.app.engine.services();
    let at = services.clock().now();
    let id = AuditId::generate(at, services.random());
    let (kind, detail) = (AuditKind::SettingChanged, json!({}));
    let audit = AuditEvent { id, at, kind, user: None, client: None, address: None, detail };
    services.store().put_setting(CatalogRecords::FINALIZATION, record, audit).await.unwrap();
    app.services.refresh().await;
}

fn grant() -> serde_json::Value {
    json!({ "grant_type": "password", "username": "ada@example.org", "password": PASSWORD })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_json_door_is_gone_with_a_pointer_and_comes_back() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let doors: Vec<Endpoint> = Endpoint::ALL.iter().copied().filter(|endpoint| is_door(*endpoint)).collect();
    for wanted in [Endpoint::Refresh, Endpoint::Register, Endpoint::ApiLogin, Endpoint::ApiV1ChangePassword] {
        assert!(doors.contains(&wanted), "{wanted:?}");
    }
    end(&app, "{}").await;
    for door in &doors {
        let answer = app.post_json(door.path(), &json!({ "email": "ada@example.org", "password": PASSWORD })).await;
        assert_eq!(answer.status, 410, "{door:?}");
        let body = answer.json();
        assert_eq!((&body["error"], &body["detail"]), (&json!("gone"), &body["error_description"]));
        let link = answer.header("link").unwrap();
        assert!(link.contains("/.well-known/oauth-authorization-server") && link.contains("successor"), "{link}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    end(&app, "null").await;
    for door in &doors {
        let answer = app.post_json(door.path(), &json!({ "email": "ada@example.org", "password": PASSWORD })).await;
        assert_ne!(answer.status, 410, "{door:?}");
    }
    let login = app.post_json("/api/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD })).await;
    assert_eq!(login.status, 200);
}

/// An application in a browser reads why its door is closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_door_still_answers_the_origins_of_clients() {
    let app = TestApp::start().await;
    app.public_client("https://app.example/cb").await;
    end(&app, "{}").await;
    let asked = app.http.post(app.at("/api/auth/login")).header("origin", "https://app.example").json(&grant());
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 410);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_grant_and_old_tokens_are_refused_and_oauth_lives_on() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let secret = app.confidential_client().await;
    let pair = app.post_json("/auth/token", &grant()).await.json();
    let me = async |token: &str| {
        app.http.get(app.at("/api/v1/users/me")).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    let (access, refresh) = (pair["access_token"].as_str().unwrap(), pair["refresh_token"].as_str().unwrap());
    assert_eq!(me(access).await, 200);

    end(&app, "{}").await;
    let refused = app.post_json("/auth/token", &grant()).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("unsupported_grant_type")));
    let form = [("grant_type", "password"), ("username", "ada@example.org"), ("password", PASSWORD)];
    let refused = app.post("/auth/token", &form).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("unsupported_grant_type")));
    let old = json!({ "grant_type": "refresh_token", "refresh_token": refresh });
    let refused = app.post_json("/auth/token", &old).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(me(access).await, 401);

    // The sign-in page takes the password, and who came by OAuth is served at the same address as ever.
    let flow = CodeFlow::confidential(&secret, "openid profile");
    let tokens = flow.tokens(&app, &mut app.browser(), "ada@example.org").await;
    assert_eq!(me(tokens.access()).await, 200);
    let metadata = app.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata.status, 200);
    let doors = Endpoint::ALL.iter().filter(|endpoint| is_door(**endpoint));
    let text = metadata.json().to_string();
    for door in doors.map(|endpoint| endpoint.path()).chain(["\"password\""]) {
        assert!(!text.contains(door), "the metadata names {door}");
    }
    for page in ["/forgot-password", "/sign-in"] {
        assert_ne!(app.get(page).await.status, 410, "{page}");
    }

    end(&app, "null").await;
    assert_eq!(me(access).await, 200);
    assert_eq!(app.post_json("/auth/refresh", &json!({ "refresh_token": refresh })).await.status, 200);
}
