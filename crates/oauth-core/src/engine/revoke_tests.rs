//! Revocation over the store in memory, and over one that is down.

use crate::{
    error::{ErrorCode, GrantError, TokenError, Wire as _},
    testing::{Fate, LosingStore, World, audited, client, now_or_never},
};

fn revoke(world: &World, caller: &str, token: &str) -> Result<(), TokenError> {
    now_or_never(world.engine.revoke(world.as_client(caller), token))
}

/// RFC 7009 2.1.
#[test]
fn revoking_a_refresh_token_ends_the_grant() {
    let world = World::new();
    let tokens = world.tokens("openid offline_access");
    let refresh = tokens.refresh_token.unwrap();
    revoke(&world, "app", &refresh).unwrap();
    assert!(matches!(world.refresh(&refresh), Err(TokenError::Grant(GrantError::GrantRevoked))));
    assert!(now_or_never(world.engine.userinfo(&tokens.access_token)).is_err());
    assert_eq!(audited(&world.memory), ["grant_revoked"]);
}

#[test]
fn revoking_an_access_token_ends_that_one_alone() {
    let world = World::new();
    let tokens = world.tokens("openid offline_access");
    assert!(now_or_never(world.engine.userinfo(&tokens.access_token)).is_ok());
    revoke(&world, "app", &tokens.access_token).unwrap();
    assert!(now_or_never(world.engine.userinfo(&tokens.access_token)).is_err());
    let next = world.refresh(&tokens.refresh_token.unwrap()).unwrap();
    assert!(now_or_never(world.engine.userinfo(&next.access_token)).is_ok());
}

#[test]
fn a_client_may_revoke_the_token_of_its_own_behalf() {
    let world = World::new();
    let token = world.token("app", "grant_type=client_credentials").unwrap().access_token;
    assert!(now_or_never(world.engine.active(&token)).is_ok());
    revoke(&world, "app", &token).unwrap();
    assert!(now_or_never(world.engine.active(&token)).is_err());
}

/// RFC 7009 2.2: "invalid tokens do not cause an error response".
#[test]
fn unknown_expired_and_revoked_tokens_are_a_success() {
    let world = World::new();
    let tokens = world.tokens("offline_access");
    let refresh = tokens.refresh_token.unwrap();
    for token in ["unknown", "a.b.c", "", &"x".repeat(5_000)] {
        revoke(&world, "app", token).unwrap();
    }
    revoke(&world, "app", &refresh).unwrap();
    revoke(&world, "app", &refresh).unwrap();
    world.set_time(1_800);
    revoke(&world, "app", &tokens.access_token).unwrap();
}

/// RFC 7009 2.1: another client's token is refused.
#[test]
fn another_client_revokes_nothing() {
    let world = World::new();
    let tokens = world.tokens("openid offline_access");
    let refresh = tokens.refresh_token.unwrap();
    for token in [&refresh, &tokens.access_token] {
        assert_eq!(revoke(&world, "other", token).unwrap_err().wire().code, ErrorCode::InvalidGrant);
    }
    assert!(now_or_never(world.engine.userinfo(&tokens.access_token)).is_ok());
    assert!(world.refresh(&refresh).is_ok());
}

/// RFC 7009 2.2.1; SECURITY.md row 26.
#[test]
fn a_revocation_that_cannot_be_written_is_503() {
    let world = World::over(|memory| LosingStore::new(memory, Fate::Fair), vec![client("app")], |_| {});
    let tokens = world.tokens("openid offline_access");
    world.engine.services().store.set(Fate::Down);
    for token in [tokens.access_token, tokens.refresh_token.unwrap()] {
        let refused = now_or_never(world.engine.revoke(world.as_client("app"), &token)).unwrap_err();
        assert_eq!(refused.wire().status, 503);
        assert!(refused.wire().retry_after.is_some());
    }
}
