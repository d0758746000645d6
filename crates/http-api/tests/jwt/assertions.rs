//! Client assertions (RFC 7523), kept and forged.

use std::time::Duration;

use authly_testkit::{ASSERTION_TYPE, ClientKey, KeyServer, TestApp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::world::*;

/// RFC 7523 3.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_proves_itself_with_its_key() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    machine(&app, Some(key.jwks()), None).await;
    let answer = present(&app, &key.assertion(&app, "machine", "1", |_| {})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let form = [
        ("token", answer.json()["access_token"].as_str().unwrap().to_owned()),
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", key.assertion(&app, "machine", "2", |_| {})),
        ("client_id", "machine".to_owned()),
    ];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(app.post("/auth/introspect", &form).await.json()["active"], true);
}

/// RFC 7523 3, points 1 to 6; RFC 8725; the boundaries of the FAPI 2 modules.
#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_that_breaks_a_rule_is_refused() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    machine(&app, Some(key.jwks()), None).await;
    let now = app.app.engine.now().seconds();
    let token_endpoint = app.at("/auth/token");
    let mut number = 0;
    let mut with = |change: &dyn Fn(&mut Value)| {
        number += 1;
        key.assertion(&app, "machine", &number.to_string(), change)
    };
    for (why, assertion) in [
        ("no iss", with(&|claims| claims["iss"] = Value::Null)),
        ("another iss", with(&|claims| claims["iss"] = json!("other"))),
        ("no sub", with(&|claims| drop(claims.as_object_mut().unwrap().remove("sub")))),
        ("another sub", with(&|claims| claims["sub"] = json!("app"))),
        ("no aud", with(&|claims| drop(claims.as_object_mut().unwrap().remove("aud")))),
        ("aud list", with(&|claims| claims["aud"] = json!([claims["aud"]]))),
        ("two audiences", with(&|claims| claims["aud"] = json!([claims["aud"], "https://other.example"]))),
        ("aud token endpoint", with(&|claims| claims["aud"] = json!(token_endpoint))),
        ("another aud", with(&|claims| claims["aud"] = json!("https://other.example"))),
        ("no exp", with(&|claims| drop(claims.as_object_mut().unwrap().remove("exp")))),
        ("expired", with(&|claims| claims["exp"] = json!(now - 300))),
        ("for a year", with(&|claims| claims["exp"] = json!(now + 31_536_000))),
        ("exp as text", with(&|claims| claims["exp"] = json!("soon"))),
        ("negative exp", with(&|claims| claims["exp"] = json!(-1))),
        ("nbf ahead", with(&|claims| claims["nbf"] = json!(now + 120))),
        ("iat ahead", with(&|claims| claims["iat"] = json!(now + 120))),
        ("no jti", with(&|claims| drop(claims.as_object_mut().unwrap().remove("jti")))),
        ("jti list", with(&|claims| claims["jti"] = json!(["a"]))),
    ] {
        refused(&app, &assertion, why).await;
    }
    let near = key.assertion(&app, "machine", "near", |claims| claims["nbf"] = json!(now + 8));
    assert_eq!(present(&app, &near).await.status, 200, "nbf 8 s ahead is a clock");
}

/// RFC 7519 2 (NumericDate): numbers that are none of this world are refused, and nothing breaks.
#[tokio::test(flavor = "multi_thread")]
async fn absurd_numbers_in_an_assertion_are_refused() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    machine(&app, Some(key.jwks()), None).await;
    for number in
        ["1e300", "-1e300", "1e999", "9223372036854775807", "18446744073709551616", "1e18", "NaN", "\"1e300\"", "{}"]
    {
        for name in ["exp", "nbf", "iat"] {
            let claims = format!(
                r#"{{"iss":"machine","sub":"machine","aud":"{}","jti":"x{name}","{name}":{number}{}}}"#,
                app.issuer(),
                if name == "exp" { String::new() } else { format!(",\"exp\":{}", app.app.engine.now().seconds() + 60) }
            );
            let answer = present(&app, &key.sign(&key.header(), &claims)).await;
            let early = name != "exp" && number.starts_with('-');
            assert!(answer.status == 401 || early, "{name}={number}: {} {}", answer.status, answer.body);
        }
    }
}

/// SECURITY.md row 25; RFC 7523 3, point 7.
#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_works_once() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    machine(&app, Some(key.jwks()), None).await;
    let assertion = key.assertion(&app, "machine", "once", |_| {});
    assert_eq!(present(&app, &assertion).await.status, 200);
    refused(&app, &assertion, "a second use").await;
    let form = [("token", "x"), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    for path in ["/auth/introspect", "/auth/revoke"] {
        assert_eq!(app.post(path, &form).await.status, 401, "{path}");
    }
    let resigned = key.assertion(&app, "machine", "once", |claims| claims["iat"] = json!(0));
    refused(&app, &resigned, "the same jti in another assertion").await;
    refused(&app.restarted(), &assertion, "after a restart").await;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(20));
    let assertion = key.assertion(&app, "machine", "race", |_| {});
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion.as_str()),
    ];
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (request, barrier) = (app.http.post(app.at("/auth/token")).form(&form), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                request.send().await.unwrap().status().as_u16()
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap() == 200);
    }
    assert_eq!(won, 1);
}

/// SECURITY.md rows 19 and 21; RFC 8725 3.1 to 3.3, RFC 7515 4.1.11.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_assertion_is_refused_whatever_its_header_says() {
    let (app, key, stranger) = (TestApp::start().await, ClientKey::generate("k1"), ClientKey::generate("k1"));
    machine(&app, Some(key.jwks()), None).await;
    let keys = KeyServer::start(stranger.jwks()).await;
    let now = app.app.engine.now().seconds();
    let claims =
        json!({ "iss": "machine", "sub": "machine", "aud": app.issuer(), "jti": "f", "iat": now, "exp": now + 60 });
    let text = claims.to_string();
    let unsigned = |header: Value, signature: &[u8]| {
        format!("{}.{}.{}", encode(&header), encode(&claims), URL_SAFE_NO_PAD.encode(signature))
    };
    let proper = key.sign(&key.header(), &text);
    let hmac = |secret: &[u8]| {
        use oauth_core::crypto::HmacAlgorithm;
        let input = format!("{}.{}", encode(&json!({ "alg": "HS256", "kid": "k1" })), encode(&claims));
        let tag = mac(HmacAlgorithm::HS256, secret, input.as_bytes(), &app);
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let mut other = key.header();
    other["crit"] = json!(["exp"]);
    let mut b64 = key.header();
    (b64["crit"], b64["b64"]) = (json!(["b64"]), json!(false));
    for (why, assertion) in [
        ("alg none", unsigned(json!({ "alg": "none" }), b"")),
        ("alg None", unsigned(json!({ "alg": "None" }), b"")),
        ("no signature", unsigned(key.header(), b"")),
        ("zeros (CVE-2022-21449)", unsigned(key.header(), &[0; 64])),
        ("DER signature", unsigned(key.header(), &[0x30, 0x06, 2, 1, 1, 2, 1, 1])),
        ("HMAC with the public key", hmac(key.jwk()["x"].as_str().unwrap().as_bytes())),
        ("HMAC with the JWK", hmac(key.jwk().to_string().as_bytes())),
        ("HMAC with the JWKS", hmac(key.jwks().as_bytes())),
        ("a stranger's key", stranger.sign(&key.header(), &text)),
        ("its own jwk", stranger.sign(&json!({ "alg": "ES256", "jwk": stranger.jwk() }), &text)),
        ("its own jku", stranger.sign(&json!({ "alg": "ES256", "kid": "k1", "jku": keys.uri }), &text)),
        ("its own x5u", stranger.sign(&json!({ "alg": "ES256", "kid": "k1", "x5u": keys.uri }), &text)),
        ("kid as a path", stranger.sign(&json!({ "alg": "ES256", "kid": "../../../dev/null" }), &text)),
        ("kid as SQL", stranger.sign(&json!({ "alg": "ES256", "kid": "' OR 1=1 --" }), &text)),
        ("another alg", key.sign(&json!({ "alg": "RS256", "kid": "k1" }), &text)),
        ("EdDSA", key.sign(&json!({ "alg": "EdDSA", "kid": "k1" }), &text)),
        ("unknown crit", key.sign(&other, &text)),
        ("b64", key.sign(&b64, &text)),
        ("empty crit", key.sign(&json!({ "alg": "ES256", "kid": "k1", "crit": [] }), &text)),
        ("zip", key.sign(&json!({ "alg": "ES256", "kid": "k1", "zip": "DEF" }), &text).replace('.', "..")),
        ("JWE", "a.b.c.d.e".to_owned()),
        (
            "PBES2",
            format!("{}.x.x.x.x", encode(&json!({ "alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 4_000_000 }))),
        ),
        ("padding", format!("{proper}=")),
        ("another claim set", proper.replacen('.', ".x", 1)),
        ("a huge header", key.sign(&json!({ "alg": "ES256", "kid": "k".repeat(5_000) }), &text)),
        ("nested", key.sign(&key.header(), &format!("{}{}", "[".repeat(3_000), "]".repeat(3_000)))),
        ("a repeated claim", key.sign(&key.header(), &text.replacen('{', "{\"sub\":\"other\",", 1))),
        ("no JSON", key.sign(&key.header(), "x")),
    ] {
        refused(&app, &assertion, why).await;
    }
    assert_eq!(keys.asked(), 0, "no address from a header is ever fetched");
    assert_eq!(present(&app, &proper).await.status, 200, "and the proper one works");
}

/// RFC 7523 with keys that the client publishes (OpenID Connect Core 10.1.1); SECURITY.md row 20.
#[tokio::test(flavor = "multi_thread")]
async fn published_keys_are_fetched_once_and_again_for_a_new_kid_but_not_for_a_flood() {
    let (app, first, second) = (TestApp::start().await, ClientKey::generate("k1"), ClientKey::generate("k2"));
    let keys = KeyServer::start(first.jwks()).await;
    machine(&app, None, Some(keys.uri.clone())).await;
    for number in 0..5 {
        let answer = present(&app, &first.assertion(&app, "machine", &format!("a{number}"), |_| {})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(keys.asked(), 1);
    keys.publish(second.jwks());
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(
        present(&app, &second.assertion(&app, "machine", "b", |_| {})).await.status,
        200,
        "a rotated key is found"
    );
    assert_eq!(keys.asked(), 2);
    for number in 0..20 {
        let unknown = ClientKey::generate(&format!("unknown-{number}"));
        refused(&app, &unknown.assertion(&app, "machine", &format!("c{number}"), |_| {}), "unknown kid").await;
    }
    assert_eq!(keys.asked(), 2, "unknown keys are held back to a minimum interval");
    assert_eq!(present(&app, &second.assertion(&app, "machine", "d", |_| {})).await.status, 200);
}

/// SECURITY.md row 20 and 28: an address that does not answer is not asked for every request.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_server_that_answers_nonsense_is_left_alone_for_a_while() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    let keys = KeyServer::start("<html>".to_owned()).await;
    machine(&app, None, Some(keys.uri.clone())).await;
    for number in 0..10 {
        refused(&app, &key.assertion(&app, "machine", &number.to_string(), |_| {}), "no keys").await;
    }
    assert_eq!(keys.asked(), 1);
    keys.publish(key.jwks());
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(present(&app, &key.assertion(&app, "machine", "later", |_| {})).await.status, 200);
}

/// RFC 7521 4.2.1 and RFC 6749 2.3: the registered method and no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_uses_the_method_that_it_registered() {
    let (app, key) = (TestApp::start().await, ClientKey::generate("k1"));
    machine(&app, Some(key.jwks()), None).await;
    let secret = app.confidential_client().await;
    let form = [("grant_type", "client_credentials"), ("client_id", "machine")];
    assert_eq!(app.post("/auth/token", &form).await.status, 401);
    let request = app.http.post(app.at("/auth/token")).basic_auth("machine", Some(&secret)).form(&form[..1]);
    assert_eq!(app.send(request).await.status, 401);
    refused(&app, &key.assertion(&app, "app", "x", |_| {}), "an assertion for a client with a secret").await;
    let assertion = key.assertion(&app, "machine", "y", |_| {});
    let mut both = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion.as_str()),
        ("client_id", "app"),
    ];
    assert_eq!(
        app.post("/auth/token", &both).await.status,
        400,
        "RFC 7521 4.2: client_id MUST identify the same client"
    );
    both[3] = ("client_secret", "x");
    assert_eq!(app.post("/auth/token", &both).await.json()["error"], "invalid_request");
    both[3] = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
    both.remove(1);
    assert_eq!(app.post("/auth/token", &both).await.status, 401);
}
