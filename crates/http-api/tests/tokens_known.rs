//! Who may know of a token and end it: userinfo (OpenID Connect Core 5.3), introspection (RFC 7662), revocation (RFC 7009).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{CodeFlow, Page, TestApp, TokenSet};
use oauth_core::client::GrantType;
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.org";

async fn start() -> (TestApp, CodeFlow, TokenSet) {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    let flow = CodeFlow::confidential(&secret, "openid profile email offline_access");
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    (app, flow, tokens)
}

/// A resource server's client, which may ask about nothing but what names it.
async fn resource_server(app: &TestApp, introspect_all: bool) -> String {
    let draft = ClientDraft {
        client_id: Some("https://api.example".to_owned()),
        name: "The API".to_owned(),
        scopes: vec!["read".to_owned()],
        grant_types: vec![GrantType::ClientCredentials],
        introspect_all,
        ..ClientDraft::default()
    };
    app.client(draft).await.secret.unwrap().expose().clone()
}

async fn ask(app: &TestApp, path: &str, client: &str, secret: &str, form: &[(&str, &str)]) -> Page {
    // RFC 6749 2.3.1: both parts of Basic are form-encoded.
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    app.send(app.http.post(app.at(path)).basic_auth(encode(client), Some(encode(secret))).form(form)).await
}

/// RFC 7662 2.1 "MUST also require some form of authorization to access this endpoint"; SECURITY.md row 27.
#[tokio::test(flavor = "multi_thread")]
async fn introspection_is_for_clients_that_prove_who_they_are() {
    let (app, _, tokens) = start().await;
    app.public_client("https://spa.example/cb").await;
    let answer = app.post("/auth/introspect", &[("token", tokens.access())]).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_client")));
    assert!(answer.header("www-authenticate").is_some());
    let answer = app.post("/auth/introspect", &[("token", tokens.access()), ("client_id", "spa")]).await;
    assert_eq!(answer.status, 401, "a public client proves nothing");
    let request =
        app.http.post(app.at("/auth/introspect")).bearer_auth(tokens.access()).form(&[("token", tokens.access())]);
    assert_eq!(app.send(request).await.status, 401, "a bearer token is no client authentication");
}

/// RFC 7662 2.2 and 4.
#[tokio::test(flavor = "multi_thread")]
async fn introspection_tells_the_whole_story_of_an_active_token_and_nothing_of_others() {
    let (app, flow, tokens) = start().await;
    let secret = flow.secret.clone().unwrap();
    let answer =
        ask(&app, "/auth/introspect", "app", &secret, &[("token", tokens.access()), ("token_type_hint", "nonsense")])
            .await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told = answer.json();
    let claims = tokens.claims("access_token");
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"] {
        assert_eq!(told[name], claims[name], "{name}");
    }
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    let refresh = ask(&app, "/auth/introspect", "app", &secret, &[("token", tokens.refresh())]).await.json();
    assert_eq!((&refresh["active"], &refresh["client_id"]), (&json!(true), &json!("app")));
    for unknown in ["", "x", "a.b.c", &"x".repeat(4_000), tokens.text("id_token"), "🙂"] {
        let answer = ask(&app, "/auth/introspect", "app", &secret, &[("token", unknown)]).await;
        if unknown.is_empty() {
            assert_eq!(answer.json()["error"], "invalid_request", "RFC 7662 2.1: token is REQUIRED");
        } else {
            assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "active": false })), "{unknown}");
        }
    }
    let stranger = resource_server(&app, false).await;
    for token in [tokens.access(), tokens.refresh()] {
        let answer = ask(&app, "/auth/introspect", "https://api.example", &stranger, &[("token", token)]).await;
        assert_eq!(answer.json(), json!({ "active": false }), "RFC 7662 4: not visible to the caller");
    }
}

/// DESIGN.md 4: a client hears of its own tokens, of those whose audience names it, or of all by its own flag.
#[tokio::test(flavor = "multi_thread")]
async fn a_resource_server_hears_of_tokens_that_are_meant_for_it() {
    let (app, flow, ours) = start().await;
    let secret = resource_server(&app, false).await;
    let audiences = Some(vec!["https://api.example".to_owned(), app.issuer().to_owned()]);
    app.change_client("app", authly_admin_cases::client::ClientChange { audiences, ..Default::default() }).await;
    let flow = CodeFlow { scope: "read".to_owned(), ..flow };
    let theirs = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let told =
        ask(&app, "/auth/introspect", "https://api.example", &secret, &[("token", theirs.access())]).await.json();
    assert_eq!((&told["active"], &told["aud"]), (&json!(true), &json!("https://api.example")), "{told}");
    let told = ask(&app, "/auth/introspect", "https://api.example", &secret, &[("token", ours.access())]).await.json();
    assert_eq!(told, json!({ "active": false }));
    let all = app
        .client(ClientDraft {
            client_id: Some("auditor".to_owned()),
            name: "Sees all".to_owned(),
            grant_types: vec![GrantType::ClientCredentials],
            introspect_all: true,
            ..ClientDraft::default()
        })
        .await;
    let auditor = all.secret.unwrap().expose().clone();
    let login = json!({ "grant_type": "password", "username": EMAIL, "password": "correct horse" });
    let legacy = app.post_json("/auth/token", &login).await.json();
    for token in [ours.access(), theirs.access(), legacy["access_token"].as_str().unwrap()] {
        let told = ask(&app, "/auth/introspect", "auditor", &auditor, &[("token", token)]).await.json();
        assert_eq!(told["active"], true, "{told}");
    }
    let refresh = legacy["refresh_token"].as_str().unwrap();
    for token in [ours.refresh(), refresh] {
        let told = ask(&app, "/auth/introspect", "auditor", &auditor, &[("token", token)]).await.json();
        assert_eq!(told, json!({ "active": false }), "a refresh token is its own client's business");
    }
}

/// RFC 7009 2.1 and 2.2.
#[tokio::test(flavor = "multi_thread")]
async fn revocation_ends_tokens_of_the_caller_and_says_nothing_of_unknown_ones() {
    let (app, flow, tokens) = start().await;
    let secret = flow.secret.clone().unwrap();
    let thief = resource_server(&app, false).await;
    for token in [tokens.access(), tokens.refresh()] {
        let answer = ask(&app, "/auth/revoke", "https://api.example", &thief, &[("token", token)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (400, Some("invalid_grant")));
    }
    assert_eq!(app.userinfo(tokens.access()).await.status, 200, "somebody else's token lives");
    for unknown in ["x", "a.b.c", "🙂"] {
        let answer =
            ask(&app, "/auth/revoke", "app", &secret, &[("token", unknown), ("token_type_hint", "nonsense")]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{unknown}");
        assert_eq!(answer.header("content-type"), None, "clients refuse an empty body of another type than JSON");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(ask(&app, "/auth/revoke", "app", &secret, &[]).await.json()["error"], "invalid_request");
    let again = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    assert_eq!(ask(&app, "/auth/revoke", "app", &secret, &[("token", again.access())]).await.status, 200);
    assert_eq!(app.userinfo(again.access()).await.status, 401);
    assert_eq!(flow.refresh(&app, again.refresh()).await.status, 200, "one access token ends alone");
    let hint = [("token", tokens.refresh()), ("token_type_hint", "access_token")];
    assert_eq!(ask(&app, "/auth/revoke", "app", &secret, &hint).await.status, 200);
    assert_eq!(
        app.userinfo(tokens.access()).await.status,
        401,
        "RFC 7009 2.1: SHOULD also invalidate all access tokens"
    );
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.json()["error"], "invalid_grant");
    assert_eq!(
        ask(&app, "/auth/revoke", "app", &secret, &[("token", tokens.refresh())]).await.status,
        200,
        "twice is fine"
    );
    assert_eq!(app.post("/auth/revoke", &[("token", "x")]).await.status, 401, "RFC 7009 2.1: clients authenticate");
}

/// RFC 7009 2.1: a public client revokes its own tokens by its client_id.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_revokes_its_own_tokens() {
    let (app, _, others) = start().await;
    app.public_client("https://spa.example/cb").await;
    let flow = CodeFlow::public("https://spa.example/cb", "openid offline_access");
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let foreign = app.post("/auth/revoke", &[("token", others.refresh()), ("client_id", "spa")]).await;
    assert_eq!(foreign.status, 400);
    assert_eq!(app.post("/auth/revoke", &[("token", tokens.refresh()), ("client_id", "spa")]).await.status, 200);
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
    assert_eq!(app.userinfo(others.access()).await.status, 200);
}

/// RFC 6750 2 and 3; OpenID Connect Core 5.3.1 and 5.3.3.
#[tokio::test(flavor = "multi_thread")]
async fn userinfo_takes_one_bearer_token_in_a_header_or_a_form_and_never_in_the_query() {
    let (app, _, tokens) = start().await;
    let at = || app.at("/auth/userinfo");
    let token = tokens.access();
    let form = [("access_token", token)];
    for (what, request) in [
        ("GET", app.http.get(at()).bearer_auth(token)),
        ("POST with a header", app.http.post(at()).bearer_auth(token)),
        ("POST with a form", app.http.post(at()).form(&form)),
        ("another case", app.http.get(at()).header("authorization", format!("bearer {token}"))),
        ("HEAD", app.http.head(at()).bearer_auth(token)),
    ] {
        let answer = app.send(request).await;
        assert_eq!(answer.status, 200, "{what}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        if what != "HEAD" {
            assert_eq!(answer.json()["sub"], tokens.claims("id_token")["sub"], "OpenID Connect Core 5.3.2");
        }
    }
    let none = app.send(app.http.get(at())).await;
    assert_eq!(
        (none.status.as_u16(), none.header("www-authenticate")),
        (401, Some("Bearer realm=\"authly\"")),
        "RFC 6750 3.1"
    );
    for (what, request, status) in [
        ("query", app.http.get(format!("{}?access_token={token}", at())), 401),
        ("query of a POST", app.http.post(format!("{}?access_token={token}", at())).form(&[("x", "y")]), 401),
        ("header and form", app.http.post(at()).bearer_auth(token).form(&form), 400),
        ("two headers", app.http.get(at()).bearer_auth(token).header("authorization", format!("Bearer {token}")), 400),
        ("Basic", app.http.get(at()).basic_auth("app", Some("x")), 401),
        ("no token", app.http.get(at()).header("authorization", "Bearer "), 401),
        ("two tokens", app.http.get(at()).header("authorization", format!("Bearer {token} {token}")), 400),
        ("form of a GET", app.http.get(at()).form(&form), 401),
        ("cookie", app.http.get(at()).header("cookie", format!("access_token={token}")), 401),
        ("twice in the form", app.http.post(at()).form(&[("access_token", token), ("access_token", token)]), 400),
    ] {
        let answer = app.send(request).await;
        assert!(answer.status == status || (what == "no token" && answer.status == 400), "{what}: {}", answer.status);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        if what != "twice in the form" {
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "), "{what}");
        }
    }
}

/// RFC 6750 3.1: a token without the scope is 403 insufficient_scope.
#[tokio::test(flavor = "multi_thread")]
async fn administration_without_the_scope_is_forbidden() {
    let (app, _, tokens) = start().await;
    let request = app.http.post(app.at("/admin/oauth/clients")).bearer_auth(tokens.access());
    let answer = app.send(request.json(&json!({ "client_name": "x" }))).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (403, Some("insufficient_scope")));
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("insufficient_scope"), "{challenge}");
    let none: Value = app.post_json("/admin/oauth/clients", &json!({ "client_name": "x" })).await.json();
    assert_eq!(none["error"], "invalid_token");
}
