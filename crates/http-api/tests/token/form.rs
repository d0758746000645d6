//! The form of requests and answers, and the proof of the client (RFC 6749 2.3, 5).

use std::time::Duration;

use authly_testkit::Options;
use serde_json::Value;

use crate::world::{EMAIL, refused, start, start_with};

/// RFC 6749 5.1: the members and headers of a token answer; RFC 9068 2 for the access token.
#[tokio::test(flavor = "multi_thread")]
async fn token_answers_have_the_members_and_headers_of_rfc_6749() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let page = flow.post_token(&app, &flow.redemption(&code)).await;
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("pragma"), Some("no-cache"));
    assert_eq!(page.header("content-type"), Some("application/json"));
    let tokens = authly_testkit::TokenSet { body: page.json() };
    assert_eq!(tokens.body["token_type"], "Bearer");
    let access = tokens.claims("access_token");
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"] {
        assert!(access.contains_key(claim), "RFC 9068 2.2: {claim}");
    }
    for claim in ["email", "name", "preferred_username", "profile"] {
        assert!(!access.contains_key(claim), "nothing personal: {claim}");
    }
    let header = tokens.access().split('.').next().unwrap();
    let header = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
}

/// RFC 6749 5.2, 3.2 and 2.3: what is answered to requests that are not in order.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_token_requests_get_the_codes_of_rfc_6749() {
    let (app, flow) = start().await;
    let secret = flow.secret.clone().unwrap();
    let basic = |body: &'static str| {
        let request = app.http.post(app.at("/auth/token")).basic_auth("app", Some(&secret));
        request.header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    for (body, error) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=nonsense", "unsupported_grant_type"),
        ("grant_type=implicit", "unsupported_grant_type"),
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=authorization_code&code=a&code=b", "invalid_request"),
        ("grant_type=authorization_code&grant_type=authorization_code&code=a", "invalid_request"),
        ("grant_type=client_credentials&scope=openid&scope=read", "invalid_request"),
        ("grant_type=client_credentials&scope=%22", "invalid_scope"),
        ("grant_type=client_credentials&scope=nothing", "invalid_scope"),
        ("grant_type=client_credentials&resource=https%3A%2F%2Fnowhere.example", "invalid_target"),
        ("grant_type=%zz", "invalid_request"),
        ("grant_type=client_credentials&x=%00", "invalid_request"),
    ] {
        let answer = app.send(basic(body)).await;
        refused(&answer, error);
        assert!(answer.json()["error_description"].is_string(), "{body}");
    }
    let unknown = app.send(basic("grant_type=client_credentials&scope=read&something=else")).await;
    assert_eq!(unknown.status, 200, "RFC 6749 3.2: unrecognized parameters MUST be ignored");
}

/// RFC 6749 5.2, 2.3.1; C-35: 401 with the challenge, whichever way the client tried with a form.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_prove_itself_gets_401_and_the_challenge() {
    let (app, flow) = start().await;
    let secret = flow.secret.clone().unwrap();
    let grant = ("grant_type", "client_credentials");
    let post = |form: &[(&str, &str)]| app.http.post(app.at("/auth/token")).form(form);
    let nul = format!("{secret}\0");
    for (name, request) in [
        ("wrong Basic", post(&[grant]).basic_auth("app", Some("wrong"))),
        ("unknown client", post(&[grant]).basic_auth("nobody", Some(&secret))),
        ("empty secret", post(&[grant]).basic_auth("app", Some(""))),
        ("secret and NUL (row 49)", post(&[grant]).basic_auth("app", Some(&nul))),
        ("encoded NUL (row 49)", post(&[grant]).basic_auth("app", Some(&format!("{secret}%00")))),
        ("secret and more", post(&[grant]).basic_auth("app", Some(&format!("{secret}x")))),
        ("half a secret", post(&[grant]).basic_auth("app", Some(&secret[..20]))),
        ("post", post(&[grant, ("client_id", "app"), ("client_secret", "wrong")])),
        ("post for a Basic client", post(&[grant, ("client_id", "app"), ("client_secret", "x")])),
        ("no secret", post(&[grant, ("client_id", "app")])),
        ("nobody", post(&[grant])),
        ("Bearer", post(&[grant]).bearer_auth(&secret)),
        ("not base64", post(&[grant]).header("authorization", "Basic ###")),
    ] {
        let answer = app.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_client")), "{name}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="), "{name}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    }
    let both = post(&[grant, ("client_id", "app"), ("client_secret", &secret)]).basic_auth("app", Some(&secret));
    refused(&app.send(both).await, "invalid_request");
    let other = post(&[grant, ("client_id", "other")]).basic_auth("app", Some(&secret));
    refused(&app.send(other).await, "invalid_request");
}

/// OAuth 2.1 2.4.1: "MUST protect any endpoint utilizing it against brute force attacks".
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_a_client_secret_run_dry_and_cost_the_client_nothing() {
    let rate = oauth_core::limit::Rate::per_minute(5);
    let options =
        Options { client_failures: Some(rate), trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..Options::default() };
    let (app, flow) = start_with(options).await;
    let secret = flow.secret.clone().unwrap();
    let call = |secret: &str, address: &str, path: &str| {
        let form = [("grant_type", "client_credentials"), ("scope", "read"), ("token", "x")];
        let request = app.http.post(app.at(path)).basic_auth("app", Some(secret)).form(&form);
        let (app, request) = (&app, request.header("x-forwarded-for", address));
        async move { app.send(request).await }
    };
    for attempt in 0..5 {
        let path = ["/auth/token", "/auth/introspect", "/auth/revoke"][attempt % 3];
        assert_eq!(call("wrong", "198.51.100.7", path).await.status, 401, "{attempt}");
    }
    for path in ["/auth/token", "/auth/introspect", "/auth/revoke"] {
        let answer = call(&secret, "198.51.100.7", path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (429, Some("too_many_requests")),
            "{path}"
        );
        assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
    for _ in 0..20 {
        assert_eq!(call(&secret, "198.51.100.8", "/auth/token").await.status, 200, "from elsewhere, without limit");
    }
    app.clock.advance(Duration::from_secs(12));
    assert_eq!(call(&secret, "198.51.100.7", "/auth/token").await.status, 200);
}

/// RFC 6749 3.2 and C-02: forms, and JSON for the legacy contract; anything else is 415.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_other_kinds_are_unsupported() {
    let (app, _) = start().await;
    for path in ["/auth/token", "/auth/revoke", "/auth/introspect"] {
        for kind in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/xml",
            "",
            "application/x-www-form-urlencodedx",
        ] {
            let request =
                app.http.post(app.at(path)).header("content-type", kind).body("grant_type=client_credentials");
            let answer = app.send(request).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["error"].as_str()),
                (415, Some("invalid_request")),
                "{path} {kind}"
            );
        }
        let none = app.send(app.http.post(app.at(path))).await;
        assert_eq!(none.status, 415, "{path}");
    }
    let request =
        app.http.post(app.at("/auth/token")).header("content-type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8");
    assert_eq!(app.send(request.body("grant_type=x")).await.status, 400, "case and charset do not matter");
}

/// SECURITY.md row 5 for the JSON door: a member that stands twice is refused, not chosen from.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_json_member_is_refused() {
    let (app, _) = start().await;
    for body in [
        r#"{"grant_type":"password","username":"ada@example.org","username":"bob@example.org","password":"correct horse"}"#,
        r#"{"grant_type":"refresh_token","grant_type":"password","username":"ada@example.org","password":"correct horse"}"#,
    ] {
        let request = app.http.post(app.at("/auth/token")).header("content-type", "application/json").body(body);
        refused(&app.send(request).await, "invalid_request");
    }
}
