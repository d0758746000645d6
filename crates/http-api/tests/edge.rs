//! The edge: hosts, methods, bodies, bytes on the wire, headers of every answer (RFC 9110, RFC 9112, SECURITY.md rows 35, 41 to 43, 51 to 53, 57).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_testkit::{CodeFlow, Options, Page, TestApp};
use oauth_core::endpoint::{Cors, Endpoint};
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.org";
const PROBES: [Endpoint; 4] = [Endpoint::Health, Endpoint::HealthLive, Endpoint::HealthReady, Endpoint::Metrics];

fn first_method(endpoint: Endpoint) -> reqwest::Method {
    endpoint.methods().first().unwrap().parse().unwrap()
}

async fn call(app: &TestApp, endpoint: Endpoint, method: reqwest::Method) -> Page {
    app.send(app.http.request(method, app.at(endpoint.path()))).await
}

/// SECURITY.md row 35; RFC 9110 15.5.20.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_ours_is_misdirected() {
    let app = TestApp::start().await;
    let port = app.url.rsplit(':').next().unwrap();
    for endpoint in Endpoint::ALL.iter().copied().filter(|endpoint| !PROBES.contains(endpoint)) {
        let request = app.http.request(first_method(endpoint), app.at(endpoint.path())).header("host", "evil.example");
        let answer = app.send(request).await;
        assert_eq!(answer.status, 421, "{}", endpoint.path());
        assert!(!answer.body.contains("evil"), "{}", endpoint.path());
    }
    for host in [
        "evil.example".to_owned(),
        "localhost".to_owned(),
        format!("localhost:{port}.evil.example"),
        format!("localhost.:{port}"),
        format!("evil@localhost:{port}"),
        "localhost:1".to_owned(),
        "[::1]".to_owned(),
    ] {
        let request = app.http.get(app.at("/.well-known/openid-configuration")).header("host", &host);
        assert_eq!(app.send(request).await.status, 421, "{host}");
    }
    assert_eq!(
        app.send(app.http.get(app.at("/health")).header("host", "10.0.0.7")).await.status,
        200,
        "probes name any host"
    );
}

/// RFC 9112 3.2: no Host, or more than one, is no request.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_exactly_one_host() {
    let app = TestApp::start().await;
    let ours = app.url.replace("http://", "");
    for (hosts, status) in [
        (vec![ours.as_str()], 200),
        (vec![], 400),
        (vec![&ours, &ours], 400),
        (vec![&ours, "evil.example"], 400),
        (vec!["evil.example", &ours], 400),
    ] {
        let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        let raw = format!("GET /.well-known/openid-configuration HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = app.raw(raw).await;
        assert_eq!(answer.status(), status, "{hosts}: {}", answer.text);
    }
}

/// RFC 9112 3.2.2: a target in absolute form counts like Host.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_in_absolute_form_names_a_host_of_ours() {
    let app = TestApp::start().await;
    let ours = app.url.replace("http://", "");
    for (target, status) in [(ours.as_str(), 200), ("evil.example", 421), ("localhost", 421)] {
        let path = "/.well-known/openid-configuration";
        let raw = format!("GET http://{target}{path} HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n");
        let answer = app.raw(raw).await;
        assert_eq!(answer.status(), status, "{target}: {}", answer.text);
    }
}

/// SECURITY.md row 35: every absolute URL comes from configuration.
#[tokio::test(flavor = "multi_thread")]
async fn no_header_ever_gets_into_a_url() {
    for trusted_proxies in [Vec::new(), vec!["127.0.0.0/8".to_owned()]] {
        let app = TestApp::with(Options { trusted_proxies, ..Options::default() }).await;
        let secret = app.confidential_client().await;
        app.user(EMAIL).await;
        let flow = CodeFlow::confidential(&secret, "openid");
        let plain = app.get("/.well-known/openid-configuration").await.body;
        for (name, value) in [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-port", "1"),
            ("x-forwarded-server", "evil.example"),
            ("x-forwarded-prefix", "/evil.example"),
            ("forwarded", "host=evil.example;proto=gopher;for=192.0.2.1"),
            ("x-host", "evil.example"),
            ("x-original-host", "evil.example"),
            ("x_forwarded_host", "evil.example"),
            ("x-original-url", "/evil.example"),
            ("x-rewrite-url", "/evil.example"),
        ] {
            for path in ["/.well-known/openid-configuration", "/auth/.well-known/oauth-authorization-server"] {
                assert_eq!(app.send(app.http.get(app.at(path)).header(name, value)).await.body, plain, "{name} {path}");
            }
            let paths = [
                "/",
                "/account",
                "/.well-known/change-password",
                "/.well-known/security.txt",
                "/auth/logout",
                "/signed-out",
                &flow.path(),
                &flow.clone().with("prompt", "none").path(),
            ];
            for path in paths {
                let answer =
                    app.send(app.http.get(app.at(path)).header(name, value).header("accept", "text/html")).await;
                let whole = format!("{}{:?}", answer.body, answer.headers);
                assert!(!whole.contains("evil.example") && !whole.contains("gopher"), "{name} {path}: {whole}");
            }
            let pairs = flow.parameters();
            let answer = app.send(app.http.post(app.at("/authorize")).header(name, value).form(&pairs)).await;
            assert!(answer.location().starts_with(app.issuer()), "{name}");
        }
    }
}

/// RFC 9110 15.5.6: 405 names the methods; OPTIONS belongs to CORS.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_not_allowed_and_the_answer_says_which_are() {
    let all =
        Options { engine: Some(Box::new(|settings| settings.first_party_challenge = true)), ..Options::default() };
    let app = TestApp::with(all).await;
    for endpoint in Endpoint::ALL.iter().copied() {
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

/// SECURITY.md row 51: NUL, other control characters and bytes that are not UTF-8, in every place that reads text.
#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_no_text_is_refused_and_never_an_error_of_ours() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    let names = [
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code",
        "code_verifier",
        "refresh_token",
        "token",
        "username",
        "password",
        "email",
        "grant_type",
        "request",
        "csrf",
        "identifier",
        "login_hint",
        "id_token_hint",
        "resource",
        "session",
        "application",
        "access_token",
        "post_logout_redirect_uri",
        "ui_locales",
        "tenant",
    ];
    let junk = ["%00", "a%00b", "%FF", "%C3%28", "%ED%A0%80", "%F8%88%80%80%80", "%E0%80%AF", "%zz", "%"];
    let accepted = |answer: &Page, what: &str| {
        assert!(answer.status.as_u16() < 500, "{what}: {} {}", answer.status, answer.body);
        answer.status.as_u16()
    };
    for endpoint in Endpoint::ALL.iter().copied() {
        for text in junk {
            let pairs: Vec<String> = names.iter().map(|name| format!("{name}={text}")).collect();
            let query = format!("{}?{}", app.at(endpoint.path()), pairs.join("&"));
            accepted(&app.send(app.http.get(&query)).await, &query);
            if endpoint.methods().contains(&"POST") {
                for name in ["grant_type", "client_id", "csrf"] {
                    let body = format!("grant_type=authorization_code&{name}x=1&{name}={text}");
                    let request = app
                        .http
                        .post(app.at(endpoint.path()))
                        .header("content-type", "application/x-www-form-urlencoded");
                    let answer = app.send(request.basic_auth("app", Some(&secret)).body(body.clone())).await;
                    let status = accepted(&answer, &body);
                    assert!(status >= 300 || endpoint == Endpoint::Challenge, "{} {body}: {status}", endpoint.path());
                }
            }
        }
        if !endpoint.methods().contains(&"POST") {
            continue;
        }
        let mut object = serde_json::Map::new();
        for name in names {
            object.insert(name.to_owned(), json!("a\0b"));
        }
        for value in [
            Value::Object(object.clone()),
            json!({ "email": "a\0@example.org", "username": "\0", "password": "\0\0\0\0\0\0\0\0\0" }),
        ] {
            accepted(&app.post_json(endpoint.path(), &value).await, endpoint.path());
        }
        for raw in
            [&b"{\"email\":\"\xff\xfe\"}"[..], b"\xff", b"{\"email\":\"\\ud800\",\"password\":\"\\ud800\"}", b"\0"]
        {
            let request = app.http.post(app.at(endpoint.path())).header("content-type", "application/json");
            let answer = app.send(request.body(raw.to_vec())).await;
            let status = accepted(&answer, endpoint.path());
            assert!(status >= 300 || endpoint == Endpoint::Challenge, "{}: {status}", endpoint.path());
            if raw.is_ascii() && !raw.contains(&0) {
                continue;
            }
            let request =
                app.http.post(app.at(endpoint.path())).header("content-type", "application/x-www-form-urlencoded");
            let answer = app.send(request.body([&b"email="[..], raw].concat())).await;
            let status = accepted(&answer, endpoint.path());
            assert!(status >= 300 || endpoint == Endpoint::Challenge, "{}: {status}", endpoint.path());
        }
    }
    for name in [
        "authorization",
        "cookie",
        "user-agent",
        "accept-language",
        "x-forwarded-for",
        "origin",
        "content-type",
        "accept",
        "if-none-match",
        "referer",
    ] {
        for endpoint in [
            Endpoint::Token,
            Endpoint::Authorize,
            Endpoint::UserInfo,
            Endpoint::Account,
            Endpoint::SignIn,
            Endpoint::Me,
            Endpoint::Jwks,
        ] {
            for value in [
                &b"\xff\xfe"[..],
                b"Bearer \xff",
                b"Basic \xff",
                b"authly-session=\xff; authly-browser=\x80",
                b";;;,,,==",
                b"",
            ] {
                let value = reqwest::header::HeaderValue::from_bytes(value).unwrap();
                let request = app.http.request(first_method(endpoint), app.at(endpoint.path())).header(name, value);
                accepted(&app.send(request).await, &format!("{name} at {}", endpoint.path()));
            }
        }
    }
}

/// SECURITY.md row 52.
#[tokio::test(flavor = "multi_thread")]
async fn deep_long_and_many_things_are_refused_before_they_cost() {
    let app = TestApp::start().await;
    let json =
        |body: String| app.http.post(app.at("/auth/token")).header("content-type", "application/json").body(body);
    let form = |body: String| {
        app.http.post(app.at("/auth/token")).header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    let many = (0..200).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    let members = (0..200).map(|number| format!("\"p{number}\":1")).collect::<Vec<_>>().join(",");
    for (what, request, status) in [
        ("deep arrays", json("[".repeat(60_000)), 400),
        ("deep objects", json("{\"a\":".repeat(10_000)), 400),
        ("a deep member", json(format!("{{\"grant_type\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000))), 400),
        ("a huge number", json(format!("{{\"grant_type\":{}}}", "9".repeat(60_000))), 400),
        ("many members", json(format!("{{{members}}}")), 400),
        ("many parameters", form(many.clone()), 400),
        ("a long value", form(format!("grant_type={}", "x".repeat(9_000))), 400),
        ("a long name", form(format!("{}=1", "x".repeat(500))), 400),
        ("a huge form", form("x".repeat(65_537)), 413),
        ("a huge JSON body", json(format!("\"{}\"", "x".repeat(65_537))), 413),
    ] {
        let answer = app.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (status, Some("invalid_request")),
            "{what}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    }
    let long = format!("/authorize?{many}");
    assert_eq!(app.get(&long).await.status, 400);
    for path in ["/sign-in", "/consent", "/authorize", "/register", "/auth/logout", "/account/password"] {
        let request = app.http.post(app.at(path)).header("content-type", "application/x-www-form-urlencoded");
        let answer = app.send(request.body("x".repeat(70_000))).await;
        assert!(answer.status.is_client_error() || answer.status == 303, "{path}: {}", answer.status);
    }
    let host = app.url.replace("http://", "");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let chunked = format!(
        "POST /auth/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(6)
    );
    assert_eq!(app.raw(chunked).await.status(), 413, "an unannounced length is counted as it comes");
    let many_headers: String = (0..300).map(|number| format!("X-H{number}: 1\r\n")).collect();
    let answer = app.raw(format!("GET / HTTP/1.1\r\nHost: {host}\r\n{many_headers}\r\n")).await;
    assert!((400..500).contains(&answer.status()) && answer.closed, "{}", answer.text);
    let long_header = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000));
    let answer = app.raw(long_header).await;
    assert!((400..500).contains(&answer.status()) && answer.closed, "{}", answer.text);
    let long_line = app.raw(format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "x".repeat(200_000))).await;
    assert!((400..500).contains(&long_line.status()) && long_line.closed, "{}", long_line.text);
    assert_eq!(app.get("/health").await.status, 200);
}

/// SECURITY.md row 53; RFC 9112 6.1, 6.3 and 7.1: 400 and close, so that nothing smuggled is read as a request.
#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_framing_is_400_and_the_end_of_the_connection() {
    let app = TestApp::start().await;
    let host = app.url.replace("http://", "");
    let smuggled = format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let head =
        format!("POST /auth/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let length = smuggled.len();
    for (what, framing) in [
        ("CL and TE", format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("TE and CL", format!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{smuggled}")),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{smuggled}")),
        ("a list of lengths", format!("Content-Length: 0, {length}\r\n\r\n{smuggled}")),
        ("a signed length", format!("Content-Length: +0\r\n\r\n{smuggled}")),
        ("a negative length", format!("Content-Length: -1\r\n\r\n{smuggled}")),
        ("a length in words", format!("Content-Length: zero\r\n\r\n{smuggled}")),
        ("an endless length", format!("Content-Length: 99999999999999999999999\r\n\r\n{smuggled}")),
        ("a space before the colon", format!("Content-Length : {length}\r\n\r\n{smuggled}")),
        ("a bad chunk", format!("Transfer-Encoding: chunked\r\n\r\nzz\r\n{smuggled}")),
        ("a chunk without its end", format!("Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n{smuggled}")),
        ("an endless chunk size", format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{smuggled}")),
        (
            "two encodings",
            format!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{smuggled}"),
        ),
        ("chunked twice", format!("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("an unknown encoding", format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("chunked is not last", format!("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{smuggled}")),
        ("a tab in the encoding", format!("Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("a folded header", format!("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("NUL in a header", format!("X: \0\r\nContent-Length: 0\r\n\r\n{smuggled}")),
        ("a bare CR", format!("X: a\rContent-Length: {length}\r\n\r\n{smuggled}")),
    ] {
        let answer = app.raw(format!("{head}{framing}")).await;
        assert!(answer.answers() <= 1, "{what}: {}", answer.text);
        assert!(
            !answer.text.contains("\"status\":\"ok\""),
            "{what}: the smuggled request was answered: {}",
            answer.text
        );
        assert_eq!(answer.status(), 400, "{what}: {}", answer.text);
        assert!(answer.closed, "{what}: the connection stays open");
    }
    for first in [
        "GET /health HTTP/9.9",
        "GET  /health HTTP/1.1",
        "GET /health",
        "G\0T /health HTTP/1.1",
        "GET /he alth HTTP/1.1",
    ] {
        let answer = app.raw(format!("{first}\r\nHost: {host}\r\n\r\n")).await;
        assert!(answer.status() == 400 && answer.closed, "{first}: {}", answer.text);
    }
    let two =
        app.raw(format!("{smuggled}GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
    assert_eq!(two.answers(), 2, "proper requests may follow each other");
}

/// SECURITY.md row 57; C-29: the rule holds for every spelling of the path that reaches the handler.
#[tokio::test(flavor = "multi_thread")]
async fn administration_and_metrics_are_reached_from_their_networks_only() {
    let app = TestApp::with(Options { admin_networks: vec!["10.0.0.0/8".to_owned()], ..Options::default() }).await;
    let host = app.url.replace("http://", "");
    for path in [
        "/admin/oauth/clients",
        "/%61dmin/oauth/clients",
        "/admin/oauth/%63lients",
        "/%61%64%6d%69%6e/oauth/clients",
        "//admin/oauth/clients",
        "/./admin/oauth/clients",
        "/x/../admin/oauth/clients",
        "/admin//oauth/clients",
        "/admin%2foauth/clients",
        "/Admin/oauth/clients",
        "/admin/oauth/clients/",
        "/admin/oauth/clients;x=1",
        "/metrics",
        "/%6detrics",
        "/metric%73",
        "/admin",
    ] {
        for method in ["GET", "POST"] {
            let headers = "X-Forwarded-For: 10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nX-Original-URL: /admin/oauth/clients\r\n";
            let answer = app.raw(format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n")).await;
            assert!((403..=405).contains(&answer.status()), "{method} {path}: {}", answer.text);
            assert!(!answer.text.contains("authly_requests_total"), "{path}");
            let spelled = path.starts_with("/admin/oauth/clients") && !path.ends_with(['/', '1']);
            assert!(!spelled || answer.status() == 403, "{method} {path}: {}", answer.text);
        }
    }
    let answer = app.raw(format!("GET /health HTTP/1.1\r\nHost: {host}\r\nX-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics\r\nConnection: close\r\n\r\n")).await;
    assert!(answer.status() == 200 && !answer.text.contains("authly_requests_total"));
}

/// C-42 for every spelling: what is switched off is 404.
#[tokio::test(flavor = "multi_thread")]
async fn a_switched_off_endpoint_is_off_in_every_spelling() {
    let app = TestApp::start().await;
    app.app.admin.set_oauth_enabled(false).await.unwrap();
    app.services.refresh().await;
    for path in [
        "/authorize",
        "/%61uthorize",
        "/authoriz%65",
        "/.well-known/openid%2dconfiguration",
        "/sign%2Din",
        "/%61ccount",
    ] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

/// SECURITY.md row 57 and S000-78: scope `admin`, closed input, RFC 7591 answers.
#[tokio::test(flavor = "multi_thread")]
async fn registering_a_client_takes_an_administrators_token_and_nothing_unknown() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    let draft =
        authly_admin_cases::user::UserDraft { email: "root@example.org".to_owned(), admin: true, ..Default::default() };
    app.user_with(draft).await;
    let flow = CodeFlow { scope: "admin".to_owned(), ..CodeFlow::confidential(&secret, "") };
    let tokens = flow.tokens(&app, &mut app.browser(), "root@example.org").await;
    let register = |body: Value| app.http.post(app.at("/admin/oauth/clients")).bearer_auth(tokens.access()).json(&body);
    let good = json!({
        "client_name": "Made here",
        "redirect_uris": ["https://made.example/cb"],
        "grant_types": ["authorization_code"],
        "scopes": ["openid"],
    });
    let answer = app.send(register(good.clone())).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told = answer.json();
    assert!(told["client_id"].is_string() && told["client_secret"].is_string());
    assert_eq!(told["client_secret_expires_at"], 0, "RFC 7591 3.2.1: REQUIRED if client_secret is issued");
    let changed = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (body, error) in [
        (changed("redirect_uris", json!(["http://made.example/cb"])), "invalid_redirect_uri"),
        (changed("redirect_uris", json!(["https://made.example/cb#x"])), "invalid_redirect_uri"),
        (changed("redirect_uris", json!(["https://*.example/cb"])), "invalid_redirect_uri"),
        (changed("redirect_uris", json!(["javascript:alert(1)"])), "invalid_redirect_uri"),
        (changed("post_logout_redirect_uris", json!(["http://made.example/"])), "invalid_redirect_uri"),
        (changed("redirect_uris", json!([])), "invalid_redirect_uri"),
        (changed("scopes", json!(["nothing-of-ours"])), "invalid_client_metadata"),
        (changed("client_uri", json!("javascript:alert(1)")), "invalid_client_metadata"),
        (changed("jwks_uri", json!("http://made.example/jwks")), "invalid_client_metadata"),
        (changed("jwks", json!({ "keys": [{ "kty": "oct", "k": "x" }] })), "invalid_client_metadata"),
        (changed("client_secret", json!("chosen")), "invalid_request"),
        (changed("is_admin", json!(true)), "invalid_request"),
        (changed("client_id", json!("app")), "invalid_client_metadata"),
        (changed("client_id", json!("a\0b")), "invalid_client_metadata"),
        (changed("client_name", json!("a\nb")), "invalid_client_metadata"),
        (changed("grant_types", json!(["password"])), "invalid_request"),
    ] {
        let answer = app.send(register(body.clone())).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.status);
        assert_eq!(answer.json()["error"], error, "{body}: {}", answer.body);
    }
}
