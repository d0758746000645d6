//! Mails and the pages behind their links: nothing tells who has an account, looking uses nothing up, a link works once
//! (C-41, S002-37, S002-40; SECURITY.md rows 33 and 35).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "mail/strangers.rs"]
mod strangers;

use std::time::Duration;

use authly_directory::{
    mail::{
        letter::{Letter, MailKind},
        outbox::Hold,
        store::MailRepository as _,
    },
    services::DirectoryServices as _,
    settings::{DirectorySettings, MailSending},
    store::AccountRepository as _,
};
use authly_testkit::{Browser, CodeFlow, Options, Page, TestApp};
use oauth_core::{
    ids::{ApiKeyId, LeaseId, UserId},
    legacy::api_key::ApiKey,
    limit::Rate,
    scope::ScopeSet,
    services::{Clock as _, Services as _},
    token::TokenHash,
};
use serde_json::json;

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";
const NEW: &str = "a brand new one";

fn mailing() -> Options {
    Options {
        directory: Some(Box::new(|settings: &mut DirectorySettings| settings.mail.sending = MailSending::On)),
        ..Options::default()
    }
}

async fn start() -> TestApp {
    let app = TestApp::with(mailing()).await;
    app.user(EMAIL).await;
    app
}

/// The letters that wait, oldest first, each with its kind and address.
async fn letters(app: &TestApp) -> Vec<(MailKind, String, Letter)> {
    let services = app.app.engine.services();
    let now = services.clock().now();
    let lease = LeaseId::generate(now, services.random());
    let hold = Hold { lease, now, until: now.plus(Duration::from_secs(1)), limit: 99 };
    let held = services.accounts().hold_mails(hold).await.unwrap();
    services.accounts().release_mails(lease).await.unwrap();
    let read = |mail: authly_directory::mail::outbox::HeldMail| {
        let letter = Letter::open(&mail.sealed, mail.entry.id, services.sealer()).unwrap();
        (mail.entry.kind, mail.entry.to, letter)
    };
    held.into_iter().map(read).collect()
}

/// The path of the newest letter's link.
async fn link(app: &TestApp) -> String {
    let (kind, _, letter) = letters(app).await.pop().unwrap();
    let page = if kind == MailKind::VerifyAddress { "/verify-email" } else { "/reset-password" };
    format!("{page}?token={}", letter.link.unwrap().0.expose())
}

async fn ask(browser: &mut Browser, identifier: &str) -> Page {
    let page = browser.open("/forgot-password").await;
    let fields = [("csrf", &page.hidden("csrf")[..]), ("request", ""), ("identifier", identifier)];
    browser.post("/forgot-password", &fields).await
}

async fn set(browser: &mut Browser, page: &Page, password: &str) -> Page {
    let fields = [("csrf", &page.hidden("csrf")[..]), ("token", &page.hidden("token")[..]), ("password", password)];
    browser.post("/reset-password", &fields).await
}

async fn sign_in(app: &TestApp, password: &str) -> Page {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    browser.sign_in(&page, EMAIL, password).await
}

/// Everything that an observer sees, but for what is new in each answer.
fn seen(page: &Page) -> (u16, String, Vec<String>) {
    let mut names: Vec<_> = page.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (page.status.as_u16(), page.body.clone(), names)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_account_is_not_told() {
    let app = start().await;
    let mut browser = app.browser();
    let known = ask(&mut browser, EMAIL).await;
    let unknown = ask(&mut browser, "nobody@example.org").await;
    assert_eq!(known.status, 200);
    assert_eq!(seen(&known), seen(&unknown));
    let letters = letters(&app).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].1, EMAIL);
    assert_eq!(letters[0].2.visitor.address.as_deref(), Some("127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_by_link_once() {
    let app = start().await;
    let mut owner = app.browser();
    let page = owner.open("/sign-in").await;
    assert!(page.body.contains("href=\"/forgot-password\""));
    assert_eq!(owner.sign_in(&page, EMAIL, PASSWORD).await.status, 200);
    let mut browser = app.browser();
    assert!(ask(&mut browser, "ADA@EXAMPLE.ORG").await.body.contains("Check your mail"));
    let link = link(&app).await;
    // Programs that open mails look at links before people do.
    for _ in 0..3 {
        let looked = app.browser().open(&link).await;
        assert_eq!(looked.status, 200);
        assert!(looked.body.contains(EMAIL) && looked.body.contains("autocomplete=\"new-password\""));
    }
    let mut elsewhere = app.browser();
    let form = elsewhere.open(&link).await;
    assert_eq!(form.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(form.header("cache-control"), Some("no-store"));
    let poor = set(&mut elsewhere, &form, "short").await;
    assert_eq!(poor.status, 422);
    assert!(poor.body.contains("role=\"alert\"") && !poor.body.contains("value=\"short\""));
    app.clock.advance(Duration::from_secs(1));
    let done = set(&mut elsewhere, &poor, NEW).await;
    assert_eq!(done.status, 200);
    assert!(done.body.contains("Your password is set"));
    // The other session has ended, the old password is over, the new one opens, and the link is used up.
    assert!(owner.open("/account").await.is_sign_in());
    assert_eq!(sign_in(&app, PASSWORD).await.status, 400);
    assert_eq!(sign_in(&app, NEW).await.status, 200);
    assert_eq!(app.browser().open(&link).await.status, 410);
    let again = set(&mut elsewhere, &form, "another one here").await;
    assert_eq!(again.status, 410);
    assert!(again.body.contains("href=\"/forgot-password\""));
    let kinds: Vec<_> = letters(&app).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [MailKind::SetPassword, MailKind::PasswordChanged]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_revokes_what_applications_hold() {
    let app = start().await;
    let secret = app.confidential_client().await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let access = tokens.body["access_token"].as_str().unwrap();
    assert_eq!(app.userinfo(access).await.status, 200);
    let mut browser = app.browser();
    ask(&mut browser, EMAIL).await;
    let form = browser.open(&link(&app).await).await;
    set(&mut browser, &form, NEW).await;
    assert_eq!(app.userinfo(access).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_browser_or_link_sets_nothing() {
    let app = start().await;
    let mut browser = app.browser();
    ask(&mut browser, EMAIL).await;
    let link = link(&app).await;
    let form = browser.open(&link).await;
    let stolen = set(&mut app.browser(), &form, NEW).await;
    assert_eq!(stolen.status, 400);
    let fields = [("csrf", "x"), ("token", &form.hidden("token")[..]), ("password", NEW)];
    assert_eq!(browser.post("/reset-password", &fields).await.status, 400);
    let asked = [("csrf", "x"), ("request", ""), ("identifier", EMAIL)];
    assert_eq!(browser.post("/forgot-password", &asked).await.status, 400);
    assert_eq!(letters(&app).await.len(), 1);
    assert_eq!(sign_in(&app, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_never_were_read_like_those_that_are_over() {
    let app = start().await;
    let mut browser = app.browser();
    ask(&mut browser, EMAIL).await;
    let link = link(&app).await;
    app.clock.advance(Duration::from_secs(3_600));
    let over = browser.open(&link).await;
    assert_eq!(over.status, 410);
    for never in ["/reset-password", "/reset-password?token=x", "/reset-password?token=a&token=b"] {
        assert_eq!(seen(&browser.open(never).await), seen(&over), "{never}");
    }
    assert_eq!(browser.open("/verify-email?token=x").await.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_verifies_the_address_by_link() {
    let app = start().await;
    let mut browser = app.browser();
    let register = async |browser: &mut Browser, email: &str| {
        let page = browser.open("/register").await;
        let fields = [
            ("csrf", &page.hidden("csrf")[..]),
            ("request", ""),
            ("email", email),
            ("username", "somebody"),
            ("password", PASSWORD),
        ];
        browser.post("/register", &fields).await
    };
    let fresh = register(&mut browser, "new@example.org").await;
    let known = register(&mut browser, EMAIL).await;
    assert_eq!((fresh.status.as_u16(), &fresh.body), (known.status.as_u16(), &known.body));
    let letters = letters(&app).await;
    let mut kinds: Vec<_> = letters.iter().map(|(kind, to, _)| (kind.as_str(), to.as_str())).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("address_known", EMAIL), ("verify_address", "new@example.org")]);
    let verification = letters.into_iter().find(|(kind, ..)| *kind == MailKind::VerifyAddress).unwrap().2;
    let link = format!("/verify-email?token={}", verification.link.unwrap().0.expose());
    // Signing in is possible before; the account page offers the link again.
    let mut owner = app.browser();
    let page = owner.open("/sign-in").await;
    let account = owner.sign_in(&page, "new@example.org", PASSWORD).await;
    assert!(account.body.contains("/account/verification"));
    let again = owner.post("/account/verification", &[("csrf", &account.hidden("csrf"))]).await;
    assert!(again.body.contains("Check your mail") && again.body.contains("new@example.org"));
    // Looking verifies nothing; the button does, once.
    let page = browser.open(&link).await;
    let page = browser.open(&link).await.body.contains("new@example.org").then_some(page).unwrap();
    assert!(owner.open("/account").await.body.contains("/account/verification"));
    let fields =
        [("csrf", &page.hidden("csrf")[..]), ("token", &page.hidden("token")[..]), ("current_password", PASSWORD)];
    let done = browser.post("/verify-email", &fields).await;
    assert!(done.status == 200 && done.body.contains("confirmed"), "{}", done.body);
    assert!(!owner.open("/account").await.body.contains("/account/verification"));
    assert_eq!(browser.post("/verify-email", &fields).await.status, 410);
}

/// C-13: nobody invents a password; trying to sign in sends the link, and the page reads the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_usable_password_is_led_to_a_link() {
    let app = start().await;
    let user = app.user("old@example.org").await;
    let id = UserId::parse(&user.id).unwrap();
    let (mut account, credential) = app.services.store.account(id).await.unwrap().unwrap();
    account.reset_required = true;
    app.services.store.put_account(account, credential.hash);
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let led = browser.sign_in(&page, "old@example.org", PASSWORD).await;
    let wrong = browser.sign_in(&page, "nobody@example.org", PASSWORD).await;
    assert_eq!((led.status.as_u16(), wrong.status.as_u16()), (400, 400));
    let alert =
        |page: &Page| page.body.split("role=\"alert\"").nth(1).unwrap().split("</div>").next().unwrap().to_owned();
    assert_eq!(alert(&led), alert(&wrong));
    let form = browser.open(&link(&app).await).await;
    assert_eq!(set(&mut browser, &form, NEW).await.status, 200);
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, "old@example.org", NEW).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_built_from_the_issuer_whatever_the_host_says() {
    let app = start().await;
    let refused = app.http.post(app.at("/api/v1/auth/reset-password")).header("host", "evil.example");
    let refused = app.send(refused.json(&json!({ "email": EMAIL }))).await;
    assert!(refused.status.is_client_error());
    let forwarded = app.http.post(app.at("/api/v1/auth/reset-password")).header("x-forwarded-host", "evil.example");
    assert_eq!(app.send(forwarded.json(&json!({ "email": EMAIL }))).await.status, 200);
    // What is queued holds a token and no address; whoever writes the mail puts it behind the issuer.
    assert_eq!(letters(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_for_links_are_refused_alike() {
    let limits = DirectorySettings::default().limits;
    let app = TestApp::with(Options {
        directory: Some(Box::new(move |settings: &mut DirectorySettings| {
            (settings.mail.sending, settings.limits) = (MailSending::On, limits);
            settings.mail.per_account = Rate { burst: 1, every: Duration::from_secs(600) };
        })),
        ..Options::default()
    })
    .await;
    app.user(EMAIL).await;
    let mut browser = app.browser();
    for name in [EMAIL, "nobody@example.org"] {
        assert_eq!(ask(&mut browser, name).await.status, 200);
        let refused = ask(&mut browser, name).await;
        assert_eq!(refused.status, 429);
        assert_eq!(refused.header("retry-after"), Some("600"));
    }
    assert_eq!(letters(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_nothing_is_offered_that_needs_it() {
    let app = TestApp::start().await;
    app.user(EMAIL).await;
    let mut browser = app.browser();
    assert!(!browser.open("/sign-in").await.body.contains("forgot"));
    assert_eq!(browser.open("/forgot-password").await.status, 404);
    let refused = app.post_json("/api/v1/auth/reset-password", &json!({ "email": EMAIL })).await;
    assert_eq!((refused.status.as_u16(), refused.json()["error"].clone()), (403, json!("mail_unavailable")));
    // A link that an administrator hands over works all the same, and verifies nothing.
    let link = app.app.admin.password_link(EMAIL, Duration::from_secs(60)).await.unwrap();
    let form = browser.open(&format!("/reset-password?token={}", link.token.expose())).await;
    assert_eq!(set(&mut browser, &form, NEW).await.status, 200);
    assert_eq!(sign_in(&app, NEW).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_doors_of_earlier_programs_do_the_same() {
    let app = start().await;
    let door = "/api/v1/auth/reset-password";
    let known = app.post_json(door, &json!({ "email": EMAIL })).await;
    let unknown = app.post_json("/api/auth/reset-password", &json!({ "email": "nobody@example.org" })).await;
    assert_eq!((known.status.as_u16(), &known.body), (200, &unknown.body));
    let token = link(&app).await.split_once('=').unwrap().1.to_owned();
    let poor = app.post_json(door, &json!({ "token": token, "password": "short" })).await;
    assert_eq!(poor.status, 422);
    let done = app.post_json(door, &json!({ "token": token, "new_password": NEW })).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(app.post_json(door, &json!({ "token": token, "password": NEW })).await.status, 400);
    assert_eq!(app.post_json(door, &json!({})).await.status, 422);
    assert_eq!(app.post_json("/api/auth/verify-email", &json!({ "token": "x" })).await.status, 400);
    // Changing it needs the present one, and a token of the password login.
    let entered = app.post_json("/api/v1/auth/login", &json!({ "email": EMAIL, "password": NEW })).await.json();
    let bearer = entered["access_token"].as_str().unwrap().to_owned();
    let change = async |present: &str| {
        let body = json!({ "current_password": present, "new_password": "yet another one" });
        let request = app.http.post(app.at("/api/v1/auth/change-password")).bearer_auth(&bearer).json(&body);
        app.send(request).await.status.as_u16()
    };
    assert_eq!(change("wrong").await, 400);
    assert_eq!(change(NEW).await, 200);
    assert_eq!(change("yet another one").await, 401, "the token has ended with the password");
    assert_eq!(sign_in(&app, "yet another one").await.status, 200);
    let nobody = app.post_json("/api/v1/auth/change-password", &json!({})).await;
    assert_eq!(nobody.status, 401);
}

/// C-32: a key that was imported tells who its bearer is, and nothing more; where it is not taken nobody can guess at it uncounted.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_changes_no_password() {
    let app = TestApp::with(mailing()).await;
    let user = UserId::parse(&app.user(EMAIL).await.id).unwrap();
    let now = app.services.clock().now();
    app.services.store.store().put_api_key(ApiKey {
        id: ApiKeyId::generate(now, app.services.random()),
        user,
        client: None,
        scope: ScopeSet::default(),
        label: "nightly".to_owned(),
        hash: TokenHash::of(b"key-of-the-older-program"),
        created_at: now,
        expires_at: None,
        revoked_at: None,
        uses: 0,
        last_used_at: None,
    });
    let mine = app.send(app.http.get(app.at("/api/v1/users/me")).bearer_auth("key-of-the-older-program")).await;
    assert_eq!((mine.status.as_u16(), &mine.json()["email"]), (200, &json!(EMAIL)));
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let change = app.http.post(app.at("/api/v1/auth/change-password")).bearer_auth("key-of-the-older-program");
    assert_eq!(app.send(change.json(&body)).await.status, 401);
    assert_eq!(sign_in(&app, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_of_earlier_programs_have_a_switch() {
    let app = TestApp::with(Options { no_legacy_routes: true, ..mailing() }).await;
    for path in [
        "/api/v1/auth/reset-password",
        "/api/v1/auth/change-password",
        "/api/auth/reset-password",
        "/api/auth/verify-email",
    ] {
        assert_eq!(app.post_json(path, &json!({ "email": EMAIL })).await.status, 404, "{path}");
    }
    assert_eq!(app.get("/forgot-password").await.status, 200);
}
