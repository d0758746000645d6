//! What signing in tells a migration: for stores that keep accounts and migrations together.

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    store::CutoverStore,
};
use authly_directory::store::SignIn;
use oauth_core::{ids::UserId, store::Commit};

use crate::{WholeStore, World, legacy::new_pair, world::hash_of};

async fn target<S: WholeStore + CutoverStore>(w: &World<S>, user: UserId) -> TargetAccount {
    w.store.target_accounts(&[user]).await.unwrap().pop().unwrap()
}

/// The first code makes the account a dual one; later ones change nothing.
pub async fn a_code_completes_an_account_once<S: WholeStore + CutoverStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    let before = target(&w, user).await;
    assert_eq!((before.completed_at, before.auth_method), (None, AuthMethod::Password));
    for seconds in [5, 9] {
        let mut grant = w.new_grant(user, client, Some(session.id));
        grant.created_at = w.later(seconds);
        w.code(grant).await;
        let after = target(&w, user).await;
        assert_eq!((after.completed_at, after.auth_method), (Some(w.later(5)), AuthMethod::Dual));
    }
}

/// A sign-in on a page is none at a legacy door.
pub async fn a_password_at_a_legacy_door_is_noted<S: WholeStore + CutoverStore>(w: World<S>) {
    let user = w.user("ada").await;
    w.begin("ada", w.new_session(user)).await;
    assert_eq!(target(&w, user).await.last_password_login_at, None);
    let write = SignIn { at: w.later(3), legacy: Some(new_pair(&w, user)), ..w.new_sign_in(user, "ada") };
    assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
    assert_eq!(target(&w, user).await.last_password_login_at, Some(w.later(3)));
}

/// An upgrade is no new password.
pub async fn an_upgraded_hash_is_noted<S: WholeStore + CutoverStore>(w: World<S>) {
    let user = w.user("ada").await;
    let before = target(&w, user).await;
    let commit = w.store.upgrade_hash(user, hash_of("ada"), hash_of("better"), w.later(7)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    let after = target(&w, user).await;
    assert_eq!((after.hash_upgraded_at, after.credential_state), (Some(w.later(7)), CredentialState::Ok));
    assert_eq!(after.password_set_at, before.password_set_at);
}
