//! Who may ask, and under which name (SECURITY.md rows 35, 37, 57).

use authly_testkit::{CodeFlow, Options, TestApp};
use oauth_core::endpoint::Endpoint;
use serde_json::{Value, json};

use crate::world::{EMAIL, PROBES, first_method};

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

/// SECURITY.md row 35: a scraper may know a node by its address alone; a page whose own name leads here (DNS rebinding) reads nothing.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_answer_for_hosts_of_ours_and_for_addresses() {
    let app = TestApp::start().await;
    let ours = app.url.replace("http://", "");
    for (host, status) in [
        (ours.as_str(), 200),
        ("127.0.0.1:8000", 200),
        ("10.0.0.7", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("10.0.0.7.evil.example", 421),
        ("authly:8000", 421),
    ] {
        let answer = app.send(app.http.get(app.at("/metrics")).header("host", host)).await;
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(answer.body.contains("authly_requests_total"), status == 200, "{host}");
    }
    let raw = format!("GET http://evil.example/metrics HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n");
    assert_eq!(app.raw(raw).await.status(), 421);
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

/// A proxy on this machine that nobody declared lends everybody the address of this machine, which is an administration network.
#[tokio::test(flavor = "multi_thread")]
async fn through_a_proxy_that_nobody_declared_there_is_no_administration() {
    let app = TestApp::start().await;
    for path in ["/admin/oauth/clients", "/metrics"] {
        let ask = || app.http.get(app.at(path));
        assert_ne!(app.send(ask()).await.status, 403, "{path}");
        for (name, value) in [
            ("x-forwarded-for", "198.51.100.7"),
            ("forwarded", "for=198.51.100.7"),
            ("x-real-ip", "198.51.100.7"),
            ("via", "1.1 proxy"),
        ] {
            assert_eq!(app.send(ask().header(name, value)).await.status, 403, "{path} {name}");
        }
    }
}

/// A declared proxy that does not say for whom it asks, in words that can be read, lends its own address to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn through_a_declared_proxy_that_names_nobody_there_is_no_administration() {
    let app = TestApp::with(Options { trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..Options::default() }).await;
    for path in ["/admin/oauth/clients", "/metrics"] {
        let ask = |name: &str, value: &str| app.send(app.http.get(app.at(path)).header(name, value));
        assert_ne!(ask("x-forwarded-for", "127.0.0.2").await.status, 403, "{path}");
        for (name, value) in
            [("x-forwarded-for", "unknown"), ("x-forwarded-for", "unix:"), ("forwarded", "for=198.51.100.7")]
        {
            assert_eq!(ask(name, value).await.status, 403, "{path} {name}: {value}");
        }
    }
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
    let root = app.user_with(draft).await.id;
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
        (changed("client_id", json!(root)), "invalid_client_metadata"),
        (changed("client_id", json!(root.to_uppercase())), "invalid_client_metadata"),
        (changed("client_name", json!("a\nb")), "invalid_client_metadata"),
        (changed("grant_types", json!(["password"])), "invalid_request"),
    ] {
        let answer = app.send(register(body.clone())).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.status);
        assert_eq!(answer.json()["error"], error, "{body}: {}", answer.body);
    }
}
