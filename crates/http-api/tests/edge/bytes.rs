//! Bytes that are no text, too many or ambiguous (RFC 9112, SECURITY.md rows 51 to 53).

use authly_testkit::{Page, TestApp};
use oauth_core::endpoint::Endpoint;
use serde_json::{Value, json};

use crate::world::first_method;

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

/// SECURITY.md row 53: an answer that was given before the body was read must not leave the body to be read as a request.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_reads_is_never_the_next_request() {
    let app = TestApp::start().await;
    let host = app.url.replace("http://", "");
    let hidden = format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let (length, chunk) = (hidden.len(), format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len()));
    for (first, host) in [
        ("POST /nothing", host.as_str()),
        ("POST /sign-in", &host),
        ("POST /auth/token", &host),
        ("POST /auth/token", "evil.example"),
        ("POST /admin/oauth/clients", &host),
        ("GET /health", &host),
    ] {
        let head = format!("{first} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n");
        let answer = app.raw(format!("{head}Content-Length: {length}\r\n\r\n{hidden}")).await;
        assert_eq!(answer.answers(), 1, "{first}: {}", answer.text);
        assert!(answer.closed, "{first}: the connection stays open");
        let chunked = format!("{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}");
        assert_eq!(app.raw(chunked).await.answers(), 1, "{first}, in chunks");
    }
}
