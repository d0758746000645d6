//! A provider says that somebody has signed out there (S001-65, S001-48).

use serde_json::{Value, json};

use authly_testkit::CodeFlow;
use authly_upstream::heard::Hearing;

use crate::fake::{Fake, ISSUER, come_back, leave, sign_in};

pub(crate) fn logout_token(fake: &Fake, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": "authly", "iat": 1_767_225_600, "exp": 1_767_225_720, "jti": "j1", "sid": "there-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    change(&mut claims);
    fake.set(|state| state.key.sign(&json!({ "alg": "ES256", "kid": "k1", "typ": "logout+jwt" }), &claims.to_string()))
}

#[tokio::test]
async fn a_session_that_ended_there_ends_here_with_its_tokens() {
    let fake = Fake::new();
    let app = fake.app().await;
    let secret = app.confidential_client().await;
    app.user("ada@example.com").await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let mut browser = app.browser();
    let page = browser.open(&flow.path()).await;
    let there = leave(&mut browser, &page).await;
    fake.expect(&there);
    let page = come_back(&mut browser, &there.state).await;
    let page = browser.decide(&page, "allow").await;
    let tokens = flow.redeem(&app, &page.query("code").unwrap()).await;
    for bad in [
        logout_token(&fake, |it| it["aud"] = json!("other")),
        logout_token(&fake, |it| it["iss"] = json!("https://evil.example")),
        logout_token(&fake, |it| it["nonce"] = json!("n")),
        logout_token(&fake, |it| it["events"] = json!({})),
        logout_token(&fake, |it| it["iat"] = json!(1_767_220_000)),
        "x".to_owned(),
        String::new(),
    ] {
        let answer = app.post("/sign-in/upstream/logout", &[("logout_token", &bad)]).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    assert!(browser.get("/account").await.status.is_success());
    let other = logout_token(&fake, |it| it["sid"] = json!("there-2"));
    assert_eq!(app.post("/sign-in/upstream/logout", &[("logout_token", &other)]).await.status, 200);
    assert!(browser.get("/account").await.status.is_success(), "another session there");
    let good = logout_token(&fake, |_| ());
    let answer = app.post("/sign-in/upstream/logout", &[("logout_token", &good)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")));
    assert!(browser.open("/account").await.is_sign_in(), "the session is over");
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 400, "and so are its tokens");
}

#[tokio::test]
async fn a_session_that_began_with_the_password_goes_on() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    let (mut there, _) = sign_in(&fake, &app).await;
    let mut own = app.browser();
    let page = own.open("/sign-in").await;
    own.sign_in(&page, "ada@example.com", "correct horse").await;
    let everywhere = logout_token(&fake, |it| {
        it.as_object_mut().unwrap().remove("sid");
        it["sub"] = json!("alice");
    });
    assert_eq!(app.post("/sign-in/upstream/logout", &[("logout_token", &everywhere)]).await.status, 200);
    assert!(there.open("/account").await.is_sign_in());
    assert!(own.get("/account").await.status.is_success());
}

/// OpenID Connect Back-Channel Logout 2.6: the provider repeats a token whose answer got lost, and somebody may have caught it.
#[tokio::test]
async fn a_logout_token_ends_sessions_once() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    let everywhere = |jti: &str| {
        logout_token(&fake, |it| {
            it.as_object_mut().unwrap().remove("sid");
            (it["sub"], it["jti"]) = (json!("alice"), json!(jti));
        })
    };
    let said =
        async |token: &str| app.post("/sign-in/upstream/logout", &[("logout_token", token)]).await.status.as_u16();
    let token = everywhere("j1");
    let (mut before, _) = sign_in(&fake, &app).await;
    assert_eq!(said(&token).await, 200);
    assert!(before.open("/account").await.is_sign_in());
    let (mut since, _) = sign_in(&fake, &app).await;
    assert_eq!(said(&token).await, 200, "it was done, whoever has not heard of it");
    assert!(since.get("/account").await.status.is_success(), "who signed in since stays");
    assert_eq!(said(&everywhere("j2")).await, 200);
    assert!(since.open("/account").await.is_sign_in(), "another one is news");
}

/// Back-Channel Logout 2.6 and 2.8: nobody is told that sessions have ended while another request is at it, which may yet fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_logout_token_that_comes_twice_at_once_is_obeyed_once() {
    let fake = Fake::new();
    let app = fake.app().await;
    app.user("ada@example.com").await;
    let said =
        async |token: &str| app.post("/sign-in/upstream/logout", &[("logout_token", token)]).await.status.as_u16();
    let token = logout_token(&fake, |_| ());
    let (mut browser, _) = sign_in(&fake, &app).await;
    let upstream = &app.app.upstreams[0];
    let verified = upstream.signed_out(app.services.as_ref(), &token).await.unwrap();
    let Hearing::News(doing) = upstream.heard().hear(&verified, app.app.engine.now()) else {
        panic!("it is the first")
    };
    assert_eq!(said(&token).await, 503, "somebody else is at it");
    assert!(browser.get("/account").await.status.is_success());
    drop(doing);
    assert_eq!(said(&token).await, 200, "they failed");
    assert!(browser.open("/account").await.is_sign_in());

    let (mut since, _) = sign_in(&fake, &app).await;
    let another = logout_token(&fake, |it| it["jti"] = json!("j2"));
    app.services.store.take_down();
    assert_eq!(said(&another).await, 503);
    app.services.store.bring_up();
    assert!(since.get("/account").await.status.is_success());
    assert_eq!(said(&another).await, 200, "what failed is done the next time");
    assert!(since.open("/account").await.is_sign_in());
}
