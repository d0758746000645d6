//! Changes of password hashes.

use authly_directory::{
    device::KnownDevice,
    password::StoredHash,
    store::{PasswordChange, Replace},
};
use oauth_core::{audit::AuditKind, ids::UserId, store::Commit, time::Timestamp};

use crate::{
    WholeStore, World,
    legacy::{new_pair, record},
    world::hash_of,
};

async fn stored<S: WholeStore>(w: &World<S>, user: UserId) -> Option<StoredHash> {
    w.store.account(user).await.unwrap().unwrap().1.hash
}

async fn set_at<S: WholeStore>(w: &World<S>, user: UserId) -> Option<Timestamp> {
    w.store.account(user).await.unwrap().unwrap().1.set_at
}

fn change<S: WholeStore>(w: &World<S>, user: UserId, replaces: Replace, hash: &str) -> PasswordChange {
    PasswordChange {
        user,
        replaces,
        hash: hash_of(hash),
        older_hash: None,
        at: w.later(5),
        audit: Some(w.audit(AuditKind::PasswordChanged)),
    }
}

/// A hash below the policy is replaced at the first sign-in.
pub async fn an_upgrade_replaces_the_hash_that_was_verified<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    for (old, new) in [("ada", "two"), ("two", "three")] {
        let commit = w.store.upgrade_hash(user, hash_of(old), hash_of(new), w.later(1)).await.unwrap();
        assert_eq!(commit, Commit::Applied);
        assert_eq!(stored(&w, user).await, Some(hash_of(new)));
    }
    let found = w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap().remove(0);
    assert_eq!(found.credential.hash, Some(hash_of("three")));
}

/// An upgrade never undoes a change of password.
pub async fn an_upgrade_of_a_changed_hash_is_lost<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let write = change(&w, user, Replace::This(hash_of("ada")), "new");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
    let commit = w.store.upgrade_hash(user, hash_of("ada"), hash_of("better"), w.later(9)).await.unwrap();
    assert_eq!(commit, Commit::Lost);
    assert_eq!(stored(&w, user).await, Some(hash_of("new")));
    let commit = w.store.upgrade_hash(w.user_id(), hash_of("ada"), hash_of("better"), w.now).await.unwrap();
    assert_eq!(commit, Commit::Lost);
}

/// Browsers are known by the password that the account has now, whatever hash it is kept under.
pub async fn a_new_password_is_dated_and_a_better_hash_is_not<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let before = set_at(&w, ada).await;
    assert!(before.is_none_or(|at| at <= w.now), "an account comes with its password");
    let commit = w.store.upgrade_hash(ada, hash_of("ada"), hash_of("better"), w.later(1)).await.unwrap();
    assert_eq!((commit, set_at(&w, ada).await), (Commit::Applied, before));
    let write = change(&w, ada, Replace::Any, "new");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
    assert_eq!(set_at(&w, ada).await, Some(w.later(5)));
    assert_eq!(w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap()[0].credential.set_at, Some(w.later(5)));
    assert!(set_at(&w, bob).await.is_none_or(|at| at <= w.now));
}

/// Two changes with the same old password: one holds.
pub async fn a_change_replaces_the_hash_it_names<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let write = change(&w, user, Replace::This(hash_of("ada")), "first");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
    let write = change(&w, user, Replace::This(hash_of("ada")), "second");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Lost);
    assert_eq!(stored(&w, user).await, Some(hash_of("first")));
    assert_eq!(w.store.account(user).await.unwrap().unwrap().0.updated_at, w.later(5));
    assert_eq!(w.logged(AuditKind::PasswordChanged).await, 1);
}

/// Also where there was none.
pub async fn an_administrator_replaces_any_hash<S: WholeStore>(w: World<S>) {
    let user = w.create(authly_directory::account::NewAccount { hash: None, ..w.new_account("ada") }).await;
    for hash in ["one", "two"] {
        let write = change(&w, user, Replace::Any, hash);
        assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
        assert_eq!(stored(&w, user).await, Some(hash_of(hash)));
    }
}

/// A new password opens an account that guesses had locked, on all devices.
pub async fn a_change_clears_failures<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let mut known = w.attempt("ada", w.now);
    known.known_device = Some(KnownDevice { user, mark: [7; 16], made_at: w.later(5), password_set_at: None });
    for _ in 0..6 {
        w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap();
        w.store.begin_sign_in(known.clone()).await.unwrap();
    }
    let write = change(&w, user, Replace::Any, "new");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
    for attempt in [w.attempt("ada", w.now), known] {
        let found = w.store.begin_sign_in(attempt).await.unwrap().remove(0);
        assert_eq!((found.failures, found.locked), (1, false));
    }
}

/// Whoever held a token of the old contract has to sign in anew; nobody else has to.
pub async fn a_change_ends_the_legacy_tokens_of_the_account<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let (hers, his) = (new_pair(&w, ada), new_pair(&w, bob));
    record(&w, "ada", hers.clone()).await;
    record(&w, "bob", his.clone()).await;
    let write = change(&w, ada, Replace::Any, "new");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
    for (id, ended) in [(&hers.access, true), (&hers.refresh, true), (&his.access, false), (&his.refresh, false)] {
        assert_eq!(w.store.legacy_token(id).await.unwrap().unwrap().invalidated, ended);
    }
}

/// There is nobody to change.
pub async fn a_change_for_an_unknown_account_is_lost<S: WholeStore>(w: World<S>) {
    let write = change(&w, w.user_id(), Replace::Any, "new");
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Lost);
    assert_eq!(w.logged(AuditKind::PasswordChanged).await, 0);
}
