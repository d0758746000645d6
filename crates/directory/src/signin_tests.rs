//! Tests of signin.

#[path = "known_tests.rs"]
mod known;
#[path = "several_tests.rs"]
mod several;

use std::sync::atomic::Ordering;

use oauth_core::{
    catalog::CatalogRecords,
    limit::Rate,
    store::SessionRepository as _,
    subject::{AccountStatus, TenantRef},
};

use super::*;
use crate::{
    settings::Limits,
    testing::{World, account, at, hash, now_or_never, outdated, pair, secret, tenant, tenant_ref},
};

fn request(identifier: &str, password: &str) -> SignInRequest {
    SignInRequest {
        identifier: identifier.into(),
        password: secret(password),
        tenant: None,
        known_device: None,
        address: Some("192.0.2.1".into()),
        locale: "en".into(),
    }
}

fn on_page(world: &World, request: &SignInRequest, browser: &Browser) -> Result<PageSignIn, SignInRefused> {
    let visit =
        PageVisit { door: Door::Page, browser, remember: Remember::BrowserSession, user_agent: Some("Browser".into()) };
    now_or_never(world.directory.sign_in_page(request, visit))
}

fn page(world: &World, identifier: &str, password: &str) -> Result<PageSignIn, SignInRefused> {
    on_page(world, &request(identifier, password), &Browser::default())
}

fn legacy(world: &World, identifier: &str, password: &str, door: Door) -> Result<Account, SignInRefused> {
    let mint = |account: &Account, now| Ok((pair(account.subject.id, now), ()));
    now_or_never(world.directory.sign_in_legacy(&request(identifier, password), door, mint))
        .map(|(account, ())| account)
}

fn failed<T: std::fmt::Debug>(result: Result<T, SignInRefused>) {
    assert!(matches!(result, Err(SignInRefused::Failed)), "{result:?}");
}

fn alice() -> Account {
    account(1, "alice@example.com", "alice")
}

/// A world in which Alice's password is `correct horse`.
fn world() -> World {
    let world = World::new();
    world.put(&alice(), hash("correct horse"));
    world
}

#[test]
fn the_right_password_begins_a_session() {
    let world = world();
    let signed_in = page(&world, " Alice@Example.com ", "correct horse").unwrap();
    let session = now_or_never(world.memory().session(signed_in.cookie.hash())).unwrap().unwrap();
    assert_eq!((session.subject.id, session.authenticated_at), (alice().subject.id, Some(at(0))));
    assert_eq!(world.audit(), ["signed_in"]);
    assert!(page(&world, "alice", "correct horse").is_ok(), "the user name does too");
}

/// SECURITY.md rows 33 and 60, section 5: same answer and same cost whatever the cause, at every door.
#[test]
fn every_refusal_reads_and_costs_the_same() {
    let change = |change: fn(&mut Account)| {
        let mut account = alice();
        change(&mut account);
        account
    };
    let states = [
        ("wrong password", alice(), hash("another")),
        ("no password", alice(), None),
        ("outdated hash", alice(), outdated("another")),
        ("disabled", change(|account| account.subject.status = AccountStatus::Disabled), hash("correct horse")),
        ("deleted", change(|account| account.subject.status = AccountStatus::Deleted), hash("correct horse")),
        ("locked", change(|account| account.is_locked = true), hash("correct horse")),
        ("to be reset", change(|account| account.reset_required = true), hash("correct horse")),
        ("somebody else", account(2, "bob@example.com", "bob"), hash("correct horse")),
    ];
    for (why, account, hash) in states {
        let world = World::new();
        world.put(&account, hash);
        for door in [Door::JsonLogin, Door::PasswordGrant] {
            failed(legacy(&world, "alice", "correct horse", door));
            assert_eq!(world.cost(), (1, 0), "{why}");
        }
        failed(page(&world, "alice", "correct horse"));
        assert_eq!(world.cost(), (1, 0), "{why}");
        assert_eq!(world.audit(), ["sign_in_failed"; 3], "{why}");
    }
}

/// SECURITY.md rows 50 and 51.
#[test]
fn what_nobody_can_have_typed_costs_the_same_and_charges_nobody() {
    let world = world();
    let long = "x".repeat(1_025);
    let bad = [("alice", "a\0b"), ("alice", ""), ("alice", &*long), ("a\0", "correct horse"), ("", "x"), (&*long, "x")];
    for (identifier, password) in bad {
        failed(page(&world, identifier, password));
        assert_eq!(world.cost(), (1, 0), "{identifier:?}");
    }
    assert!(page(&world, "alice", "correct horse").is_ok());
}

/// SECURITY.md row 34: one counter over all doors and spellings.
#[test]
fn failures_are_counted_over_all_doors_and_spellings() {
    let world = world();
    failed(page(&world, "alice", "1"));
    failed(page(&world, "ALICE@EXAMPLE.COM", "2"));
    failed(legacy(&world, "alice", "3", Door::PasswordGrant));
    failed(legacy(&world, "Alice", "4", Door::JsonLogin));
    failed(page(&world, "alice@example.com", "5"));
    assert_eq!(world.audit().iter().filter(|kind| **kind == "account_locked").count(), 1);
    failed(page(&world, "alice", "correct horse"));
    failed(legacy(&world, "alice", "correct horse", Door::PasswordGrant));
    world.set_time(30 * 60 - 1);
    failed(page(&world, "alice", "correct horse"));
    world.set_time(30 * 60);
    assert!(page(&world, "alice", "correct horse").is_ok(), "the lock ends");
}

#[test]
fn the_last_attempt_before_the_lock_may_succeed_and_clears_the_counter() {
    let world = world();
    for round in 0..3 {
        for _ in 0..4 {
            failed(page(&world, "alice", "wrong"));
        }
        assert!(page(&world, "alice", "correct horse").is_ok(), "{round}");
    }
}

/// C-02; SECURITY.md row 60.
#[test]
fn the_legacy_doors_close_per_installation_tenant_and_account() {
    let until = |instant: Timestamp| instant.micros().to_string();
    for (name, value, open) in [
        (CatalogRecords::LEGACY_LOGIN_ENABLED, "false".to_owned(), false),
        (CatalogRecords::LEGACY_TOKENS_UNTIL, until(at(0)), false),
        (CatalogRecords::LEGACY_TOKENS_UNTIL, until(at(1)), true),
    ] {
        let world = World::with(|_| {}, |records| drop(records.settings.insert(name.into(), value)));
        world.put(&alice(), hash("correct horse"));
        for door in [Door::JsonLogin, Door::PasswordGrant] {
            let answer = legacy(&world, "alice", "wrong", door);
            assert_eq!(matches!(answer, Err(SignInRefused::DoorClosed)), !open, "{name}");
        }
        assert_eq!(world.cost() == (0, 0), !open, "{name}");
        assert!(page(&world, "alice", "correct horse").is_ok());
    }

    let world = World::with(|_| {}, |records| records.tenants = vec![tenant(1, true), tenant(2, false)]);
    let member = |number: u128, tenant: Option<TenantRef>, legacy_login| {
        let mut account = account(number, &format!("a{number}@example.com"), &format!("a{number}"));
        (account.subject.tenant, account.legacy_login) = (tenant, legacy_login);
        world.put(&account, hash("correct horse"));
    };
    member(1, tenant_ref(&tenant(1, true)), true);
    member(2, tenant_ref(&tenant(2, false)), true);
    member(3, tenant_ref(&tenant(1, true)), false);
    member(4, None, true);
    let opens = |name: &str| legacy(&world, name, "correct horse", Door::PasswordGrant).is_ok();
    let open: Vec<_> = ["a1", "a2", "a3", "a4"].into_iter().filter(|name| opens(name)).collect();
    assert_eq!(open, ["a1", "a4"]);
    for name in ["a1", "a2", "a3", "a4"] {
        assert!(page(&world, name, "correct horse").is_ok(), "{name}: the page is another door");
    }
}

/// The policy may change while a password is looked at.
#[test]
fn whoever_is_moved_on_in_the_middle_of_a_sign_in_reads_what_they_read_a_moment_later() {
    let world = world();
    let mint = |_: &Account, _| Err::<(NewLegacyPair, ()), _>(GrantError::LegacyMoved.into());
    let asked = request("alice", "correct horse");
    let refused = now_or_never(world.directory.sign_in_legacy(&asked, Door::JsonLogin, mint));
    assert!(matches!(refused, Err(SignInRefused::Moved)), "{refused:?}");
}

/// An older program goes on with the password that it has stored.
#[test]
fn attempts_at_a_legacy_door_lock_out_nobody_who_has_moved_on() {
    let world = World::new();
    world.put(&Account { legacy_login: false, ..alice() }, hash("correct horse"));
    for password in ["correct horse", "wrong"] {
        for attempt in 0..20 {
            let refused = legacy(&world, "alice", password, Door::JsonLogin);
            assert!(matches!(refused, Err(SignInRefused::Moved)), "{attempt}: {refused:?}");
        }
    }
    assert_eq!(world.audit().iter().filter(|kind| **kind == "sign_in_failed").count(), 40);
    for _ in 0..4 {
        failed(page(&world, "alice", "wrong"));
    }
    assert!(matches!(legacy(&world, "alice", "wrong", Door::PasswordGrant), Err(SignInRefused::Moved)));
    assert!(page(&world, "alice", "correct horse").is_ok(), "four guesses, and one attempt that was none");
    for _ in 0..5 {
        failed(page(&world, "alice", "wrong"));
    }
    assert!(matches!(legacy(&world, "alice", "wrong", Door::PasswordGrant), Err(SignInRefused::Moved)));
    failed(page(&world, "alice", "correct horse"));
}

#[test]
fn an_outdated_hash_is_made_anew_after_the_sign_in() {
    let world = World::new();
    world.put(&alice(), outdated("correct horse"));
    assert!(page(&world, "alice", "correct horse").is_ok());
    assert_eq!(world.cost(), (1, 1));
    let (_, credential) = now_or_never(world.memory().account(alice().subject.id)).unwrap().unwrap();
    assert_eq!(credential.hash, hash("correct horse"));
    assert!(page(&world, "alice", "correct horse").is_ok());
    assert_eq!(world.cost(), (1, 0));
}

/// Whatever happens to the upgrade, the sign-in stands; whatever happens to the account, the old password does not.
#[test]
fn a_change_between_verification_and_commit_is_seen() {
    let meanwhile = |change: fn(&mut Account) -> Option<StoredHash>| {
        let world = world();
        let memory = world.memory().clone();
        let mut account = alice();
        let new_hash = change(&mut account);
        let put = move || memory.put_account(account, new_hash);
        *world.services().passwords.meanwhile.lock().unwrap() = Some(Box::new(put));
        page(&world, "alice", "correct horse")
    };
    assert!(meanwhile(|_| outdated("correct horse")).is_ok(), "only the hash was renewed");
    failed(meanwhile(|_| hash("changed")));
    failed(meanwhile(|_| None));
    failed(meanwhile(|account| {
        account.subject.status = AccountStatus::Disabled;
        hash("correct horse")
    }));
}

#[test]
fn a_full_pool_is_busy_and_not_a_failure() {
    let world = world();
    world.services().passwords.full.store(true, Ordering::SeqCst);
    assert!(matches!(page(&world, "alice", "correct horse"), Err(SignInRefused::Busy(_))));
    assert!(world.audit().is_empty());
}

/// SECURITY.md row 31: a new secret at every sign-in, and the old session is dead.
#[test]
fn the_former_session_of_the_browser_ends() {
    let world = world();
    let first = page(&world, "alice", "correct horse").unwrap();
    let browser = Browser { session: Some(first.cookie.clone()), ..Browser::default() };
    let second = on_page(&world, &request("alice", "correct horse"), &browser).unwrap();
    assert_ne!(first.cookie.expose(), second.cookie.expose());
    let session = |cookie: &SessionCookie| now_or_never(world.memory().session(cookie.hash())).unwrap().unwrap();
    assert!(session(&first.cookie).ended_at.is_some());
    assert!(session(&second.cookie).is_alive(at(0)));
}

#[test]
fn buckets_hold_back_before_anything_costs() {
    let rate = Rate { burst: 2, every: Duration::from_secs(60) };
    let limits = Limits { account: rate, address: rate.burst(4), registration: rate, password_change: rate };
    let world = World::with(|settings| settings.limits = Some(limits), |_| {});
    world.put(&alice(), hash("correct horse"));
    failed(page(&world, "alice", "1"));
    failed(page(&world, "ALICE ", "2"));
    world.cost();
    let limited = |result| matches!(result, Err(SignInRefused::TooMany(wait)) if wait == Duration::from_secs(60));
    assert!(limited(page(&world, "alice", "correct horse")));
    assert_eq!(world.cost(), (0, 0));
    failed(page(&world, "bob", "1"));
    assert!(limited(page(&world, "carol", "1")), "the address has had its share");
    let elsewhere = SignInRequest { address: Some("192.0.2.2".into()), ..request("carol", "1") };
    failed(on_page(&world, &elsewhere, &Browser::default()));
}
