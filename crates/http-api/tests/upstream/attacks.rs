//! What must not work, and what it says then.

use std::time::Duration;

use authly_directory::{
    account::AccountChange,
    identifier::Identifier,
    mail::{letter::Visitor, link::LinkKind},
    store::AccountRepository as _,
    upstream::UpstreamRepository as _,
};
use authly_testkit::{ClientKey, Page, TestApp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{audit::AuditKind, ids::UserId, secret::Secret, store::Commit};
use serde_json::{Value, json};

use crate::fake::{Fake, State, callback, come_back, leave, link, sign_in};

async fn world() -> (Fake, TestApp, UserId) {
    let fake = Fake::new();
    let app = fake.app().await;
    let user = app.user("ada@example.com").await;
    (fake, app, UserId::parse(&user.id).unwrap())
}

async fn is_linked(app: &TestApp, user: UserId) -> bool {
    !app.services.store.upstream_links(user).await.unwrap().is_empty()
}

/// A sign-in whose token the provider makes differently.
async fn with(change: impl FnOnce(&mut State)) -> (TestApp, UserId, Page) {
    let (fake, app, user) = world().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let there = leave(&mut browser, &page).await;
    fake.expect(&there);
    fake.set(change);
    let page = come_back(&mut browser, &there.state).await;
    (app, user, page)
}

/// RFC 9207 2.4, RFC 9700 4.4; SECURITY.md row 11.
#[tokio::test]
async fn an_answer_of_another_provider_is_refused_before_its_code_is_used() {
    let (fake, app, user) = world().await;
    for iss in ["&iss=https%3A%2F%2Fevil.example", "&iss=https%3A%2F%2Fidp.example%2F", ""] {
        let mut browser = app.browser();
        let page = browser.open("/sign-in").await;
        let there = leave(&mut browser, &page).await;
        fake.expect(&there);
        let path = format!("/sign-in/upstream/corp/callback?code=c1&state={}{iss}", there.state);
        let page = browser.get(&path).await;
        assert!(page.is_sign_in() && page.body.contains("did not work"), "{iss}: {}", page.body);
        assert_eq!(fake.asked("/token"), 0, "the code of {iss} went to the wrong place");
    }
    assert!(!is_linked(&app, user).await);
}

#[tokio::test]
async fn a_state_is_used_once() {
    let (fake, app, _) = world().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let there = leave(&mut browser, &page).await;
    fake.expect(&there);
    assert_eq!(come_back(&mut browser, &there.state).await.status, 200);
    let again = browser.get(&callback(&there.state)).await;
    assert_eq!(again.status, 400);
    assert!(again.body.contains("This sign-in has expired"), "{}", again.body);
    assert_eq!(fake.asked("/token"), 1);
}

/// Login CSRF: an attacker makes a victim finish the attacker's sign-in.
#[tokio::test]
async fn a_state_of_another_browser_is_refused_and_stays_good_for_its_own() {
    let (fake, app, _) = world().await;
    let mut attacker = app.browser();
    let page = attacker.open("/sign-in").await;
    let there = leave(&mut attacker, &page).await;
    fake.expect(&there);
    let mut victim = app.browser();
    for opened in [false, true] {
        if opened {
            victim.open("/sign-in").await;
        }
        let page = victim.get(&callback(&there.state)).await;
        assert_eq!(page.status, 400, "{}", page.body);
        assert!(!page.set_cookies().iter().any(|cookie| cookie.contains("session")));
    }
    assert_eq!(come_back(&mut attacker, &there.state).await.status, 200);
}

#[tokio::test]
async fn a_state_that_is_late_or_was_never_given_out_is_refused() {
    let (fake, app, _) = world().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let there = leave(&mut browser, &page).await;
    fake.expect(&there);
    for state in ["", "x", &"a".repeat(43), &"a".repeat(5_000), "%00"] {
        assert_eq!(browser.get(&callback(state)).await.status, 400, "{state}");
    }
    app.clock.advance(std::time::Duration::from_secs(15 * 60));
    assert_eq!(browser.get(&callback(&there.state)).await.status, 400);
}

#[tokio::test]
async fn a_callback_of_another_provider_does_not_take_the_state() {
    let (_, app, _) = world().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let there = leave(&mut browser, &page).await;
    let other = callback(&there.state).replace("/corp/", "/other/");
    assert_eq!(browser.get(&other).await.status, 404);
}

/// OpenID Connect Core 3.1.3.7, point 11: a token that was stolen elsewhere is put into a victim's or attacker's own answer.
#[tokio::test]
async fn a_swapped_id_token_is_refused() {
    for nonce in [json!("another"), Value::Null] {
        let (app, user, page) = with(|state| state.claims["nonce"] = nonce.clone()).await;
        assert!(page.is_sign_in() && page.status == 502, "{nonce}: {}", page.body);
        assert!(!is_linked(&app, user).await);
    }
}

#[tokio::test]
async fn a_token_for_another_client_of_the_provider_is_refused() {
    for (name, value) in [
        ("aud", json!("other")),
        ("aud", json!(["authly", "other"])),
        ("azp", json!("other")),
        ("iss", json!("https://evil.example")),
        ("exp", json!(1_767_225_500)),
        ("iat", json!(1_767_229_999)),
        ("sub", json!("null")),
    ] {
        let (app, user, page) = with(|state| state.claims[name] = value.clone()).await;
        assert_eq!(page.status, 502, "{name} {value}");
        assert!(!is_linked(&app, user).await, "{name} {value}");
    }
}

/// RFC 8725 3.1, 3.2; SECURITY.md row 19.
#[tokio::test]
async fn unsigned_tokens_and_hmac_with_the_public_key_are_refused() {
    let (app, user, page) = with(|state| {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        state.token = Some(format!("{header}.{}.", URL_SAFE_NO_PAD.encode(state.claims.to_string())));
    })
    .await;
    assert_eq!(page.status, 502);
    assert!(!is_linked(&app, user).await);
    let (app, user, page) = with(|state| {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"k1"}"#);
        let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(state.claims.to_string()));
        let public = state.key.jwk().to_string();
        let mac = authly_jose_hmac(public.as_bytes(), input.as_bytes());
        state.token = Some(format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac)));
    })
    .await;
    assert_eq!(page.status, 502);
    assert!(!is_linked(&app, user).await);
    let (_, _, page) = with(|state| state.key = ClientKey::generate("k1")).await;
    assert_eq!(page.status, 502, "a key of the same name is another key");
}

/// HMAC as an attacker would make it; what it is over does not matter, it is never looked at.
fn authly_jose_hmac(key: &[u8], input: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    Sha256::digest([key, input].concat()).to_vec()
}

/// SECURITY.md row 20.
#[tokio::test]
async fn unknown_keys_make_us_ask_once_and_not_again() {
    let (fake, app, _) = world().await;
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    assert_eq!(fake.asked("/jwks"), 1);
    app.clock.advance(std::time::Duration::from_secs(61));
    fake.set(|state| state.header["kid"] = json!("k9"));
    for _ in 0..5 {
        fake.set(|state| state.claims["iat"] = json!(1_767_225_661));
        assert_eq!(sign_in(&fake, &app).await.1.status, 502);
    }
    assert_eq!(fake.asked("/jwks"), 2, "once for the unknown key, and not again within a minute");
    // The provider rotates: the next unknown key a minute later is found.
    app.clock.advance(std::time::Duration::from_secs(61));
    fake.set(|state| {
        state.key = ClientKey::generate("k9");
        let jwk = state.key.jwk().clone();
        state.keys.push(jwk);
    });
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
}

/// A provider that puts another key under the same name is believed again at once; whoever forges tokens makes us ask once a minute at most.
#[tokio::test]
async fn a_key_that_was_replaced_under_its_name_is_found_and_forgeries_ask_once_a_minute() {
    let (fake, app, _) = world().await;
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    app.clock.advance(std::time::Duration::from_secs(61));
    fake.set(|state| {
        state.claims["iat"] = json!(1_767_225_661);
        state.key = ClientKey::generate("k1");
        state.keys = vec![state.key.jwk().clone()];
    });
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    assert_eq!(fake.asked("/jwks"), 2);
    app.clock.advance(std::time::Duration::from_secs(61));
    let forger = ClientKey::generate("k1");
    let forged = json!({
        "iss": crate::fake::ISSUER, "aud": "authly", "iat": 1_767_225_722, "exp": 1_767_225_800, "jti": "j", "sub": "alice",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let forged = forger.sign(&json!({ "alg": "ES256", "kid": "k1", "typ": "logout+jwt" }), &forged.to_string());
    for _ in 0..20 {
        assert_eq!(app.post("/sign-in/upstream/logout", &[("logout_token", &forged)]).await.status, 400);
    }
    assert_eq!(fake.asked("/jwks"), 3, "once for all of them");
    fake.set(|state| state.claims["iat"] = json!(1_767_225_722));
    assert_eq!(sign_in(&fake, &app).await.1.status, 200, "and they keep nobody out");
}

#[tokio::test]
async fn an_unverified_address_takes_no_account_over() {
    for flag in [json!(false), Value::Null, json!("no")] {
        let (app, user, page) = with(|state| state.claims["email_verified"] = flag.clone()).await;
        assert_eq!(page.status, 403, "{flag}");
        assert!(page.body.contains("We found no account for you"));
        assert!(!is_linked(&app, user).await);
    }
}

/// Somebody registers with an address that is not theirs and lies in wait for its owner, who comes by the provider: the owner is not
/// led into that account until a password of their own has thrown the other out.
#[tokio::test]
async fn who_registered_with_a_strangers_address_gets_no_part_of_the_strangers_sign_in() {
    let fake = Fake::new();
    let app = fake.app().await;
    let planted = json!({ "email": "ada@example.com", "username": "ada", "password": "correct horse" });
    assert_eq!(app.post_json("/auth/register", &planted).await.status, 201);
    let grant = async |password: &str| {
        let body = json!({ "grant_type": "password", "username": "ada@example.com", "password": password });
        app.post_json("/auth/token", &body).await.status.as_u16()
    };
    assert_eq!(grant("correct horse").await, 200);
    let ada = Identifier::parse("ada@example.com").unwrap();
    let user = app.services.store.find_accounts(&ada).await.unwrap().remove(0).subject.id;
    let (mut owner, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 403);
    assert!(!is_linked(&app, user).await && owner.open("/account").await.is_sign_in());
    // What somebody else hands over proves nothing about the address: the rule still holds.
    let shown = app.app.admin.password_link("ada", Duration::from_secs(60)).await.unwrap().token.expose().to_owned();
    let visitor = Visitor { address: None, browser: None, locale: "en".to_owned() };
    let new = Secret::new("the owner's own one".to_owned());
    app.app.directory.set_password_by_link(LinkKind::SetPassword, &shown, &new, &visitor).await.unwrap();
    assert_eq!(sign_in(&fake, &app).await.1.status, 403);
    let verified = AccountChange { is_verified: Some(true), ..AccountChange::default() };
    let audit = app.app.engine.audit(AuditKind::AccountChanged, None, app.app.engine.now());
    let changed = app.services.store.change_account(user, verified, app.app.engine.now(), audit).await.unwrap();
    assert_eq!(changed, Commit::Applied);
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    assert!(is_linked(&app, user).await);
    assert_eq!(grant("correct horse").await, 400);
}

/// What the page says is the same whether there is an account or not.
#[tokio::test]
async fn the_page_does_not_tell_whether_an_address_has_an_account() {
    let told = async |email: &str| {
        let (_, _, page) = with(|state| {
            state.claims["email"] = json!(email);
            state.claims["email_verified"] = json!(false);
        })
        .await;
        let id = page.header("x-request-id").unwrap_or_default().to_owned();
        (page.status, if id.is_empty() { page.body } else { page.body.replace(&id, "-") })
    };
    assert_eq!(told("ada@example.com").await, told("nobody@example.com").await);
}

#[tokio::test]
async fn an_account_that_is_somebody_elses_is_never_merged() {
    let (fake, app, user) = world().await;
    assert_eq!(sign_in(&fake, &app).await.1.status, 200);
    fake.set(|state| state.claims["sub"] = json!("mallory"));
    let (_, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("We found no account for you"), "{}", page.body);
    let links = app.services.store.upstream_links(user).await.unwrap();
    assert_eq!(links.iter().map(|link| link.key.subject.as_str()).collect::<Vec<_>>(), ["alice"]);
}

/// The link is bound to the browser and to the request it was shown for.
#[tokio::test]
async fn the_way_there_is_not_taken_from_elsewhere() {
    let (fake, app, _) = world().await;
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let good = link(&page);
    let mut stranger = app.browser();
    stranger.open("/sign-in").await;
    let csrf = good.split("csrf=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    for bad in [good.replace(&csrf, "x"), "/sign-in/upstream?provider=corp".to_owned()] {
        assert_eq!(browser.get(&bad).await.status, 400, "{bad}");
    }
    assert_eq!(stranger.get(&good).await.status, 400);
    assert_eq!(fake.asked("/.well-known/openid-configuration"), 0);
    assert_eq!(browser.get("/sign-in/upstream?provider=other&csrf=x").await.status, 404);
    assert_eq!(browser.get("/sign-in/upstream?provider=corp&provider=corp").await.status, 400);
    assert_eq!(browser.get(&good).await.status, 303);
}

/// A provider that sends people round in circles: every round ends on a page of ours, none in a redirect back to it.
#[tokio::test]
async fn errors_of_the_provider_end_on_a_page() {
    let (fake, app, _) = world().await;
    for (error, text, status) in [
        ("access_denied", "You did not finish signing in there", 200),
        ("login_required", "You did not finish signing in there", 200),
        ("server_error", "did not work", 502),
        ("<script>alert(1)</script>", "did not work", 502),
    ] {
        let mut browser = app.browser();
        let page = browser.open("/sign-in").await;
        let there = leave(&mut browser, &page).await;
        let error = url::form_urlencoded::byte_serialize(error.as_bytes()).collect::<String>();
        let path = format!(
            "/sign-in/upstream/corp/callback?error={error}&error_description=%3Cscript%3E&state={}&iss=https%3A%2F%2Fidp.example",
            there.state
        );
        let page = browser.get(&path).await;
        assert_eq!(page.status, status, "{error}");
        assert!(page.is_sign_in() && page.body.contains(text), "{error}: {}", page.body);
        assert!(!page.body.contains("<script"));
    }
    assert_eq!(fake.asked("/token"), 0);
}
