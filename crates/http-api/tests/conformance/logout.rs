//! oidcc-rp-initiated-logout-certification-test-plan (OpenID Connect RP-Initiated Logout 2 and 3); SECURITY.md row 47.

use authly_testkit::{Browser, ClientKey, CodeFlow, Page, TokenSet};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::client::AuthMethod;
use serde_json::{Value, json};

use crate::op::{self, EMAIL, Mode, Op};

const BYE: &str = "https://app.example/bye";

async fn signed_in() -> (Op, Browser, TokenSet) {
    let op = Op::start(Mode::Query).await;
    let mut browser = op.browser();
    let tokens = op.tokens(&mut browser, &op.request()).await;
    (op, browser, tokens)
}

async fn logout(browser: &mut Browser, pairs: &[(&str, &str)]) -> Page {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    browser.get(&format!("/auth/logout?{query}")).await
}

async fn is_signed_in(op: &Op, browser: &mut Browser) -> bool {
    let page = browser.open(&op.request().with("prompt", "none").path()).await;
    let answer = op.read(&page);
    assert!(answer.contains_key("code") || answer["error"] == "login_required", "{answer:?}");
    answer.contains_key("code")
}

/// Not sent anywhere, still signed in, and asked by a page of ours or told of an error.
async fn is_asked(op: &Op, browser: &mut Browser, page: &Page, why: &str) {
    assert!(page.header("location").is_none(), "{why}: sent to {:?}", page.header("location"));
    assert!(page.status == 200 || page.status == 400, "{why}: {}", page.status);
    assert!(is_signed_in(op, browser).await, "{why}: the session ended silently");
}

/// oidcc-rp-initiated-logout-discovery-endpoint-verification
#[tokio::test(flavor = "multi_thread")]
async fn the_end_session_endpoint_is_advertised() {
    let op = Op::start(Mode::Query).await;
    let document = op.app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["end_session_endpoint"], format!("{}/auth/logout", op.app.issuer()));
}

/// oidcc-rp-initiated-logout, oidcc-rp-initiated-logout-no-state
#[tokio::test(flavor = "multi_thread")]
async fn a_proven_request_signs_out_and_leads_back() {
    for state in [Some("some state & more"), None] {
        let (op, mut browser, tokens) = signed_in().await;
        let mut pairs = vec![("id_token_hint", tokens.text("id_token")), ("post_logout_redirect_uri", BYE)];
        pairs.extend(state.map(|state| ("state", state)));
        let page = logout(&mut browser, &pairs).await;
        assert_eq!(page.status, 303);
        assert!(page.location() == BYE || page.location().starts_with(&format!("{BYE}?")), "{}", page.location());
        assert_eq!(page.query("state").as_deref(), state);
        assert!(!is_signed_in(&op, &mut browser).await);
        assert_eq!(op.app.userinfo(tokens.access()).await.status, 401, "what came from the session ended with it");
    }
}

/// OpenID Connect RP-Initiated Logout 2: "OpenID Providers MUST support the use of the HTTP GET and POST methods".
#[tokio::test(flavor = "multi_thread")]
async fn a_post_signs_out_like_a_get() {
    let (op, mut browser, tokens) = signed_in().await;
    let fields =
        [("id_token_hint", tokens.text("id_token")), ("post_logout_redirect_uri", BYE), ("client_id", "first")];
    let page = browser.post("/auth/logout", &fields).await;
    let page = browser.follow(page).await;
    assert_eq!(page.location(), BYE);
    assert!(!is_signed_in(&op, &mut browser).await);
}

/// oidcc-rp-initiated-logout-no-params, -only-state, -no-post-logout-redirect-uri: signed out by a page of ours.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_way_back_the_user_is_asked_or_shown_a_page() {
    for (pairs, asks) in [(vec![], true), (vec![("state", "x")], true)] {
        let (op, mut browser, _) = signed_in().await;
        let page = logout(&mut browser, &pairs).await;
        assert_eq!(asks, page.body.contains("value=\"sign_out\""), "{pairs:?}");
        is_asked(&op, &mut browser, &page, "before the answer").await;
        let csrf = page.hidden("csrf");
        let page = browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
        let page = browser.follow(page).await;
        assert_eq!(page.status, 200, "the signed-out page");
        assert!(!is_signed_in(&op, &mut browser).await);
    }
    let (op, mut browser, tokens) = signed_in().await;
    let page = logout(&mut browser, &[("id_token_hint", tokens.text("id_token"))]).await;
    assert_eq!(page.location(), format!("{}/signed-out", op.app.issuer()));
    assert!(!is_signed_in(&op, &mut browser).await);
}

/// oidcc-rp-initiated-logout-bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri
#[tokio::test(flavor = "multi_thread")]
async fn an_unregistered_way_back_is_never_taken() {
    let (op, mut browser, tokens) = signed_in().await;
    for uri in [
        "https://evil.example/bye",
        "https://app.example/bye?foo=bar",
        "https://app.example/bye/",
        "https://app.example/bye#x",
        "https://APP.example/bye",
        "https://app.example:443/bye",
        "https://app.example/cb",
        "//app.example/bye",
        "/\\evil.example",
        "javascript:alert(1)",
        " https://app.example/bye",
        "https://app.example/bye https://evil.example",
    ] {
        let pairs = [("id_token_hint", tokens.text("id_token")), ("post_logout_redirect_uri", uri), ("state", "x")];
        let page = logout(&mut browser, &pairs).await;
        is_asked(&op, &mut browser, &page, uri).await;
        let page = browser.post("/auth/logout", &pairs).await;
        let page = browser.follow(page).await;
        is_asked(&op, &mut browser, &page, uri).await;
    }
    let page = logout(&mut browser, &[("post_logout_redirect_uri", "https://evil.example")]).await;
    let csrf = page.hidden("csrf");
    let answer = browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
    assert_eq!(answer.location(), format!("{}/signed-out", op.app.issuer()), "not even after a yes");
}

/// oidcc-rp-initiated-logout-no-id-token-hint, -bad-id-token-hint, -modified-id-token-hint
#[tokio::test(flavor = "multi_thread")]
async fn without_a_proper_hint_the_user_is_asked_and_never_led_back() {
    let (op, mut browser, tokens) = signed_in().await;
    let hint = tokens.text("id_token").to_owned();
    let parts: Vec<&str> = hint.split('.').collect();
    let claims = Value::Object(tokens.claims("id_token"));
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let stranger = ClientKey::generate(header["kid"].as_str().unwrap());
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut other = claims.clone();
    other["sub"] = json!("00000000-0000-7000-8000-000000000000");
    let mut issuer = claims.clone();
    issuer["iss"] = json!("https://other.example");
    for (why, hint) in [
        ("none", String::new()),
        ("nonsense", "x".to_owned()),
        ("alg none", format!("{}.{}.", encode(&json!({ "alg": "none" })), parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("another sub", format!("{}.{}.{}", parts[0], encode(&other), parts[2])),
        ("foreign signature", stranger.sign(&json!({ "alg": "ES256", "kid": header["kid"] }), &claims.to_string())),
        ("foreign issuer", stranger.sign(&stranger.header(), &issuer.to_string())),
        ("an access token", tokens.access().to_owned()),
    ] {
        let pairs = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", BYE),
            ("client_id", "first"),
            ("state", "x"),
        ];
        let pairs = if hint.is_empty() { &pairs[1..] } else { &pairs[..] };
        let page = logout(&mut browser, pairs).await;
        is_asked(&op, &mut browser, &page, why).await;
    }
}

/// OpenID Connect RP-Initiated Logout 2: "the OP MUST verify that the Client Identifier matches"; SECURITY.md row 47.
#[tokio::test(flavor = "multi_thread")]
async fn a_hint_of_another_client_or_user_proves_nothing() {
    let (op, mut browser, tokens) = signed_in().await;
    op::client(&op.app, "second", AuthMethod::ClientSecretBasic).await;
    let hint = tokens.text("id_token");
    for client in ["second", "nobody", ""] {
        let pairs = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("client_id", client)];
        if client.is_empty() {
            continue;
        }
        let page = logout(&mut browser, &pairs).await;
        is_asked(&op, &mut browser, &page, client).await;
    }
    op.app.user("bob@example.org").await;
    let mut bob = op.browser();
    let page = bob.open("/sign-in").await;
    bob.sign_in(&page, "bob@example.org", "correct horse").await;
    let page = logout(&mut bob, &[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)]).await;
    assert!(page.header("location").is_none() && page.body.contains("value=\"sign_out\""), "hint of another user");
    assert_eq!(bob.get("/account").await.status, 200);
    let _ = EMAIL;
}

/// OpenID Connect RP-Initiated Logout 2: an expired ID token is still a hint; a repeated parameter proves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_hint_still_proves_and_a_repeated_one_does_not() {
    let (op, mut browser, tokens) = signed_in().await;
    let hint = tokens.text("id_token");
    let pairs = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("post_logout_redirect_uri", BYE)];
    let page = logout(&mut browser, &pairs).await;
    is_asked(&op, &mut browser, &page, "repeated").await;
    op.app.clock.advance(std::time::Duration::from_secs(2 * 3_600));
    let page = logout(&mut browser, &pairs[..2]).await;
    assert_eq!(page.location(), BYE);
}

/// SECURITY.md row 48, and a client that comes back after sign-out finds nobody.
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_twice_is_no_error() {
    let (op, mut browser, tokens) = signed_in().await;
    let pairs = [("id_token_hint", tokens.text("id_token")), ("post_logout_redirect_uri", BYE)];
    for _ in 0..2 {
        assert_eq!(logout(&mut browser, &pairs).await.location(), BYE);
    }
    let page = logout(&mut browser, &[]).await;
    assert_eq!(page.location(), format!("{}/signed-out", op.app.issuer()));
    let flow: CodeFlow = op.request();
    assert!(browser.open(&flow.path()).await.is_sign_in());
}
