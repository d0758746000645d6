//! Signing keys at rest and their states.

use oauth_core::{
    audit::AuditKind,
    catalog::{KeyState, SigningKeyRecord},
    ids::KeyId,
    store::Commit,
    time::Timestamp,
};

use crate::{WholeStore, World, world::assert_conflict};

pub(crate) fn record<S: WholeStore>(w: &World<S>, kid: &str, algorithm: &str, state: KeyState) -> SigningKeyRecord {
    SigningKeyRecord {
        id: KeyId(kid.to_owned()),
        algorithm: algorithm.to_owned(),
        public_jwk: format!(r#"{{"kty":"EC","kid":"{kid}","x":"é"}}"#),
        sealed_private_jwk: vec![0, 1, 254, 255],
        state,
        created_at: w.now,
        activated_at: (state == KeyState::Current).then_some(w.now),
        retired_at: None,
        remove_at: None,
    }
}

async fn insert<S: WholeStore>(w: &World<S>, key: &SigningKeyRecord) {
    w.store.insert_key(key, w.later(1_000), w.audit(AuditKind::KeyChanged)).await.unwrap();
}

async fn set<S: WholeStore>(w: &World<S>, kid: &str, state: KeyState, at: Timestamp) -> Commit {
    let audit = w.audit(AuditKind::KeyChanged);
    w.store.set_key_state(&KeyId(kid.to_owned()), state, at, w.later(9_000), audit).await.unwrap()
}

async fn key<S: WholeStore>(w: &World<S>, kid: &str) -> SigningKeyRecord {
    let records = w.store.load_catalog().await.unwrap();
    records.keys.into_iter().find(|key| key.id.0 == kid).unwrap()
}

/// All fields come back, and names of algorithms that are still to be invented too.
pub async fn a_key_reads_back_as_it_was_stored<S: WholeStore>(w: World<S>) {
    let plain = record(&w, "a", "ES256", KeyState::Next);
    let full = SigningKeyRecord {
        activated_at: Some(w.earlier(3)),
        retired_at: Some(w.earlier(2)),
        remove_at: Some(w.later(1)),
        sealed_private_jwk: (0..=255).cycle().take(3_000).collect(),
        ..record(&w, "b", "ML-DSA-44", KeyState::Retired)
    };
    for expected in [plain, full] {
        insert(&w, &expected).await;
        assert_eq!(key(&w, &expected.id.0).await, expected);
    }
}

/// Each algorithm has its own current key.
pub async fn one_key_of_an_algorithm_is_current<S: WholeStore>(w: World<S>) {
    for (kid, algorithm) in [("e", "ES256"), ("r", "RS256"), ("e2", "ES256")] {
        insert(&w, &record(&w, kid, algorithm, KeyState::Current)).await;
    }
    let states = [key(&w, "e").await.state, key(&w, "r").await.state, key(&w, "e2").await.state];
    assert_eq!(states, [KeyState::Retired, KeyState::Current, KeyState::Current]);
}

/// The old one stays published for as long as it was told.
pub async fn a_new_current_key_retires_the_old_one<S: WholeStore>(w: World<S>) {
    insert(&w, &record(&w, "old", "ES256", KeyState::Current)).await;
    insert(&w, &record(&w, "next", "ES256", KeyState::Next)).await;
    assert_eq!(key(&w, "old").await.state, KeyState::Current);
    insert(&w, &record(&w, "new", "ES256", KeyState::Current)).await;
    let old = key(&w, "old").await;
    assert_eq!((old.state, old.activated_at), (KeyState::Retired, Some(w.now)));
    assert_eq!((old.retired_at, old.remove_at), (Some(w.now), Some(w.later(1_000))));
    assert_eq!(key(&w, "next").await.state, KeyState::Next);
}

/// Rotation: next becomes current, current becomes retired.
pub async fn a_key_that_becomes_current_retires_the_old_one<S: WholeStore>(w: World<S>) {
    insert(&w, &record(&w, "old", "ES256", KeyState::Current)).await;
    insert(&w, &record(&w, "other", "RS256", KeyState::Current)).await;
    insert(&w, &record(&w, "new", "ES256", KeyState::Next)).await;
    assert_eq!(set(&w, "new", KeyState::Current, w.later(7)).await, Commit::Applied);
    let (old, new) = (key(&w, "old").await, key(&w, "new").await);
    assert_eq!((new.state, new.activated_at), (KeyState::Current, Some(w.later(7))));
    assert_eq!((new.retired_at, new.remove_at), (None, None));
    assert_eq!((old.state, old.retired_at), (KeyState::Retired, Some(w.later(7))));
    assert_eq!(old.remove_at, Some(w.later(9_000)));
    assert_eq!(key(&w, "other").await.state, KeyState::Current);
}

/// Saying it twice does not restart its life.
pub async fn a_current_key_stays_when_it_is_made_current_again<S: WholeStore>(w: World<S>) {
    insert(&w, &record(&w, "a", "ES256", KeyState::Current)).await;
    assert_eq!(set(&w, "a", KeyState::Current, w.later(7)).await, Commit::Applied);
    let found = key(&w, "a").await;
    assert_eq!((found.state, found.retired_at, found.remove_at), (KeyState::Current, None, None));
}

/// A key in use, or about to be, is not removed.
pub async fn only_a_retired_key_is_removed<S: WholeStore>(w: World<S>) {
    for (kid, state) in [("c", KeyState::Current), ("n", KeyState::Next)] {
        insert(&w, &record(&w, kid, "ES256", state)).await;
        let commit = w.store.delete_key(&KeyId(kid.to_owned()), w.audit(AuditKind::KeyChanged)).await.unwrap();
        assert_eq!(commit, Commit::Lost);
    }
    assert_eq!(set(&w, "c", KeyState::Retired, w.later(7)).await, Commit::Applied);
    let retired = key(&w, "c").await;
    assert_eq!((retired.retired_at, retired.remove_at), (Some(w.later(7)), Some(w.later(9_000))));
    let commit = w.store.delete_key(&retired.id, w.audit(AuditKind::KeyChanged)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    assert_eq!(w.store.load_catalog().await.unwrap().keys.len(), 1);
}

/// A refused key changes nothing.
pub async fn a_taken_kid_is_a_conflict_and_retires_nothing<S: WholeStore>(w: World<S>) {
    insert(&w, &record(&w, "a", "ES256", KeyState::Current)).await;
    insert(&w, &record(&w, "b", "RS256", KeyState::Current)).await;
    let twin = record(&w, "b", "ES256", KeyState::Current);
    let answer = w.store.insert_key(&twin, w.later(1), w.audit(AuditKind::KeyChanged)).await;
    assert_conflict(answer, "signing_keys.kid");
    assert_eq!(key(&w, "a").await.state, KeyState::Current);
    assert_eq!(key(&w, "b").await.algorithm, "RS256");
    assert_eq!(w.logged(AuditKind::KeyChanged).await, 2);
}

/// `keys rewrap` touches the sealed half only.
pub async fn a_resealed_key_keeps_everything_else<S: WholeStore>(w: World<S>) {
    let before = record(&w, "a", "ES256", KeyState::Current);
    insert(&w, &before).await;
    assert_eq!(w.store.reseal_key(&before.id, vec![9, 9]).await.unwrap(), Commit::Applied);
    assert_eq!(key(&w, "a").await, SigningKeyRecord { sealed_private_jwk: vec![9, 9], ..before });
}

/// There is nothing to change.
pub async fn unknown_keys_are_lost<S: WholeStore>(w: World<S>) {
    insert(&w, &record(&w, "a", "ES256", KeyState::Current)).await;
    let unknown = KeyId("b".to_owned());
    assert_eq!(set(&w, "b", KeyState::Current, w.now).await, Commit::Lost);
    assert_eq!(w.store.reseal_key(&unknown, vec![1]).await.unwrap(), Commit::Lost);
    let commit = w.store.delete_key(&unknown, w.audit(AuditKind::KeyChanged)).await.unwrap();
    assert_eq!(commit, Commit::Lost);
    assert_eq!(key(&w, "a").await.state, KeyState::Current);
}
