//! What the client is answered, and when (RFC 6749 4.1.2.1, RFC 9207).

use std::collections::BTreeMap;

use authly_testkit::CodeFlow;

use crate::world::{EMAIL, assert_stays, path, signed_in, start};

/// SECURITY.md row 3; RFC 9700 4.11.2 "MUST always authenticate the user first".
#[tokio::test(flavor = "multi_thread")]
async fn errors_reach_the_client_only_after_somebody_has_signed_in() {
    let (app, flow) = start().await;
    for (name, value, error) in [
        ("scope", "nothing-of-ours", "invalid_scope"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("prompt", "login none", "invalid_request"),
        ("resource", "https://api.example/other", "invalid_target"),
        ("max_age", "-1", "invalid_request"),
        ("id_token_hint", "a.b.c", "invalid_request"),
    ] {
        let mut pairs: BTreeMap<_, _> = flow.parameters().into_iter().collect();
        pairs.insert(name.to_owned(), value.to_owned());
        let pairs: Vec<_> = pairs.into_iter().collect();
        let mut browser = app.browser();
        let page = browser.get(&path(&pairs)).await;
        let silent = value.split(' ').any(|word| word == "none");
        let answer = if silent {
            page
        } else {
            assert!(page.status == 200 && page.is_sign_in(), "{name}={value}: {} {}", page.status, page.body);
            browser.sign_in(&page, EMAIL, "correct horse").await
        };
        assert_eq!(answer.status, 303, "{name}={value}");
        assert!(answer.location().starts_with("https://app.example/cb?"), "{}", answer.location());
        assert_eq!(answer.query("error").unwrap(), error, "{name}={value}");
        assert_eq!(
            answer.query("state").as_deref(),
            Some("st"),
            "RFC 6749 4.1.2.1: state is REQUIRED if it was present"
        );
        assert_eq!(answer.query("iss").as_deref(), Some(app.issuer()), "RFC 9207 2: errors carry iss too");
        assert_eq!(answer.query("code"), None);
    }
}

/// SECURITY.md row 3 (the silent case), OpenID Connect Core 3.1.2.6.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_allows_no_page_gets_its_error_at_once() {
    let (app, flow) = start().await;
    let page = app.browser().get(&flow.clone().with("prompt", "none").path()).await;
    assert_eq!((page.status.as_u16(), page.query("error").as_deref()), (303, Some("login_required")));
    assert_eq!(page.query("iss").as_deref(), Some(app.issuer()));
    let page = signed_in(&app).await.get(&flow.with("prompt", "none").path()).await;
    assert_eq!(page.query("error").as_deref(), Some("consent_required"));
}

/// SECURITY.md row 3: the user declines.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_consent_is_access_denied_with_state_and_iss() {
    let (app, flow) = start().await;
    let mut browser = signed_in(&app).await;
    let page = browser.open(&flow.path()).await;
    let answer = browser.decide(&page, "deny").await;
    assert_eq!(answer.status, 303);
    for (name, value) in [("error", "access_denied"), ("state", "st"), ("iss", app.issuer())] {
        assert_eq!(answer.query(name).as_deref(), Some(value));
    }
    let again = browser.open(&flow.path()).await;
    assert!(again.is_consent(), "a refusal is not remembered as a yes");
}

/// SECURITY.md row 5; RFC 6749 3.1 and RFC 8707 2 (`resource` may come more than once).
#[tokio::test(flavor = "multi_thread")]
async fn any_other_repeated_parameter_is_invalid_request_for_the_client() {
    let (app, flow) = start().await;
    let mut known = signed_in(&app).await;
    for name in ["scope", "nonce", "prompt", "response_type", "code_challenge", "unknown"] {
        let mut pairs = flow.parameters();
        pairs.extend([(name.to_owned(), "a".to_owned()), (name.to_owned(), "b".to_owned())]);
        let answer = known.get(&path(&pairs)).await;
        assert_eq!(answer.query("error").as_deref(), Some("invalid_request"), "{name}");
        assert_eq!(answer.query("state").as_deref(), Some("st"), "{name}");
    }
    let twice = flow.clone().with("state", "other");
    let answer = known.get(&twice.path()).await;
    assert_eq!(answer.query("error").as_deref(), Some("invalid_request"));
    assert_eq!(answer.query("state"), None, "which of two states is the client's is not known");
    let issuer = app.issuer().to_owned();
    let resources = flow.with("resource", &issuer).with("resource", &issuer);
    assert!(known.open(&resources.path()).await.is_consent());
}

/// SECURITY.md row 9; RFC 9700 2.1.1 and 4.8.2, OAuth 2.1 4.1.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_an_s256_challenge_gets_no_code() {
    let (app, flow) = start().await;
    app.public_client("https://spa.example/cb").await;
    let spa = CodeFlow::public("https://spa.example/cb", "openid");
    let mut known = signed_in(&app).await;
    let challenge = |name: &str, value: &str, flow: &CodeFlow| {
        let mut pairs: BTreeMap<_, _> = flow.parameters().into_iter().collect();
        pairs.insert(name.to_owned(), value.to_owned());
        path(&pairs.into_iter().collect::<Vec<_>>())
    };
    for flow in [&flow, &spa] {
        let bare = CodeFlow { verifier: None, ..flow.clone() };
        let hash = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        for path in [
            bare.path(),
            bare.clone().with("code_challenge", hash).path(),
            bare.clone().with("code_challenge_method", "S256").path(),
            challenge("code_challenge_method", "plain", flow),
            challenge("code_challenge_method", "s256", flow),
            challenge("code_challenge_method", "S512", flow),
            challenge("code_challenge", &hash[..42], flow),
            challenge("code_challenge", &format!("{hash}A"), flow),
            challenge("code_challenge", &format!("{hash}="), flow),
            challenge("code_challenge", &hash.replace('-', "+"), flow),
        ] {
            let answer = known.get(&path).await;
            assert_eq!(answer.query("error").as_deref(), Some("invalid_request"), "{path}");
            assert_eq!(answer.query("code"), None, "{path}");
        }
    }
}

/// SECURITY.md row 12; RFC 9700 4.12: a 307 or 308 would carry the password on.
#[tokio::test(flavor = "multi_thread")]
async fn answers_to_forms_redirect_with_303() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let fields = [("csrf", csrf.as_str()), ("request", &request), ("identifier", EMAIL), ("password", "correct horse")];
    let answer = browser.post("/sign-in", &fields).await;
    assert_eq!(answer.status, 303);
    let page = browser.follow(answer).await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let fields = [("csrf", csrf.as_str()), ("request", &request), ("decision", "allow")];
    let answer = browser.post("/consent", &fields).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("https://app.example/cb?code="));
    let pairs = flow.parameters();
    let fields: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.post("/authorize", &fields).await;
    assert_eq!(answer.status, 303, "a POST goes on by our own GET");
    assert!(answer.location().starts_with(app.issuer()));
    let page = browser.open("/auth/logout").await;
    let fields = [("csrf", &*page.hidden("csrf")), ("decision", "sign_out")].map(|(a, b)| (a, b.to_owned()));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.post("/auth/logout", &fields).await.status, 303);
}

/// RFC 6749 3.1: the authorization endpoint takes GET, and POST with a form; anything else is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_needs_a_form() {
    let (app, flow) = start().await;
    let pairs: BTreeMap<_, _> = flow.parameters().into_iter().collect();
    let answer = app.send(app.http.post(app.at("/authorize")).json(&pairs)).await;
    assert_eq!(answer.status, 415);
    assert!(answer.header("location").is_none());
    let answer =
        app.send(app.http.post(app.at("/authorize")).header("content-type", "multipart/form-data").body("x")).await;
    assert_eq!(answer.status, 415);
}

/// C-01: the older path is the same endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn the_older_path_is_the_same_endpoint() {
    let (app, flow) = start().await;
    let page = app.browser().open(&flow.path().replacen("/authorize", "/auth/authorize", 1)).await;
    assert!(page.is_sign_in());
    let bad = CodeFlow { redirect_uri: "https://evil.example/".to_owned(), ..flow };
    assert_stays(&app.browser().get(&bad.path().replacen("/authorize", "/auth/authorize", 1)).await, "older path");
}
