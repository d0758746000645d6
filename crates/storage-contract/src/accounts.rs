//! Accounts: roundtrips, unique names, paging, numbers, and the log.

use authly_directory::{
    account::{Account, AccountChange, NewAccount, Tombstone},
    identifier::Identifier,
    store::{AccountQuery, Attempt, Listed},
};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    claims::{Address, Profile},
    ids::UserId,
    scope::ScopeSet,
    session::NewSession,
    store::{Commit, NewAuthorization, StoreError},
    subject::{AccountStatus, Subject},
};

use crate::{
    WholeStore, World,
    world::{assert_conflict, hash_of},
};

/// A profile of which no field is empty.
fn full_profile() -> Profile {
    let text = |name: &str| Some(format!("{name} é \u{1f511} \"'\\"));
    Profile {
        name: text("name"),
        given_name: text("given"),
        family_name: text("family"),
        middle_name: text("middle"),
        nickname: text("nick"),
        preferred_username: text("preferred"),
        profile: text("profile"),
        picture: text("picture"),
        website: text("website"),
        gender: text("gender"),
        birthdate: Some("0000-02-29".to_owned()),
        zoneinfo: text("zone"),
        locale: text("locale"),
        email: None,
        email_verified: false,
        phone_number: Some("+1 (555) 1".to_owned()),
        phone_number_verified: true,
        address: Some(Address {
            formatted: Some("Line 1\nLine 2".to_owned()),
            street_address: text("street"),
            locality: text("locality"),
            region: text("region"),
            postal_code: text("postal"),
            country: text("country"),
        }),
        updated_at: None,
    }
}

async fn account<S: WholeStore>(w: &World<S>, user: UserId) -> Account {
    w.store.account(user).await.unwrap().unwrap().0
}

async fn change<S: WholeStore>(w: &World<S>, user: UserId, change: AccountChange) -> Result<Commit, StoreError> {
    w.store.change_account(user, change, w.later(60), w.audit(AuditKind::AccountChanged)).await
}

/// All fields come back; e-mail claims and `updated_at` come from the columns.
pub async fn a_new_account_reads_back_as_it_was_written<S: WholeStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    for (place, status) in
        [AccountStatus::Active, AccountStatus::PendingVerification, AccountStatus::Disabled, AccountStatus::Deleted]
            .into_iter()
            .enumerate()
    {
        let full = place % 2 == 0;
        let new = NewAccount {
            tenant: full.then_some(tenant),
            email: format!("Zo\u{eb}.{place}@Example.org"),
            username: format!("Zoë \u{1f511} {place}"),
            is_verified: full,
            is_admin: !full,
            status,
            roles: if full { vec!["b \"quoted\"".to_owned(), "a".to_owned()] } else { Vec::new() },
            profile: if full { full_profile() } else { Profile::default() },
            created_at: w.earlier(5),
            ..w.new_account("zoe")
        };
        let audit = AuditEvent { user: Some(new.id), ..w.audit(AuditKind::AccountCreated) };
        w.store.create_account(new.clone(), audit.clone()).await.unwrap();
        let (found, credential) = w.store.account(new.id).await.unwrap().unwrap();
        let expected = Account {
            subject: Subject {
                id: new.id,
                status,
                is_locked: false,
                is_admin: new.is_admin,
                tenant: found.subject.tenant.clone(),
                roles: new.roles,
                groups: Vec::new(),
                profile: Profile {
                    email: Some(new.email.clone()),
                    email_verified: new.is_verified,
                    updated_at: Some(new.created_at.seconds()),
                    preferred_username: new.profile.preferred_username.clone().or(Some(new.username.clone())),
                    ..new.profile
                },
                policy: None,
                created_at: new.created_at,
            },
            email: new.email,
            username: new.username,
            is_verified: new.is_verified,
            is_locked: false,
            reset_required: false,
            legacy_login: true,
            updated_at: new.created_at,
            last_login_at: None,
        };
        assert_eq!(found, expected);
        assert_eq!(found.subject.tenant.map(|tenant| tenant.id), new.tenant);
        assert_eq!(credential.hash, Some(hash_of("zoe")));
        assert!(w.store.audit_events(10).await.unwrap().contains(&audit));
    }
    assert!(w.store.account(w.user_id()).await.unwrap().is_none());
}

/// The password may be set by link later.
pub async fn an_account_without_a_password_has_none<S: WholeStore>(w: World<S>) {
    let user = w.create(NewAccount { hash: None, ..w.new_account("ada") }).await;
    assert_eq!(w.store.account(user).await.unwrap().unwrap().1.hash, None);
    assert_eq!(w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap()[0].credential.hash, None);
    assert_eq!(w.store.complete_sign_in(w.new_sign_in(user, "ada")).await.unwrap(), Commit::Lost);
}

/// Each field for itself.
pub async fn a_change_touches_what_it_names_and_nothing_else<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let none = AccountChange::default;
    let changes = [
        AccountChange { email: Some("New@example.org".to_owned()), ..none() },
        AccountChange { username: Some("Neu".to_owned()), ..none() },
        AccountChange { is_verified: Some(false), ..none() },
        AccountChange { is_admin: Some(true), ..none() },
        AccountChange { status: Some(AccountStatus::Disabled), ..none() },
        AccountChange { is_locked: Some(true), ..none() },
        AccountChange { legacy_login: Some(false), ..none() },
        AccountChange { roles: Some(vec!["x".to_owned()]), ..none() },
        AccountChange { profile: Some(full_profile()), ..none() },
        none(),
    ];
    for one in changes {
        let mut expected = account(&w, user).await;
        let (claims, subject) = (expected.subject.profile.clone(), &mut expected.subject);
        subject.profile = one.profile.clone().unwrap_or(claims);
        subject.is_admin = one.is_admin.unwrap_or(subject.is_admin);
        subject.status = one.status.unwrap_or(subject.status);
        subject.is_locked = one.is_locked.unwrap_or(subject.is_locked);
        subject.roles = one.roles.clone().unwrap_or(subject.roles.clone());
        expected.email = one.email.clone().unwrap_or(expected.email);
        expected.username = one.username.clone().unwrap_or(expected.username);
        if one.username.is_some() {
            expected.subject.profile.preferred_username = Some(expected.username.clone());
        }
        expected.is_verified = one.is_verified.unwrap_or(expected.is_verified);
        expected.is_locked = one.is_locked.unwrap_or(expected.is_locked);
        expected.legacy_login = one.legacy_login.unwrap_or(expected.legacy_login);
        expected.updated_at = w.later(60);
        expected.subject.profile.email = Some(expected.email.clone());
        expected.subject.profile.email_verified = expected.is_verified;
        expected.subject.profile.updated_at = Some(w.later(60).seconds());
        assert_eq!(change(&w, user, one).await.unwrap(), Commit::Applied);
        assert_eq!(account(&w, user).await, expected);
    }
    assert_eq!(w.store.account(user).await.unwrap().unwrap().1.hash, Some(hash_of("ada")));
    let found = w.store.find_accounts(&Identifier::parse("new@EXAMPLE.org").unwrap()).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(w.store.find_accounts(&Identifier::parse("ada").unwrap()).await.unwrap().is_empty());
}

/// There is nobody to change.
pub async fn a_change_of_an_unknown_account_is_lost<S: WholeStore>(w: World<S>) {
    assert_eq!(change(&w, w.user_id(), AccountChange::default()).await.unwrap(), Commit::Lost);
    assert_eq!(w.logged(AuditKind::AccountChanged).await, 0);
}

/// One person, one account, however the name is written.
pub async fn a_taken_address_or_user_name_is_a_conflict_in_any_spelling<S: WholeStore>(w: World<S>) {
    w.user("Zoë").await;
    let audit = || w.audit(AuditKind::AccountCreated);
    for email in ["Zoë@example.org", "ZOË@EXAMPLE.ORG", "zoe\u{308}@example.org"] {
        let twin = NewAccount { email: email.to_owned(), ..w.new_account("other") };
        assert_conflict(w.store.create_account(twin, audit()).await, "users.email");
    }
    for username in ["Zoë", "ZOË", "zoe\u{308}"] {
        let twin = NewAccount { username: username.to_owned(), ..w.new_account("other") };
        assert_conflict(w.store.create_account(twin, audit()).await, "users.username");
    }
    assert_eq!(w.store.count_accounts(w.now).await.unwrap().total, 1);
    assert_eq!(w.logged(AuditKind::AccountCreated).await, 1);
    w.user("Zoe").await;
}

/// All or nothing.
pub async fn a_change_into_a_taken_name_leaves_no_trace<S: WholeStore>(w: World<S>) {
    let (ada, _) = (w.user("ada").await, w.user("bob").await);
    let before = account(&w, ada).await;
    let email = Some("BOB@example.org".to_owned());
    let taken = AccountChange { is_admin: Some(true), email, ..AccountChange::default() };
    assert_conflict(change(&w, ada, taken).await, "users.email");
    let username = Some("Bob".to_owned());
    assert_conflict(change(&w, ada, AccountChange { username, ..AccountChange::default() }).await, "users.username");
    assert_eq!(account(&w, ada).await, before);
    assert_eq!(w.logged(AuditKind::AccountChanged).await, 0);
    let own = AccountChange { email: Some("ADA@example.org".to_owned()), ..AccountChange::default() };
    assert_eq!(change(&w, ada, own).await.unwrap(), Commit::Applied);
}

/// As a sign-in does, but nothing is charged.
pub async fn an_account_is_found_by_exact_spelling_before_folded<S: WholeStore>(w: World<S>) {
    let ada = w.create(NewAccount { email: "X@example.org".to_owned(), ..w.new_account("ada") }).await;
    let bob = w.create(NewAccount { username: "x@EXAMPLE.org".to_owned(), ..w.new_account("bob") }).await;
    let find = async |typed: &str| {
        let found = w.store.find_accounts(&Identifier::parse(typed).unwrap()).await.unwrap();
        let mut ids: Vec<_> = found.into_iter().map(|account| account.subject.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(find("X@example.org").await, [ada]);
    assert_eq!(find("x@EXAMPLE.org").await, [bob]);
    assert_eq!(find("x@example.ORG").await, [ada, bob]);
    assert_eq!(find("ADA").await, [ada]);
    assert!(find("nobody").await.is_empty());
    assert_eq!(w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap()[0].failures, 1);
}

/// Page by page, everybody once, in id order.
pub async fn pages_of_accounts_follow_each_other_without_gap<S: WholeStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    let mut all = Vec::new();
    for place in 0..7 {
        let tenant = (place % 2 == 0).then_some(tenant);
        all.push(w.create(NewAccount { tenant, ..w.new_account(&format!("user{place}")) }).await);
    }
    all.sort_unstable();
    let mut listed = Vec::new();
    loop {
        let query = AccountQuery { after: listed.last().copied(), limit: 3, ..AccountQuery::default() };
        let page = w.store.list_accounts(query).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        listed.extend(page.into_iter().map(|account| account.subject.id));
    }
    assert_eq!(listed, all);
    let query = AccountQuery { tenant: Some(tenant), limit: 100, ..AccountQuery::default() };
    assert_eq!(w.store.list_accounts(query).await.unwrap().len(), 4);
}

/// A search is for text, not for patterns.
pub async fn a_search_takes_percent_and_underscore_literally<S: WholeStore>(w: World<S>) {
    for name in ["a_b", "axb", "a%b", "Ünal", "a\\b"] {
        w.user(name).await;
    }
    let search = async |text: &str| {
        let query = AccountQuery { contains: Some(text.to_owned()), limit: 100, ..AccountQuery::default() };
        let found = w.store.list_accounts(query).await.unwrap();
        found.into_iter().map(|account| account.username).collect::<Vec<_>>()
    };
    assert_eq!(search("A_B").await, ["a_b"]);
    assert_eq!(search("%").await, ["a%b"]);
    assert_eq!(search("\\").await, ["a\\b"]);
    assert_eq!(search("üNAL").await, ["Ünal"]);
    assert_eq!(search("@EXAMPLE").await.len(), 5);
    assert!(search("nobody").await.is_empty());
}

/// S002-46.
pub async fn accounts_are_counted_by_state<S: WholeStore>(w: World<S>) {
    let none = AccountChange::default;
    let changes = [
        none(),
        none(),
        AccountChange { is_verified: Some(false), ..none() },
        AccountChange { is_locked: Some(true), ..none() },
        AccountChange { status: Some(AccountStatus::Disabled), ..none() },
        AccountChange { status: Some(AccountStatus::Deleted), is_locked: Some(true), ..none() },
    ];
    for (place, one) in changes.into_iter().enumerate() {
        let user = w.user(&format!("user{place}")).await;
        assert_eq!(change(&w, user, one).await.unwrap(), Commit::Applied);
    }
    for name in ["user0", "user3", "user3"] {
        let attempt = Attempt { max_failures: 1, lock_until: w.later(60), ..w.attempt(name, w.now) };
        w.store.begin_sign_in(attempt).await.unwrap();
    }
    let count = async |at| {
        let counts = w.store.count_accounts(at).await.unwrap();
        (counts.total, counts.active, counts.locked, counts.locked_by_failures, counts.unverified)
    };
    assert_eq!(count(w.now).await, (5, 4, 2, 2, 1), "who is locked twice counts once");
    assert_eq!(count(w.later(60)).await, (5, 4, 1, 0, 1), "a lock that is over locks nobody");
}

/// Accounts of an older program have no claims of their own: they are called by their user name, wherever they are read.
pub async fn an_account_without_a_preferred_name_is_called_by_its_user_name<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let client = w.client("app").await;
    let session = w.begin("ada", w.new_session(user)).await;
    let (code, _) = w.code(w.new_grant(user, client, Some(session.id))).await;
    let called = async |name: &str| {
        let name = Some(name.to_owned());
        let found = account(&w, user).await;
        assert_eq!(found.subject.profile.preferred_username, name);
        assert_eq!(w.store.session(session.token).await.unwrap().unwrap().subject.profile.preferred_username, name);
        let snapshot = w.store.code(code).await.unwrap().unwrap().grant;
        assert_eq!(snapshot.subject.profile.preferred_username, name);
    };
    called("ada").await;
    let renamed = AccountChange { username: Some("lovelace".to_owned()), ..AccountChange::default() };
    assert_eq!(change(&w, user, renamed).await.unwrap(), Commit::Applied);
    called("lovelace").await;
    let profile = Profile { preferred_username: Some("Countess".to_owned()), ..Profile::default() };
    let named = AccountChange { profile: Some(profile), ..AccountChange::default() };
    assert_eq!(change(&w, user, named).await.unwrap(), Commit::Applied);
    called("Countess").await;
}

/// What is left is an id that nobody gets again; the names are free.
pub async fn a_deleted_account_leaves_nothing_but_its_id<S: WholeStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    let new = NewAccount { tenant: Some(tenant), is_admin: true, profile: full_profile(), ..w.new_account("ada") };
    let user = w.create(new).await;
    let client = w.client("app").await;
    let session = NewSession { user_agent: Some("Browser".to_owned()), ..w.new_session(user) };
    let session = w.begin("ada", session).await;
    let write = NewAuthorization {
        consent: Some(ScopeSet::parse("read").unwrap()),
        ..w.new_authorization(w.new_grant(user, client, Some(session.id)))
    };
    let (code, grant) = (write.code, write.grant.id);
    assert_eq!(w.store.issue_code(write).await.unwrap(), Commit::Applied);
    let (refresh, _) = w.token((code, grant)).await;
    w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap();

    let delete = async || w.store.delete_account(user, w.later(60), w.audit(AuditKind::AccountChanged)).await.unwrap();
    assert_eq!(delete().await, Commit::Applied);
    assert_eq!(delete().await, Commit::Lost, "it is gone already");
    assert_eq!(w.logged(AuditKind::AccountChanged).await, 1);

    let (left, credential) = w.store.account(user).await.unwrap().unwrap();
    let names = Tombstone::of(user);
    assert_eq!((&left.email, &left.username), (&names.email, &names.username));
    assert_eq!(credential.hash, None);
    assert_eq!(left.subject.status, AccountStatus::Deleted);
    assert!(!left.subject.is_admin && !left.is_verified && left.subject.roles.is_empty());
    let claims = Profile::default().of_account(&names.email, false, &names.username, w.later(60));
    assert_eq!(left.subject.profile, claims, "nothing tells who it was");

    assert!(w.store.session(session.token).await.unwrap().is_none_or(|session| session.ended_at.is_some()));
    assert!(w.store.sessions_of(user).await.unwrap().is_empty());
    assert!(w.store.grants_of(user).await.unwrap().is_empty());
    assert!(w.store.refresh(refresh).await.unwrap().is_none_or(|token| token.grant.grant.revoked_at.is_some()));
    assert!(w.store.locked_until(user).await.unwrap().is_none());
    assert!(w.store.authorize_snapshot(None, client).await.unwrap().consent.is_empty());

    let listed = async |listed| {
        let query = AccountQuery { listed, limit: 10, ..AccountQuery::default() };
        w.store.list_accounts(query).await.unwrap().len()
    };
    assert_eq!((listed(Listed::Living).await, listed(Listed::All).await), (0, 1));
    assert!(w.store.find_accounts(&Identifier::parse("ada@example.org").unwrap()).await.unwrap().is_empty());
    let again = w.user("ada").await;
    assert_ne!(again, user);
    assert_eq!(w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap()[0].failures, 1);
}

/// Events come back whole, newest first.
pub async fn the_newest_audit_events_come_first<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let mut events = Vec::new();
    for age in 1..=4 {
        let event = AuditEvent {
            at: w.later(100 - age),
            user: (age > 1).then_some(user),
            client: (age > 2).then_some(client),
            address: (age > 3).then(|| "192.0.2.1".to_owned()),
            ..w.audit(AuditKind::SignInFailed)
        };
        w.store.record(event.clone()).await.unwrap();
        events.push(event);
    }
    assert_eq!(w.store.audit_events(4).await.unwrap(), events);
    assert_eq!(w.store.audit_events(2).await.unwrap(), events[..2]);
}
