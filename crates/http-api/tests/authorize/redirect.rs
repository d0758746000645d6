//! To whom browsers are sent, and when they stay (RFC 6749 3.1.2, RFC 9700 4.1).

use std::collections::BTreeMap;

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{CodeFlow, TestApp};
use oauth_core::client::ClientType;
use url::form_urlencoded::Serializer;

use crate::world::{EMAIL, assert_stays, path, signed_in, start};

/// Every way to write another URI that somebody might take for the registered one.
const VARIANTS: [&str; 38] = [
    "https://app.example/c",
    "https://app.example/cb2",
    "https://app.example/cb/",
    "https://app.example/cb/x",
    "https://app.example/cb?x=1",
    "https://app.example/cb?",
    "https://app.example/cb#",
    "https://app.example/cb#x",
    "https://app.example/./cb",
    "https://app.example/x/../cb",
    "https://app.example/cb/..",
    "https://app.example/%63b",
    "https://app.example/cb%2f",
    "https://app.example/cb%00",
    "https://app%2eexample/cb",
    "HTTPS://app.example/cb",
    "https://APP.example/cb",
    "https://app.example/CB",
    "https://app.example:443/cb",
    "https://app.example:8443/cb",
    "https://app.example./cb",
    "https://app.example@evil.example/cb",
    "https://evil.example@app.example/cb",
    "https://evil.example\\@app.example/cb",
    "https:\\\\app.example\\cb",
    "https:/app.example/cb",
    "https:app.example/cb",
    "//app.example/cb",
    "http://app.example/cb",
    " https://app.example/cb",
    "https://app.example/cb ",
    "https://app.example/cb https://evil.example/",
    "https://app.example/cb,https://evil.example/",
    "https://\u{430}pp.example/cb",
    "https://evil.example/?https://app.example/cb",
    "javascript:alert(1)//https://app.example/cb",
    "data:text/html,x",
    "https://app.example.evil.example/cb",
];

/// SECURITY.md row 1; RFC 9700 2.1 "exact string matching"; module oidcc-ensure-registered-redirect-uri.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_that_is_not_registered_byte_for_byte_stays_on_a_page() {
    let (app, flow) = start().await;
    let (mut stranger, mut known) = (app.browser(), signed_in(&app).await);
    let good = stranger.get(&flow.path()).await;
    assert!(good.status == 200 && good.is_sign_in(), "the registered one works");
    for variant in VARIANTS {
        let flow = CodeFlow { redirect_uri: variant.to_owned(), ..flow.clone() };
        for page in [stranger.get(&flow.path()).await, known.get(&flow.path()).await] {
            assert_stays(&page, variant);
        }
        let pairs = flow.parameters();
        let fields: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_stays(&known.post("/authorize", &fields).await, variant);
    }
}

/// SECURITY.md row 1: control characters inside the value.
#[tokio::test(flavor = "multi_thread")]
async fn control_characters_in_a_redirect_uri_stay_on_a_page() {
    let (app, flow) = start().await;
    let mut known = signed_in(&app).await;
    let encoded = "redirect_uri=https%3A%2F%2Fapp.example%2Fcb";
    for character in ["%09", "%0D%0A", "%0A", "%00", "%7F", "%C2%85", "%E2%80%AE", "%FF", "%EF%BB%BF"] {
        for (from, to) in [(encoded, format!("{encoded}{character}")), ("%2Fcb", format!("{character}%2Fcb"))] {
            assert_stays(&known.get(&flow.path().replacen(from, &to, 1)).await, character);
        }
    }
}

/// SECURITY.md row 1's only exception; RFC 8252 7.3 "any port to be specified at the time of the request for loopback IP".
#[tokio::test(flavor = "multi_thread")]
async fn only_the_port_of_a_native_clients_loopback_uri_is_free() {
    let app = TestApp::start().await;
    app.user(EMAIL).await;
    let draft = ClientDraft {
        client_id: Some("native".to_owned()),
        name: "The Tool".to_owned(),
        kind: Some(ClientType::Public),
        application: Some(oauth_core::redirect::ApplicationType::Native),
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned(), "http://[::1]:7000/cb".to_owned()],
        scopes: vec!["openid".to_owned()],
        ..ClientDraft::default()
    };
    app.client(draft).await;
    let flow = CodeFlow { client_id: "native".to_owned(), ..CodeFlow::public("", "openid") };
    for (uri, good) in [
        ("http://127.0.0.1/cb", true),
        ("http://127.0.0.1:51004/cb", true),
        ("http://[::1]:51004/cb", true),
        ("http://localhost:51004/cb", false),
        ("https://127.0.0.1:51004/cb", false),
        ("http://127.0.0.1:51004/other", false),
        ("http://127.0.0.1:51004@evil.example/cb", false),
        ("http://127.0.0.1:x/cb", false),
        ("http://127.0.0.2:51004/cb", false),
    ] {
        let page = app.browser().get(&CodeFlow { redirect_uri: uri.to_owned(), ..flow.clone() }.path()).await;
        if good {
            assert!(page.is_sign_in(), "{uri}: {}", page.status);
        } else {
            assert_stays(&page, uri);
        }
    }
    let draft = ClientDraft {
        client_id: Some("spa".to_owned()),
        name: "The Page".to_owned(),
        kind: Some(ClientType::Public),
        application: Some(oauth_core::redirect::ApplicationType::Web),
        redirect_uris: vec!["http://127.0.0.1:3000/cb".to_owned()],
        scopes: vec!["openid".to_owned()],
        ..ClientDraft::default()
    };
    app.client(draft).await;
    let web = CodeFlow::public("http://127.0.0.1:3001/cb", "openid");
    assert_stays(&app.browser().get(&web.path()).await, "a web client's port is its own");
}

/// RFC 6749 3.1.2.3 "if multiple redirection URIs have been registered [..] the client MUST include a redirection URI"; modules
/// oidcc-ensure-redirect-uri-in-authorization-request, oidcc-redirect-uri-query-OK, -query-mismatch and -query-added.
#[tokio::test(flavor = "multi_thread")]
async fn several_registered_uris_need_one_named_and_a_registered_query_is_kept() {
    let app = TestApp::start().await;
    app.user(EMAIL).await;
    let draft = |id: &str, uris: &[&str]| ClientDraft {
        client_id: Some(id.to_owned()),
        name: "The Page".to_owned(),
        kind: Some(ClientType::Public),
        redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        scopes: vec!["openid".to_owned(), "read".to_owned()],
        ..ClientDraft::default()
    };
    let query = "https://app.example/cb?foo=bar&x";
    app.client(draft("one", &[query])).await;
    app.client(draft("two", &[query, "https://app.example/other"])).await;
    let flow = |id: &str, uri: &str| CodeFlow { client_id: id.to_owned(), ..CodeFlow::public(uri, "openid") };
    let mut browser = signed_in(&app).await;
    for uri in
        ["", "https://app.example/cb", "https://app.example/cb?foo=baz&x", "https://app.example/cb?foo=bar&x&y=1"]
    {
        assert_stays(&browser.get(&flow("two", uri).path()).await, uri);
    }
    let named = flow("two", query);
    let page = browser.open(&named.path()).await;
    let answer = browser.decide(&page, "allow").await;
    assert!(answer.location().starts_with(&format!("{query}&code=")), "{}", answer.location());
    named.redeem(&app, &answer.query("code").unwrap()).await;
    assert_stays(&browser.get(&flow("one", "").path()).await, "OpenID Connect Core 3.1.2.1: REQUIRED");
    let oauth = CodeFlow { scope: "read".to_owned(), ..flow("one", "") };
    let alone = browser.get(&oauth.path()).await;
    assert!(alone.is_consent(), "OAuth 2.1 4.1.1: the only one may be left out: {}", alone.body);
}

/// SECURITY.md row 2; RFC 6749 4.1.2.1 "MUST NOT automatically redirect".
#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_is_wrong_client_and_redirect_uri_are_judged_first() {
    let (app, flow) = start().await;
    let mut known = signed_in(&app).await;
    for (name, value) in [
        ("response_type", "token"),
        ("prompt", "none"),
        ("prompt", "none login"),
        ("scope", "nothing"),
        ("request", "x"),
        ("request_uri", "https://evil.example/r"),
        ("response_mode", "fragment"),
        ("max_age", "x"),
        ("code_challenge", "short"),
    ] {
        for (wrong, with) in [("redirect_uri", "https://evil.example/cb"), ("client_id", "nobody"), ("client_id", "")] {
            let mut pairs: BTreeMap<_, _> = flow.parameters().into_iter().collect();
            pairs.insert(name.to_owned(), value.to_owned());
            pairs.insert(wrong.to_owned(), with.to_owned());
            let pairs: Vec<_> = pairs.into_iter().collect();
            assert_stays(&known.get(&path(&pairs)).await, &format!("{name}={value} {wrong}={with}"));
        }
    }
}

/// SECURITY.md row 4: no URL in a query or form of ours is ever followed.
#[tokio::test(flavor = "multi_thread")]
async fn return_targets_in_the_query_are_never_followed() {
    let (app, flow) = start().await;
    let targets =
        ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil.example"];
    for name in ["next", "return_to", "rd", "redirect_uri", "RelayState", "post_logout_redirect_uri", "continue"] {
        for target in targets {
            let query = Serializer::new(String::new()).append_pair(name, target).finish();
            let mut browser = app.browser();
            for path in ["/", "/sign-in", "/register", "/consent", "/account", "/auth/logout", "/signed-out"] {
                let page = browser.get(&format!("{path}?{query}")).await;
                if let Some(location) = page.header("location") {
                    assert!(location.starts_with(&format!("{}/", app.issuer())), "{path}?{query} leads to {location}");
                    assert!(!location.contains("evil") && !location.contains("javascript"), "{location}");
                }
                assert!(!page.body.contains("evil.example"), "{path}?{query} shows the target");
            }
        }
    }
    let mut browser = app.browser();
    let page = browser.get("/sign-in").await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("request", &request),
        ("identifier", EMAIL),
        ("password", "correct horse"),
        ("next", "https://evil.example/"),
        ("redirect_uri", "https://evil.example/"),
    ];
    let answer = browser.post("/sign-in", &fields).await;
    assert_eq!(answer.location(), format!("{}/account", app.issuer()));
    drop(flow);
}

/// SECURITY.md row 5; RFC 6749 3.1 "MUST NOT be included more than once".
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_client_id_or_redirect_uri_stays_on_a_page() {
    let (app, flow) = start().await;
    let mut known = signed_in(&app).await;
    for (name, value) in [
        ("client_id", "app"),
        ("client_id", ""),
        ("client_id", "other"),
        ("redirect_uri", "https://app.example/cb"),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", ""),
    ] {
        for front in [true, false] {
            let mut pairs = flow.parameters();
            let place = if front { 0 } else { pairs.len() };
            pairs.insert(place, (name.to_owned(), value.to_owned()));
            assert_stays(&known.get(&path(&pairs)).await, &format!("{name}={value}"));
            let fields: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_stays(&known.post("/authorize", &fields).await, &format!("POST {name}={value}"));
        }
    }
    let spelled = format!("{}&client%5Fid=app", flow.path());
    assert_stays(&known.get(&spelled).await, "another spelling of the name");
}
