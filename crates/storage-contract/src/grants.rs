//! Grants, revoked access tokens and spent assertions (RFC 7009, RFC 7523).

use authly_directory::account::AccountChange;
use oauth_core::{
    audit::AuditKind,
    store::{Commit, Grant, Revocation, RevokedAccessToken, SpentAssertion},
    subject::AccountStatus,
};

use crate::{WholeStore, World};

/// The first revocation is the one that is remembered and logged.
pub async fn a_revocation_counts_once<S: WholeStore>(w: World<S>) {
    let (_, grant) = w.lone_code().await;
    for at in [w.later(5), w.later(50)] {
        let audit = Some(w.audit(AuditKind::GrantRevoked));
        w.store.revoke_grant(Revocation { at, audit, ..w.revocation(grant) }).await.unwrap();
    }
    let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
    assert_eq!(found.grant.revoked_at, Some(w.later(5)));
    assert_eq!(w.logged(AuditKind::GrantRevoked).await, 1);
}

/// RFC 7009 2.2: nothing to revoke is no error.
pub async fn a_revocation_of_an_unknown_grant_does_nothing<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let unknown = w.new_grant(user, client, None).id;
    let audit = Some(w.audit(AuditKind::GrantRevoked));
    w.store.revoke_grant(Revocation { audit, ..w.revocation(unknown) }).await.unwrap();
    assert!(w.store.grant(unknown, w.jti()).await.unwrap().is_none());
    assert_eq!(w.logged(AuditKind::GrantRevoked).await, 0);
}

/// Each use looks at the account of this moment, not of the day the grant was made.
pub async fn a_snapshot_shows_the_account_as_it_is_now<S: WholeStore>(w: World<S>) {
    let (code, grant) = w.lone_code().await;
    let token = w.token((code, grant)).await.0;
    let user = w.store.grant(grant, w.jti()).await.unwrap().unwrap().grant.user;
    let change = AccountChange {
        status: Some(AccountStatus::Disabled),
        is_admin: Some(true),
        roles: Some(vec!["höher".to_owned(), "a,b\"c".to_owned()]),
        ..AccountChange::default()
    };
    let commit = w.store.change_account(user, change, w.later(4), w.audit(AuditKind::AccountChanged)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    let snapshots = [
        w.store.code(code).await.unwrap().unwrap().grant,
        w.store.refresh(token).await.unwrap().unwrap().grant,
        w.store.grant(grant, w.jti()).await.unwrap().unwrap(),
    ];
    for found in snapshots {
        assert_eq!(found.subject.status, AccountStatus::Disabled);
        assert!(found.subject.is_admin && !found.subject.may_hold_tokens());
        assert_eq!(found.subject.roles, ["höher", "a,b\"c"]);
    }
    let locked = |is_locked| AccountChange {
        status: Some(AccountStatus::Active),
        is_locked: Some(is_locked),
        ..AccountChange::default()
    };
    for is_locked in [true, false] {
        let audit = w.audit(AuditKind::AccountChanged);
        let commit = w.store.change_account(user, locked(is_locked), w.later(5), audit).await.unwrap();
        assert_eq!(commit, Commit::Applied);
        let found = w.store.refresh(token).await.unwrap().unwrap().grant.subject;
        assert_eq!((found.is_locked, found.may_hold_tokens()), (is_locked, !is_locked));
    }
}

/// A single access token may end before its `exp`.
pub async fn a_revoked_access_token_is_remembered<S: WholeStore>(w: World<S>) {
    let (_, grant) = w.lone_code().await;
    let (revoked, other) = (w.jti(), w.jti());
    for _ in 0..2 {
        let write = RevokedAccessToken { jti: revoked, at: w.now, expires_at: w.later(900) };
        w.store.revoke_access_token(write).await.unwrap();
    }
    assert!(w.store.access_token_revoked(revoked).await.unwrap());
    assert!(!w.store.access_token_revoked(other).await.unwrap());
    assert!(w.store.grant(grant, revoked).await.unwrap().unwrap().token_revoked);
    let found = w.store.grant(grant, other).await.unwrap().unwrap();
    assert!(!found.token_revoked && found.grant.revoked_at.is_none());
}

/// Two clients may use the same `jti`; one client may not use it twice.
pub async fn an_assertion_is_spent_once_by_each_client<S: WholeStore>(w: World<S>) {
    let (app, other) = (w.client("app").await, w.client("other").await);
    let spent = w.assertion(app);
    assert_eq!(w.store.spend_assertion(spent.clone()).await.unwrap(), Commit::Applied);
    let again = SpentAssertion { expires_at: w.later(9_000), ..spent.clone() };
    assert_eq!(w.store.spend_assertion(again).await.unwrap(), Commit::Lost);
    let theirs = SpentAssertion { client: other, ..spent };
    assert_eq!(w.store.spend_assertion(theirs).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.spend_assertion(w.assertion(app)).await.unwrap(), Commit::Applied);
}

/// The account page shows what is alive.
pub async fn living_grants_are_listed_newest_first<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let client = w.client("app").await;
    let mut grants = Vec::new();
    for age in [30, 10, 20] {
        let grant = Grant { created_at: w.earlier(age), ..w.new_grant(ada, client, None) };
        w.code(grant.clone()).await;
        grants.push(grant);
    }
    let revoked = w.code(w.new_grant(ada, client, None)).await.1;
    w.revoke(revoked).await;
    w.code(w.new_grant(bob, client, None)).await;
    let listed = w.store.grants_of(ada).await.unwrap();
    assert_eq!(listed, [grants[1].clone(), grants[2].clone(), grants[0].clone()]);
}
