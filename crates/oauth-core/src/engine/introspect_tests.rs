//! Introspection, userinfo and the one answer to "is it active".

use serde_json::{Value, json};

use crate::{
    client::{AuthMethod, ClientState, ClientType, IntrospectionPolicy, presented::PresentedClient},
    crypto::Algorithm,
    error::{BearerError, ErrorCode, Wire as _},
    jws::{TokenFault, compact},
    store::{CatalogRepository, Revocation, RevocationReason, Store},
    subject::{AccountStatus, Subject},
    testing::{ALICE, FakeKey, Fate, LosingStore, NOW, World, at, claims_of, client, now_or_never, subject},
};

fn introspect<S: Store + CatalogRepository>(world: &World<S>, caller: &str, token: &str) -> Value {
    let answer = now_or_never(world.engine.introspect(world.as_client(caller), token)).unwrap();
    serde_json::to_value(answer).unwrap()
}

fn inactive() -> Value {
    json!({ "active": false })
}

/// RFC 7662 2.2.
#[test]
fn a_client_learns_about_its_own_token() {
    let world = World::new();
    let token = world.tokens("openid read").access_token;
    let answer = introspect(&world, "app", &token);
    for (name, value) in [
        ("active", json!(true)),
        ("scope", json!("openid read")),
        ("client_id", json!("app")),
        ("token_type", json!("Bearer")),
        ("sub", json!(ALICE)),
        ("iss", json!("https://auth.example.com")),
        ("exp", json!(NOW + 1_800)),
        ("iat", json!(NOW)),
        ("jti", claims_of(&token)["jti"].clone()),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
}

/// RFC 7662 2.2 and 4; SECURITY.md row 27.
#[test]
fn what_is_not_active_or_not_the_callers_business_is_exactly_inactive() {
    let world = World::new();
    let tokens = world.tokens("openid offline_access");
    for (caller, token) in [
        ("other", tokens.access_token.as_str()),
        ("other", tokens.refresh_token.as_deref().unwrap()),
        ("app", "a.b.c"),
        ("app", "unknown"),
        ("app", tokens.id_token.as_deref().unwrap()),
        ("app", &tokens.access_token[..tokens.access_token.len() - 1]),
    ] {
        assert_eq!(introspect(&world, caller, token), inactive(), "{caller}");
    }
    world.set_time(1_799);
    assert_eq!(introspect(&world, "app", &tokens.access_token)["active"], true);
    world.set_time(1_800);
    assert_eq!(introspect(&world, "app", &tokens.access_token), inactive());
}

#[test]
fn a_named_audience_and_a_trusted_gateway_may_ask() {
    let mut app = client("app");
    app.audiences = vec!["other".into()];
    let mut gateway = client("gateway");
    gateway.introspection = IntrospectionPolicy::All;
    let world = World::with(vec![app, client("other"), client("third"), gateway], |_| {});
    let token = world.tokens("read").access_token;
    for (caller, active) in [("other", true), ("gateway", true), ("third", false)] {
        assert_eq!(introspect(&world, caller, &token)["active"], active, "{caller}");
    }
}

/// RFC 7662 2.1.
#[test]
fn a_public_client_may_not_ask() {
    let mut public = client("public");
    (public.kind, public.auth_method) = (ClientType::Public, AuthMethod::None);
    let world = World::with(vec![client("app"), public], |_| {});
    let token = world.tokens("read").access_token;
    let caller = world.authenticate(PresentedClient::None { id: client("public").id }).unwrap();
    let refused = now_or_never(world.engine.introspect(caller, &token)).unwrap_err();
    assert_eq!((refused.wire().status, refused.wire().code), (401, ErrorCode::InvalidClient));
}

#[test]
fn a_refresh_token_is_told_about_to_its_client_and_asking_does_not_use_it() {
    let world = World::new();
    let token = world.tokens("openid offline_access").refresh_token.unwrap();
    let answer = introspect(&world, "app", &token);
    assert_eq!((&answer["active"], &answer["sub"]), (&json!(true), &json!(ALICE)));
    assert!(answer.get("token_type").is_none(), "it is no bearer token");
    let next = world.refresh(&token).unwrap().refresh_token.unwrap();
    assert_eq!(introspect(&world, "app", &token), inactive());
    assert!(world.refresh(&next).is_ok(), "asking about a spent token revokes nothing");
}

/// SECURITY.md rows 16, 26 and 27: every path asks the same rule.
#[test]
fn whatever_ends_a_token_is_seen_at_introspection_and_userinfo_at_once() {
    type End = fn(&mut World);
    let cases: [(&str, End); 5] = [
        ("grant revoked", |world| {
            let grants = now_or_never(crate::store::GrantRepository::grants_of(&world.memory, subject().id)).unwrap();
            let write =
                Revocation { grant: grants[0].id, at: at(1), reason: RevocationReason::Administrator, audit: None };
            now_or_never(crate::store::GrantRepository::revoke_grant(&world.memory, write)).unwrap();
        }),
        ("account disabled", |world| {
            world.memory.put_subject(Subject { status: AccountStatus::Disabled, ..subject() });
        }),
        ("account locked", |world| world.memory.put_subject(Subject { is_locked: true, ..subject() })),
        ("client switched off", |world| {
            world.administer(|records| records.clients[0].state = ClientState::Inactive);
        }),
        ("key withdrawn", |world| world.administer(|records| records.keys.retain(|key| key.id.0 != "es"))),
    ];
    for (name, end) in cases {
        let mut gateway = client("gateway");
        gateway.introspection = IntrospectionPolicy::All;
        let mut world = World::with(vec![client("app"), gateway], |_| {});
        let token = world.tokens("openid").access_token;
        assert_eq!(introspect(&world, "gateway", &token)["active"], true, "{name}");
        end(&mut world);
        assert_eq!(introspect(&world, "gateway", &token), inactive(), "{name}");
        assert!(now_or_never(world.engine.userinfo(&token)).is_err(), "{name}");
    }
}

/// SECURITY.md row 26.
#[test]
fn a_store_that_is_down_is_503_and_never_inactive() {
    let world = World::over(|memory| LosingStore::new(memory, Fate::Fair), vec![client("app")], |_| {});
    let tokens = world.tokens("openid offline_access");
    let caller = || world.as_client("app");
    world.engine.services().store.set(Fate::Down);
    for token in [tokens.access_token.as_str(), tokens.refresh_token.as_deref().unwrap()] {
        assert_eq!(now_or_never(world.engine.introspect(caller(), token)).unwrap_err().wire().status, 503);
    }
    let refused = now_or_never(world.engine.userinfo(&tokens.access_token)).unwrap_err();
    assert_eq!(refused.wire().status, 503);
}

/// OpenID Connect Core 5.3.2 and 5.4.
#[test]
fn userinfo_tells_what_the_scope_allows() {
    let world = World::new();
    let claims = now_or_never(world.engine.userinfo(&world.tokens("openid email").access_token)).unwrap();
    assert_eq!(Value::Object(claims), json!({ "sub": ALICE, "email": "alice@example.com", "email_verified": true }));
}

/// RFC 6750 3.1, RFC 9068 4.
#[test]
fn userinfo_needs_openid_and_a_token_of_a_user_for_this_server() {
    let mut app = client("app");
    app.audiences = vec!["https://api.example.com".into()];
    let world = World::with(vec![app, client("other")], |_| {});
    let with = |token: &str| now_or_never(world.engine.userinfo(token)).unwrap_err();
    assert!(matches!(with(&world.tokens("read").access_token), BearerError::Invalid(TokenFault::Audience)));
    let own = world.token("other", "grant_type=client_credentials").unwrap().access_token;
    assert!(matches!(with(&own), BearerError::Scope("openid")));
    assert!(
        now_or_never(world.engine.userinfo(&world.tokens("openid").access_token)).is_ok(),
        "openid adds the issuer"
    );
}

/// SECURITY.md row 23.
#[test]
fn other_tokens_do_not_pass_for_access_tokens() {
    let world = World::new();
    let tokens = world.tokens("openid offline_access");
    for token in [tokens.id_token.unwrap(), tokens.refresh_token.unwrap(), String::new(), "Bearer".into()] {
        let refused = now_or_never(world.engine.userinfo(&token)).unwrap_err();
        assert_eq!((refused.wire().status, refused.wire().code), (401, ErrorCode::InvalidToken));
    }
}

/// SECURITY.md row 57: `admin` is judged at every use.
#[test]
fn the_door_of_administration_asks_for_the_scope_and_the_right() {
    let world = World::new();
    world.memory.put_subject(Subject { is_admin: true, ..subject() });
    let token = world.tokens("admin").access_token;
    let bearer = now_or_never(world.engine.bearer(&token, "admin")).unwrap();
    assert_eq!(bearer.user(), Some(subject().id));
    world.memory.put_subject(subject());
    let refused = now_or_never(world.engine.bearer(&token, "admin")).unwrap_err();
    assert_eq!((refused.wire().status, refused.wire().code), (403, ErrorCode::InsufficientScope));
}

/// SECURITY.md row 39: what was a deleted client's is not that of another which has its name now.
#[test]
fn a_token_of_a_deleted_client_is_not_its_namesakes() {
    let mut world = World::new();
    let token = world.token("app", "grant_type=client_credentials&scope=admin").unwrap().access_token;
    assert!(now_or_never(world.engine.bearer(&token, "admin")).is_ok());
    world.set_time(300);
    world.administer(|records| (records.clients[0].created_at, records.clients[0].updated_at) = (at(200), at(200)));
    let refused = now_or_never(world.engine.bearer(&token, "admin")).unwrap_err();
    assert!(matches!(refused, BearerError::Invalid(TokenFault::Client)), "{refused:?}");
    let token = world.token("app", "grant_type=client_credentials&scope=admin").unwrap().access_token;
    assert!(now_or_never(world.engine.bearer(&token, "admin")).is_ok(), "its own is");
}

/// SECURITY.md row 8: a token is bound to the user and client of its grant, whatever its other claims say.
#[test]
fn a_token_that_does_not_fit_its_grant_is_refused() {
    let world = World::new();
    let honest = claims_of(&world.tokens("openid").access_token);
    let key = FakeKey::new("es", Algorithm::ES256);
    let ask = |change: (&str, &str)| {
        let mut claims = honest.clone();
        claims[change.0] = json!(change.1);
        now_or_never(world.engine.active(&compact::sign(&key, "at+jwt", &claims).unwrap())).map(|_| ())
    };
    assert!(ask(("client_id", "app")).is_ok());
    let grant = honest["gid"].as_str().unwrap();
    for change in [("client_id", "other"), ("sub", grant), ("gid", ALICE), ("client_id", "nobody")] {
        assert!(matches!(ask(change), Err(BearerError::Invalid(_))), "{change:?}");
    }
}
