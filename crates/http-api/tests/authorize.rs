//! The authorization endpoint: to whom browsers are sent, and when they stay (RFC 6749 3.1 and 4.1, RFC 9700 4).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{Browser, CodeFlow, Page, TestApp};
use oauth_core::client::ClientType;
use url::form_urlencoded::Serializer;

const EMAIL: &str = "ada@example.org";

async fn start() -> (TestApp, CodeFlow) {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, "openid profile"))
}

async fn signed_in(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, EMAIL, "correct horse").await.status, 200);
    browser
}

fn path(pairs: &[(String, String)]) -> String {
    format!("/authorize?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// A page of ours with a 4xx: no redirect, and no sign-in page before it.
fn assert_stays(page: &Page, why: &str) {
    assert!(page.status.is_client_error(), "{why}: {}", page.status);
    assert!(page.header("location").is_none(), "{why}");
    assert!(page.header("refresh").is_none(), "{why}");
    assert!(!page.is_sign_in(), "{why}: nobody is asked to sign in for a request that goes nowhere");
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{why}");
}

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

/// SECURITY.md row 32: what was judged at the beginning is what is answered at the end.
#[tokio::test(flavor = "multi_thread")]
async fn steps_cannot_change_the_request_they_belong_to() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let more = [
        ("client_id", "other"),
        ("redirect_uri", "https://evil.example/cb"),
        ("scope", "openid admin"),
        ("state", "evil"),
        ("code_challenge", ""),
    ];
    let mut fields =
        vec![("csrf", csrf.as_str()), ("request", &request), ("identifier", EMAIL), ("password", "correct horse")];
    fields.extend(more);
    let answer = browser.post("/sign-in", &fields).await;
    let page = browser.follow(answer).await;
    assert!(page.is_consent());
    let resumed = browser.get(&format!("/consent?request={request}&scope=admin&state=evil&redirect_uri=x")).await;
    let csrf = resumed.hidden("csrf");
    let mut fields = vec![("csrf", csrf.as_str()), ("request", request.as_str()), ("decision", "allow")];
    fields.extend(more);
    let answer = browser.post("/consent", &fields).await;
    assert!(answer.location().starts_with("https://app.example/cb?code="), "{}", answer.location());
    assert_eq!(answer.query("state").as_deref(), Some("st"));
    let tokens = flow.redeem(&app, &answer.query("code").unwrap()).await;
    assert_eq!(tokens.body["scope"].as_str().unwrap_or("openid profile"), "openid profile");
}

/// SECURITY.md row 32: the request under way is sealed, bound to its browser, and over when it is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_cannot_be_altered_moved_or_used_twice() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let request = page.hidden("request");
    let (name, value) = browser.cookies.iter().find(|(name, _)| name.contains("request")).unwrap();
    let (name, value) = (name.clone(), value.clone());
    assert!(name.ends_with(&request), "the cookie is named after the request: {name}");
    let mut altered = browser.clone();
    let mut bytes = value.clone().into_bytes();
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    altered.cookies.insert(name.clone(), String::from_utf8(bytes).unwrap());
    assert_stays(&altered.get(&format!("/consent?request={request}")).await, "altered");
    assert_stays(&app.browser().get(&format!("/consent?request={request}")).await, "another browser");
    let page = browser.sign_in(&page, EMAIL, "correct horse").await;
    let answer = browser.decide(&page, "allow").await;
    assert!(answer.query("code").is_some());
    assert!(!browser.cookies.contains_key(&name), "an answered request is forgotten");
    assert_stays(&browser.get(&format!("/consent?request={request}")).await, "over");
}

/// SECURITY.md row 32 and DESIGN.md 4: bounded in size and number, and expiring.
#[tokio::test(flavor = "multi_thread")]
async fn requests_under_way_are_few_short_and_expire() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let mut oldest = None;
    for number in 0..7 {
        let long = flow.clone().with("nonce", &"n".repeat(500)).with("login_hint", &format!("{number}@example.org"));
        let page = browser.open(&long.path()).await;
        assert!(page.is_sign_in(), "{number}");
        oldest = oldest.or_else(|| Some(page.hidden("request")));
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    let under_way = browser.cookies.keys().filter(|name| name.contains("request")).count();
    assert_eq!(under_way, 4);
    assert_stays(&browser.get(&format!("/consent?request={}", oldest.unwrap())).await, "the oldest made room");
    let huge = flow.path().replace("state=st", &format!("state={}", "s".repeat(4_000)));
    assert_stays(&browser.get(&huge).await, "too long to be kept");
    let page = browser.open(&flow.path()).await;
    app.clock.advance(std::time::Duration::from_secs(3_601));
    assert_stays(&browser.get(&format!("/consent?request={}", page.hidden("request"))).await, "expired");
}

/// SECURITY.md row 29: state, names and hints are text wherever they stand.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_came_from_outside_becomes_markup() {
    const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror='x'>";
    let app = TestApp::start().await;
    app.user(EMAIL).await;
    let registered = app
        .client(ClientDraft {
            client_id: Some("app".to_owned()),
            name: EVIL.to_owned(),
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            post_logout_redirect_uris: vec!["https://app.example/bye".to_owned()],
            scopes: ["openid", "profile"].map(str::to_owned).to_vec(),
            grant_types: vec![oauth_core::client::GrantType::AuthorizationCode],
            ..ClientDraft::default()
        })
        .await;
    let secret = registered.secret.unwrap().expose().clone();
    let flow =
        CodeFlow::confidential(&secret, "openid profile").with("login_hint", EVIL).with("response_mode", "form_post");
    let flow = CodeFlow { more: [flow.more, vec![("ui_locales".to_owned(), EVIL.to_owned())]].concat(), ..flow };
    let harmless = |page: &Page, what: &str| {
        for part in ["<script>alert", "<img", "onerror='x'"] {
            assert!(!page.body.contains(part), "{what} holds {part}: {}", page.body);
        }
    };
    let mut browser = app.browser();
    let query = flow.path().replace("state=st", &format!("state={}", url_text(EVIL)));
    let page = browser.open(&query).await;
    assert!(page.is_sign_in());
    harmless(&page, "sign-in");
    let wrong = browser.sign_in(&page, EVIL, "wrong").await;
    harmless(&wrong, "a failed sign-in");
    let register = browser.get(&format!("/register?request={}", page.hidden("request"))).await;
    harmless(&register, "registration");
    let consent = browser.sign_in(&page, EMAIL, "correct horse").await;
    assert!(consent.is_consent());
    harmless(&consent, "consent");
    let posted = browser.decide(&consent, "allow").await;
    assert_eq!(posted.status, 200);
    harmless(&posted, "form_post");
    assert!(posted.body.contains("&#34;&#62;&#60;script"), "{}", posted.body);
    let account = browser.open("/account").await;
    harmless(&account, "account");
    for path in ["/authorize", "/auth/logout", "/sign-in", "/nothing", "/"] {
        let names = ["error", "error_description", "error_hint", "client_id", "redirect_uri", "state", "request"];
        let query = Serializer::new(String::new()).extend_pairs(names.map(|name| (name, EVIL))).finish();
        harmless(&browser.get(&format!("{path}?{query}")).await, path);
    }
}

fn url_text(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
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
