//! What holds for every page: policy, cookies, languages, links (UI.md, DESIGN.md 7).

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{CodeFlow, Options, Page, TestApp};
use oauth_core::client::ClientType;

use crate::world::{EMAIL, PASSWORD, signed_in, start, start_with};

/// Every page of a visit, from the start page to the signed-out one.
async fn every_page(app: &TestApp, flow: &CodeFlow) -> Vec<(&'static str, Page)> {
    let mut browser = app.browser();
    let mut pages = vec![("home", browser.open("/").await), ("not found", browser.open("/nothing").await)];
    pages.push(("registration", browser.open("/register").await));
    pages.push(("error", browser.open("/authorize?client_id=nobody").await));
    let sign_in = browser.open(&flow.path()).await;
    let wrong = browser.sign_in(&sign_in, EMAIL, "wrong").await;
    let consent = browser.sign_in(&sign_in, EMAIL, PASSWORD).await;
    assert!(consent.is_consent());
    let form_post = browser.open(&flow.clone().with("response_mode", "form_post").path()).await;
    let form_post = browser.decide(&form_post, "allow").await;
    pages.extend([("sign-in", sign_in), ("wrong password", wrong), ("consent", consent), ("form_post", form_post)]);
    app.clock.advance(std::time::Duration::from_secs(1));
    pages.push(("chooser", browser.open(&flow.clone().with("prompt", "select_account").path()).await));
    pages.push(("again", browser.open(&flow.clone().with("prompt", "login").path()).await));
    pages.push(("account", browser.open("/account").await));
    pages.push(("sign-out", browser.open("/auth/logout").await));
    pages.push(("signed out", browser.open("/signed-out").await));
    pages
}

/// SECURITY.md rows 29, 42 and 43: no inline script or style, nothing from elsewhere, no framing, never kept.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_holds_inline_code_or_anything_from_elsewhere() {
    let (app, flow) = start().await;
    for (name, page) in every_page(&app, &flow).await {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{name}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{name}");
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        let body = page.body.to_ascii_lowercase();
        for inline in
            ["<style", " style=", " onclick=", " onload=", " onerror=", " onsubmit=", "javascript:", "<iframe", "<base"]
        {
            assert!(!body.contains(inline), "{name} holds {inline}");
        }
        for script in body.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"/assets/") && script.split_once('>').unwrap().1.starts_with("</script>"),
                "{name}: <script{script}"
            );
        }
        for attribute in ["src=\"", "<link rel=\"stylesheet\" href=\"", "srcset=\""] {
            for address in body.split(attribute).skip(1) {
                assert!(
                    address.starts_with('/') && !address.starts_with("//"),
                    "{name}: {attribute}{}",
                    &address[..30]
                );
            }
        }
        assert!(body.contains("<html lang=\"en\""), "{name}");
        assert!(body.contains("name=\"viewport\""), "{name}");
        assert!(body.contains("<h1"), "{name}");
    }
}

/// RFC 9110 and UI.md: the links and assets of every page lead somewhere.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_holds_a_dead_link() {
    let (app, flow) = start().await;
    let mut seen = std::collections::BTreeSet::new();
    for (name, page) in every_page(&app, &flow).await {
        let links = ["href=\"", "src=\""].into_iter().flat_map(|attribute| page.body.split(attribute).skip(1));
        for link in links.map(|text| text.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")) {
            let path = link.strip_prefix(app.issuer()).unwrap_or(&link).to_owned();
            if path.starts_with('/') && !path.contains("request=") && seen.insert(path.clone()) {
                let answer = app.get(&path).await;
                assert!(
                    answer.status.is_success() || answer.status.is_redirection(),
                    "{name} links to {path}: {}",
                    answer.status
                );
            }
        }
    }
    assert!(seen.len() > 5, "{seen:?}");
}

/// DESIGN.md 4: Chromium applies form-action to the redirect that follows a POST, so its target is named, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn form_action_names_the_origin_or_scheme_that_a_form_may_end_in() {
    let (app, flow) = start().await;
    let native = |uri: &str, id: &str| ClientDraft {
        client_id: Some(id.to_owned()),
        name: "Native".to_owned(),
        kind: Some(ClientType::Public),
        application: Some(oauth_core::redirect::ApplicationType::Native),
        redirect_uris: vec![uri.to_owned()],
        scopes: vec!["openid".to_owned()],
        ..ClientDraft::default()
    };
    app.client(native("com.example.app:/cb", "scheme")).await;
    app.client(native("http://127.0.0.1/cb", "loopback")).await;
    app.client(native("http://[::1]/cb", "six")).await;
    let public = |id: &str, uri: &str| CodeFlow { client_id: id.to_owned(), ..CodeFlow::public(uri, "openid") };
    for (flow, source) in [
        (flow.clone(), " https://app.example"),
        (public("scheme", "com.example.app:/cb"), " com.example.app:"),
        (public("loopback", "http://127.0.0.1:51004/cb"), " http://127.0.0.1:51004"),
        (public("six", "http://[::1]:51004/cb"), " http:"),
    ] {
        let mut browser = app.browser();
        let sign_in = browser.open(&flow.path()).await;
        let register = browser.open(&format!("/register?request={}", sign_in.hidden("request"))).await;
        let consent = browser.sign_in(&sign_in, EMAIL, PASSWORD).await;
        assert!(consent.is_consent(), "{}", consent.body);
        for page in [&sign_in, &register, &consent] {
            let policy = page.header("content-security-policy").unwrap();
            let action = policy.split("; ").find(|part| part.starts_with("form-action")).unwrap();
            assert_eq!(action, format!("form-action 'self'{source}"), "{policy}");
        }
    }
    for path in ["/sign-in", "/register", "/", "/auth/logout"] {
        let page = app.browser().open(path).await;
        let policy = page.header("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("form-action 'self';"), "{path}: {policy}");
    }
}

/// C-39, RFC 6265bis 4.1: the attributes of every cookie, under http and https issuers.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_ours_alone() {
    for https_issuer in [true, false] {
        let (app, flow) = start_with(Options { https_issuer, ..Options::default() }).await;
        let mut browser = app.browser();
        let first = browser.open(&flow.path()).await;
        let mut cookies = first.set_cookies();
        let (request, csrf) = (first.hidden("request"), first.hidden("csrf"));
        let fields = [("request", request.as_str()), ("csrf", &csrf), ("identifier", EMAIL), ("password", PASSWORD)];
        let signed_in = browser.post("/sign-in", &fields).await;
        cookies.extend(signed_in.set_cookies());
        let consent = browser.follow(signed_in).await;
        cookies.extend(browser.decide(&consent, "allow").await.set_cookies());
        let logout = browser.open("/auth/logout").await;
        let csrf = logout.hidden("csrf");
        cookies.extend(browser.post("/auth/logout", &[("csrf", &csrf), ("decision", "sign_out")]).await.set_cookies());
        let mut names = std::collections::BTreeSet::new();
        for cookie in &cookies {
            let (name, _) = cookie.split_once('=').unwrap();
            let attributes: Vec<String> = cookie.split("; ").skip(1).map(str::to_ascii_lowercase).collect();
            let has = |name: &str| attributes.iter().any(|attribute| attribute == name);
            assert!(has("httponly") && has("samesite=lax") && has("path=/"), "{cookie}");
            assert!(!attributes.iter().any(|attribute| attribute.starts_with("domain")), "{cookie}");
            assert_eq!(has("secure"), https_issuer, "{cookie}");
            assert_eq!(name.starts_with("__Host-"), https_issuer, "{cookie}");
            assert!(cookie.len() < 4_096, "{cookie}");
            names.insert(name.trim_start_matches("__Host-").split("-request-").next().unwrap().to_owned());
        }
        for name in ["authly", "authly-browser", "authly-session", "authly-device"] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
        let gone =
            cookies.iter().filter(|cookie| cookie.contains("session=;")).all(|cookie| cookie.contains("Max-Age=0"));
        assert!(gone, "{cookies:?}");
    }
}

/// RFC 6265bis 5.4: under https a cookie without the prefix is somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_without_its_prefix_is_not_read_under_https() {
    let (app, _) = start_with(Options { https_issuer: true, ..Options::default() }).await;
    let browser = signed_in(&app).await;
    let session = browser.cookies["__Host-authly-session"].clone();
    for (name, status) in [
        ("__Host-authly-session", 200),
        ("authly-session", 303),
        ("__host-authly-session", 303),
        ("__Secure-authly-session", 303),
    ] {
        let mut other = app.browser();
        other.cookies.insert(name.to_owned(), session.clone());
        assert_eq!(other.get("/account").await.status, status, "{name}");
    }
}

/// OpenID Connect RP-Initiated Logout 2 (`ui_locales`): the question, and the page after it, speak what the application asks for.
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_speaks_the_language_that_is_asked_for() {
    let (app, _) = start().await;
    let language = |page: &Page| page.body.split("<html lang=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (asked, expected) in [("", "en"), ("?ui_locales=de-AT%20en", "de"), ("?ui_locales=fr", "en")] {
        let mut browser = signed_in(&app).await;
        let page = browser.open(&format!("/auth/logout{asked}")).await;
        assert_eq!(language(&page), expected, "{asked}");
        let action = page.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
        let done = browser.post(&action, &[("csrf", &page.hidden("csrf")), ("decision", "sign_out")]).await;
        let done = browser.follow(done).await;
        assert!(done.status == 200 && !done.body.contains("name=\"decision\""), "{}", done.body);
        assert_eq!(language(&done), expected, "{asked}");
    }
    // An application that posts is asked again by GET, with what it asked for.
    let mut browser = signed_in(&app).await;
    let sent = browser.post("/auth/logout", &[("ui_locales", "de")]).await;
    assert_eq!(language(&browser.follow(sent).await), "de");
    let long = format!("de{}", "+de".repeat(200));
    assert_eq!(language(&browser.open(&format!("/auth/logout?ui_locales={long}")).await), "en");
}

/// OpenID Connect Core 3.1.2.1 (`ui_locales`), RFC 9110 12.5.4.
#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_the_language_that_is_asked_for() {
    let (app, flow) = start().await;
    let ask = |ui_locales: Option<&'static str>, accept: &'static str| {
        let flow = ui_locales.map_or(flow.clone(), |value| flow.clone().with("ui_locales", value));
        let request = app.http.get(app.at(&flow.path())).header("accept-language", accept);
        async {
            let page = app.send(request).await;
            page.body.split("<html lang=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        }
    };
    for (ui_locales, accept, expected) in [
        (None, "de", "de"),
        (None, "de-AT,en;q=0.5", "de"),
        (None, "en;q=0.9,de;q=0.5", "en"),
        (None, "de;q=0,en", "en"),
        (None, "fr, *;q=0.1", "en"),
        (None, "", "en"),
        (None, ";;;q=,,,", "en"),
        (Some("de"), "en", "de"),
        (Some("fr de en"), "en", "de"),
        (Some("xx"), "de", "de"),
    ] {
        assert_eq!(ask(ui_locales, accept).await, expected, "{ui_locales:?} {accept}");
    }
    let request = app.http.get(app.at("/nothing")).header("accept", "text/html").header("accept-language", "de");
    assert!(app.send(request).await.body.contains("<html lang=\"de\""));
}

/// 404: a page for people, JSON for programs.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_404_as_page_or_json() {
    let (app, _) = start().await;
    let page = app.browser().get("/nothing").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("<h1"));
    for accept in ["application/json", "*/*", ""] {
        let answer = app.send(app.http.get(app.at("/auth/nothing")).header("accept", accept)).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (404, Some("not_found")), "{accept}");
    }
    for path in [
        "/Authorize",
        "/authorize/",
        "//authorize",
        "/auth/token/",
        "/.well-known/nothing",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/x",
    ] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

/// RFC 9116 2.5 and the well-known address for changing passwords.
#[tokio::test(flavor = "multi_thread")]
async fn the_small_things_people_expect_are_there() {
    let (app, _) = start().await;
    let text = app.get("/.well-known/security.txt").await;
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(text.body.contains("Contact: mailto:security@example.com\n"));
    assert!(text.body.contains("Expires: 2026-06-30T00:00:00"), "{}", text.body);
    assert!(text.body.contains(&format!("Canonical: {}/.well-known/security.txt\n", app.issuer())));
    let change = app.get("/.well-known/change-password").await;
    assert_eq!((change.status.as_u16(), change.location()), (303, &*format!("{}/account", app.issuer())));
    let icon = app.get("/favicon.ico").await;
    assert!(icon.status == 200 && icon.header("content-type").unwrap().starts_with("image/"));
    assert!(icon.header("cache-control").unwrap().starts_with("public"));
}
