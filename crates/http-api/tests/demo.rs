//! The demo of development mode: a relying party that does what a relying party has to do (DESIGN.md 8).

use authly_testkit::{Browser, Options, Page, TestApp};

const EMAIL: &str = "ada@example.org";

async fn start() -> TestApp {
    let app = TestApp::with(Options { development: true, ..Options::default() }).await;
    app.user(EMAIL).await;
    app
}

/// To the consent page, or to the answer if nobody is asked.
async fn begin(browser: &mut Browser) -> Page {
    let page = browser.open("/demo").await;
    let csrf = page.hidden("csrf");
    let page = browser.post("/demo", &[("csrf", csrf.as_str())]).await;
    let page = browser.follow(page).await;
    if page.is_sign_in() { browser.sign_in(&page, EMAIL, "correct horse").await } else { page }
}

async fn result(browser: &mut Browser) -> Page {
    let page = begin(browser).await;
    if page.is_consent() { browser.decide(&page, "allow").await } else { page }
}

/// RFC 6749 4.1, RFC 7636, OpenID Connect Core 3.1: the whole flow in a browser.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_signs_in_and_shows_what_it_got() {
    let app = start().await;
    let mut browser = app.browser();
    let page = result(&mut browser).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains(EMAIL) && page.body.contains("code_challenge") && page.body.contains("at_hash"),
        "{}",
        page.body
    );
    for (step, shown) in [
        ("userinfo", "&#34;email&#34;"),
        ("introspect", "&#34;active&#34;: true"),
        ("refresh", "refresh_token"),
        ("revoke", "revoke"),
    ] {
        let csrf = browser.open("/demo/result").await.hidden("csrf");
        let page = browser.post("/demo/result", &[("csrf", csrf.as_str()), ("step", step)]).await;
        assert!(page.status == 200 && page.body.contains(shown), "{step}: {}", page.body);
    }
    let csrf = browser.open("/demo/result").await.hidden("csrf");
    let page = browser.post("/demo/result", &[("csrf", csrf.as_str()), ("step", "userinfo")]).await;
    assert!(page.body.contains("invalid_token"), "revoked is revoked: {}", page.body);
    let page = browser.post("/demo/result", &[("csrf", csrf.as_str()), ("step", "sign_out")]).await;
    let page = browser.follow(page).await;
    assert_eq!(page.status, 200);
    assert_eq!(browser.get("/account").await.status, 303, "signed out");
}

/// A refused consent comes back as an error that the demo shows.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_a_refusal() {
    let app = start().await;
    let mut browser = app.browser();
    let page = begin(&mut browser).await;
    let page = browser.decide(&page, "deny").await;
    assert!(page.body.contains("access_denied") && page.body.contains("role=\"alert\""), "{}", page.body);
}

/// RFC 6749 10.12, RFC 9207 2.4: answers that the demo did not ask for are not believed, nor are their words.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_believes_only_answers_to_its_own_requests() {
    let app = start().await;
    let mut browser = app.browser();
    let page = begin(&mut browser).await;
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let fields = [("request", request.as_str()), ("csrf", &csrf), ("decision", "allow")];
    let answer = browser.post("/consent", &fields).await;
    let (code, state) = (answer.query("code").unwrap(), answer.query("state").unwrap());
    let issuer = app.issuer().to_owned();
    for query in [
        format!("code={code}&state=other&iss={issuer}"),
        format!("code={code}&iss={issuer}"),
        format!("code={code}&state={state}"),
        format!("code={code}&state={state}&iss=https://evil.example"),
        "error=call_this_number&error_description=now".to_owned(),
    ] {
        let page = browser.get(&format!("/demo/callback?{query}")).await;
        assert!(page.status == 200 && page.body.contains("invalid_state"), "{query}: {}", page.body);
        assert!(!page.body.contains("call_this_number"), "a stranger's words are not shown");
        assert_eq!(browser.get("/demo/result").await.status, 303, "{query}");
    }
    assert_eq!(app.browser().get(answer.location()).await.status, 303, "another browser starts again");
    let page = browser.open(answer.location()).await;
    assert!(page.body.contains(EMAIL), "and the real answer is taken");
    for path in ["/demo", "/demo/result"] {
        assert_eq!(
            browser.post(path, &[("csrf", "x"), ("step", "sign_out")]).await.location(),
            format!("{issuer}/demo")
        );
    }
}

/// DESIGN.md 8: pages under 127.0.0.1 move to the issuer's name; machine endpoints answer under both.
#[tokio::test(flavor = "multi_thread")]
async fn pages_under_the_loopback_address_move_to_the_name() {
    let app = start().await;
    let other = app.url.replace("localhost", "127.0.0.1");
    for path in ["/", "/demo", "/account", "/sign-in", "/authorize?client_id=authly-demo"] {
        let answer = app.send(app.http.get(format!("{other}{path}"))).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, &*format!("{}{path}", app.issuer())));
    }
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/health"] {
        assert_eq!(app.send(app.http.get(format!("{other}{path}"))).await.status, 200, "{path}");
    }
}

/// Outside development mode there is no demo.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_demo_elsewhere() {
    let app = TestApp::start().await;
    for path in ["/demo", "/demo/callback", "/demo/result"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}
