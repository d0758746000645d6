//! Authorization codes and consent (RFC 6749 4.1, 10.5).

use oauth_core::{
    audit::AuditKind,
    pkce::{CodeChallenge, CodeProof},
    redirect::RedirectUri,
    scope::ScopeSet,
    store::{Commit, Grant, NewAuthorization, Redemption, RevocationReason},
};

use crate::{WholeStore, World, world::assert_conflict};

/// Everything that a code carries, odd characters included, comes back.
pub async fn a_code_reads_back_as_it_was_issued<S: WholeStore>(w: World<S>) {
    let user = w.user("zoë").await;
    let client = w.client("app").await;
    let session = w.begin("zoë", w.new_session(user)).await;
    let grant = Grant {
        resources: vec!["https://api.example/ü?x=1".to_owned(), "urn:two".to_owned()],
        scope: ScopeSet::parse("z openid a !#$%&'()*+,-./:;<=>?@[]^_`{|}~").unwrap(),
        authenticated_at: Some(w.earlier(77)),
        ..w.new_grant(user, client, Some(session.id))
    };
    let challenge = CodeChallenge::parse_stored("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
    let write = NewAuthorization {
        redirect_uri: RedirectUri::stored("com.example.app:/cb?x=%20&y='\"\\".to_owned()),
        proof: CodeProof::Challenge(challenge),
        nonce: Some("n-0S6_WzA2Mj \u{1f511} '; --".to_owned()),
        audit: Some(w.audit(AuditKind::ConsentGranted)),
        ..w.new_authorization(grant.clone())
    };
    let event = write.audit.clone().unwrap();
    assert_eq!(w.store.issue_code(write.clone()).await.unwrap(), Commit::Applied);

    let found = w.store.code(write.code).await.unwrap().unwrap();
    assert_eq!(found.hash, write.code);
    assert_eq!(found.redirect_uri, write.redirect_uri);
    assert_eq!(found.proof, write.proof);
    assert_eq!(found.nonce, write.nonce);
    assert_eq!(found.expires_at, write.expires_at);
    assert_eq!(found.used_at, None);
    assert_eq!(found.grant.grant, grant);
    assert_eq!(found.grant.subject, w.store.account(user).await.unwrap().unwrap().0.subject);
    let end = found.grant.session.unwrap();
    assert_eq!(
        (end.ended_at, end.idle_expires_at, end.expires_at),
        (None, session.idle_expires_at, session.expires_at)
    );
    assert!(!found.grant.token_revoked);
    assert!(w.store.audit_events(100).await.unwrap().contains(&event));
}

/// The optional parts may be absent.
pub async fn a_code_without_challenge_session_and_nonce_reads_back<S: WholeStore>(w: World<S>) {
    let (code, grant) = w.lone_code().await;
    let found = w.store.code(code).await.unwrap().unwrap();
    assert_eq!((found.proof, found.nonce, found.grant.session), (CodeProof::None, None, None));
    assert_eq!((found.grant.grant.id, found.grant.grant.session), (grant, None));
    assert!(w.store.code(w.hash()).await.unwrap().is_none());
}

/// RFC 6749 4.1.2: a code is used once.
pub async fn a_code_is_redeemed_once<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    let first = w.redemption(code);
    assert_eq!(w.store.redeem_code(first.clone()).await.unwrap(), Commit::Applied);
    let second = w.redemption(code);
    assert_eq!(w.store.redeem_code(second.clone()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.code(code.0).await.unwrap().unwrap().used_at, Some(first.at));
    assert!(w.store.refresh(first.refresh.unwrap().hash).await.unwrap().is_some());
    assert!(w.store.refresh(second.refresh.unwrap().hash).await.unwrap().is_none());
}

/// A redemption need not issue a refresh token.
pub async fn a_redemption_without_refresh_token_writes_none<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    let write = Redemption { refresh: None, ..w.redemption(code) };
    assert_eq!(w.store.redeem_code(write).await.unwrap(), Commit::Applied);
    assert!(w.store.code(code.0).await.unwrap().unwrap().used_at.is_some());
}

/// A revoked grant gives nothing any more.
pub async fn a_code_of_a_revoked_grant_is_not_redeemed<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    w.revoke(code.1).await;
    let write = w.redemption(code);
    assert_eq!(w.store.redeem_code(write.clone()).await.unwrap(), Commit::Lost);
    let found = w.store.code(code.0).await.unwrap().unwrap();
    assert_eq!((found.used_at, found.grant.grant.revoked_at), (None, Some(w.later(3))));
    assert!(w.store.refresh(write.refresh.unwrap().hash).await.unwrap().is_none());
}

/// The grant that the decision saw is the grant that is written to.
pub async fn a_code_is_not_redeemed_under_another_grant<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    let grant = w.store.code(code.0).await.unwrap().unwrap().grant.grant;
    let other = w.code(w.new_grant(grant.user, grant.client, None)).await;
    assert_eq!(w.store.redeem_code(w.redemption((code.0, other.1))).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.redeem_code(w.redemption(code)).await.unwrap(), Commit::Applied);
}

/// There is nothing to redeem.
pub async fn an_unknown_code_is_lost<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    assert_eq!(w.store.redeem_code(w.redemption((w.hash(), code.1))).await.unwrap(), Commit::Lost);
}

/// The refresh token cannot be written: then the code is not used and the assertion not spent either.
pub async fn a_redemption_that_fails_halfway_leaves_the_code_unused<S: WholeStore>(w: World<S>) {
    let taken = w.lone_token().await;
    let grant = w.store.refresh(taken.0).await.unwrap().unwrap().grant.grant;
    let code = w.code(w.new_grant(grant.user, grant.client, None)).await;
    let good = w.redemption(code);
    let assertion = w.assertion(grant.client);
    let mut bad = Redemption { assertion: Some(assertion.clone()), ..w.redemption(code) };
    bad.refresh.as_mut().unwrap().hash = taken.0;
    assert_conflict(w.store.redeem_code(bad).await, "refresh_tokens.hash");
    assert_eq!(w.store.code(code.0).await.unwrap().unwrap().used_at, None);
    let again = Redemption { assertion: Some(assertion), ..good };
    assert_eq!(w.store.redeem_code(again).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.refresh(taken.0).await.unwrap().unwrap().grant.grant.id, taken.1);
}

/// RFC 7523 3: an assertion's `jti` works once, also together with a code.
pub async fn a_spent_assertion_stops_a_redemption_and_nothing_is_written<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    let grant = w.store.code(code.0).await.unwrap().unwrap().grant.grant;
    let spent = w.assertion(grant.client);
    let first = w.code(w.new_grant(grant.user, grant.client, None)).await;
    let write = Redemption { assertion: Some(spent.clone()), ..w.redemption(first) };
    assert_eq!(w.store.redeem_code(write).await.unwrap(), Commit::Applied);

    let write = Redemption { assertion: Some(spent.clone()), ..w.redemption(code) };
    assert_eq!(w.store.redeem_code(write.clone()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.code(code.0).await.unwrap().unwrap().used_at, None);
    assert!(w.store.refresh(write.refresh.unwrap().hash).await.unwrap().is_none());
    assert_eq!(w.store.spend_assertion(spent).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.redeem_code(w.redemption(code)).await.unwrap(), Commit::Applied);
}

/// Somebody signed out while the consent page was open.
pub async fn a_code_for_an_ended_session_is_not_issued<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    w.store.end_session(session.id, w.later(1), RevocationReason::SignedOut, None).await.unwrap();
    let write = NewAuthorization {
        consent: Some(ScopeSet::parse("read").unwrap()),
        audit: Some(w.audit(AuditKind::ConsentGranted)),
        ..w.new_authorization(w.new_grant(user, client, Some(session.id)))
    };
    assert_eq!(w.store.issue_code(write.clone()).await.unwrap(), Commit::Lost);
    assert!(w.store.code(write.code).await.unwrap().is_none());
    assert!(w.store.grant(write.grant.id, w.jti()).await.unwrap().is_none());
    assert!(w.store.authorize_snapshot(Some(session.token), client).await.unwrap().consent.is_empty());
    assert_eq!(w.logged(AuditKind::ConsentGranted).await, 0);
}

/// Neither grant nor consent stay behind when the code cannot be written.
pub async fn a_code_that_exists_is_a_conflict_and_leaves_no_trace<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    let taken = w.code(w.new_grant(user, client, Some(session.id))).await;
    let write = NewAuthorization {
        code: taken.0,
        consent: Some(ScopeSet::parse("read").unwrap()),
        audit: Some(w.audit(AuditKind::ConsentGranted)),
        ..w.new_authorization(w.new_grant(user, client, Some(session.id)))
    };
    assert_conflict(w.store.issue_code(write.clone()).await, "authorization_codes.code");
    assert!(w.store.grant(write.grant.id, w.jti()).await.unwrap().is_none());
    assert!(w.store.authorize_snapshot(Some(session.token), client).await.unwrap().consent.is_empty());
    assert_eq!(w.store.code(taken.0).await.unwrap().unwrap().grant.grant.id, taken.1);
    assert_eq!(w.logged(AuditKind::ConsentGranted).await, 0);
}

/// What is remembered is what was allowed last.
pub async fn consent_is_remembered_and_replaced<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    for scopes in ["read write", "read openid"] {
        let scopes = ScopeSet::parse(scopes).unwrap();
        let grant = w.new_grant(user, client, Some(session.id));
        let write = NewAuthorization { consent: Some(scopes.clone()), ..w.new_authorization(grant) };
        assert_eq!(w.store.issue_code(write).await.unwrap(), Commit::Applied);
        let found = w.store.authorize_snapshot(Some(session.token), client).await.unwrap();
        assert_eq!(found.consent, scopes);
        assert_eq!(found.session.unwrap().id, session.id);
    }
    w.code(w.new_grant(user, client, Some(session.id))).await;
    let found = w.store.authorize_snapshot(Some(session.token), client).await.unwrap();
    assert_eq!(found.consent, ScopeSet::parse("read openid").unwrap());
}

/// Nobody inherits what another user or client was allowed.
pub async fn consent_belongs_to_one_user_and_client<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let (app, other) = (w.client("app").await, w.client("other").await);
    let hers = w.begin("ada", w.new_session(ada)).await;
    let his = w.begin("bob", w.new_session(bob)).await;
    let write = NewAuthorization {
        consent: Some(ScopeSet::parse("read").unwrap()),
        ..w.new_authorization(w.new_grant(ada, app, Some(hers.id)))
    };
    assert_eq!(w.store.issue_code(write).await.unwrap(), Commit::Applied);
    for (session, client, empty) in [(&hers, app, false), (&hers, other, true), (&his, app, true)] {
        let found = w.store.authorize_snapshot(Some(session.token), client).await.unwrap();
        assert_eq!(found.consent.is_empty(), empty);
    }
    for unknown in [None, Some(w.hash())] {
        let found = w.store.authorize_snapshot(unknown, app).await.unwrap();
        assert!(found.session.is_none() && found.consent.is_empty());
    }
}

/// A user takes back what a client was allowed.
pub async fn a_withdrawn_consent_revokes_the_grants_of_that_client<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let (app, other) = (w.client("app").await, w.client("other").await);
    let session = w.begin("ada", w.new_session(ada)).await;
    let write = NewAuthorization {
        consent: Some(ScopeSet::parse("read").unwrap()),
        ..w.new_authorization(w.new_grant(ada, app, Some(session.id)))
    };
    assert_eq!(w.store.issue_code(write.clone()).await.unwrap(), Commit::Applied);
    let kept = [w.code(w.new_grant(ada, other, None)).await.1, w.code(w.new_grant(bob, app, None)).await.1];
    for _ in 0..2 {
        let event = Some(w.audit(AuditKind::GrantRevoked));
        w.store.withdraw_consent(ada, app, w.later(9), event).await.unwrap();
    }
    assert!(w.store.authorize_snapshot(Some(session.token), app).await.unwrap().consent.is_empty());
    let found = w.store.grant(write.grant.id, w.jti()).await.unwrap().unwrap();
    assert_eq!(found.grant.revoked_at, Some(w.later(9)));
    for grant in kept {
        assert!(!w.is_revoked(grant).await);
    }
    assert_eq!(w.logged(AuditKind::GrantRevoked).await, 1);
}
