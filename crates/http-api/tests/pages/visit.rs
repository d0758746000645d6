//! Steps of a visit: consent, choosing an account, registering.

use authly_admin_cases::client::ClientDraft;
use authly_http_api::logo::Logo;
use authly_testkit::{CodeFlow, Options};

use crate::world::{EMAIL, PASSWORD, signed_in, start, start_with};

/// DESIGN.md 4: remembered consent, narrower and wider requests, prompt=consent, first-party clients.
#[tokio::test(flavor = "multi_thread")]
async fn consent_is_remembered_per_client_and_scope() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let code = flow.code(&mut browser, EMAIL).await;
    assert!(!code.is_empty());
    let with = |scope: &str| CodeFlow { scope: scope.to_owned(), ..flow.clone() };
    assert!(browser.get(&flow.path()).await.query("code").is_some(), "the same again");
    assert!(browser.get(&with("openid").path()).await.query("code").is_some(), "less");
    assert!(browser.get(&with("openid email").path()).await.is_consent(), "more");
    assert!(browser.get(&flow.clone().with("prompt", "consent").path()).await.is_consent());
    app.client(ClientDraft {
        client_id: Some("own".to_owned()),
        name: "Our own".to_owned(),
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        scopes: ["openid", "profile"].map(str::to_owned).to_vec(),
        first_party: true,
        ..ClientDraft::default()
    })
    .await;
    let own = CodeFlow { client_id: "own".to_owned(), ..with("openid profile") };
    assert!(browser.get(&own.path()).await.query("code").is_some(), "first-party clients do not ask");
}

/// UI.md, consent: who asks, and where to read about it. A home page elsewhere than codes go to is not shown as the client's own.
#[tokio::test(flavor = "multi_thread")]
async fn consent_names_the_clients_own_host_and_pages() {
    let (app, flow) = start().await;
    let page = |id: &'static str, home: &'static str| {
        let draft = ClientDraft {
            client_id: Some(id.to_owned()),
            name: "Asks".to_owned(),
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            scopes: ["openid", "profile", "offline_access"].map(str::to_owned).to_vec(),
            client_uri: Some(home.to_owned()),
            policy_uri: Some("https://app.example/privacy".to_owned()),
            ..ClientDraft::default()
        };
        let flow = CodeFlow { client_id: id.to_owned(), ..flow.clone() };
        let app = &app;
        async move {
            app.client(draft).await;
            signed_in(app).await.open(&flow.path()).await
        }
    };
    let own = page("own", "https://app.example/about").await;
    assert!(own.is_consent() && own.body.contains("from <bdi>app.example</bdi>"), "{}", own.body);
    assert!(own.body.contains(r#"href="https://app.example/privacy""#) && !own.body.contains("Terms of service"));
    let other = page("other", "https://bank.example/").await;
    assert!(other.is_consent() && !other.body.contains("bank.example"), "{}", other.body);
}

/// UI.md, frame: a logo that is kept and served here, and only the one of the client that asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_clients_logo_is_served_from_here() {
    let picture = b"\x89PNG\r\n\x1a\n not much of a picture".to_vec();
    let logos =
        ["app", "other"].map(|client| Logo::new(client, [picture.as_slice(), client.as_bytes()].concat()).unwrap());
    let paths = logos.each_ref().map(|logo| logo.path().to_owned());
    let (app, flow) = start_with(Options { logos: logos.to_vec(), ..Options::default() }).await;
    let mut browser = app.browser();
    let sign_in = browser.open(&flow.path()).await;
    let consent = browser.sign_in(&sign_in, EMAIL, PASSWORD).await;
    assert!(sign_in.is_sign_in() && consent.is_consent());
    for page in [&sign_in, &consent] {
        assert!(page.body.contains(&format!(r#"<img class="logo" src="{}" alt="""#, paths[0])), "{}", page.body);
        assert!(!page.body.contains(&paths[1]));
    }
    let answer = app.http.get(app.at(&paths[0])).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("content-type"), header("x-content-type-options")),
        ("image/png".to_owned(), "nosniff".to_owned())
    );
    assert!(header("cache-control").contains("immutable"));
    assert!(answer.bytes().await.unwrap().starts_with(&picture));
    // Another picture shows on the next page, under another address.
    let other = Logo::new("app", [picture.as_slice(), b"anew"].concat()).unwrap();
    let path = other.path().to_owned();
    app.app.http.logos.replace(vec![other]);
    let page = app.browser().open(&flow.path()).await;
    assert!(page.body.contains(&format!(r#"<img class="logo" src="{path}" alt="""#)), "{}", page.body);
    assert_eq!((app.get(&path).await.status.as_u16(), app.get(&paths[0]).await.status.as_u16()), (200, 404));
}

/// `prompt=select_account`: the account that is signed in, or another one.
#[tokio::test(flavor = "multi_thread")]
async fn people_choose_the_account_when_the_client_asks_for_it() {
    let (app, flow) = start().await;
    app.user("bob@example.org").await;
    let flow = flow.with("prompt", "select_account");
    let mut browser = signed_in(&app).await;
    // A request that begins in the very moment of the sign-in would take it for its own.
    app.clock.advance(std::time::Duration::from_secs(1));
    let page = browser.open(&flow.path()).await;
    assert!(page.body.contains(EMAIL) && !page.is_sign_in());
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let fields = [("request", request.as_str()), ("csrf", &csrf), ("account", "current")];
    let answer = browser.post("/choose-account", &fields).await;
    let page = browser.follow(answer).await;
    assert!(page.is_consent(), "{}", page.body);
    let page = browser.open(&flow.path()).await;
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let fields = [("request", request.as_str()), ("csrf", &csrf), ("account", "other")];
    let answer = browser.post("/choose-account", &fields).await;
    let page = browser.follow(answer).await;
    assert!(page.is_sign_in());
    let page = browser.sign_in(&page, "bob@example.org", PASSWORD).await;
    assert!(page.is_consent() && page.body.contains("bob@example.org"));
}

/// Registration leads on into the request under way.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_registers_and_goes_on_to_the_application() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let page = browser.open(&format!("/register?request={}", page.hidden("request"))).await;
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let bad =
        [("request", request.as_str()), ("csrf", &csrf), ("email", "x"), ("username", "eve"), ("password", "short")];
    let again = browser.post("/register", &bad).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("aria-invalid=\"true\"") && again.body.contains("value=\"eve\""), "{}", again.body);
    assert!(!again.body.contains("short\""), "a password is never shown again");
    let fields = [
        ("request", request.as_str()),
        ("csrf", &csrf),
        ("email", "eve@example.org"),
        ("username", "eve"),
        ("password", PASSWORD),
    ];
    let answer = browser.post("/register", &fields).await;
    let page = browser.follow(answer).await;
    assert!(page.is_sign_in());
    let page = browser.sign_in(&page, "eve@example.org", PASSWORD).await;
    let answer = browser.decide(&page, "allow").await;
    assert!(answer.query("code").is_some());
}

/// C-41: with registration closed there is no page and no link to it.
#[tokio::test(flavor = "multi_thread")]
async fn closed_registration_has_no_page() {
    let (app, flow) = start_with(Options { closed_registration: true, ..Options::default() }).await;
    assert_eq!(app.get("/register").await.status, 404);
    assert_eq!(app.post("/register", &[("email", "a@example.org")]).await.status, 404);
    assert!(!app.browser().open(&flow.path()).await.body.contains("/register"));
}
