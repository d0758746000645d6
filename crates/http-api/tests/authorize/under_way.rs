//! Requests that wait for their user: sealed, bound, few and short (SECURITY.md row 32).

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{CodeFlow, Page, TestApp};
use url::form_urlencoded::Serializer;

use crate::world::{EMAIL, assert_stays, start};

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
