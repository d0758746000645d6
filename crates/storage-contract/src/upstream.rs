//! Upstream providers: links, sign-ins under way, and the sessions that came from one.

use std::{sync::Arc, time::Duration};

use authly_directory::{
    identifier::Identifier,
    tenant::{GroupRole, TenantGroup},
    upstream::{
        KnownPerson, LinkedSessions, NewUpstreamSignIn, TakenUpstreamSignIn, UpstreamEntry, UpstreamKey,
        UpstreamLogout, UpstreamMatches, UpstreamOrigin,
    },
};
use oauth_core::{audit::AuditKind, ids::UserId, session::NewSession, store::Commit, token::TokenHash};

use crate::{WholeStore, World};

const ISSUER: &str = "https://idp.example";

fn key(subject: &str) -> UpstreamKey {
    UpstreamKey { issuer: ISSUER.to_owned(), subject: subject.to_owned() }
}

fn entry<S: WholeStore>(w: &World<S>, user: UserId, subject: &str, new_link: bool) -> UpstreamEntry {
    UpstreamEntry {
        key: key(subject),
        user,
        new_link,
        sid: Some(format!("sid-{subject}")),
        id_token: None,
        session: NewSession { methods: Vec::new(), authenticated_at: Some(w.earlier(600)), ..w.new_session(user) },
        at: w.later(5),
        audit: w.audit(AuditKind::UpstreamLinked),
    }
}

fn under_way<S: WholeStore>(w: &World<S>, state: &str, seconds: u64) -> NewUpstreamSignIn {
    NewUpstreamSignIn {
        state: TokenHash::of(state.as_bytes()),
        browser: TokenHash::of(b"browser"),
        provider: "corp".to_owned(),
        sealed: vec![0, 1, 255],
        created_at: w.now,
        expires_at: w.later(seconds),
    }
}

/// Replayed, from another browser, or late: nothing. Another browser takes nothing away.
pub async fn a_sign_in_under_way_is_taken_once_by_its_browser_in_time<S: WholeStore>(w: World<S>) {
    let (browser, stranger) = (TokenHash::of(b"browser"), TokenHash::of(b"stranger"));
    let kept = under_way(&w, "s1", 60);
    w.store.keep_upstream_sign_in(kept.clone()).await.unwrap();
    w.store.keep_upstream_sign_in(under_way(&w, "s2", 60)).await.unwrap();
    let take = async |state, browser, seconds| {
        w.store.take_upstream_sign_in(TokenHash::of(state), browser, w.later(seconds)).await.unwrap()
    };
    assert_eq!(take(b"s1", stranger, 1).await, None);
    assert_eq!(take(b"s3", browser, 1).await, None);
    assert_eq!(take(b"s2", browser, 60).await, None, "late");
    let taken = TakenUpstreamSignIn { provider: kept.provider, sealed: kept.sealed };
    assert_eq!(take(b"s1", browser, 1).await, Some(taken));
    assert_eq!(take(b"s1", browser, 1).await, None, "a second time");
}

/// The row of an abandoned sign-in does not stay.
pub async fn a_new_sign_in_clears_away_what_has_expired<S: WholeStore>(w: World<S>) {
    w.store.keep_upstream_sign_in(under_way(&w, "old", 60)).await.unwrap();
    let later = NewUpstreamSignIn { created_at: w.later(60), expires_at: w.later(120), ..under_way(&w, "new", 0) };
    w.store.keep_upstream_sign_in(later).await.unwrap();
    let taken = w.store.take_upstream_sign_in(TokenHash::of(b"old"), TokenHash::of(b"browser"), w.now).await.unwrap();
    assert_eq!(taken, None, "even for a clock that is late");
}

/// A browser that comes back with one state in many tabs gets in once.
pub async fn twenty_that_bring_one_state_get_in_once<S: WholeStore>(w: World<S>) {
    w.store.keep_upstream_sign_in(under_way(&w, "s1", 60)).await.unwrap();
    let taking = (0..20).map(|_| {
        let (store, at) = (w.store.clone(), w.later(1));
        tokio::spawn(async move {
            store.take_upstream_sign_in(TokenHash::of(b"s1"), TokenHash::of(b"browser"), at).await.unwrap()
        })
    });
    let mut won = 0;
    for one in taking.collect::<Vec<_>>() {
        won += usize::from(one.await.unwrap().is_some());
    }
    assert_eq!(won, 1);
}

/// The first sign-in links, later ones use the link; session and log go with it.
pub async fn a_person_is_linked_once_and_found_again<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let email = Identifier::parse("ADA@example.org").unwrap();
    let before = w.store.upstream_matches(&key("alice"), Some(&email)).await.unwrap();
    let by_email = vec![KnownPerson { user, external_subject: None }];
    assert_eq!(before, UpstreamMatches { by_email: by_email.clone(), ..UpstreamMatches::default() });
    let first = entry(&w, user, "alice", true);
    assert_eq!(w.store.enter_upstream(first.clone()).await.unwrap(), Commit::Applied);
    let session = w.store.session(first.session.token).await.unwrap().unwrap();
    assert_eq!((session.id, session.subject.id, session.methods), (first.session.id, user, Vec::new()));
    assert_eq!(
        (session.authenticated_at, session.created_at, session.last_seen_at),
        (Some(w.earlier(600)), w.now, w.now)
    );
    assert!(w.store.audit_events(10).await.unwrap().iter().any(|event| event.kind == AuditKind::UpstreamLinked));
    let after = w.store.upstream_matches(&key("alice"), Some(&email)).await.unwrap();
    assert_eq!(after, UpstreamMatches { linked: Some(user), by_email, ..UpstreamMatches::default() });
    let again =
        UpstreamEntry { at: w.later(9), audit: w.audit(AuditKind::SignedIn), ..entry(&w, user, "alice", false) };
    assert_eq!(w.store.enter_upstream(again).await.unwrap(), Commit::Applied);
    let links = w.store.upstream_links(user).await.unwrap();
    assert_eq!((links.len(), links[0].linked_at, links[0].last_used_at), (1, w.later(5), w.later(9)));
    assert_eq!(w.store.account(user).await.unwrap().unwrap().0.last_login_at, Some(w.later(9)));
}

/// A person has one account, and an account one person at an issuer: the second is refused whichever way round, and leaves no trace.
pub async fn a_link_is_free_on_both_sides_or_lost<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    assert_eq!(w.store.enter_upstream(entry(&w, ada, "alice", true)).await.unwrap(), Commit::Applied);
    for (user, subject, new_link) in
        [(ada, "mallory", true), (bob, "alice", true), (bob, "alice", false), (bob, "bob", false), (ada, "alice", true)]
    {
        let lost = entry(&w, user, subject, new_link);
        assert_eq!(w.store.enter_upstream(lost.clone()).await.unwrap(), Commit::Lost, "{subject}");
        assert!(w.store.session(lost.session.token).await.unwrap().is_none());
    }
    assert!(w.store.upstream_links(bob).await.unwrap().is_empty());
    let matches = w.store.upstream_matches(&key("mallory"), Some(&Identifier::parse("ada@example.org").unwrap())).await;
    assert_eq!(matches.unwrap().taken, [ada]);
    let elsewhere = UpstreamKey { issuer: "https://other.example".to_owned(), ..key("alice") };
    let other = UpstreamEntry { key: elsewhere, ..entry(&w, ada, "alice", true) };
    assert_eq!(w.store.enter_upstream(other).await.unwrap(), Commit::Applied, "another issuer is another matter");
}

/// Two servers link at once: one person to two accounts, or two people to one account.
pub async fn parallel_links_of_one_person_or_account_have_one_winner<S: WholeStore>(w: World<S>) {
    let mut users = Vec::new();
    for number in 0..8 {
        users.push(w.user(&format!("user{number}")).await);
    }
    let same_person = users.iter().map(|user| entry(&w, *user, "alice", true));
    assert_eq!(winners(&w, same_person.collect()).await, 1);
    let free = w.user("free").await;
    let same_account = (0..8).map(|number| entry(&w, free, &format!("person{number}"), true));
    assert_eq!(winners(&w, same_account.collect()).await, 1);
    assert_eq!(w.store.upstream_links(free).await.unwrap().len(), 1);
}

async fn winners<S: WholeStore>(w: &World<S>, entries: Vec<UpstreamEntry>) -> usize {
    let entering = entries.into_iter().map(|entry| {
        let store: Arc<S> = w.store.clone();
        tokio::spawn(async move { store.enter_upstream(entry).await.unwrap() })
    });
    let mut won = 0;
    for one in entering.collect::<Vec<_>>() {
        won += usize::from(one.await.unwrap() == Commit::Applied);
    }
    won
}

/// A closed account is closed by this door too.
pub async fn a_closed_account_is_not_entered_from_upstream<S: WholeStore>(w: World<S>) {
    use authly_directory::account::AccountChange;
    let user = w.user("ada").await;
    let change = AccountChange { is_locked: Some(true), ..AccountChange::default() };
    let audit = w.audit(AuditKind::AccountChanged);
    assert_eq!(w.store.change_account(user, change, w.now, audit).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.enter_upstream(entry(&w, user, "alice", true)).await.unwrap(), Commit::Lost);
    assert!(w.store.upstream_links(user).await.unwrap().is_empty());
}

/// The link of a deleted account holds nobody back, and leads nobody into the grave.
pub async fn a_deleted_account_leaves_no_link<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    assert_eq!(w.store.enter_upstream(entry(&w, ada, "alice", true)).await.unwrap(), Commit::Applied);
    let audit = w.audit(AuditKind::AccountChanged);
    assert_eq!(w.store.delete_account(ada, w.later(6), audit).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.upstream_matches(&key("alice"), None).await.unwrap(), UpstreamMatches::default());
    assert_eq!(w.store.enter_upstream(entry(&w, bob, "alice", true)).await.unwrap(), Commit::Applied);
}

/// S001-65: by person, or by session there; others go on, and so do sessions that began with a password.
pub async fn a_sign_out_upstream_ends_what_came_from_there<S: WholeStore>(w: World<S>) {
    let (ada, bob, client) = (w.user("ada").await, w.user("bob").await, w.client("app").await);
    let own = w.begin("ada", w.new_session(ada)).await;
    let mut entered = Vec::new();
    for (user, subject, sid, new) in [(ada, "alice", "s1", true), (ada, "alice", "s2", false), (bob, "bob", "s1", true)]
    {
        let entry = UpstreamEntry { sid: Some(sid.to_owned()), ..entry(&w, user, subject, new) };
        assert_eq!(w.store.enter_upstream(entry.clone()).await.unwrap(), Commit::Applied);
        entered.push(entry.session);
    }
    let grant = w.code(w.new_grant(ada, client, Some(entered[0].id))).await.1;
    let logout = |subject: Option<&str>, sid: Option<&str>| UpstreamLogout {
        issuer: ISSUER.to_owned(),
        subject: subject.map(str::to_owned),
        sid: sid.map(str::to_owned),
        at: w.later(9),
        audit: w.audit(AuditKind::SignedOut),
    };
    let foreign = UpstreamLogout { issuer: "https://other.example".to_owned(), ..logout(Some("alice"), None) };
    assert_eq!(w.store.end_upstream_sessions(foreign).await.unwrap(), 0);
    assert_eq!(w.store.end_upstream_sessions(logout(Some("alice"), Some("s1"))).await.unwrap(), 1);
    assert_eq!(w.store.end_upstream_sessions(logout(Some("alice"), Some("s1"))).await.unwrap(), 0);
    let ended = async |token| w.store.session(token).await.unwrap().unwrap().ended_at.is_some();
    let now = [ended(entered[0].token).await, ended(entered[1].token).await, ended(entered[2].token).await];
    assert_eq!(now, [true, false, false]);
    assert_eq!(w.store.grant(grant, w.jti()).await.unwrap().unwrap().grant.revoked_at, Some(w.later(9)));
    assert_eq!(w.store.end_upstream_sessions(logout(Some("alice"), None)).await.unwrap(), 1);
    assert!(!ended(own.token).await && !ended(entered[2].token).await);
    assert_eq!(w.store.end_upstream_sessions(logout(None, Some("s1"))).await.unwrap(), 1);
}

/// An administrator takes a link back: whoever came by it is out.
pub async fn an_unlinked_person_is_signed_out<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let entry = entry(&w, user, "alice", true);
    assert_eq!(w.store.enter_upstream(entry.clone()).await.unwrap(), Commit::Applied);
    let unlink = async |issuer| {
        let audit = w.audit(AuditKind::UpstreamUnlinked);
        w.store.unlink_upstream(user, issuer, LinkedSessions::End, w.later(9), audit).await.unwrap()
    };
    assert_eq!(unlink("https://other.example").await, Commit::Lost);
    assert_eq!(unlink(ISSUER).await, Commit::Applied);
    assert_eq!(unlink(ISSUER).await, Commit::Lost);
    assert_eq!(w.store.session(entry.session.token).await.unwrap().unwrap().ended_at, Some(w.later(9)));
    assert_eq!(w.store.upstream_matches(&key("alice"), None).await.unwrap().linked, None);
}

/// Whoever came by a link may stay, if the administrator says so; only the way in is closed.
pub async fn a_link_may_go_without_the_sessions_that_came_by_it<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let entry = entry(&w, user, "alice", true);
    assert_eq!(w.store.enter_upstream(entry.clone()).await.unwrap(), Commit::Applied);
    let audit = w.audit(AuditKind::UpstreamUnlinked);
    let gone = w.store.unlink_upstream(user, ISSUER, LinkedSessions::Keep, w.later(9), audit).await.unwrap();
    assert_eq!((gone, w.logged(AuditKind::UpstreamUnlinked).await), (Commit::Applied, 1));
    assert!(w.store.upstream_links(user).await.unwrap().is_empty());
    assert_eq!(w.store.session(entry.session.token).await.unwrap().unwrap().ended_at, None);
}

/// A page holds all links of its accounts, so that the next one begins behind an account.
pub async fn linked_accounts_are_listed_page_by_page<S: WholeStore>(w: World<S>) {
    let mut users = [w.user("ada").await, w.user("bob").await, w.user("cleo").await];
    users.sort_unstable();
    w.user("nobody").await;
    let elsewhere = "https://other.example";
    for (number, user) in users.iter().enumerate() {
        let subject = format!("person{number}");
        assert_eq!(w.store.enter_upstream(entry(&w, *user, &subject, true)).await.unwrap(), Commit::Applied);
    }
    let other = UpstreamKey { issuer: elsewhere.to_owned(), subject: "first".to_owned() };
    let audit = w.audit(AuditKind::UpstreamLinked);
    assert_eq!(w.store.link_upstream(users[0], &other, w.later(7), audit).await.unwrap(), Commit::Applied);
    let page = async |issuer, after, limit| -> Vec<(UserId, String, String)> {
        let page = w.store.linked_accounts(issuer, after, limit).await.unwrap();
        for one in &page {
            let (account, _) = w.store.account(one.user).await.unwrap().unwrap();
            assert_eq!(one.email, account.email);
        }
        page.into_iter().map(|one| (one.user, one.link.key.issuer, one.link.key.subject)).collect()
    };
    let named = |number: usize, issuer: &str, subject: &str| (users[number], issuer.to_owned(), subject.to_owned());
    let (first, second) = (named(0, ISSUER, "person0"), named(0, elsewhere, "first"));
    assert_eq!(page(None, None, 1).await, [first.clone(), second.clone()]);
    assert_eq!(page(None, Some(users[0]), 9).await, [named(1, ISSUER, "person1"), named(2, ISSUER, "person2")]);
    assert_eq!(page(Some(elsewhere), None, 9).await, [second]);
    assert_eq!(page(Some(ISSUER), None, 2).await, [first, named(1, ISSUER, "person1")]);
    assert!(page(None, Some(users[2]), 9).await.is_empty());
    assert!(page(Some("https://nowhere.example"), None, 9).await.is_empty());
}

/// What a session came with is found by the session, and none has what it did not come with.
pub async fn a_session_knows_where_it_came_from<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let own = w.begin("ada", w.new_session(user)).await;
    let sealed: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    let with = UpstreamEntry { id_token: Some(sealed.clone()), ..entry(&w, user, "alice", true) };
    let without = entry(&w, user, "alice", false);
    for entry in [&with, &without] {
        assert_eq!(w.store.enter_upstream(entry.clone()).await.unwrap(), Commit::Applied);
    }
    let origin = async |session| w.store.upstream_origin(session).await.unwrap();
    let there = |id_token| Some(UpstreamOrigin { issuer: ISSUER.to_owned(), id_token });
    assert_eq!(origin(with.session.id).await, there(Some(sealed)));
    assert_eq!(origin(without.session.id).await, there(None));
    assert_eq!(origin(own.id).await, None);
}

/// S001-65: what hangs on such a session ends with time, and the snapshot of every grant tells when.
pub async fn a_session_from_upstream_bounds_what_hangs_on_it<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let mut bounded = entry(&w, user, "alice", true);
    bounded.session.grants_end_at = Some(w.later(3_600));
    let (id, token, free) = (bounded.session.id, bounded.session.token, w.begin("ada", w.new_session(user)).await);
    assert_eq!(w.store.enter_upstream(bounded).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.session(token).await.unwrap().unwrap().grants_end_at, Some(w.later(3_600)));
    assert_eq!(w.store.session(free.token).await.unwrap().unwrap().grants_end_at, None);
    for (session, end) in [(id, Some(w.later(3_600))), (free.id, None)] {
        let grant = w.code(w.new_grant(user, client, Some(session))).await.1;
        let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
        assert_eq!(found.session.unwrap().grants_end_at, end);
    }
}

/// A session of the same browser that somebody signs in over is replaced, as with a password.
pub async fn a_session_that_is_replaced_from_upstream_hands_its_grants_over<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let old = w.begin("ada", w.new_session(user)).await;
    let grant = w.code(w.new_grant(user, client, Some(old.id))).await.1;
    let mut entry = entry(&w, user, "alice", true);
    entry.session.replaces = Some(old.id);
    let new = entry.session.id;
    assert_eq!(w.store.enter_upstream(entry).await.unwrap(), Commit::Applied);
    assert!(w.store.session(old.token).await.unwrap().unwrap().ended_at.is_some());
    let found = w.store.grant(grant, w.jti()).await.unwrap().unwrap();
    assert_eq!((found.grant.session, found.grant.revoked_at), (Some(new), None));
}

/// A provisioner links before anybody has signed in; the first sign-in then uses that link.
pub async fn a_link_that_was_made_beforehand_is_used_by_the_first_sign_in<S: WholeStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let link = async |user, subject: &str| {
        let audit = w.audit(AuditKind::UpstreamLinked);
        w.store.link_upstream(user, &key(subject), w.later(1), audit).await.unwrap()
    };
    assert_eq!(link(ada, "alice").await, Commit::Applied);
    assert_eq!(link(ada, "alice").await, Commit::Applied, "a second time changes nothing");
    assert_eq!(link(ada, "mallory").await, Commit::Lost);
    assert_eq!(link(bob, "alice").await, Commit::Lost);
    assert_eq!(link(w.user_id(), "nobody").await, Commit::Lost);
    assert_eq!(w.logged(AuditKind::UpstreamLinked).await, 1);
    assert_eq!(w.store.enter_upstream(entry(&w, ada, "alice", false)).await.unwrap(), Commit::Applied);
}

/// By id or by name, and of that provider only.
pub async fn groups_are_mapped_by_id_or_name<S: WholeStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    let mapping = |provider: &str, group: &str, name: &str, role| TenantGroup {
        tenant,
        provider: provider.to_owned(),
        group: group.to_owned(),
        name: name.to_owned(),
        role,
    };
    let users = mapping("corp", "g-1", "tenant_acme_users", GroupRole::Member);
    let admins = mapping("corp", "g-2", "tenant_acme_admins", GroupRole::Admin);
    let foreign = mapping("other", "g-3", "tenant_acme_users", GroupRole::Member);
    let write = authly_directory::tenant::GroupCreation {
        groups: Vec::new(),
        mappings: vec![users.clone(), admins.clone(), foreign],
        at: w.now,
        audit: w.audit(AuditKind::GroupChanged),
    };
    w.store.create_groups(write).await.unwrap();
    let mapped = async |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        w.store.mapped_groups("corp", &groups).await.unwrap()
    };
    assert_eq!(mapped(&["g-1", "staff"]).await, std::slice::from_ref(&users));
    assert_eq!(mapped(&["tenant_acme_users", "g-2"]).await, [users, admins]);
    assert!(mapped(&["g-3", "TENANT_ACME_USERS", "'", ""]).await.is_empty());
}

/// The longest that a sign-in takes is a quarter of an hour: what is kept has room for it.
pub async fn a_sign_in_under_way_keeps_what_belongs_to_it<S: WholeStore>(w: World<S>) {
    let sealed: Vec<u8> = (0..=255).cycle().take(2_000).collect();
    let kept = NewUpstreamSignIn { sealed: sealed.clone(), ..under_way(&w, "s1", 900) };
    w.store.keep_upstream_sign_in(kept).await.unwrap();
    let at = w.now.plus(Duration::from_secs(899));
    let taken = w.store.take_upstream_sign_in(TokenHash::of(b"s1"), TokenHash::of(b"browser"), at).await.unwrap();
    assert_eq!(taken.unwrap().sealed, sealed);
}
