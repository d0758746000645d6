//! Refresh tokens and their rotation (RFC 6749 6, RFC 9700 4.14).

use oauth_core::{
    scope::ScopeSet,
    store::{Commit, Grant, Rotation},
};

use crate::{WholeStore, World, world::assert_conflict};

/// Everything that a refresh token carries comes back.
pub async fn a_refresh_token_reads_back_as_it_was_issued<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    let grant = Grant {
        resources: vec!["https://api.example".to_owned()],
        scope: ScopeSet::parse("b a").unwrap(),
        ..w.new_grant(user, client, Some(session.id))
    };
    let code = w.code(grant.clone()).await;
    let write = w.redemption(code);
    let token = write.refresh.clone().unwrap();
    assert_eq!(w.store.redeem_code(write.clone()).await.unwrap(), Commit::Applied);

    let found = w.store.refresh(token.hash).await.unwrap().unwrap();
    assert_eq!((found.hash, found.expires_at, found.created_at), (token.hash, token.expires_at, write.at));
    assert_eq!((found.used_at, found.successor), (None, None));
    assert_eq!(found.grant.grant, grant);
    assert_eq!(found.grant.subject, w.store.account(user).await.unwrap().unwrap().0.subject);
    assert_eq!(found.grant.session.unwrap().expires_at, session.expires_at);
    assert!(w.store.refresh(w.hash()).await.unwrap().is_none());
}

/// A spent token stays spent.
pub async fn a_rotation_spends_a_token_once<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let first = w.rotation(token);
    assert_eq!(w.store.rotate_refresh(first.clone()).await.unwrap(), Commit::Applied);
    let second = w.rotation(token);
    assert_eq!(w.store.rotate_refresh(second.clone()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.refresh(token.0).await.unwrap().unwrap().used_at, Some(first.at));
    assert!(w.store.refresh(second.next.hash).await.unwrap().is_none());
    let next = w.store.refresh(first.next.hash).await.unwrap().unwrap();
    assert_eq!((next.created_at, next.expires_at, next.used_at), (first.at, first.next.expires_at, None));
    assert_eq!(next.grant.grant.id, token.1);
}

/// A retry inside the window has to see what followed.
pub async fn the_successor_is_shown_with_its_use<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let first = w.rotation(token);
    assert_eq!(w.store.rotate_refresh(first.clone()).await.unwrap(), Commit::Applied);
    let successor = w.store.refresh(token.0).await.unwrap().unwrap().successor.unwrap();
    assert_eq!((successor.sealed, successor.used_at), (first.sealed_next.clone(), None));

    let second = Rotation { at: w.later(7), ..w.rotation((first.next.hash, token.1)) };
    assert_eq!(w.store.rotate_refresh(second).await.unwrap(), Commit::Applied);
    let successor = w.store.refresh(token.0).await.unwrap().unwrap().successor.unwrap();
    assert_eq!(successor.used_at, Some(w.later(7)));
}

/// The window may be off.
pub async fn a_successor_without_sealed_text_is_shown<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let write = Rotation { sealed_next: None, ..w.rotation(token) };
    assert_eq!(w.store.rotate_refresh(write).await.unwrap(), Commit::Applied);
    let successor = w.store.refresh(token.0).await.unwrap().unwrap().successor.unwrap();
    assert_eq!((successor.sealed, successor.used_at), (None, None));
}

/// A revoked grant gives nothing any more.
pub async fn a_token_of_a_revoked_grant_is_not_rotated<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    w.revoke(token.1).await;
    let write = w.rotation(token);
    assert_eq!(w.store.rotate_refresh(write.clone()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.refresh(token.0).await.unwrap().unwrap().used_at, None);
    assert!(w.store.refresh(write.next.hash).await.unwrap().is_none());
}

/// The grant that the decision saw is the grant that is written to.
pub async fn a_token_is_not_rotated_under_another_grant<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let grant = w.store.refresh(token.0).await.unwrap().unwrap().grant.grant;
    let other = w.code(w.new_grant(grant.user, grant.client, None)).await;
    assert_eq!(w.store.rotate_refresh(w.rotation((token.0, other.1))).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.rotate_refresh(w.rotation(token)).await.unwrap(), Commit::Applied);
}

/// There is nothing to rotate.
pub async fn an_unknown_token_is_lost<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    assert_eq!(w.store.rotate_refresh(w.rotation((w.hash(), token.1))).await.unwrap(), Commit::Lost);
}

/// The successor cannot be written: then the token is not spent and the assertion neither.
pub async fn a_rotation_that_fails_halfway_leaves_the_token_unused<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let grant = w.store.refresh(token.0).await.unwrap().unwrap().grant.grant;
    let taken = w.token(w.code(w.new_grant(grant.user, grant.client, None)).await).await;
    let assertion = w.assertion(grant.client);
    let mut bad = Rotation { assertion: Some(assertion.clone()), ..w.rotation(token) };
    bad.next.hash = taken.0;
    assert_conflict(w.store.rotate_refresh(bad).await, "refresh_tokens.hash");
    let found = w.store.refresh(token.0).await.unwrap().unwrap();
    assert_eq!((found.used_at, found.successor), (None, None));
    let again = Rotation { assertion: Some(assertion), ..w.rotation(token) };
    assert_eq!(w.store.rotate_refresh(again).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.refresh(taken.0).await.unwrap().unwrap().grant.grant.id, taken.1);
}

/// RFC 7523 3, together with a refresh token.
pub async fn a_spent_assertion_stops_a_rotation_and_nothing_is_written<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let grant = w.store.refresh(token.0).await.unwrap().unwrap().grant.grant;
    let spent = w.assertion(grant.client);
    assert_eq!(w.store.spend_assertion(spent.clone()).await.unwrap(), Commit::Applied);
    let write = Rotation { assertion: Some(spent), ..w.rotation(token) };
    assert_eq!(w.store.rotate_refresh(write.clone()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.refresh(token.0).await.unwrap().unwrap().used_at, None);
    assert!(w.store.refresh(write.next.hash).await.unwrap().is_none());

    let fresh = w.assertion(grant.client);
    let write = Rotation { assertion: Some(fresh.clone()), ..w.rotation(token) };
    assert_eq!(w.store.rotate_refresh(write).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.spend_assertion(fresh).await.unwrap(), Commit::Lost);
}

/// Revoking is one update of the grant, and all tokens show it.
pub async fn a_token_written_before_a_revocation_is_dead_after_it<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let write = w.rotation(token);
    assert_eq!(w.store.rotate_refresh(write.clone()).await.unwrap(), Commit::Applied);
    w.revoke(token.1).await;
    for hash in [token.0, write.next.hash] {
        let found = w.store.refresh(hash).await.unwrap().unwrap();
        assert_eq!(found.grant.grant.revoked_at, Some(w.later(3)));
    }
}
