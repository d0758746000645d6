//! Client authentication with its IO: imported secrets and published keys.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::{
    client::{AuthMethod, Client, JwksUri, presented::PresentedClient},
    crypto::Algorithm,
    error::{ClientError, ErrorCode, TokenError, Wire as _},
    jws::compact,
    memory::MemoryStore,
    secret::Secret,
    store::{CatalogRepository as _, GrantRepository as _},
    testing::{FakeKey, NOW, VERIFIER, World, client, now_or_never},
    token::OpaqueToken,
};

fn post(secret: &str) -> PresentedClient {
    PresentedClient::Post { id: client("app").id, secret: Secret::new(secret.into()) }
}

/// A world whose client `app` is also a row of the store, so that its secret can be upgraded.
fn imported(memory: &MemoryStore, app: &Client) {
    let event = crate::audit::AuditEvent {
        id: crate::ids::AuditId::from_uuid(uuid::Uuid::nil()),
        at: crate::testing::at(0),
        kind: crate::audit::AuditKind::ClientChanged,
        user: None,
        client: None,
        address: None,
        detail: json!({}),
    };
    now_or_never(memory.create_client(app, event)).unwrap();
}

#[test]
fn an_imported_secret_is_upgraded_at_its_first_use() {
    let app = Client { imported_secret: Some(Secret::new("slow:old".into())), secrets: vec![], ..client("app") };
    let world = World::with(vec![app.clone()], |_| {});
    imported(&world.memory, &app);
    assert!(matches!(world.authenticate(post("wrong")), Err(ClientError::Secret)));
    assert!(world.authenticate(post("old")).is_ok());
    let records = now_or_never(world.memory.load_catalog()).unwrap();
    assert_eq!(records.clients[0].secrets[0].hash, crate::token::TokenHash::of(b"old"));
    assert!(records.clients[0].imported_secret.is_some(), "an older program still reads it");
}

/// DESIGN 5: a full hash pool is 503 and says nothing about the secret.
#[test]
fn a_full_hash_pool_is_503() {
    let app = Client { imported_secret: Some(Secret::new("slow:old".into())), secrets: vec![], ..client("app") };
    let world = World::with(vec![app], |_| {});
    assert_eq!(world.authenticate(post("busy")).unwrap_err().wire().status, 503);
}

struct Signed {
    world: World,
    key: FakeKey,
}

/// A client that authenticates by assertions, its keys in the registration or behind `jwks_uri`.
fn by_assertion(change: impl FnOnce(&mut Client, &FakeKey)) -> Signed {
    let key = FakeKey::new("c1", Algorithm::ES256);
    let mut app = Client { auth_method: AuthMethod::PrivateKeyJwt, secrets: vec![], ..client("app") };
    app.jwks = Some(json!({ "keys": [{ "kty": "unknown" }, key.jwk()] }).to_string());
    change(&mut app, &key);
    Signed { world: World::with(vec![app], |_| {}), key }
}

fn assertion(key: &FakeKey, jti: &str) -> PresentedClient {
    let claims = json!({
        "iss": "app", "sub": "app", "aud": "https://auth.example.com", "exp": NOW + 60, "iat": NOW, "jti": jti
    });
    let assertion = Secret::new(compact::sign(key, "JWT", &claims).unwrap());
    PresentedClient::Assertion { id: client("app").id, assertion }
}

/// RFC 7523 3, point 7; SECURITY.md row 25.
#[test]
fn an_assertion_works_once() {
    let Signed { world, key } = by_assertion(|_, _| {});
    let ask = |jti| world.token_as(world.authenticate(assertion(&key, jti)).unwrap(), "grant_type=client_credentials");
    assert!(ask("a").is_ok());
    let refused = ask("a").unwrap_err();
    assert!(matches!(refused, TokenError::Client(ClientError::AssertionReplayed)));
    assert_eq!(refused.wire().code, ErrorCode::InvalidClient);
    assert!(ask("b").is_ok());
}

#[test]
fn an_assertion_is_spent_together_with_the_code_it_redeems() {
    let Signed { world, key } = by_assertion(|_, _| {});
    let redeem = |code: &str, jti| {
        let proof = world.authenticate(assertion(&key, jti)).unwrap();
        world.token_as(proof, &format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}"))
    };
    let (first, second) = (world.code("read"), world.code("read"));
    assert!(redeem(&first, "a").is_ok());
    assert!(matches!(redeem(&second, "a"), Err(TokenError::Client(ClientError::AssertionReplayed))));
    let hash = OpaqueToken::presented(&second).unwrap().hash();
    assert_eq!(now_or_never(world.memory.code(hash)).unwrap().unwrap().used_at, None, "the code is not burnt");
    assert!(redeem(&second, "b").is_ok());
}

#[test]
fn a_foreign_signature_is_refused() {
    let Signed { world, key } = by_assertion(|_, _| {});
    let foreign = FakeKey { secret: b"other".to_vec(), ..key };
    assert!(matches!(world.authenticate(assertion(&foreign, "a")), Err(ClientError::Assertion(_))));
}

/// OpenID Connect Core 10.1.1; SECURITY.md row 20.
#[test]
fn an_unknown_kid_asks_once_for_newer_keys() {
    let Signed { world, key } = by_assertion(|app, _| {
        (app.jwks, app.jwks_uri) = (None, JwksUri::parse("https://app.example.com/jwks"));
    });
    let document =
        |keys: &[&FakeKey]| json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }).to_string();
    let newer = FakeKey::new("c2", Algorithm::ES256);
    let fetch = &world.engine.services().jwks_fetch;
    *fetch.documents.lock().unwrap() = vec![document(&[&key]), document(&[&key, &newer])];
    assert!(world.authenticate(assertion(&key, "a")).is_ok());
    assert_eq!(fetch.refreshed.load(Ordering::SeqCst), 0);
    assert!(world.authenticate(assertion(&newer, "b")).is_ok());
    assert_eq!(fetch.refreshed.load(Ordering::SeqCst), 1);
    let unknown = FakeKey::new("c3", Algorithm::ES256);
    assert!(world.authenticate(assertion(&unknown, "c")).is_err());
    assert_eq!(fetch.refreshed.load(Ordering::SeqCst), 2, "once for each request, never more");
}

#[test]
fn keys_that_cannot_be_had_are_invalid_client() {
    let Signed { world, key } = by_assertion(|app, _| {
        (app.jwks, app.jwks_uri) = (None, JwksUri::parse("https://app.example.com/jwks"));
    });
    let refused = world.authenticate(assertion(&key, "a")).unwrap_err();
    assert!(matches!(refused, ClientError::Keys(_)));
    assert_eq!(refused.wire().code, ErrorCode::InvalidClient);
}

/// RFC 7517 4.2: a key for encryption signs nothing.
#[test]
fn a_key_for_encryption_verifies_nothing() {
    let Signed { world, key } = by_assertion(|app, key| {
        let mut jwk = key.jwk();
        jwk["use"] = json!("enc");
        app.jwks = Some(json!({ "keys": [jwk] }).to_string());
    });
    assert!(world.authenticate(assertion(&key, "a")).is_err());
}

#[test]
fn asking_for_a_lost_answer_takes_an_assertion_of_its_own() {
    let Signed { world, key } = by_assertion(|_, _| {});
    let as_app = |jti, body: &str| world.token_as(world.authenticate(assertion(&key, jti)).unwrap(), body);
    let code = world.code("read offline_access");
    let tokens = as_app("a", &format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}")).unwrap();
    let body = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh_token.unwrap());
    let answer = as_app("b", &body).unwrap();
    assert!(matches!(as_app("b", &body), Err(TokenError::Client(ClientError::AssertionReplayed))));
    assert_eq!(as_app("c", &body).unwrap().refresh_token, answer.refresh_token);
}
