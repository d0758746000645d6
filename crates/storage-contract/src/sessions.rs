//! Browser sessions.

use oauth_core::{
    audit::AuditKind,
    session::NewSession,
    store::{Commit, Grant, RevocationReason},
};

use crate::{WholeStore, World};

/// Everything that a session carries comes back.
pub async fn a_session_reads_back_as_it_began<S: WholeStore>(w: World<S>) {
    let user = w.user("zoë").await;
    let session = NewSession {
        remembered: true,
        user_agent: Some("Möbius/1.0 (\u{1f511}; \"x\")".to_owned()),
        address: Some("2001:db8::1".to_owned()),
        ..w.new_session(user)
    };
    w.begin("zoë", session.clone()).await;
    let found = w.store.session(session.token).await.unwrap().unwrap();
    assert_eq!(found.id, session.id);
    assert_eq!((found.authenticated_at, &found.methods), (session.authenticated_at, &session.methods));
    assert_eq!((found.created_at, found.last_seen_at), (session.begun_at, session.begun_at));
    assert_eq!((found.idle_expires_at, found.expires_at), (session.idle_expires_at, session.expires_at));
    assert_eq!((found.remembered, found.ended_at), (true, None));
    assert_eq!((found.user_agent, found.address), (session.user_agent, session.address));
    assert_eq!(found.subject, w.store.account(user).await.unwrap().unwrap().0.subject);
    assert!(w.store.session(w.hash()).await.unwrap().is_none());
}

/// The optional parts may be absent.
pub async fn a_bare_session_reads_back_as_it_began<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let session = w.begin("ada", NewSession { methods: Vec::new(), ..w.new_session(user) }).await;
    let found = w.store.session(session.token).await.unwrap().unwrap();
    assert_eq!((found.remembered, found.user_agent, found.address), (false, None, None));
    assert!(found.methods.is_empty());
}

/// A provider need not say when somebody proved who they are: neither the session nor what hangs on it says so then.
pub async fn a_session_of_unknown_proof_reads_back_as_it_began<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let session = w.begin("ada", NewSession { authenticated_at: None, ..w.new_session(user) }).await;
    let found = w.store.session(session.token).await.unwrap().unwrap();
    assert_eq!((found.authenticated_at, found.created_at, found.last_seen_at), (None, w.now, w.now));
}

/// Use keeps a session alive.
pub async fn a_touched_session_lives_longer<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let session = w.begin("ada", w.new_session(user)).await;
    w.store.touch_session(session.id, w.later(100), w.later(1_900)).await.unwrap();
    let found = w.store.session(session.token).await.unwrap().unwrap();
    assert_eq!((found.last_seen_at, found.idle_expires_at), (w.later(100), w.later(1_900)));
    assert_eq!((found.authenticated_at, found.expires_at), (session.authenticated_at, session.expires_at));
}

/// Use does not bring an ended session back.
pub async fn an_ended_session_is_not_touched<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let session = w.begin("ada", w.new_session(user)).await;
    w.store.end_session(session.id, w.later(50), RevocationReason::SignedOut, None).await.unwrap();
    w.store.touch_session(session.id, w.later(100), w.later(1_900)).await.unwrap();
    let found = w.store.session(session.token).await.unwrap().unwrap();
    assert_eq!((found.ended_at, found.last_seen_at), (Some(w.later(50)), session.begun_at));
    assert_eq!(found.idle_expires_at, session.idle_expires_at);
}

/// Signing out ends what came from the session, whatever its scope, and nothing else.
pub async fn the_end_of_a_session_revokes_its_grants_once<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    let other = w.begin("ada", w.new_session(user)).await;
    let mut ended = Vec::new();
    for _ in 0..2 {
        ended.push(w.code(w.new_grant(user, client, Some(session.id))).await.1);
    }
    let kept =
        [w.code(w.new_grant(user, client, Some(other.id))).await.1, w.code(w.new_grant(user, client, None)).await.1];
    for at in [w.later(5), w.later(50)] {
        let audit = Some(w.audit(AuditKind::SignedOut));
        w.store.end_session(session.id, at, RevocationReason::SignedOut, audit).await.unwrap();
    }
    assert_eq!(w.store.session(session.token).await.unwrap().unwrap().ended_at, Some(w.later(5)));
    assert_eq!(w.store.session(other.token).await.unwrap().unwrap().ended_at, None);
    for grant in ended {
        let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
        assert_eq!(found.grant.revoked_at, Some(w.later(5)));
        assert_eq!(found.session.unwrap().ended_at, Some(w.later(5)));
    }
    for grant in kept {
        assert!(!w.is_revoked(grant).await);
    }
    assert_eq!(w.logged(AuditKind::SignedOut).await, 1);
}

/// A change of password ends everything but the browser it was made in.
pub async fn all_sessions_of_a_user_end_but_one<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let client = w.client("app").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let session = w.begin("ada", w.new_session(ada)).await;
        let grant = w.code(w.new_grant(ada, client, Some(session.id))).await.1;
        sessions.push((session, grant));
    }
    let his = w.begin("bob", w.new_session(bob)).await;
    let keep = Some(sessions[1].0.id);
    let ended = w.store.end_sessions_of(ada, keep, w.later(5), RevocationReason::User).await.unwrap();
    assert_eq!(ended, 2);
    for (place, (session, grant)) in sessions.iter().enumerate() {
        let found = w.store.session(session.token).await.unwrap().unwrap();
        assert_eq!(found.ended_at.is_none(), place == 1);
        assert_eq!(w.is_revoked(*grant).await, place != 1);
    }
    assert_eq!(w.store.session(his.token).await.unwrap().unwrap().ended_at, None);
    assert_eq!(w.store.end_sessions_of(ada, None, w.later(6), RevocationReason::User).await.unwrap(), 1);
    assert_eq!(w.store.end_sessions_of(ada, None, w.later(7), RevocationReason::User).await.unwrap(), 0);
}

/// The session id is renewed at sign-in; applications of the same user go on.
pub async fn a_replaced_session_hands_its_grants_to_the_same_user<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let old = w.begin("ada", w.new_session(user)).await;
    let grant = w.code(w.new_grant(user, client, Some(old.id))).await.1;
    let new = NewSession {
        begun_at: w.later(9),
        authenticated_at: Some(w.later(9)),
        expires_at: w.later(99_999),
        replaces: Some(old.id),
        ..w.new_session(user)
    };
    let new = w.begin("ada", new).await;
    assert_eq!(w.store.session(old.token).await.unwrap().unwrap().ended_at, Some(w.later(9)));
    let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
    assert_eq!((found.grant.session, found.grant.revoked_at), (Some(new.id), None));
    let end = found.session.unwrap();
    assert_eq!((end.ended_at, end.expires_at), (None, new.expires_at));
}

/// Somebody else signs in at the same browser: what the first one allowed there ends.
pub async fn a_replaced_session_of_another_user_ends_with_its_grants<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let client = w.client("app").await;
    let old = w.begin("ada", w.new_session(ada)).await;
    let grant = w.code(w.new_grant(ada, client, Some(old.id))).await.1;
    let new = NewSession {
        begun_at: w.later(9),
        authenticated_at: Some(w.later(9)),
        replaces: Some(old.id),
        ..w.new_session(bob)
    };
    w.begin("bob", new.clone()).await;
    assert_eq!(w.store.session(old.token).await.unwrap().unwrap().ended_at, Some(w.later(9)));
    let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
    assert_eq!((found.grant.session, found.grant.revoked_at), (Some(old.id), Some(w.later(9))));
    assert_eq!(w.store.session(new.token).await.unwrap().unwrap().ended_at, None);
}

/// What a sign-out revoked does not come back by signing in again.
pub async fn a_replaced_session_that_had_ended_stays_as_it_was<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let old = w.begin("ada", w.new_session(user)).await;
    let grant = w.code(w.new_grant(user, client, Some(old.id))).await.1;
    w.store.end_session(old.id, w.later(5), RevocationReason::SignedOut, None).await.unwrap();
    w.begin("ada", NewSession { replaces: Some(old.id), ..w.new_session(user) }).await;
    assert_eq!(w.store.session(old.token).await.unwrap().unwrap().ended_at, Some(w.later(5)));
    let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
    assert_eq!((found.grant.session, found.grant.revoked_at), (Some(old.id), Some(w.later(5))));
}

/// The account page shows where somebody is signed in.
pub async fn sessions_are_listed_newest_first_while_they_are_not_ended<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let mut begun = Vec::new();
    for age in [30, 10, 20] {
        let session =
            NewSession { begun_at: w.earlier(age), authenticated_at: Some(w.earlier(age)), ..w.new_session(ada) };
        begun.push(w.begin("ada", session).await.id);
    }
    let ended = w.begin("ada", w.new_session(ada)).await.id;
    w.store.end_session(ended, w.later(1), RevocationReason::SignedOut, None).await.unwrap();
    w.begin("bob", w.new_session(bob)).await;
    let listed: Vec<_> = w.store.sessions_of(ada).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(listed, [begun[1], begun[2], begun[0]]);
    let client = w.client("app").await;
    let grant = Grant { session: Some(begun[0]), ..w.new_grant(ada, client, None) };
    assert_eq!(w.store.issue_code(w.new_authorization(grant)).await.unwrap(), Commit::Applied);
}
