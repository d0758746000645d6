//! oidcc-basic-certification-test-plan and oidcc-formpost-basic-certification-test-plan: the same modules, with the answer in a
//! query and in a form.

use std::time::Duration;

use authly_testkit::CodeFlow;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    client::AuthMethod,
    crypto::{Algorithm, Crypto as _},
    services::Services as _,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::op::{self, EMAIL, Mode, Op};

macro_rules! modules {
    ($($(#[doc = $module:literal])+ $name:ident;)+) => {
        mod basic {
            $($(#[doc = $module])+ #[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::Mode::Query).await; })+
        }
        mod form_post {
            $($(#[doc = $module])+ #[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::Mode::FormPost).await; })+
        }
    };
}

modules! {
    /// oidcc-server
    the_whole_flow_gives_tokens_about_the_user;
    /// oidcc-response-type-missing
    a_request_without_response_type_is_answered_with_an_error;
    /// oidcc-idtoken-signature
    id_tokens_are_signed_with_a_published_rs256_key_by_default;
    /// oidcc-idtoken-unsigned
    unsigned_id_tokens_are_not_offered;
    /// oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body
    userinfo_answers_get_and_post_with_the_token_in_header_or_body;
    /// oidcc-ensure-request-without-nonce-succeeds-for-code-flow
    a_request_without_nonce_succeeds;
    /// oidcc-ensure-request-with-valid-pkce-succeeds
    a_request_with_pkce_succeeds;
    /// oidcc-ensure-request-with-unknown-parameter-succeeds, oidcc-ensure-request-with-acr-values-succeeds,
    /// oidcc-display-page, oidcc-display-popup, oidcc-ui-locales, oidcc-claims-locales, oidcc-login-hint, oidcc-claims-essential
    parameters_that_may_be_ignored_are_no_errors;
    /// oidcc-ensure-post-request-succeeds
    a_post_to_the_authorization_endpoint_succeeds;
    /// oidcc-scope-profile, oidcc-scope-email, oidcc-scope-address, oidcc-scope-phone, oidcc-scope-all
    each_scope_gives_its_claims_at_userinfo;
    /// oidcc-alternate-happy-flow
    the_order_of_scopes_and_parameters_does_not_matter;
    /// oidcc-prompt-login
    prompt_login_asks_again_and_auth_time_is_later;
    /// oidcc-prompt-none-not-logged-in
    prompt_none_without_a_session_is_an_error_for_the_client;
    /// oidcc-prompt-none-logged-in
    prompt_none_with_a_session_is_silent_and_about_the_same_user;
    /// oidcc-max-age-1
    an_old_sign_in_is_asked_for_again_with_max_age_1;
    /// oidcc-max-age-10000
    a_fresh_sign_in_is_kept_with_max_age_10000;
    /// oidcc-id-token-hint
    a_hint_about_the_signed_in_user_is_silent;
    /// oidcc-codereuse
    a_second_use_of_a_code_is_invalid_grant;
    /// oidcc-codereuse-30seconds
    a_second_use_after_thirty_seconds_fails_and_revokes;
    /// oidcc-ensure-registered-redirect-uri
    an_unregistered_redirect_uri_is_an_error_page;
    /// oidcc-server-client-secret-post
    a_client_may_send_its_secret_in_the_body;
    /// oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported,
    /// oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported,
    /// oidcc-ensure-request-object-with-redirect-uri
    request_objects_are_refused_by_their_own_error_codes;
    /// oidcc-refresh-token
    a_refresh_token_is_rotated_and_bound_to_its_client;
}

async fn the_whole_flow_gives_tokens_about_the_user(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = op.request();
    let answer = op.answer(&mut op.browser(), &flow).await;
    assert_eq!(answer["state"], "st");
    assert_eq!(answer["iss"], op.app.issuer());
    let tokens = op.redeem(&flow, &answer).await;
    assert_eq!(tokens.body["token_type"], "Bearer");
    let id = tokens.claims("id_token");
    assert_eq!(
        (&id["iss"], &id["aud"], &id["nonce"]),
        (&json!(op.app.issuer()), &json!("first"), &json!("n-0S6_WzA2Mj"))
    );
    assert!(id["exp"].as_i64() > id["iat"].as_i64() && id["sub"].as_str().unwrap().len() <= 255);
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(tokens.access())[..16]);
    assert_eq!(id["at_hash"], hash, "OpenID Connect Core 3.1.3.6");
    let info = op.app.userinfo(tokens.access()).await;
    assert_eq!(info.json()["sub"], id["sub"]);
}

async fn a_request_without_response_type_is_answered_with_an_error(mode: Mode) {
    let op = Op::start(mode).await;
    let path = op.request().path().replace("response_type=code&", "");
    let mut browser = op.browser();
    let page = browser.open(&path).await;
    let page = browser.sign_in(&page, EMAIL, "correct horse").await;
    let answer = op.read(&page);
    assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("invalid_request", "st"));
}

async fn id_tokens_are_signed_with_a_published_rs256_key_by_default(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = op.request();
    let tokens = op.tokens(&mut op.browser(), &flow).await;
    let (input, signature) = tokens.text("id_token").rsplit_once('.').unwrap();
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(header["alg"], "RS256");
    let jwks = op.app.get("/.well-known/jwks.json").await.json();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!("RS256")));
    let verifier = op.app.services.crypto().verifier(key.as_object().unwrap()).unwrap();
    assert_eq!(verifier.algorithm(), Algorithm::RS256);
    verifier.verify(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
}

async fn unsigned_id_tokens_are_not_offered(mode: Mode) {
    let op = Op::start(mode).await;
    let document = op.app.get("/.well-known/openid-configuration").await.json();
    assert!(!document["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&json!("none")));
}

async fn userinfo_answers_get_and_post_with_the_token_in_header_or_body(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = op.request();
    let tokens = op.tokens(&mut op.browser(), &flow).await;
    let (app, at) = (&op.app, op.app.at("/auth/userinfo"));
    for request in [
        app.http.get(&at).bearer_auth(tokens.access()),
        app.http.post(&at).bearer_auth(tokens.access()),
        app.http.post(&at).form(&[("access_token", tokens.access())]),
    ] {
        let answer = app.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["sub"]), (200, &tokens.claims("id_token")["sub"]));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

async fn a_request_without_nonce_succeeds(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = op.with_mode(op.flow.clone());
    let tokens = op.tokens(&mut op.browser(), &flow).await;
    assert!(!tokens.claims("id_token").contains_key("nonce"));
}

async fn a_request_with_pkce_succeeds(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = CodeFlow { verifier: Some("v".repeat(43)), ..op.request() };
    op.tokens(&mut op.browser(), &flow).await;
}

async fn parameters_that_may_be_ignored_are_no_errors(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    for (name, value) in [
        ("extra", "foobar"),
        ("acr_values", "1 2"),
        ("acr_values", "urn:nothing"),
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("display", "unknown"),
        ("ui_locales", "se"),
        ("ui_locales", "fr-CA fr en"),
        ("ui_locales", "not a locale !!"),
        ("claims_locales", "se"),
        ("login_hint", "buffy@suite.example"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
        ("claims", "nonsense"),
        ("id_token_signed_response_alg", "none"),
    ] {
        let flow = op.request().with(name, value);
        let tokens = op.tokens(&mut browser, &flow).await;
        assert_eq!(op.app.userinfo(tokens.access()).await.status, 200, "{name}={value}");
    }
}

async fn a_post_to_the_authorization_endpoint_succeeds(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = op.request();
    let pairs = flow.parameters();
    let fields: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut browser = op.browser();
    let page = browser.post("/authorize", &fields).await;
    let page = browser.follow(page).await;
    let answer = op.complete(&mut browser, page).await;
    op.redeem(&flow, &answer).await;
}

async fn each_scope_gives_its_claims_at_userinfo(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    let claims = [
        ("profile", vec!["name", "given_name", "family_name", "preferred_username", "updated_at"]),
        ("email", vec!["email", "email_verified"]),
        ("address", vec!["address"]),
        ("phone", vec!["phone_number", "phone_number_verified"]),
    ];
    let all: Vec<&str> = claims.iter().map(|(scope, _)| *scope).collect();
    let requests = all.iter().map(|scope| vec![*scope]).chain([vec![], all.clone()]);
    for scopes in requests {
        let flow = CodeFlow { scope: format!("openid {}", scopes.join(" ")).trim().to_owned(), ..op.request() };
        let tokens = op.tokens(&mut browser, &flow).await;
        let info = op.app.userinfo(tokens.access()).await.json();
        for (scope, names) in &claims {
            for name in names {
                let there = info.get(*name).is_some_and(|value| !value.is_null());
                assert_eq!(there, scopes.contains(scope), "{name} with {scopes:?}: {info}");
            }
        }
    }
}

async fn the_order_of_scopes_and_parameters_does_not_matter(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = CodeFlow { scope: "email profile openid".to_owned(), ..op.request() };
    let mut pairs = flow.parameters();
    pairs.reverse();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let mut browser = op.browser();
    let page = browser.open(&format!("/authorize?{query}")).await;
    let answer = op.complete(&mut browser, page).await;
    let tokens = op.redeem(&flow, &answer).await;
    assert!(tokens.body.get("id_token").is_some());
}

async fn prompt_login_asks_again_and_auth_time_is_later(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    let first = op.tokens(&mut browser, &op.request()).await.claims("id_token");
    op.app.clock.advance(Duration::from_secs(2));
    let flow = op.request().with("prompt", "login");
    let page = browser.open(&flow.path()).await;
    assert!(page.is_sign_in(), "{}", page.body);
    let answer = op.complete(&mut browser, page).await;
    let second = op.redeem(&flow, &answer).await.claims("id_token");
    assert_eq!(first["sub"], second["sub"]);
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
}

async fn prompt_none_without_a_session_is_an_error_for_the_client(mode: Mode) {
    let op = Op::start(mode).await;
    let page = op.browser().open(&op.request().with("prompt", "none").path()).await;
    let answer = op.read(&page);
    assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("login_required", "st"));
    assert!(!answer.contains_key("code"));
}

async fn prompt_none_with_a_session_is_silent_and_about_the_same_user(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    let first = op.tokens(&mut browser, &op.request()).await.claims("id_token");
    op.app.clock.advance(Duration::from_secs(2));
    let flow = op.request().with("prompt", "none");
    let page = browser.open(&flow.path()).await;
    let second = op.redeem(&flow, &op.read(&page)).await.claims("id_token");
    assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]));
}

async fn an_old_sign_in_is_asked_for_again_with_max_age_1(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    let first = op.tokens(&mut browser, &op.request()).await.claims("id_token");
    op.app.clock.advance(Duration::from_secs(2));
    let flow = op.request().with("max_age", "1");
    let page = browser.open(&flow.path()).await;
    assert!(page.is_sign_in());
    let answer = op.complete(&mut browser, page).await;
    let second = op.redeem(&flow, &answer).await.claims("id_token");
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
}

async fn a_fresh_sign_in_is_kept_with_max_age_10000(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    let first = op.tokens(&mut browser, &op.request()).await.claims("id_token");
    op.app.clock.advance(Duration::from_secs(2));
    let flow = op.request().with("max_age", "10000");
    let page = browser.open(&flow.path()).await;
    let second = op.redeem(&flow, &op.read(&page)).await.claims("id_token");
    assert_eq!(first["auth_time"], second["auth_time"]);
}

async fn a_hint_about_the_signed_in_user_is_silent(mode: Mode) {
    let op = Op::start(mode).await;
    op.app.user("bob@example.org").await;
    let mut browser = op.browser();
    let tokens = op.tokens(&mut browser, &op.request()).await;
    let flow = op.request().with("prompt", "none").with("id_token_hint", tokens.text("id_token"));
    let page = browser.open(&flow.path()).await;
    let second = op.redeem(&flow, &op.read(&page)).await.claims("id_token");
    assert_eq!(second["sub"], tokens.claims("id_token")["sub"]);
    let mut other = op.browser();
    let page = other.open("/sign-in").await;
    other.sign_in(&page, "bob@example.org", "correct horse").await;
    let page = other.open(&flow.path()).await;
    assert_eq!(op.read(&page)["error"], "login_required", "OpenID Connect Core 3.1.2.1: another user is signed in");
}

async fn a_second_use_of_a_code_is_invalid_grant(mode: Mode) {
    reuse(mode, Duration::ZERO).await;
}

async fn a_second_use_after_thirty_seconds_fails_and_revokes(mode: Mode) {
    reuse(mode, Duration::from_secs(30)).await;
}

async fn reuse(mode: Mode, pause: Duration) {
    let op = Op::start(mode).await;
    let flow = op.request();
    let answer = op.answer(&mut op.browser(), &flow).await;
    let tokens = op.redeem(&flow, &answer).await;
    op.app.clock.advance(pause);
    let again = flow.post_token(&op.app, &flow.redemption(&answer["code"])).await;
    assert_eq!((again.status.as_u16(), again.json()["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(op.app.userinfo(tokens.access()).await.status, 401);
}

async fn an_unregistered_redirect_uri_is_an_error_page(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = CodeFlow { redirect_uri: "https://app.example/cb/unregistered".to_owned(), ..op.request() };
    let page = op.browser().get(&flow.path()).await;
    assert_eq!(page.status, 400);
    assert!(page.header("location").is_none() && !page.is_sign_in() && !page.body.contains("<form"));
}

async fn a_client_may_send_its_secret_in_the_body(mode: Mode) {
    let op = Op::start(mode).await;
    let flow = op.with_mode(op::client(&op.app, "poster", AuthMethod::ClientSecretPost).await);
    let answer = op.answer(&mut op.browser(), &flow).await;
    let mut form = flow.redemption(&answer["code"]);
    form.push(("client_secret".to_owned(), flow.secret.clone().unwrap()));
    let public = CodeFlow { secret: None, ..flow };
    let page = public.post_token(&op.app, &form).await;
    assert_eq!(page.status, 200, "{}", page.body);
}

async fn request_objects_are_refused_by_their_own_error_codes(mode: Mode) {
    let op = Op::start(mode).await;
    let mut browser = op.browser();
    op.tokens(&mut browser, &op.request()).await;
    let claims = json!({ "client_id": "first", "response_type": "code", "redirect_uri": "https://app.example/cb" });
    let unsigned =
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()));
    for (name, value, error) in [
        ("request", unsigned.as_str(), "request_not_supported"),
        ("request", "x", "request_not_supported"),
        ("request_uri", "https://app.example/request.jwt", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
    ] {
        let page = browser.open(&op.request().with(name, value).path()).await;
        assert_eq!(op.read(&page)["error"], error, "{name}={value}");
    }
}

async fn a_refresh_token_is_rotated_and_bound_to_its_client(mode: Mode) {
    let op = Op::start(mode).await;
    let second = op::client(&op.app, "second", AuthMethod::ClientSecretBasic).await;
    let flow = CodeFlow { scope: "openid offline_access".to_owned(), ..op.request() }.with("prompt", "consent");
    let tokens = op.tokens(&mut op.browser(), &flow).await;
    let stolen = second.refresh(&op.app, tokens.refresh()).await;
    assert_eq!((stolen.status.as_u16(), stolen.json()["error"].as_str()), (400, Some("invalid_grant")));
    let next = flow.refresh(&op.app, tokens.refresh()).await;
    assert_eq!(next.status, 200);
    let next = next.json();
    assert_ne!(next["refresh_token"].as_str(), Some(tokens.refresh()));
    assert_eq!(op.app.userinfo(next["access_token"].as_str().unwrap()).await.status, 200);
}
