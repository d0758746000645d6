//! The refresh grant over the store in memory, and over one that loses races.

use std::{sync::atomic::Ordering, time::Duration};

use super::*;
use crate::{
    error::Wire as _,
    store::{CatalogRepository, SessionRepository as _, Store},
    subject::{AccountStatus, Subject},
    testing::{CodeFor, Fate, LosingStore, VERIFIER, World, at, audited, claims_of, client, now_or_never, subject},
};

const SCOPE: &str = "openid offline_access read write";

fn refresh_token<S: Store + CatalogRepository>(world: &World<S>) -> String {
    world.tokens(SCOPE).refresh_token.unwrap()
}

fn losing(fate: Fate) -> World<LosingStore> {
    let world = World::over(|memory| LosingStore::new(memory, Fate::Fair), vec![client("app")], |_| {});
    world.engine.services().store.set(fate);
    world
}

/// OAuth 2.1 4.3.1.
#[test]
fn a_refresh_spends_the_token_and_hands_out_the_next() {
    let world = World::new();
    let first = refresh_token(&world);
    world.set_time(60);
    let next = world.refresh(&first).unwrap();
    assert_ne!(next.refresh_token.as_deref(), Some(first.as_str()));
    assert_eq!(next.scope, SCOPE);
    assert!(next.id_token.is_none(), "OpenID Connect Core 12.2 lets it be left out");
    world.set_time(120);
    assert!(world.refresh(&next.refresh_token.unwrap()).is_ok());
}

#[test]
fn a_lost_answer_is_given_again_inside_the_window() {
    let world = World::new();
    let first = refresh_token(&world);
    let answer = world.refresh(&first).unwrap();
    world.set_time(9);
    let again = world.refresh(&first).unwrap();
    assert_eq!(again.refresh_token, answer.refresh_token, "the same successor");
    assert_ne!(again.access_token, answer.access_token, "a fresh access token");
    assert!(audited(&world.memory).is_empty());
}

/// RFC 9700 4.14.2; SECURITY.md row 13.
#[test]
fn a_spent_token_that_comes_late_revokes_the_grant() {
    let world = World::new();
    let first = refresh_token(&world);
    let next = world.refresh(&first).unwrap().refresh_token.unwrap();
    world.set_time(10);
    assert!(matches!(world.refresh(&first), Err(TokenError::Grant(GrantError::RefreshReplayed))));
    assert!(matches!(world.refresh(&next), Err(TokenError::Grant(GrantError::GrantRevoked))));
    assert_eq!(audited(&world.memory), ["refresh_replayed"]);
}

#[test]
fn a_grandparent_revokes_the_grant_even_inside_the_window() {
    let world = World::new();
    let first = refresh_token(&world);
    let next = world.refresh(&first).unwrap().refresh_token.unwrap();
    world.refresh(&next).unwrap();
    assert!(matches!(world.refresh(&first), Err(TokenError::Grant(GrantError::RefreshReplayed))));
}

/// SECURITY.md row 14.
#[test]
fn a_lost_race_hands_out_the_winners_successor() {
    let world = losing(Fate::Fair);
    let first = refresh_token(&world);
    world.engine.services().store.set(Fate::Beaten);
    let answer = world.refresh(&first).unwrap();
    world.engine.services().store.set(Fate::Fair);
    assert_eq!(world.refresh(&first).unwrap().refresh_token, answer.refresh_token);
    assert!(audited(&world.memory).is_empty());
}

#[test]
fn with_the_window_off_the_loser_of_a_race_is_a_replay() {
    let world = World::over(
        |memory| LosingStore::new(memory, Fate::Fair),
        vec![client("app")],
        |settings| settings.refresh_retry_window = Duration::ZERO,
    );
    let first = refresh_token(&world);
    world.engine.services().store.set(Fate::Beaten);
    assert!(matches!(world.refresh(&first), Err(TokenError::Grant(GrantError::RefreshReplayed))));
}

/// SECURITY.md row 6: the loser's second snapshot shows a used code.
#[test]
fn the_loser_of_a_code_race_is_a_replay() {
    let world = losing(Fate::Fair);
    let code = world.code("read");
    world.engine.services().store.set(Fate::Beaten);
    assert!(matches!(world.redeem(&code), Err(TokenError::Grant(GrantError::CodeReplayed))));
    assert_eq!(audited(&world.memory), ["code_replayed"]);
}

#[test]
fn two_races_lost_without_a_reason_are_503_with_retry_after() {
    let world = losing(Fate::Fair);
    let (code, token) = (world.code("read"), refresh_token(&world));
    world.engine.services().store.set(Fate::Unlucky);
    for error in [world.redeem(&code).unwrap_err(), world.refresh(&token).unwrap_err()] {
        assert_eq!(error.wire().status, 503);
        assert!(error.wire().retry_after.is_some());
    }
    world.engine.services().store.set(Fate::Fair);
    assert!(world.redeem(&code).is_ok() && world.refresh(&token).is_ok(), "nothing was spent");
}

#[test]
fn a_store_that_is_down_is_503_and_nothing_is_lost() {
    let world = losing(Fate::Fair);
    let token = refresh_token(&world);
    world.engine.services().store.set(Fate::Down);
    assert_eq!(world.refresh(&token).unwrap_err().wire().status, 503);
    world.engine.services().store.set(Fate::Fair);
    assert!(world.refresh(&token).is_ok());
}

#[test]
fn an_uncontended_request_takes_two_trips_and_client_credentials_none() {
    let world = losing(Fate::Fair);
    let code = world.code("openid offline_access");
    let trips = &world.engine.services().store.trips;
    let counted = |run: &dyn Fn()| {
        let before = trips.load(Ordering::SeqCst);
        run();
        trips.load(Ordering::SeqCst) - before
    };
    assert_eq!(counted(&|| drop(world.token("app", "grant_type=client_credentials").unwrap())), 0);
    assert_eq!(counted(&|| drop(world.redeem(&code).unwrap())), 2);
    let token = refresh_token(&world);
    assert_eq!(counted(&|| drop(world.refresh(&token).unwrap())), 2);
}

/// RFC 6749 6; SECURITY.md row 17.
#[test]
fn a_refresh_may_ask_for_less_and_later_again_for_all() {
    let world = World::new();
    let ask = |token: &str, scope: &str| {
        world.token("app", &format!("grant_type=refresh_token&refresh_token={token}&scope={scope}"))
    };
    let first = refresh_token(&world);
    assert!(matches!(ask(&first, "read+admin"), Err(TokenError::Scope)));
    let narrowed = ask(&first, "read").unwrap();
    assert_eq!(narrowed.scope, "read");
    assert_eq!(world.refresh(&narrowed.refresh_token.unwrap()).unwrap().scope, SCOPE);
}

/// SECURITY.md row 16.
#[test]
fn each_refresh_asks_for_account_client_and_rights_anew() {
    let mut world = World::new();
    let first = refresh_token(&world);
    world.memory.put_subject(Subject { is_admin: true, ..subject() });
    let admin = world.tokens("offline_access read admin");
    assert_eq!(admin.scope, "offline_access read admin");
    world.memory.put_subject(subject());
    let lesser = world.refresh(admin.refresh_token.as_deref().unwrap()).unwrap();
    assert_eq!(lesser.scope, "offline_access read", "Alice is no administrator any more");
    assert_eq!(claims_of(&lesser.access_token)["scope"], "offline_access read");
    world.memory.put_subject(Subject { status: AccountStatus::Disabled, ..subject() });
    assert!(matches!(world.refresh(&first), Err(TokenError::Grant(GrantError::AccountClosed))));
    world.memory.put_subject(subject());
    world.administer(|records| records.clients[0].grant_types = vec![GrantType::AuthorizationCode]);
    assert!(matches!(world.refresh(&first), Err(TokenError::GrantNotAllowed)));
}

#[test]
fn without_offline_access_the_refresh_token_ends_with_the_session() {
    let world = World::with(vec![client("app")], |_| {});
    let tokens = world.tokens("read");
    let token = tokens.refresh_token.unwrap();
    world.set_time(8 * 3_600 - 1);
    let next = world.refresh(&token).unwrap().refresh_token.unwrap();
    world.set_time(8 * 3_600);
    assert!(matches!(world.refresh(&next), Err(TokenError::Grant(GrantError::SessionEnded))));
}

/// DESIGN: with `offline_access` only an explicit sign-out or a revocation ends it.
#[test]
fn signing_out_ends_offline_tokens_and_the_mere_end_of_the_session_does_not() {
    let world = World::new();
    let token = refresh_token(&world);
    world.set_time(2 * 86_400);
    let next = world.refresh(&token).unwrap().refresh_token.unwrap();
    for session in now_or_never(world.memory.sessions_of(subject().id)).unwrap() {
        let end = world.memory.end_session(session.id, at(2 * 86_400), RevocationReason::SignedOut, None);
        now_or_never(end).unwrap();
    }
    assert!(matches!(world.refresh(&next), Err(TokenError::Grant(GrantError::GrantRevoked))));
}

#[test]
fn a_refresh_token_slides_and_ends_at_the_absolute_limit() {
    const DAY: i64 = 86_400;
    let world = World::with(vec![client("app")], |settings| {
        settings.refresh_absolute_ttl = Some(Duration::from_secs(10 * 86_400));
    });
    let first = refresh_token(&world);
    world.set_time(6 * DAY);
    let next = world.refresh(&first).unwrap().refresh_token.unwrap();
    world.set_time(10 * DAY - 1);
    let last = world.refresh(&next).unwrap().refresh_token.unwrap();
    world.set_time(10 * DAY);
    assert!(matches!(world.refresh(&last), Err(TokenError::Grant(GrantError::RefreshExpired))));
}

/// C-03; SECURITY.md rows 8 and 60.
#[test]
fn refresh_tokens_serve_their_own_client_and_contract() {
    let world = World::new();
    let token = refresh_token(&world);
    let body = format!("grant_type=refresh_token&refresh_token={token}");
    assert!(matches!(world.token("other", &body), Err(TokenError::Grant(GrantError::WrongClient))));
    let legacy = crate::secret::Secret::new(token.clone());
    let refused = now_or_never(world.engine.refresh_legacy(&legacy));
    assert!(matches!(refused, Err(TokenError::Grant(GrantError::ContractMismatch))));
    assert!(matches!(world.refresh("a.b.c"), Err(TokenError::Grant(GrantError::ContractMismatch))));
    assert!(world.refresh(&token).is_ok(), "nobody hurt it");
}

/// RFC 8707 2.2.
#[test]
fn a_refresh_may_narrow_the_resources() {
    let mut app = client("app");
    app.audiences = vec!["https://a".into(), "https://b".into()];
    let world = World::with(vec![app], |_| {});
    let code = world.code_for(&CodeFor {
        client: "app",
        scope: "read offline_access",
        resources: &["https://a", "https://b"],
    });
    let body = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
    let tokens = world.token("app", &body).unwrap();
    assert_eq!(claims_of(&tokens.access_token)["aud"], serde_json::json!(["https://a", "https://b"]));
    let token = tokens.refresh_token.unwrap();
    let narrowed = format!("grant_type=refresh_token&refresh_token={token}&resource=https://b");
    assert_eq!(claims_of(&world.token("app", &narrowed).unwrap().access_token)["aud"], "https://b");
}
