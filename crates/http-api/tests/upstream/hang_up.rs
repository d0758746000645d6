//! Callers that go away early leave nothing behind that keeps others out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authly_testkit::{ClientKey, Options, TestApp};
use authly_upstream::{
    carrier::{Answering, Call, Carrier},
    party::Upstream,
    provider::SignOut,
};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::Semaphore};

use crate::fake::{Fake, ISSUER, rule, sign_in};

/// A provider whose keys come when the test lets them.
struct Slow {
    fake: Fake,
    asked: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Carrier for Slow {
    fn send(&self, call: Call) -> Answering<'_> {
        Box::pin(async move {
            if call.url.ends_with("/jwks") {
                self.asked.fetch_add(1, Ordering::SeqCst);
                self.gate.acquire().await.unwrap().forget();
            }
            self.fake.send(call).await
        })
    }
}

fn logout_token(key: &ClientKey, kid: &str) -> String {
    let claims = json!({
        "iss": ISSUER, "aud": "authly", "iat": 1_767_225_600, "exp": 1_767_225_720, "jti": "j1", "sid": "there-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    key.sign(&json!({ "alg": "ES256", "kid": kid, "typ": "logout+jwt" }), &claims.to_string())
}

/// Sends a logout token, and resets the connection once it is looked at.
async fn hang_up(app: &TestApp, token: &str, is_looked_at: impl Fn() -> bool) {
    let mut stream = TcpStream::connect(app.url.replace("http://localhost", "127.0.0.1")).await.unwrap();
    let body = format!("logout_token={token}");
    let host = app.url.trim_start_matches("http://");
    let head = format!(
        "POST /sign-in/upstream/logout HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    for _ in 0..1_000 {
        if is_looked_at() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(is_looked_at());
    stream.set_zero_linger().unwrap();
    drop(stream);
    // The server sees it at once; nothing tells us.
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// SECURITY.md row 20: keys are asked for once a minute, so whoever makes us ask must not be able to throw the answer away.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_somebody_made_us_ask_for_come_although_they_have_left() {
    let fake = Fake::new();
    let (asked, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(1)));
    let slow = Slow { fake: fake.clone(), asked: asked.clone(), gate: gate.clone() };
    let upstream = Upstream::new(Fake::provider(rule(), SignOut::There), Box::new(slow), Box::new(|_| ()));
    let app = TestApp::with(Options { upstreams: vec![upstream], ..Options::default() }).await;
    app.user("ada@example.com").await;
    let (mut browser, _) = sign_in(&fake, &app).await;
    assert!(browser.get("/account").await.status.is_success());
    app.clock.advance(Duration::from_secs(61));
    let next = ClientKey::generate("k2");
    fake.set(|state| state.keys.push(next.jwk().clone()));
    let forged = logout_token(&ClientKey::generate("k3"), "k3");
    hang_up(&app, &forged, || asked.load(Ordering::SeqCst) == 2).await;
    gate.add_permits(1);
    let good = [("logout_token", logout_token(&next, "k2"))];
    let mut status = 0;
    for _ in 0..100 {
        let form = good.each_ref().map(|(name, value)| (*name, value.as_str()));
        status = app.post("/sign-in/upstream/logout", &form).await.status.as_u16();
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status, 200, "the new key is known");
    assert_eq!(asked.load(Ordering::SeqCst), 2, "and nobody asked again");
    assert!(browser.open("/account").await.is_sign_in());
}
