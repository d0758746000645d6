//! Attempts to sign in, failure counters, and what a success writes (SECURITY: one counter per account over all doors).

use authly_directory::{
    account::{Account, AccountChange},
    device::KnownDevice,
    store::{Attempt, Candidate, Device, PasswordChange, Replace, SignIn},
};
use oauth_core::{
    audit::AuditKind,
    ids::UserId,
    store::{Commit, RevocationReason},
    subject::AccountStatus,
    time::Timestamp,
};

use crate::{
    WholeStore, World,
    legacy::new_pair,
    world::{assert_conflict, hash_of},
};

/// One attempt that means exactly one account.
async fn only<S: WholeStore>(w: &World<S>, attempt: Attempt) -> Candidate {
    let mut candidates = w.store.begin_sign_in(attempt).await.unwrap();
    assert_eq!(candidates.len(), 1);
    candidates.remove(0)
}

/// Fails at the login page so many times, at this moment.
async fn fail<S: WholeStore>(w: &World<S>, name: &str, times: usize) {
    for _ in 0..times {
        only(w, w.attempt(name, w.now)).await;
    }
}

/// An attempt in a browser that got such a mark of that account then.
fn marked<S: WholeStore>(w: &World<S>, user: UserId, mark: u8, made_at: Timestamp) -> Attempt {
    let known = KnownDevice { user, mark: [mark; 16], made_at, password_set_at: None };
    Attempt { known_device: Some(known), ..w.attempt("ada", w.now) }
}

async fn account<S: WholeStore>(w: &World<S>, user: UserId) -> Account {
    w.store.account(user).await.unwrap().unwrap().0
}

/// Nobody of that name.
pub async fn an_unknown_identifier_means_nobody<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    for typed in ["bob", "ad", "adaa", "%", "ada@example", "' OR 1=1 --"] {
        assert!(w.store.begin_sign_in(w.attempt(typed, w.now)).await.unwrap().is_empty(), "{typed}");
    }
}

/// By address or user name, in any spelling, with the hash to verify against.
pub async fn an_attempt_finds_the_account_with_its_hash<S: WholeStore>(w: World<S>) {
    let user = w.user("Zoë").await;
    for (count, typed) in (1..).zip(["Zoë", "Zoë@example.org", " zoe\u{308} ", "ZOË@EXAMPLE.ORG"]) {
        let found = only(&w, w.attempt(typed, w.now)).await;
        assert_eq!(found.account, account(&w, user).await, "{typed}");
        assert_eq!(found.credential.hash, Some(hash_of("Zoë")));
        assert_eq!((found.device, found.failures, found.locked), (Device::Unknown, count, false));
    }
}

/// One account's address may be another's user name; whoever matches exactly goes first, and both count.
pub async fn an_attempt_matches_exactly_before_it_folds<S: WholeStore>(w: World<S>) {
    let ada = w.create(authly_directory::account::NewAccount { email: "X@example.org".into(), ..w.new_account("ada") });
    let ada = ada.await;
    let bob =
        w.create(authly_directory::account::NewAccount { username: "x@EXAMPLE.org".into(), ..w.new_account("bob") });
    let bob = bob.await;
    assert_eq!(only(&w, w.attempt("X@example.org", w.now)).await.account.subject.id, ada);
    assert_eq!(only(&w, w.attempt("x@EXAMPLE.org", w.now)).await.account.subject.id, bob);
    let both = w.store.begin_sign_in(w.attempt("x@example.org", w.now)).await.unwrap();
    let mut found: Vec<_> = both.iter().map(|one| (one.account.subject.id, one.failures)).collect();
    found.sort_unstable();
    assert_eq!(found, [(ada, 2), (bob, 2)]);
}

/// A tenant's own page signs in its own people only, and charges nobody else.
pub async fn an_attempt_is_bounded_to_its_tenant<S: WholeStore>(w: World<S>) {
    let (one, two) = (crate::tenants::put(&w, "one").await, crate::tenants::put(&w, "two").await);
    let ada = w.create(authly_directory::account::NewAccount { tenant: Some(one), ..w.new_account("ada") }).await;
    let bounded = |tenant| Attempt { tenant: Some(tenant), ..w.attempt("ada", w.now) };
    assert!(w.store.begin_sign_in(bounded(two)).await.unwrap().is_empty());
    let found = only(&w, bounded(one)).await;
    assert_eq!((found.account.subject.id, found.failures), (ada, 1));
}

/// MAX_LOGIN_ATTEMPTS: the last allowed attempt is still looked at, the next is not.
pub async fn attempts_are_counted_and_lock_at_the_limit<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    for count in 1..=5 {
        let found = only(&w, w.attempt("ada", w.now)).await;
        assert_eq!((found.failures, found.locked), (count, false));
    }
    assert!(only(&w, w.attempt("ada@example.org", w.now)).await.locked);
}

/// A lock does not grow while it holds.
pub async fn a_locked_account_is_not_charged_further<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    fail(&w, "ada", 5).await;
    for seconds in [1, 1_000, 3_599] {
        let found = only(&w, w.attempt("ada", w.later(seconds))).await;
        assert_eq!((found.failures, found.locked), (5, true));
    }
    assert!(!only(&w, w.attempt("ada", w.later(3_600))).await.locked);
}

/// After the lock the count begins again.
pub async fn a_lock_that_is_over_starts_anew<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    fail(&w, "ada", 5).await;
    let again = |at| Attempt { forget_before: w.earlier(1), ..w.attempt("ada", at) };
    for count in 1..=5 {
        let found = only(&w, again(w.later(3_601))).await;
        assert_eq!((found.failures, found.locked), (count, false));
    }
    assert!(only(&w, again(w.later(3_601))).await.locked);
}

/// Failures of long ago do not add up.
pub async fn forgotten_failures_do_not_count<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    fail(&w, "ada", 4).await;
    let forgotten = Attempt { forget_before: w.later(1), ..w.attempt("ada", w.later(2)) };
    assert_eq!(only(&w, forgotten).await.failures, 1);
    let remembered = Attempt { forget_before: w.later(2), ..w.attempt("ada", w.later(3)) };
    assert_eq!(only(&w, remembered).await.failures, 2);
}

/// C-28: a stranger's failures do not shut a known browser out, nor the other way round.
pub async fn a_known_device_is_counted_apart<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    fail(&w, "ada", 5).await;
    let known = |mark| marked(&w, user, mark, w.now);
    for count in 1..=5 {
        let found = only(&w, known(7)).await;
        assert_eq!((found.device, found.failures, found.locked), (Device::Known([7; 16]), count, false));
    }
    assert!(only(&w, known(7)).await.locked);
    assert!(!only(&w, known(8)).await.locked);
    assert!(only(&w, w.attempt("ada", w.now)).await.locked);
}

/// A mark of one account buys nothing at another.
pub async fn a_foreign_mark_is_charged_as_unknown<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    let bob = w.user("bob").await;
    fail(&w, "ada", 2).await;
    let found = only(&w, marked(&w, bob, 7, w.now)).await;
    assert_eq!((found.device, found.failures), (Device::Unknown, 3));
}

/// Whoever had the former password is a stranger like any other, to the microsecond.
pub async fn a_mark_that_is_older_than_the_password_is_charged_as_unknown<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let (hash, at) = (hash_of("new"), w.later(5));
    let write = PasswordChange { user, replaces: Replace::Any, hash, older_hash: None, at, audit: None };
    assert_eq!(w.store.set_password(write).await.unwrap(), Commit::Applied);
    fail(&w, "ada", 2).await;
    let found = only(&w, marked(&w, user, 7, Timestamp::from_micros(at.micros() - 1))).await;
    assert_eq!((found.device, found.failures), (Device::Unknown, 3));
    let found = only(&w, marked(&w, user, 7, at)).await;
    assert_eq!((found.device, found.failures), (Device::Known([7; 16]), 1));
    assert_eq!(only(&w, w.attempt("ada", w.now)).await.failures, 4);
}

/// A success on one device says nothing about guesses on others.
pub async fn a_sign_in_clears_its_own_counter_only<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let known = || marked(&w, user, 7, w.now);
    fail(&w, "ada", 3).await;
    only(&w, known()).await;
    let device = Device::Known([7; 16]);
    let write = SignIn { device, ..w.new_sign_in(user, "ada") };
    assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
    assert_eq!(only(&w, known()).await.failures, 1);
    assert_eq!(only(&w, w.attempt("ada", w.now)).await.failures, 4);
    assert_eq!(w.store.complete_sign_in(w.new_sign_in(user, "ada")).await.unwrap(), Commit::Applied);
    assert_eq!(only(&w, w.attempt("ada", w.now)).await.failures, 1);
}

/// The password was that of another account of the same name: its attempt counts for nobody else.
pub async fn a_charge_is_taken_back_with_the_lock_that_stood_on_it<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let max = w.attempt("ada", w.now).max_failures;
    fail(&w, "ada", 5).await;
    assert!(only(&w, w.attempt("ada", w.now)).await.locked);
    w.store.forgive(user, Device::Known([7; 16]), max, None).await.unwrap();
    assert!(only(&w, w.attempt("ada", w.now)).await.locked, "another counter");
    let event = w.audit(AuditKind::SignInFailed);
    w.store.forgive(user, Device::Unknown, max, Some(event.clone())).await.unwrap();
    assert!(w.store.audit_events(100).await.unwrap().contains(&event), "what happened is kept in the same write");
    let last = only(&w, w.attempt("ada", w.now)).await;
    assert_eq!((last.failures, last.locked), (5, false), "four are left, and this one");
    assert!(only(&w, w.attempt("ada", w.now)).await.locked);
    for _ in 0..7 {
        w.store.forgive(user, Device::Unknown, max, None).await.unwrap();
    }
    assert_eq!(only(&w, w.attempt("ada", w.now)).await.failures, 1, "never less than none");
}

/// All that a sign-in writes is there afterwards.
pub async fn a_sign_in_writes_session_pair_and_log_together<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let (session, pair) = (w.new_session(user), new_pair(&w, user));
    let audit = w.audit(AuditKind::SignedIn);
    let write = SignIn {
        at: w.later(3),
        session: Some(session.clone()),
        legacy: Some(pair.clone()),
        audit: Some(audit.clone()),
        ..w.new_sign_in(user, "ada")
    };
    assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
    assert_eq!(account(&w, user).await.last_login_at, Some(w.later(3)));
    assert_eq!(w.store.session(session.token).await.unwrap().unwrap().id, session.id);
    assert!(w.store.legacy_token(&pair.access).await.unwrap().is_some());
    assert!(w.store.legacy_token(&pair.refresh).await.unwrap().is_some());
    assert!(w.store.audit_events(10).await.unwrap().contains(&audit));
}

/// The password was changed while the old one was being verified.
pub async fn a_sign_in_with_a_changed_hash_is_lost<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let commit = w.store.upgrade_hash(user, hash_of("ada"), hash_of("ada, better"), w.now).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    let session = w.new_session(user);
    let write = SignIn {
        session: Some(session.clone()),
        audit: Some(w.audit(AuditKind::SignedIn)),
        ..w.new_sign_in(user, "ada")
    };
    fail(&w, "ada", 1).await;
    assert_eq!(w.store.complete_sign_in(write.clone()).await.unwrap(), Commit::Lost);
    assert!(w.store.session(session.token).await.unwrap().is_none());
    assert_eq!(account(&w, user).await.last_login_at, None);
    assert_eq!(w.logged(AuditKind::SignedIn).await, 0);
    assert_eq!(only(&w, w.attempt("ada", w.now)).await.failures, 2);
    let write = SignIn { verified: hash_of("ada, better"), ..write };
    assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
}

/// An administrator was faster.
pub async fn a_sign_in_to_an_account_that_was_switched_off_is_lost<S: WholeStore>(w: World<S>) {
    let off = [
        AccountChange { status: Some(AccountStatus::Disabled), ..AccountChange::default() },
        AccountChange { status: Some(AccountStatus::Deleted), ..AccountChange::default() },
        AccountChange { is_locked: Some(true), ..AccountChange::default() },
    ];
    for (place, change) in off.into_iter().enumerate() {
        let name = format!("user{place}");
        let user = w.user(&name).await;
        let audit = w.audit(AuditKind::AccountChanged);
        assert_eq!(w.store.change_account(user, change, w.now, audit).await.unwrap(), Commit::Applied);
        let session = w.new_session(user);
        let write = SignIn { session: Some(session.clone()), ..w.new_sign_in(user, &name) };
        assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Lost);
        assert!(w.store.session(session.token).await.unwrap().is_none());
    }
    let unknown = w.user_id();
    assert_eq!(w.store.complete_sign_in(w.new_sign_in(unknown, "ada")).await.unwrap(), Commit::Lost);
}

/// The pair cannot be written: then there is no session, no log entry, and the old session goes on.
pub async fn a_sign_in_that_fails_halfway_leaves_no_trace<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let old = w.begin("ada", w.new_session(user)).await;
    let taken = new_pair(&w, user);
    crate::legacy::record(&w, "ada", taken.clone()).await;
    fail(&w, "ada", 2).await;
    let mut session = w.new_session(user);
    session.replaces = Some(old.id);
    let write = SignIn {
        at: w.later(9),
        session: Some(session.clone()),
        legacy: Some(taken),
        audit: Some(w.audit(AuditKind::SignedIn)),
        ..w.new_sign_in(user, "ada")
    };
    assert_conflict(w.store.complete_sign_in(write).await, "tokens.jti");
    assert!(w.store.session(session.token).await.unwrap().is_none());
    assert_eq!(w.store.session(old.token).await.unwrap().unwrap().ended_at, None);
    assert_eq!(account(&w, user).await.last_login_at, Some(w.now));
    assert_eq!(w.logged(AuditKind::SignedIn).await, 0);
    assert_eq!(only(&w, w.attempt("ada", w.now)).await.failures, 3);
    w.store.end_session(old.id, w.later(10), RevocationReason::SignedOut, None).await.unwrap();
}

/// `authly-admin` unlocks.
pub async fn failures_are_forgotten_on_demand<S: WholeStore>(w: World<S>) {
    let (ada, _) = (w.user("ada").await, w.user("bob").await);
    fail(&w, "ada", 6).await;
    fail(&w, "bob", 6).await;
    assert!(w.store.locked_until(ada).await.unwrap().is_some_and(|until| until > w.now));
    w.store.clear_failures(ada).await.unwrap();
    assert_eq!(w.store.locked_until(ada).await.unwrap(), None);
    let found = only(&w, w.attempt("ada", w.now)).await;
    assert_eq!((found.failures, found.locked), (1, false));
    assert!(only(&w, w.attempt("bob", w.now)).await.locked);
}
