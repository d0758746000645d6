//! The code grant and client_credentials over the store in memory.

use super::*;
use crate::{
    client::{AuthMethod, ClientType},
    error::Wire as _,
    jws::{access::AccessToken, compact::Compact},
    subject::{AccountStatus, Subject},
    testing::{ALICE, CodeFor, NOW, VERIFIER, World, at, audited, claims_of, client, issuer, now_or_never, subject},
};

/// RFC 6749 5.1, RFC 9068 2.2.
#[test]
fn a_code_gives_a_token_response() {
    let world = World::new();
    let tokens = world.tokens("openid offline_access read");
    assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 1_800));
    assert_eq!(tokens.scope, "openid offline_access read");
    let claims = claims_of(&tokens.access_token);
    assert_eq!(claims["iss"], "https://auth.example.com");
    assert_eq!(claims["sub"], ALICE);
    assert_eq!(claims["client_id"], "app");
    assert_eq!((&claims["iat"], &claims["exp"]), (&NOW.into(), &(NOW + 1_800).into()));
    assert_eq!(claims["auth_time"], NOW - 10);
    assert!(Compact::parse(&tokens.access_token).unwrap().is_kind(&["at+jwt"]));
    assert!(tokens.refresh_token.is_some());
    // OpenID Connect Core 11: without offline_access there is none.
    assert!(world.tokens("openid read").refresh_token.is_none());
}

/// DESIGN: nothing personal beyond `sub`; roles and groups by scope `groups` alone.
#[test]
fn access_tokens_tell_of_roles_only_with_the_scope_groups() {
    let world = World::new();
    let plain = claims_of(&world.tokens("openid profile email").access_token);
    for name in ["roles", "groups", "tenant", "email", "name"] {
        assert!(plain.get(name).is_none(), "{name}");
    }
    let grouped = claims_of(&world.tokens("openid groups").access_token);
    assert_eq!((&grouped["roles"][0], &grouped["groups"][0]), (&"member".into(), &"staff".into()));
}

/// OpenID Connect Core 2 and 3.1.3.6.
#[test]
fn the_id_token_carries_nonce_time_and_the_access_tokens_hash() {
    let world = World::new();
    let tokens = world.tokens("openid");
    let id_token = tokens.id_token.as_deref().unwrap();
    let claims = claims_of(id_token);
    assert_eq!((&claims["aud"], &claims["azp"], &claims["nonce"]), (&"app".into(), &"app".into(), &"n1".into()));
    assert_eq!((&claims["auth_time"], &claims["amr"][0]), (&(NOW - 10).into(), &"pwd".into()));
    assert_eq!(
        claims["at_hash"],
        crate::jws::id_token::access_token_hash(crate::crypto::Algorithm::RS256, &tokens.access_token)
    );
    assert!(claims["sid"].is_string());
    // OpenID Connect Core 15.1: RS256 is the default.
    assert_eq!(Compact::parse(id_token).unwrap().algorithm(), "RS256");
    assert!(world.tokens("read").id_token.is_none(), "no openid, no ID token");
}

#[test]
fn a_client_gets_id_tokens_in_the_algorithm_it_registered() {
    let mut app = client("app");
    app.id_token_alg = crate::crypto::Algorithm::ES256;
    let world = World::with(vec![app], |_| {});
    assert_eq!(Compact::parse(&world.tokens("openid").id_token.unwrap()).unwrap().algorithm(), "ES256");
}

#[test]
fn an_id_token_is_refused_rather_than_signed_otherwise() {
    let mut app = client("app");
    app.id_token_alg = crate::crypto::Algorithm::EdDSA;
    let world = World::with(vec![app], |_| {});
    let code = world.code("openid");
    assert_eq!(world.redeem(&code).unwrap_err().wire().status, 500);
    let snapshot = now_or_never(world.memory.code(OpaqueToken::presented(&code).unwrap().hash())).unwrap().unwrap();
    assert_eq!(snapshot.used_at, None, "the code is not burnt");
}

/// RFC 6749 4.1.2; SECURITY.md row 7.
#[test]
fn a_replayed_code_revokes_its_grant_and_is_told_to_the_log() {
    let world = World::new();
    let code = world.code("openid offline_access read");
    let tokens = world.redeem(&code).unwrap();
    world.set_time(100);
    assert!(matches!(world.redeem(&code), Err(TokenError::Grant(GrantError::CodeReplayed))));
    assert_eq!(audited(&world.memory), ["code_replayed"]);
    assert!(world.refresh(tokens.refresh_token.as_deref().unwrap()).is_err(), "the refresh token is dead");
    assert!(now_or_never(world.engine.active(&tokens.access_token)).is_err(), "the access token is dead");
    assert!(world.redeem(&code).is_err());
    assert_eq!(audited(&world.memory).len(), 1, "told once");
}

/// SECURITY.md row 8.
#[test]
fn another_client_does_not_hurt_a_code() {
    let world = World::new();
    let code = world.code("read");
    let body = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
    assert!(matches!(world.token("other", &body), Err(TokenError::Grant(GrantError::WrongClient))));
    assert!(world.redeem(&code).is_ok());
}

/// SECURITY.md row 24.
#[test]
fn a_truncated_or_extended_code_is_unknown() {
    let world = World::new();
    let code = world.code("read");
    for other in [&code[1..], &code[..42], &format!("{code}A"), &format!("{code}%20")] {
        assert!(matches!(world.redeem(other), Err(TokenError::Grant(GrantError::UnknownCode))), "{other}");
    }
}

/// SECURITY.md rows 16 and 17: what user or client lost since is not issued.
#[test]
fn scopes_are_judged_again_when_tokens_are_issued() {
    let mut world = World::new();
    assert_eq!(world.tokens("read admin").scope, "read", "Alice is no administrator");
    let code = world.code("read write");
    world.administer(|records| records.clients[0].scopes = crate::testing::scopes("read"));
    assert_eq!(world.redeem(&code).unwrap().scope, "read");
}

#[test]
fn a_closed_account_gets_nothing() {
    let world = World::new();
    let code = world.code("read");
    world.memory.put_subject(Subject { status: AccountStatus::Disabled, ..subject() });
    assert!(matches!(world.redeem(&code), Err(TokenError::Grant(GrantError::AccountClosed))));
}

/// RFC 8707 2.2, RFC 9068 3.
#[test]
fn the_resource_becomes_the_audience() {
    let mut app = client("app");
    app.audiences = vec!["https://api.example.com".into(), "https://b.example.com".into()];
    let world = World::with(vec![app], |_| {});
    let code = |resources| world.code_for(&CodeFor { client: "app", scope: "read", resources });
    let redeem = |code: &str, more: &str| {
        world.token("app", &format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}{more}"))
    };
    let audience = |tokens: TokenResponse| claims_of(&tokens.access_token)["aud"].clone();
    assert_eq!(audience(redeem(&code(&[]), "").unwrap()), "https://api.example.com");
    let asked = &["https://b.example.com"][..];
    assert_eq!(audience(redeem(&code(asked), "").unwrap()), "https://b.example.com");
    assert_eq!(audience(redeem(&code(&[]), "&resource=https://b.example.com").unwrap()), "https://b.example.com");
    let refused = redeem(&code(asked), "&resource=https://api.example.com").unwrap_err();
    assert_eq!(refused.wire().code, crate::error::ErrorCode::InvalidTarget);
}

/// RFC 6749 5.2.
#[test]
fn a_client_uses_only_its_own_grants() {
    let mut app = client("app");
    app.grant_types = vec![];
    let world = World::with(vec![app], |_| {});
    for body in [
        "grant_type=authorization_code&code=x&code_verifier=y",
        "grant_type=refresh_token&refresh_token=x",
        "grant_type=client_credentials",
    ] {
        assert!(matches!(world.token("app", body), Err(TokenError::GrantNotAllowed)), "{body}");
    }
}

/// RFC 6749 4.4.3: "A refresh token SHOULD NOT be included."
#[test]
fn client_credentials_give_an_access_token_for_the_client_itself() {
    let world = World::new();
    let tokens = world.token("app", "grant_type=client_credentials&scope=read").unwrap();
    assert!(tokens.refresh_token.is_none() && tokens.id_token.is_none());
    let catalog = world.engine.catalog();
    let token = AccessToken::verify(&tokens.access_token, &catalog.verifiers, &issuer()).unwrap();
    assert_eq!((token.subject.as_str(), token.authenticated_at), ("app", None));
    assert!(now_or_never(world.engine.active(&tokens.access_token)).unwrap().subject.is_none());
}

#[test]
fn public_clients_redeem_with_their_name_and_proof_alone() {
    let mut app = client("app");
    (app.kind, app.auth_method, app.secrets) = (ClientType::Public, AuthMethod::None, vec![]);
    let world = World::with(vec![app], |_| {});
    let code = world.code("read");
    let presented = crate::client::presented::PresentedClient::None { id: client("app").id };
    let proof = world.authenticate(presented).unwrap();
    let without = format!("grant_type=authorization_code&code={code}");
    assert!(matches!(world.token_as(proof.clone(), &without), Err(TokenError::Grant(GrantError::PkceMismatch))));
    assert!(world.token_as(proof, &format!("{without}&code_verifier={VERIFIER}")).is_ok());
}

#[test]
fn a_code_of_an_ended_session_is_worth_nothing() {
    let world = World::new();
    let code = world.code("read");
    let session = now_or_never(crate::store::SessionRepository::sessions_of(&world.memory, subject().id)).unwrap();
    let end = crate::store::SessionRepository::end_session(
        &world.memory,
        session[0].id,
        at(1),
        RevocationReason::SignedOut,
        None,
    );
    now_or_never(end).unwrap();
    assert!(matches!(world.redeem(&code), Err(TokenError::Grant(GrantError::GrantRevoked))));
}
