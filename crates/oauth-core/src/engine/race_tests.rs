//! Fifty at once: one code, one refresh token, one assertion, one legacy token.

use std::{sync::Barrier, thread, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    client::{AuthMethod, presented::PresentedClient},
    crypto::Algorithm,
    jws::compact,
    secret::Secret,
    testing::{FakeKey, NOW, World, client, now_or_never, subject},
};

const CALLERS: usize = 50;

/// Runs the same request fifty times at once and returns the answers of those that succeeded.
fn at_once<T: Send>(request: impl Fn() -> Result<T, TokenError> + Sync) -> Vec<T> {
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    request()
                })
            })
            .collect();
        callers.into_iter().filter_map(|caller| caller.join().unwrap().ok()).collect()
    })
}

/// RFC 6749 4.1.2; SECURITY.md row 6.
#[test]
fn fifty_redemptions_of_one_code_give_one_success() {
    let world = World::new();
    let code = world.code("read");
    assert_eq!(at_once(|| world.redeem(&code)).len(), 1);
}

/// SECURITY.md row 14.
#[test]
fn fifty_refreshes_of_one_token_hand_out_one_successor() {
    let world = World::new();
    let token = world.tokens("read offline_access").refresh_token.unwrap();
    let mut successors: Vec<_> =
        at_once(|| world.refresh(&token)).into_iter().map(|answer| answer.refresh_token).collect();
    assert_eq!(successors.len(), CALLERS);
    successors.dedup();
    assert_eq!(successors.len(), 1);
}

#[test]
fn with_the_window_off_one_of_fifty_refreshes_succeeds() {
    let world = World::with(vec![client("app")], |settings| settings.refresh_retry_window = Duration::ZERO);
    let token = world.tokens("read offline_access").refresh_token.unwrap();
    assert_eq!(at_once(|| world.refresh(&token)).len(), 1);
}

/// RFC 7523 3, point 7; SECURITY.md row 25.
#[test]
fn fifty_uses_of_one_assertion_give_one_success() {
    let key = FakeKey::new("c1", Algorithm::ES256);
    let mut app = client("app");
    (app.auth_method, app.jwks) = (AuthMethod::PrivateKeyJwt, Some(json!({ "keys": [key.jwk()] }).to_string()));
    let world = World::with(vec![app.clone()], |_| {});
    let claims = json!({ "iss": "app", "sub": "app", "aud": "https://auth.example.com", "exp": NOW + 60, "jti": "j" });
    let assertion = Secret::new(compact::sign(&key, "JWT", &claims).unwrap());
    let request = || {
        let presented = PresentedClient::Assertion { id: app.id.clone(), assertion: assertion.clone() };
        world.token_as(world.authenticate(presented)?, "grant_type=client_credentials")
    };
    assert_eq!(at_once(request).len(), 1);
}

#[test]
fn fifty_refreshes_of_one_legacy_token_give_one_pair() {
    let world = World::new();
    let (pair, tokens) = world.engine.legacy_pair(&subject(), "alice@example.com", world.engine.now()).unwrap();
    world.memory.record_legacy(pair).unwrap();
    let token = Secret::new(tokens.refresh_token);
    assert_eq!(at_once(|| now_or_never(world.engine.refresh_legacy(&token))).len(), 1);
}
