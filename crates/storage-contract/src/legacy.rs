//! The legacy tokens (C-14).

use authly_directory::store::SignIn;
use oauth_core::{
    ids::{LegacyTokenId, UserId},
    legacy::{LegacyRotation, LegacyTokenType, NewLegacyPair},
    store::Commit,
};

use crate::{WholeStore, World, world::assert_conflict};

pub(crate) fn new_pair<S: WholeStore>(w: &World<S>, user: UserId) -> NewLegacyPair {
    NewLegacyPair {
        user,
        access: w.legacy_id(),
        access_expires_at: w.later(900),
        refresh: w.legacy_id(),
        refresh_expires_at: w.later(86_400),
        created_at: w.now,
    }
}

/// Records a pair as a sign-in through the old door does.
pub(crate) async fn record<S: WholeStore>(w: &World<S>, name: &str, pair: NewLegacyPair) {
    let write = SignIn { legacy: Some(pair.clone()), ..w.new_sign_in(pair.user, name) };
    assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
}

/// Both tokens come back with the columns that the legacy answers carry.
pub async fn a_pair_reads_back_as_it_was_recorded<S: WholeStore>(w: World<S>) {
    let user = w.user("zoë").await;
    let pair = NewLegacyPair {
        access: LegacyTokenId::parse(&"a".repeat(64)).unwrap(),
        refresh: LegacyTokenId::parse("ü 'x'").unwrap(),
        ..new_pair(&w, user)
    };
    record(&w, "zoë", pair.clone()).await;
    let account = w.store.account(user).await.unwrap().unwrap().0;
    for (id, kind, expires_at) in [
        (&pair.access, LegacyTokenType::Access, pair.access_expires_at),
        (&pair.refresh, LegacyTokenType::Refresh, pair.refresh_expires_at),
    ] {
        let found = w.store.legacy_token(id).await.unwrap().unwrap();
        assert_eq!((&found.id, found.kind, found.expires_at), (id, kind, expires_at));
        assert_eq!((found.invalidated, found.bound_to_client), (false, false));
        assert_eq!(found.account.subject, account.subject);
        assert_eq!((&found.account.email, &found.account.username), (&account.email, &account.username));
        assert_eq!((found.account.is_verified, found.account.is_locked), (true, false));
        assert_eq!(found.account.updated_at, account.updated_at);
    }
}

/// Tokens that were never recorded are not legacy tokens.
pub async fn an_unknown_token_is_not_found<S: WholeStore>(w: World<S>) {
    assert!(w.store.legacy_token(&w.legacy_id()).await.unwrap().is_none());
    let user = w.user("ada").await;
    let write = LegacyRotation { spent: w.legacy_id(), pair: new_pair(&w, user) };
    assert_eq!(w.store.rotate_legacy(write).await.unwrap(), Commit::Lost);
}

/// The old refresh token is spent, the new pair recorded.
pub async fn a_refresh_token_is_rotated_once<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let (first, second, third) = (new_pair(&w, user), new_pair(&w, user), new_pair(&w, user));
    record(&w, "ada", first.clone()).await;
    let write = LegacyRotation { spent: first.refresh.clone(), pair: second.clone() };
    assert_eq!(w.store.rotate_legacy(write).await.unwrap(), Commit::Applied);
    let write = LegacyRotation { spent: first.refresh.clone(), pair: third.clone() };
    assert_eq!(w.store.rotate_legacy(write).await.unwrap(), Commit::Lost);
    assert!(w.store.legacy_token(&first.refresh).await.unwrap().unwrap().invalidated);
    assert!(!w.store.legacy_token(&second.refresh).await.unwrap().unwrap().invalidated);
    assert!(!w.store.legacy_token(&second.access).await.unwrap().unwrap().invalidated);
    assert!(w.store.legacy_token(&third.access).await.unwrap().is_none());
}

/// A sign-out through the old door holds.
pub async fn an_invalidated_token_is_not_rotated<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let pair = new_pair(&w, user);
    record(&w, "ada", pair.clone()).await;
    w.store.invalidate_legacy(&pair.refresh).await.unwrap();
    let next = new_pair(&w, user);
    let write = LegacyRotation { spent: pair.refresh, pair: next.clone() };
    assert_eq!(w.store.rotate_legacy(write).await.unwrap(), Commit::Lost);
    assert!(w.store.legacy_token(&next.refresh).await.unwrap().is_none());
}

/// The second token of the pair cannot be written: then nothing is.
pub async fn a_rotation_that_fails_halfway_leaves_the_token_valid<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let (first, taken) = (new_pair(&w, user), new_pair(&w, user));
    record(&w, "ada", first.clone()).await;
    record(&w, "ada", taken.clone()).await;
    let bad = NewLegacyPair { refresh: taken.refresh.clone(), ..new_pair(&w, user) };
    let write = LegacyRotation { spent: first.refresh.clone(), pair: bad.clone() };
    assert_conflict(w.store.rotate_legacy(write).await, "tokens.jti");
    assert!(!w.store.legacy_token(&first.refresh).await.unwrap().unwrap().invalidated);
    assert!(w.store.legacy_token(&bad.access).await.unwrap().is_none());
}

/// Signing out twice is no error, and neither is an unknown token.
pub async fn invalidation_is_idempotent<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let pair = new_pair(&w, user);
    record(&w, "ada", pair.clone()).await;
    for _ in 0..2 {
        w.store.invalidate_legacy(&pair.access).await.unwrap();
        assert!(w.store.legacy_token(&pair.access).await.unwrap().unwrap().invalidated);
    }
    assert!(!w.store.legacy_token(&pair.refresh).await.unwrap().unwrap().invalidated);
    w.store.invalidate_legacy(&w.legacy_id()).await.unwrap();
}
