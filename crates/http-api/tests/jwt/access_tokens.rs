//! What passes as an access token (RFC 9068 4), and what must not.

use authly_testkit::{ClientKey, CodeFlow, TestApp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::world::*;

/// SECURITY.md row 23; RFC 8725 3.11, RFC 9068 4.
#[tokio::test(flavor = "multi_thread")]
async fn no_other_kind_of_token_passes_as_an_access_token() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    machine(&app, Some(key.jwks()), None).await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let mut browser = app.browser();
    let code = flow.code(&mut browser, EMAIL).await;
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let login = json!({ "grant_type": "password", "username": EMAIL, "password": "correct horse" });
    let legacy = app.post_json("/auth/token", &login).await.json();
    let assertion = key.assertion(&app, "machine", "a", |_| {});
    let session = browser.cookies.values().next().unwrap().clone();
    for (what, token) in [
        ("an ID token", tokens.text("id_token")),
        ("a refresh token", tokens.refresh()),
        ("a code", &code),
        ("a client assertion", &assertion),
        ("a legacy refresh token", legacy["refresh_token"].as_str().unwrap()),
        ("a session cookie", &session),
        ("a client secret", &secret),
    ] {
        let answer = app.userinfo(token).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_token")), "{what}");
        assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""), "{what}");
        let request =
            app.http.post(app.at("/admin/oauth/clients")).bearer_auth(token).json(&json!({ "client_name": "x" }));
        assert_eq!(app.send(request).await.status, 401, "{what} at administration");
        let me = app.send(app.http.get(app.at("/api/v1/users/me")).bearer_auth(token)).await;
        assert_eq!(me.status, 401, "{what} at the older resource");
    }
    let admin = app.http.post(app.at("/admin/oauth/clients")).bearer_auth(legacy["access_token"].as_str().unwrap());
    assert_eq!(
        app.send(admin.json(&json!({ "client_name": "x" }))).await.status,
        401,
        "a legacy token carries no OAuth scope"
    );
    assert_eq!(app.userinfo(tokens.access()).await.status, 200);
    refused(&app, tokens.access(), "an access token as an assertion").await;
    refused(&app, tokens.text("id_token"), "an ID token as an assertion").await;
    let hint = flow.clone().with("prompt", "none").with("id_token_hint", tokens.access());
    let answer = browser.get(&hint.path()).await;
    assert_eq!(answer.query("error").as_deref(), Some("invalid_request"), "an access token as a hint");
}

/// SECURITY.md row 19 for our own access tokens.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_access_token_opens_nothing() {
    let (app, stranger) = (TestApp::start().await, ClientKey::generate("k1"));
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    let tokens = CodeFlow::confidential(&secret, "openid").tokens(&app, &mut app.browser(), EMAIL).await;
    let parts: Vec<&str> = tokens.access().split('.').collect();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let claims = Value::Object(tokens.claims("access_token"));
    let text = claims.to_string();
    let jwks = app.get("/.well-known/jwks.json").await;
    let public: Value =
        jwks.json()["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let hmac = |secret: &str| {
        let input = format!("{}.{}", encode(&with("alg", json!("HS256"))), parts[1]);
        let tag = mac(oauth_core::crypto::HmacAlgorithm::HS256, secret.as_bytes(), input.as_bytes(), &app);
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    for (why, token) in [
        ("alg none", format!("{}.{}.", encode(&with("alg", json!("none"))), parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("HMAC with the public key", hmac(&public.to_string())),
        ("HMAC with a coordinate", hmac(public["x"].as_str().unwrap())),
        ("a stranger's key", stranger.sign(&header, &text)),
        ("a stranger's jwk", stranger.sign(&with("jwk", stranger.jwk().clone()), &text)),
        ("unknown crit", format!("{}.{}.{}", encode(&with("crit", json!(["x"]))), parts[1], parts[2])),
        ("another typ", format!("{}.{}.{}", encode(&with("typ", json!("JWT"))), parts[1], parts[2])),
        (
            "a changed claim",
            format!(
                "{}.{}.{}",
                parts[0],
                encode(&{
                    let mut c = claims.clone();
                    c["scope"] = json!("admin");
                    c
                }),
                parts[2]
            ),
        ),
        ("five parts", format!("{}.x.x", tokens.access())),
        ("twenty kilobytes", format!("{}.{}.{}", parts[0], "A".repeat(20_000), parts[2])),
        ("many dots", ".".repeat(10_000)),
    ] {
        let answer = app.userinfo(&token).await;
        assert_eq!(answer.status, 401, "{why}");
        let request = app.http.post(app.at("/auth/introspect")).basic_auth("app", Some(&secret));
        let answer = app.send(request.form(&[("token", token.as_str())])).await;
        let huge = why == "twenty kilobytes" || why == "many dots";
        assert!(
            answer.json() == json!({ "active": false }) || (huge && answer.status == 400),
            "{why}: {}",
            answer.body
        );
    }
}
