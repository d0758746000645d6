//! Methods, headers, caches and origins of every answer (RFC 9110, SECURITY.md rows 41 to 43).

use authly_testkit::{Options, Page, TestApp};
use oauth_core::endpoint::{Cors, Endpoint};

use crate::world::{call, first_method};

/// RFC 9110 15.5.6: 405 names the methods; OPTIONS belongs to CORS.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_not_allowed_and_the_answer_says_which_are() {
    let all =
        Options { engine: Some(Box::new(|settings| settings.first_party_challenge = true)), ..Options::default() };
    let app = TestApp::with(all).await;
    // Those of upstream providers are there only where one is configured.
    let upstream = |endpoint: &Endpoint| endpoint.path().starts_with("/sign-in/upstream");
    for endpoint in Endpoint::ALL.iter().copied().filter(|endpoint| !upstream(endpoint)) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if endpoint.methods().contains(&method) {
                continue;
            }
            let answer = call(&app, endpoint, method.parse().unwrap()).await;
            assert_eq!(answer.status, 405, "{method} {}", endpoint.path());
            let allowed: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
            for own in endpoint.methods() {
                assert!(allowed.contains(own), "{}: {allowed:?}", endpoint.path());
            }
            assert_eq!(allowed.contains(&"HEAD"), allowed.contains(&"GET"), "{}", endpoint.path());
        }
    }
}

/// RFC 9110 9.3.2: HEAD is GET without a body.
#[tokio::test(flavor = "multi_thread")]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start().await;
    let page = app.get("/").await.body;
    let asset = page.split('"').find(|text| text.starts_with("/assets/")).unwrap().to_owned();
    let gets =
        Endpoint::ALL.iter().filter(|endpoint| endpoint.methods().contains(&"GET")).map(|endpoint| endpoint.path());
    for path in gets.chain(["/favicon.ico", &asset, "/nothing"]) {
        let (get, head) = (app.get(path).await, app.send(app.http.head(app.at(path))).await);
        assert_eq!(get.status, head.status, "{path}");
        assert_eq!(get.header("content-type"), head.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

/// SECURITY.md rows 42 and 43; S003-39 as C-39 settles it: on every answer of every endpoint, errors too.
#[tokio::test(flavor = "multi_thread")]
async fn security_headers_stand_on_every_answer() {
    for https_issuer in [false, true] {
        let app = TestApp::with(Options { https_issuer, ..Options::default() }).await;
        for endpoint in Endpoint::ALL.iter().copied() {
            for method in ["GET", "POST", "DELETE", "OPTIONS"] {
                let answer = call(&app, endpoint, method.parse().unwrap()).await;
                assert_secure(&answer, https_issuer, &format!("{method} {}", endpoint.path()));
            }
            let evil = app.http.get(app.at(endpoint.path())).header("host", "evil.example");
            assert_secure(&app.send(evil).await, https_issuer, endpoint.path());
        }
        for path in ["/nothing", "/assets/nothing", "/favicon.ico", "/authorize?client_id=%00", "/sign-in?x"] {
            assert_secure(
                &app.send(app.http.get(app.at(path)).header("accept", "text/html")).await,
                https_issuer,
                path,
            );
        }
    }
}

fn assert_secure(answer: &Page, https: bool, what: &str) {
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("x-xss-protection", "0"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{what}: {name}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    for weak in ["unsafe", "*", "data:", "http://*", "blob:", "nonce-"] {
        assert!(!policy.contains(weak), "{what}: {policy}");
    }
    let transport = answer.header("strict-transport-security");
    assert_eq!(transport, https.then_some("max-age=31536000; includeSubDomains"), "{what}");
    assert_eq!(answer.header("server"), None, "{what}");
    assert_eq!(answer.header("x-powered-by"), None, "{what}");
    assert!(answer.header("x-request-id").is_some(), "{what}");
}

/// SECURITY.md row 43: pages and machine answers are never kept; public documents are.
#[tokio::test(flavor = "multi_thread")]
async fn only_public_documents_may_be_cached() {
    let app = TestApp::start().await;
    for endpoint in Endpoint::ALL.iter().copied() {
        let answer = call(&app, endpoint, first_method(endpoint)).await;
        let cached = answer.header("cache-control").unwrap_or_default().to_owned();
        match endpoint {
            Endpoint::Jwks => assert_eq!(cached, "public, max-age=300"),
            Endpoint::Metadata | Endpoint::OpenIdConfiguration | Endpoint::LegacyMetadata => {
                assert_eq!(cached, "public, max-age=3600", "{}", endpoint.path());
            }
            Endpoint::SecurityTxt | Endpoint::Metrics => {}
            _ => assert_eq!(cached, "no-store", "{}", endpoint.path()),
        }
    }
}

/// RFC 9111 4.3: metadata and keys answer 304 to who has them.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_document_is_told_that_it_has_not_changed() {
    let app = TestApp::start().await;
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        let first = app.get(path).await;
        let tag = first.header("etag").unwrap();
        for (sent, status) in [
            (tag.to_owned(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"x\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
        ] {
            let again = app.send(app.http.get(app.at(path)).header("if-none-match", &sent)).await;
            assert_eq!(again.status, status, "{path} {sent}");
            assert_eq!(again.header("etag"), Some(tag));
        }
    }
    app.app.admin.create_key(oauth_core::crypto::Algorithm::ES256, oauth_core::catalog::KeyState::Next).await.unwrap();
    let before = app.get("/.well-known/jwks.json").await;
    app.services.refresh().await;
    let after = app.get("/.well-known/jwks.json").await;
    assert_ne!(before.header("etag"), after.header("etag"));
    assert_eq!(after.json()["keys"].as_array().unwrap().len(), before.json()["keys"].as_array().unwrap().len() + 1);
}

/// SECURITY.md row 41; RFC 9700 2.6: clients' origins and CORS_ORIGINS at machine endpoints, everybody at public documents,
/// nobody elsewhere, and never credentials.
#[tokio::test(flavor = "multi_thread")]
async fn other_origins_read_what_the_table_of_endpoints_says() {
    let app =
        TestApp::with(Options { cors_origins: vec!["https://tool.example".to_owned()], ..Options::default() }).await;
    app.public_client("https://spa.example/cb").await;
    for endpoint in Endpoint::ALL.iter().copied() {
        for origin in [
            "https://spa.example",
            "https://tool.example",
            "https://evil.example",
            "null",
            "https://spa.example.evil.example",
            "http://spa.example",
            "https://spa.example:8443",
        ] {
            let path = app.at(endpoint.path());
            let preflight = app.http.request(reqwest::Method::OPTIONS, &path).header("origin", origin);
            let preflight = preflight.header("access-control-request-method", endpoint.methods()[0]);
            let preflight =
                app.send(preflight.header("access-control-request-headers", "authorization,content-type")).await;
            let simple = app.send(app.http.request(first_method(endpoint), &path).header("origin", origin)).await;
            let known = matches!(origin, "https://spa.example" | "https://tool.example");
            let expected = match endpoint.cors() {
                Cors::Anyone => Some("*"),
                Cors::Clients if known => Some(origin),
                Cors::Clients | Cors::Nobody => None,
            };
            let what = format!("{origin} at {}", endpoint.path());
            assert_eq!(simple.header("access-control-allow-origin"), expected, "{what}");
            assert_eq!(preflight.header("access-control-allow-origin"), expected, "preflight of {what}");
            for answer in [&preflight, &simple] {
                assert_eq!(answer.header("access-control-allow-credentials"), None, "{what}");
            }
            if expected.is_some() {
                assert_eq!(preflight.status, 200, "{what}");
                assert!(
                    preflight.header("access-control-allow-methods").unwrap().contains(endpoint.methods()[0]),
                    "{what}"
                );
            }
            if endpoint.cors() == Cors::Clients {
                let vary = simple.header("vary").unwrap_or_default().to_ascii_lowercase();
                assert!(vary.contains("origin"), "caches must not mix origins: {what} {vary}");
            }
        }
    }
}
