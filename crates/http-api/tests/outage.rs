//! What is answered while the store is down: nothing that would be a lie (RFC 7009 2.2.1, SECURITY.md row 26).

use authly_testkit::{CodeFlow, TestApp};
use serde_json::json;

const EMAIL: &str = "ada@example.org";

/// SECURITY.md rows 26 and 27; RFC 6749 5.2, RFC 7009 2.2.1: 503 with Retry-After, never a success and never "inactive".
#[tokio::test(flavor = "multi_thread")]
async fn machine_endpoints_say_503_while_the_store_is_down() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let login = json!({ "grant_type": "password", "username": EMAIL, "password": "correct horse" });
    let legacy = app.post_json("/auth/token", &login).await.json();
    app.services.store.take_down();
    let basic = |path: &str| app.http.post(app.at(path)).basic_auth("app", Some(&secret));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh())];
    for (what, request) in [
        ("a code", basic("/auth/token").form(&flow.redemption(&code))),
        ("a refresh", basic("/auth/token").form(&refresh)),
        ("revocation of a refresh token", basic("/auth/revoke").form(&[("token", tokens.refresh())])),
        ("revocation of an access token", basic("/auth/revoke").form(&[("token", tokens.access())])),
        ("introspection of a refresh token", basic("/auth/introspect").form(&[("token", tokens.refresh())])),
        ("introspection of an access token", basic("/auth/introspect").form(&[("token", tokens.access())])),
        ("userinfo", app.http.get(app.at("/auth/userinfo")).bearer_auth(tokens.access())),
        ("me", app.http.get(app.at("/api/v1/users/me")).bearer_auth(tokens.access())),
        (
            "me with a legacy token",
            app.http.get(app.at("/api/v1/users/me")).bearer_auth(legacy["access_token"].as_str().unwrap()),
        ),
        ("the password grant", app.http.post(app.at("/auth/token")).json(&login)),
        (
            "a legacy refresh",
            app.http.post(app.at("/auth/refresh")).json(&json!({ "refresh_token": legacy["refresh_token"] })),
        ),
        (
            "a legacy revocation",
            app.http.post(app.at("/auth/revoke")).json(&json!({ "token": legacy["refresh_token"] })),
        ),
    ] {
        let answer = app.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (503, Some("temporarily_unavailable")),
            "{what}"
        );
        assert!(answer.header("retry-after").is_some(), "{what}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    }
    app.services.store.bring_up();
    assert_eq!(flow.post_token(&app, &flow.redemption(&code)).await.status, 200, "nothing was burnt");
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 200, "nothing was burnt");
}

/// DESIGN.md 7: people get a page that says when to come back, and health says what is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn pages_and_probes_tell_of_an_outage() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    let flow = CodeFlow::confidential(&secret, "openid");
    let mut browser = app.browser();
    let sign_in = browser.open(&flow.path()).await;
    let mut known = browser.clone();
    assert!(known.sign_in(&sign_in, EMAIL, "correct horse").await.is_consent());
    app.services.store.take_down();
    let failed = browser.sign_in(&sign_in, EMAIL, "correct horse").await;
    for (what, page) in
        [("sign-in", failed), ("account", known.get("/account").await), ("request", known.get(&flow.path()).await)]
    {
        assert_eq!(page.status, 503, "{what}");
        assert!(page.header("retry-after").is_some() && page.header("location").is_none(), "{what}");
        assert!(page.body.contains("<h1"), "{what}");
    }
    for path in ["/health", "/health/ready"] {
        assert_eq!(app.get(path).await.status, 503, "{path}");
    }
    for path in ["/health/live", "/", "/.well-known/openid-configuration", "/.well-known/jwks.json", "/sign-in"] {
        assert_eq!(app.get(path).await.status, 200, "{path} needs no store");
    }
}
