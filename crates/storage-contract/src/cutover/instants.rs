//! What signing in tells a migration: for stores that keep accounts and migrations together.

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    policy::{Mode, Policy, PolicyScope},
    store::{BatchCommit, BatchWrite, CutoverStore},
};
use authly_directory::{
    identifier::Identifier,
    store::SignIn,
    uniqueness::{EmailUniqueness, UniquenessChange},
};
use oauth_core::{audit::AuditKind, ids::UserId, policy::Policies, store::Commit};

use super::world::{account, apply, batch, begin, create, plan};
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

/// An account that has moved on finds the legacy doors closed, whatever its switch says.
pub async fn the_method_of_an_account_closes_the_legacy_doors<S: WholeStore + CutoverStore>(w: World<S>) {
    let lease = begin(&*w.store, plan(1)).await;
    let methods = [AuthMethod::Password, AuthMethod::Dual, AuthMethod::Oauth];
    let of = |(number, auth_method)| TargetAccount { auth_method, legacy_login: true, ..account(number) };
    let accounts: Vec<TargetAccount> = (1..).zip(methods).map(of).collect();
    apply(&*w.store, BatchWrite { accounts: accounts.iter().map(create).collect(), ..batch(lease) }).await;
    for (account, open) in accounts.iter().zip([true, true, false]) {
        let found = w.store.account(account.user).await.unwrap().unwrap().0;
        assert_eq!(found.legacy_login, open, "{:?}", account.auth_method);
    }
}

/// What comes over keeps to the rule of the store: an address in each tenant, or in the whole installation.
pub async fn imported_addresses_are_unique_as_the_store_says<S: WholeStore + CutoverStore>(w: World<S>) {
    let tenants = [Some(crate::tenants::put(&w, "acme").await), Some(crate::tenants::put(&w, "beta").await), None];
    let lease = begin(&*w.store, plan(1)).await;
    let twin = |number: u64, tenant| TargetAccount { tenant, email: account(1).email, ..account(number) };
    let commit = async |imported: TargetAccount| {
        let mut write = batch(lease);
        write.accounts = vec![create(&imported)];
        w.store.commit_batch(write).await.unwrap()
    };
    assert_eq!(commit(twin(1, tenants[0])).await, BatchCommit::Applied);
    assert_eq!(commit(twin(2, tenants[1])).await, BatchCommit::Lost);
    let audit = w.audit(AuditKind::SettingChanged);
    let changed = w.store.set_email_uniqueness(EmailUniqueness::PerTenant, audit).await.unwrap();
    assert_eq!(changed, UniquenessChange::Applied);
    assert_eq!(commit(twin(2, tenants[1])).await, BatchCommit::Applied);
    assert_eq!(commit(twin(3, tenants[2])).await, BatchCommit::Applied);
    assert_eq!(commit(twin(4, tenants[0])).await, BatchCommit::Lost);
    let identifier = Identifier::parse(&account(1).email.to_lowercase()).unwrap();
    assert_eq!(w.store.find_accounts(&identifier).await.unwrap().len(), 3);
}

/// Servers read them with the catalog, and notice a change by its revision.
pub async fn a_policy_is_part_of_the_catalog<S: WholeStore + CutoverStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    let policy = Policy { mode: Mode::OauthOnly, ..Policy::default() };
    for scope in [PolicyScope::Installation, PolicyScope::Tenant(tenant)] {
        for set in [Some(policy.clone()), None] {
            let before = w.store.revision().await.unwrap();
            w.store.put_policy(scope, set.clone(), w.audit(AuditKind::SettingChanged)).await.unwrap();
            let records = w.store.load_catalog().await.unwrap();
            assert!(records.revision > before);
            let read = Policies::read(&records.settings);
            let found = match scope {
                PolicyScope::Tenant(tenant) => read.tenants.get(&tenant).cloned(),
                _ => read.installation,
            };
            assert_eq!(found, set);
        }
    }
}
