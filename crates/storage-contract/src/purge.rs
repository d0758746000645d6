//! Removal of what has expired.

use oauth_core::{
    legacy::NewLegacyPair,
    session::NewSession,
    store::{
        Commit, NewAuthorization, PurgeOrder, Purged, Redemption, RevocationReason, RevokedAccessToken, Rotation,
        SpentAssertion,
    },
    time::Timestamp,
};

use crate::{WholeStore, World, legacy::new_pair};

/// An order that removes everything that expired before `at`.
fn order(at: Timestamp) -> PurgeOrder {
    PurgeOrder { now: at, successors_before: at, codes_before: at, tokens_before: at, limit: 1_000 }
}

async fn purge<S: WholeStore>(w: &World<S>, order: PurgeOrder) -> Purged {
    w.store.purge(order).await.unwrap()
}

/// Nothing is nothing.
pub async fn an_empty_store_has_nothing_to_purge<S: WholeStore>(w: World<S>) {
    assert_eq!(purge(&w, order(w.now)).await, Purged::default());
}

/// What has not expired is not touched, to the microsecond.
pub async fn living_things_stay<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let at = w.later(1_000);
    let session = w.begin("ada", NewSession { expires_at: at, ..w.new_session(user) }).await;
    let grant = w.new_grant(user, client, Some(session.id));
    let write = NewAuthorization { expires_at: at, ..w.new_authorization(grant.clone()) };
    let code = (write.code, write.grant.id);
    assert_eq!(w.store.issue_code(write).await.unwrap(), Commit::Applied);
    let mut write = w.redemption(code);
    write.refresh.as_mut().unwrap().expires_at = at;
    let token = write.refresh.as_ref().unwrap().hash;
    assert_eq!(w.store.redeem_code(write).await.unwrap(), Commit::Applied);
    let pair = NewLegacyPair { access_expires_at: at, refresh_expires_at: at, ..new_pair(&w, user) };
    crate::legacy::record(&w, "ada", pair.clone()).await;
    assert_eq!(purge(&w, order(at)).await, Purged::default());
    assert!(w.store.code(code.0).await.unwrap().is_some());
    assert!(w.store.refresh(token).await.unwrap().is_some());
    assert!(w.store.session(session.token).await.unwrap().is_some());
    assert!(w.store.legacy_token(&pair.access).await.unwrap().is_some());

    let after = Timestamp::from_micros(at.micros() + 1);
    let expected = Purged { codes: 1, refresh_tokens: 1, grants: 1, sessions: 1, legacy_tokens: 2, others: 0 };
    assert_eq!(purge(&w, order(after)).await, expected);
    assert!(w.store.code(code.0).await.unwrap().is_none());
    assert!(w.store.refresh(token).await.unwrap().is_none());
    assert!(w.store.session(session.token).await.unwrap().is_none());
    assert!(w.store.legacy_token(&pair.access).await.unwrap().is_none());
    assert!(w.store.grant(code.1, w.jti()).await.unwrap().is_none());
}

/// A replay of an old token is still seen as one while a descendant of it lives.
pub async fn a_refresh_family_goes_as_a_whole<S: WholeStore>(w: World<S>) {
    let first = w.lone_token().await;
    let mut chain = vec![first.0];
    for place in 1..4 {
        let mut write = w.rotation((*chain.last().unwrap(), first.1));
        write.next.expires_at = w.later(86_400 * (place + 1));
        chain.push(write.next.hash);
        assert_eq!(w.store.rotate_refresh(write).await.unwrap(), Commit::Applied);
    }
    let almost = purge(&w, order(w.later(86_400 * 4))).await;
    assert_eq!((almost.refresh_tokens, almost.grants), (0, 0));
    for hash in &chain {
        assert!(w.store.refresh(*hash).await.unwrap().is_some());
    }
    let whole = purge(&w, order(w.later(86_400 * 4 + 1))).await;
    assert_eq!((whole.refresh_tokens, whole.grants), (4, 1));
    for hash in &chain {
        assert!(w.store.refresh(*hash).await.unwrap().is_none());
    }
}

/// Codes are short, refresh tokens long; the grant stays for the longer one.
pub async fn a_grant_goes_with_the_last_that_hangs_on_it<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let purged = purge(&w, order(w.later(3_600))).await;
    assert_eq!((purged.codes, purged.refresh_tokens, purged.grants), (1, 0, 0));
    assert!(w.store.refresh(token.0).await.unwrap().is_some());
    assert!(!w.is_revoked(token.1).await);
    let purged = purge(&w, order(w.later(90_000))).await;
    assert_eq!((purged.codes, purged.refresh_tokens, purged.grants), (0, 1, 1));
}

/// A grant must never lose sight of the session that decides over it.
pub async fn a_session_stays_while_a_grant_hangs_on_it<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", NewSession { expires_at: w.later(10), ..w.new_session(user) }).await;
    let lonely = w.begin("ada", NewSession { expires_at: w.later(10), ..w.new_session(user) }).await;
    let token = w.token(w.code(w.new_grant(user, client, Some(session.id))).await).await;
    let purged = purge(&w, order(w.later(3_600))).await;
    assert_eq!(purged.sessions, 1);
    assert!(w.store.session(lonely.token).await.unwrap().is_none());
    let found = w.store.refresh(token.0).await.unwrap().unwrap().grant;
    assert_eq!(found.grant.session, Some(session.id));
    assert_eq!(found.session.unwrap().expires_at, w.later(10));
    assert_eq!(purge(&w, order(w.later(90_000))).await.sessions, 1);
    w.store.end_sessions_of(user, None, w.later(90_001), RevocationReason::User).await.unwrap();
}

/// The clear text of a successor is kept no longer than the window.
pub async fn sealed_successors_are_wiped<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let first = Rotation { at: w.later(2), ..w.rotation(token) };
    let second = Rotation { at: w.later(5), ..w.rotation((first.next.hash, token.1)) };
    for write in [&first, &second] {
        assert_eq!(w.store.rotate_refresh(write.clone()).await.unwrap(), Commit::Applied);
    }
    let wipe = PurgeOrder { successors_before: w.later(5), ..order(w.now) };
    let expected = Purged { others: 1, ..Purged::default() };
    assert_eq!(purge(&w, wipe).await, expected);
    assert_eq!(purge(&w, wipe).await, Purged::default());
    let successor = w.store.refresh(token.0).await.unwrap().unwrap().successor.unwrap();
    assert_eq!((successor.sealed, successor.used_at), (None, Some(w.later(5))));
    let kept = w.store.refresh(first.next.hash).await.unwrap().unwrap().successor.unwrap();
    assert_eq!(kept.sealed, second.sealed_next);
}

/// Assertions, revoked access tokens and failure counters are over at their expiry.
pub async fn things_that_are_over_at_their_expiry_go_at_once<S: WholeStore>(w: World<S>) {
    let client = w.client("app").await;
    w.user("ada").await;
    let (early, late) = (w.assertion(client), SpentAssertion { expires_at: w.later(900), ..w.assertion(client) });
    for spent in [&early, &late] {
        assert_eq!(w.store.spend_assertion(spent.clone()).await.unwrap(), Commit::Applied);
    }
    let (gone, kept) = (w.jti(), w.jti());
    for (jti, expires_at) in [(gone, w.later(300)), (kept, w.later(900))] {
        w.store.revoke_access_token(RevokedAccessToken { jti, at: w.now, expires_at }).await.unwrap();
    }
    for _ in 0..5 {
        w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap();
    }
    assert_eq!(purge(&w, order(w.later(300))).await.others, 2);
    assert_eq!(w.store.spend_assertion(late).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.spend_assertion(early).await.unwrap(), Commit::Applied);
    assert!(!w.store.access_token_revoked(gone).await.unwrap());
    assert!(w.store.access_token_revoked(kept).await.unwrap());
    assert!(w.store.begin_sign_in(w.attempt("ada", w.later(300))).await.unwrap()[0].locked);
    assert_eq!(purge(&w, PurgeOrder { now: w.later(100_000), ..order(w.now) }).await.others, 4);
}

/// A batch stays small.
pub async fn batches_are_bounded<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    for _ in 0..5 {
        let code = w.code(w.new_grant(user, client, None)).await;
        let write = Redemption { refresh: None, ..w.redemption(code) };
        assert_eq!(w.store.redeem_code(write).await.unwrap(), Commit::Applied);
    }
    let small = PurgeOrder { limit: 2, ..order(w.later(3_600)) };
    let mut removed = Vec::new();
    for _ in 0..4 {
        let purged = purge(&w, small).await;
        assert!(purged.grants <= 2);
        removed.push(purged.codes);
    }
    assert_eq!(removed, [2, 2, 1, 0]);
    assert_eq!(w.store.grants_of(user).await.unwrap().len(), 0);
}

/// A health check has something to ask.
pub async fn the_store_answers<S: WholeStore>(w: World<S>) {
    w.store.ping().await.unwrap();
}

/// A long family that has to stay does not hide what may go.
pub async fn dead_tokens_behind_a_living_family_go_after_some_rounds<S: WholeStore>(w: World<S>) {
    let living = w.lone_token().await;
    let grant = w.store.refresh(living.0).await.unwrap().unwrap().grant.grant;
    let mut spent = living.0;
    for place in 0..30 {
        let mut write = w.rotation((spent, living.1));
        write.next.expires_at = if place < 29 { w.later(100 + place) } else { w.later(1_000_000) };
        spent = write.next.hash;
        assert_eq!(w.store.rotate_refresh(write).await.unwrap(), Commit::Applied);
    }
    let dead = w.token(w.code(w.new_grant(grant.user, grant.client, None)).await).await;
    let small = PurgeOrder { limit: 2, ..order(w.later(90_000)) };
    for _ in 0..40 {
        purge(&w, small).await;
    }
    assert!(w.store.refresh(dead.0).await.unwrap().is_none());
    assert!(w.store.grant(dead.1, w.jti()).await.unwrap().is_none());
    assert!(w.store.refresh(living.0).await.unwrap().is_some());
    assert!(w.store.refresh(spent).await.unwrap().is_some());
}
