//! What is written down: every door leaves the same trace, and no secret ever gets into it (SECURITY.md rows 59 and 60).

use std::time::Duration;

use authly_testkit::{CodeFlow, TestApp};
use oauth_core::audit::{AuditEvent, AuditKind};
use serde_json::json;

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

fn log(app: &TestApp) -> Vec<AuditEvent> {
    app.services.store.store().audit_log()
}

/// SECURITY.md row 60: "same throttle, same lockout, same audit".
#[tokio::test(flavor = "multi_thread")]
async fn every_door_leaves_the_same_trace() {
    let app = TestApp::start().await;
    let user = app.user(EMAIL).await;
    let mut browser = app.browser();
    for (password, kind) in [("wrong", AuditKind::SignInFailed), (PASSWORD, AuditKind::SignedIn)] {
        let page = browser.open("/sign-in").await;
        browser.sign_in(&page, EMAIL, password).await;
        let grant = json!({ "grant_type": "password", "username": EMAIL, "password": password });
        app.post_json("/auth/token", &grant).await;
        app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": password })).await;
        for door in ["page", "password_grant", "json_login"] {
            let found = log(&app).into_iter().find(|event| event.kind == kind && event.detail["door"] == door);
            let event = found.unwrap_or_else(|| panic!("no {kind:?} through {door}"));
            assert_eq!(event.user.unwrap().to_string(), user.id);
            assert_eq!(event.address.as_deref(), Some("127.0.0.1"));
            assert_eq!(event.at, app.app.engine.now());
        }
    }
    for _ in 0..5 {
        app.post_json("/api/auth/login", &json!({ "email": EMAIL, "password": "wrong" })).await;
    }
    let locks = log(&app).iter().filter(|event| event.kind == AuditKind::AccountLocked).count();
    assert_eq!(locks, 1, "a lock is told once");
    app.post_json("/api/auth/login", &json!({ "email": "unknown@example.org", "password": "wrong" })).await;
    let nobody = log(&app).into_iter().filter(|event| event.kind == AuditKind::SignInFailed && event.user.is_none());
    assert_eq!(nobody.count(), 1);
}

/// RFC 9700 4.14.2 and SECURITY.md row 7: what may be a theft is written down with whom it concerns.
#[tokio::test(flavor = "multi_thread")]
async fn replays_revocations_and_decisions_are_written_down() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    let user = app.user(EMAIL).await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let mut browser = app.browser();
    let code = flow.code(&mut browser, EMAIL).await;
    flow.redeem(&app, &code).await;
    flow.post_token(&app, &flow.redemption(&code)).await;
    let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
    flow.refresh(&app, tokens.refresh()).await;
    app.clock.advance(Duration::from_secs(11));
    flow.refresh(&app, tokens.refresh()).await;
    let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
    let request = app.http.post(app.at("/auth/revoke")).basic_auth("app", Some(&secret));
    app.send(request.form(&[("token", tokens.refresh())])).await;
    let page = browser.open("/auth/logout").await;
    let csrf = page.hidden("csrf");
    browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
    for kind in [
        AuditKind::ConsentGranted,
        AuditKind::CodeReplayed,
        AuditKind::RefreshReplayed,
        AuditKind::GrantRevoked,
        AuditKind::SignedOut,
    ] {
        let events: Vec<_> = log(&app).into_iter().filter(|event| event.kind == kind).collect();
        assert_eq!(events.len(), 1, "{kind:?}");
        assert_eq!(events[0].user.unwrap().to_string(), user.id, "{kind:?}");
    }
}

/// SECURITY.md row 59: "no secrets, codes or tokens in them".
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_gets_into_the_trace() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let mut browser = app.browser();
    let code = flow.code(&mut browser, EMAIL).await;
    let tokens = flow.redeem(&app, &code).await;
    flow.post_token(&app, &flow.redemption(&code)).await;
    app.post_json("/api/auth/login", &json!({ "email": "hunter2-typed-as-name", "password": "hunter2-wrong" })).await;
    let page = browser.open("/account").await;
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("current_password", PASSWORD), ("new_password", "hunter2-new-password")];
    browser.post("/account/password", &fields).await;
    let body = json!({ "email": "eve@example.org", "username": "eve", "password": "hunter2-registered" });
    app.post_json("/auth/register", &body).await;
    let text = format!("{:?}", log(&app));
    let session = browser.cookies["authly-session"].as_str();
    for secret in [
        &*secret,
        &code,
        tokens.access(),
        tokens.refresh(),
        tokens.text("id_token"),
        PASSWORD,
        "hunter2",
        session,
        &csrf,
    ] {
        assert!(!text.contains(secret), "{secret} stands in the audit log");
    }
}
