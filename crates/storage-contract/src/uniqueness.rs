//! E-mail addresses: unique in the whole installation, or in each tenant.

use authly_directory::{
    account::{AccountChange, NewAccount, TenantMove},
    identifier::Identifier,
    store::Attempt,
    uniqueness::{EmailCollision, EmailUniqueness, UniquenessChange},
};
use oauth_core::{
    audit::AuditKind,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
};

use crate::{WholeStore, World, world::assert_conflict};

const SHARED: &str = "Zo\u{eb}@example.org";

async fn set<S: WholeStore>(w: &World<S>, wanted: EmailUniqueness) -> UniquenessChange {
    w.store.set_email_uniqueness(wanted, w.audit(AuditKind::SettingChanged)).await.unwrap()
}

/// An account with the address that everybody has here.
fn zoe<S: WholeStore>(w: &World<S>, username: &str, tenant: Option<TenantId>) -> NewAccount {
    NewAccount { tenant, email: SHARED.to_owned(), ..w.new_account(username) }
}

async fn create<S: WholeStore>(w: &World<S>, account: NewAccount) -> Result<(), StoreError> {
    w.store.create_account(account, w.audit(AuditKind::AccountCreated)).await
}

async fn change<S: WholeStore>(w: &World<S>, user: UserId, change: AccountChange) -> Result<Commit, StoreError> {
    w.store.change_account(user, change, w.later(60), w.audit(AuditKind::AccountChanged)).await
}

/// One address, one account, whatever the tenant.
pub async fn addresses_are_unique_everywhere_until_somebody_decides_otherwise<S: WholeStore>(w: World<S>) {
    let (acme, beta) = (crate::tenants::put(&w, "acme").await, crate::tenants::put(&w, "beta").await);
    assert_eq!(w.store.email_uniqueness().await.unwrap(), EmailUniqueness::Global);
    assert_eq!(set(&w, EmailUniqueness::Global).await, UniquenessChange::Unchanged);
    create(&w, zoe(&w, "one", Some(acme))).await.unwrap();
    for tenant in [None, Some(acme), Some(beta)] {
        assert_conflict(create(&w, zoe(&w, "two", tenant)).await, "users.email");
    }
}

/// The same address in every tenant and outside of them, once in each, however it is written.
pub async fn each_tenant_may_have_its_own_addresses<S: WholeStore>(w: World<S>) {
    let (acme, beta) = (crate::tenants::put(&w, "acme").await, crate::tenants::put(&w, "beta").await);
    let revision = w.store.revision().await.unwrap();
    assert_eq!(set(&w, EmailUniqueness::PerTenant).await, UniquenessChange::Applied);
    assert_eq!(w.store.email_uniqueness().await.unwrap(), EmailUniqueness::PerTenant);
    assert_eq!(set(&w, EmailUniqueness::PerTenant).await, UniquenessChange::Unchanged);
    assert!(w.store.revision().await.is_ok_and(|now| now >= revision));
    for (username, tenant) in [("one", None), ("two", Some(acme)), ("three", Some(beta))] {
        create(&w, zoe(&w, username, tenant)).await.unwrap();
        let twin = NewAccount { email: "ZO\u{cb}@EXAMPLE.ORG".to_owned(), ..zoe(&w, "other", tenant) };
        assert_conflict(create(&w, twin).await, "users.email");
    }
    let name = NewAccount { email: "new@example.org".to_owned(), ..zoe(&w, "ONE", Some(acme)) };
    assert_conflict(create(&w, name).await, "users.username");

    let found = w.store.find_accounts(&Identifier::parse("zo\u{eb}@EXAMPLE.org").unwrap()).await.unwrap();
    assert_eq!(found.len(), 3);
    for (tenant, username) in [(acme, "two"), (beta, "three")] {
        let identifier = Identifier::parse(SHARED).unwrap();
        let attempt = Attempt { identifier, tenant: Some(tenant), ..w.attempt("one", w.now) };
        let candidates = w.store.begin_sign_in(attempt).await.unwrap();
        let names: Vec<_> = candidates.iter().map(|candidate| candidate.account.username.as_str()).collect();
        assert_eq!(names, [username]);
    }
}

/// An account that gets another address or another tenant finds the place free, or stays as it was.
pub async fn a_move_into_a_tenant_that_has_the_address_is_a_conflict<S: WholeStore>(w: World<S>) {
    let (acme, beta) = (crate::tenants::put(&w, "acme").await, crate::tenants::put(&w, "beta").await);
    assert_eq!(set(&w, EmailUniqueness::PerTenant).await, UniquenessChange::Applied);
    let (in_acme, in_beta) = (zoe(&w, "one", Some(acme)), zoe(&w, "two", Some(beta)));
    let (one, two) = (in_acme.id, in_beta.id);
    create(&w, in_acme).await.unwrap();
    create(&w, in_beta).await.unwrap();
    let none = AccountChange::default;
    let into = |tenant| AccountChange { tenant: Some(TenantMove::Into(tenant)), ..none() };
    assert_conflict(change(&w, one, into(beta)).await, "users.email");
    assert_eq!(w.store.account(one).await.unwrap().unwrap().0.subject.tenant.map(|tenant| tenant.id), Some(acme));
    let out = AccountChange { tenant: Some(TenantMove::Out), ..none() };
    assert_eq!(change(&w, two, out.clone()).await.unwrap(), Commit::Applied);
    assert_conflict(change(&w, one, out).await, "users.email");
    assert_eq!(change(&w, one, into(beta)).await.unwrap(), Commit::Applied, "the place is free now");

    let third = NewAccount { email: "other@example.org".to_owned(), ..zoe(&w, "three", Some(beta)) };
    let three = third.id;
    create(&w, third).await.unwrap();
    let same = AccountChange { email: Some("zo\u{eb}@example.org".to_owned()), ..none() };
    assert_conflict(change(&w, three, same.clone()).await, "users.email");
    assert_eq!(
        change(&w, three, AccountChange { tenant: Some(TenantMove::Into(acme)), ..same }).await.unwrap(),
        Commit::Applied
    );
    assert_eq!(change(&w, two, AccountChange { is_admin: Some(true), ..none() }).await.unwrap(), Commit::Applied);
}

/// Back to one address for one account: refused with a list while addresses collide, and nothing is changed.
pub async fn addresses_become_unique_everywhere_again_once_none_collides<S: WholeStore>(w: World<S>) {
    let acme = crate::tenants::put(&w, "acme").await;
    assert_eq!(set(&w, EmailUniqueness::PerTenant).await, UniquenessChange::Applied);
    let (first, second) = (zoe(&w, "one", None), zoe(&w, "two", Some(acme)));
    let (one, two) = (first.id, second.id);
    create(&w, first).await.unwrap();
    create(&w, second).await.unwrap();
    w.create(NewAccount { tenant: Some(acme), ..w.new_account("alone") }).await;
    let mut users = vec![one, two];
    users.sort_unstable();
    let collision = EmailCollision { email: "zo\u{eb}@example.org".to_owned(), users };
    assert_eq!(set(&w, EmailUniqueness::Global).await, UniquenessChange::Collides(vec![collision]));
    assert_eq!(w.store.email_uniqueness().await.unwrap(), EmailUniqueness::PerTenant);

    let other = AccountChange { email: Some("zoe2@example.org".to_owned()), ..AccountChange::default() };
    assert_eq!(change(&w, two, other).await.unwrap(), Commit::Applied);
    let before = w.logged(AuditKind::SettingChanged).await;
    assert_eq!(set(&w, EmailUniqueness::Global).await, UniquenessChange::Applied);
    assert_eq!(w.logged(AuditKind::SettingChanged).await, before + 1);
    assert_conflict(create(&w, zoe(&w, "three", Some(acme))).await, "users.email");
    assert_conflict(
        create(&w, NewAccount { email: "ALONE@example.org".to_owned(), ..zoe(&w, "four", None) }).await,
        "users.email",
    );
    let found = w.store.find_accounts(&Identifier::parse("ALONE@example.org").unwrap()).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(set(&w, EmailUniqueness::PerTenant).await, UniquenessChange::Applied);
    create(&w, zoe(&w, "three", Some(acme))).await.unwrap();
}
