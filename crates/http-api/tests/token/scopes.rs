//! What a token may hold: scopes and audiences (RFC 6749 3.3, RFC 8707).

use authly_admin_cases::{client::ClientChange, user::UserDraft};
use authly_directory::account::AccountChange;
use authly_testkit::CodeFlow;
use serde_json::json;

use crate::world::{EMAIL, SCOPE, active, refused, start};

/// SECURITY.md row 16 and DESIGN.md 4: rights that are gone are not refreshed.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_the_user_may_not_hold_any_more_is_gone_from_the_next_token() {
    let (app, flow) = start().await;
    let draft = UserDraft { email: "root@example.org".to_owned(), admin: true, ..Default::default() };
    app.user_with(draft).await;
    let flow = CodeFlow { scope: "openid offline_access admin read".to_owned(), ..flow };
    let tokens = flow.tokens(&app, &mut app.browser(), "root@example.org").await;
    assert!(tokens.claims("access_token")["scope"].as_str().unwrap().contains("admin"));
    let change = AccountChange { is_admin: Some(false), ..AccountChange::default() };
    app.app.admin.update_user("root@example.org", change).await.unwrap();
    let next = flow.refresh(&app, tokens.refresh()).await.json();
    let scope = next["scope"].as_str().unwrap();
    assert!(!scope.contains("admin") && scope.contains("read"), "{scope}");
    let body = json!({ "client_name": "x" });
    let request = app.http.post(app.at("/admin/oauth/clients")).bearer_auth(tokens.access()).json(&body);
    assert_eq!(app.send(request).await.status, 403, "the older token has lost it too");
    let flow = CodeFlow { client_id: "app".to_owned(), ..flow };
    let ordinary = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    assert!(!ordinary.claims("access_token")["scope"].as_str().unwrap().contains("admin"));
}

/// SECURITY.md row 17; RFC 6749 6 "MUST NOT include any scope not originally granted by the resource owner".
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_never_widens_the_scope() {
    let (app, flow) = start().await;
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let refresh = |token: String, scope: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", scope)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (app, flow) = (&app, &flow);
        async move { flow.post_token(app, &form).await }
    };
    for scope in ["openid write", "admin", "nothing-of-ours", "openid \"quoted\""] {
        refused(&refresh(tokens.refresh().to_owned(), scope).await, "invalid_scope");
    }
    let narrow = refresh(tokens.refresh().to_owned(), "openid").await.json();
    assert_eq!(narrow["scope"], "openid");
    let wide = refresh(narrow["refresh_token"].as_str().unwrap().to_owned(), SCOPE).await;
    assert_eq!(wide.status, 200, "the grant itself did not shrink: {}", wide.body);
}

/// SECURITY.md row 17: a scope in the code's redemption means nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_sent_with_a_code_is_ignored() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let mut form = flow.redemption(&code);
    form.push(("scope".to_owned(), "admin write openid".to_owned()));
    let answer = flow.post_token(&app, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = authly_testkit::TokenSet { body: answer.json() };
    let scope = tokens.claims("access_token")["scope"].as_str().unwrap().to_owned();
    assert!(!scope.contains("admin") && !scope.contains("write"), "{scope}");
}

/// RFC 6749 4.4, OAuth 2.1 4.2: for confidential clients only; no refresh token; no user's scopes.
#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_are_for_confidential_clients_and_their_own_scopes() {
    let (app, flow) = start().await;
    app.public_client("https://spa.example/cb").await;
    let spa = CodeFlow::public("https://spa.example/cb", "openid");
    let form = |scope: &str| {
        vec![("grant_type".to_owned(), "client_credentials".to_owned()), ("scope".to_owned(), scope.to_owned())]
    };
    let answer = spa.post_token(&app, &form("read")).await;
    refused(&answer, "unauthorized_client");
    let answer = flow.post_token(&app, &form("read")).await;
    let tokens = authly_testkit::TokenSet { body: answer.json() };
    assert!(tokens.body.get("refresh_token").is_none(), "RFC 6749 4.4.3: SHOULD NOT be included");
    assert!(tokens.body.get("id_token").is_none());
    let claims = tokens.claims("access_token");
    assert_eq!((claims["sub"].as_str(), claims["client_id"].as_str()), (Some("app"), Some("app")), "RFC 9068 2.2");
    assert_eq!(app.userinfo(tokens.access()).await.status, 403, "there is nobody to tell of");
}

/// RFC 8707 2: `resource` among the client's audiences becomes `aud`; anything else is invalid_target.
#[tokio::test(flavor = "multi_thread")]
async fn a_resource_becomes_the_audience_when_the_client_may_name_it() {
    let (app, flow) = start().await;
    let audiences = Some(vec!["https://api.example/a".to_owned(), "https://api.example/b".to_owned()]);
    app.change_client("app", ClientChange { audiences, ..ClientChange::default() }).await;
    let flow = CodeFlow { scope: "read".to_owned(), ..flow };
    let tokens = flow.clone().tokens(&app, &mut app.browser(), EMAIL).await;
    assert_eq!(tokens.claims("access_token")["aud"], "https://api.example/a", "the default is the first");
    let named = flow.clone().with("resource", "https://api.example/b");
    let code = named.code(&mut app.browser(), EMAIL).await;
    let mut form = named.redemption(&code);
    form.push(("resource".to_owned(), "https://api.example/a".to_owned()));
    refused(&named.post_token(&app, &form).await, "invalid_target");
    form.pop();
    form.push(("resource".to_owned(), "https://api.example/b".to_owned()));
    let answer = named.post_token(&app, &form).await;
    assert_eq!(answer.status, 200, "a refused resource burns nothing: {}", answer.body);
    let tokens = authly_testkit::TokenSet { body: answer.json() };
    assert_eq!(tokens.claims("access_token")["aud"], "https://api.example/b");
    assert_eq!(app.userinfo(tokens.access()).await.status, 401, "a token for somebody else is not for us");
    assert!(active(&app, &flow, tokens.access()).await, "but it is active for its client");
}
