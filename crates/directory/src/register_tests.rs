//! Tests of register.

use oauth_core::limit::Rate;

use super::*;
use crate::{
    settings::Limits,
    testing::{World, account, at, hash, now_or_never, secret},
};

fn registration(email: &str, username: &str, password: &str) -> Registration {
    Registration {
        email: email.into(),
        username: username.into(),
        password: secret(password),
        visitor: Visitor { address: Some("192.0.2.1".into()), ..Visitor::default() },
    }
}

fn register(world: &World, email: &str, username: &str) -> Registered {
    now_or_never(world.directory.register(&registration(email, username, "correct horse"))).unwrap()
}

fn fields(world: &World, email: &str, username: &str, password: &str) -> Vec<&'static str> {
    match now_or_never(world.directory.register(&registration(email, username, password))) {
        Err(RegisterRefused::Fields(problems)) => problems.iter().map(|problem| problem.field).collect(),
        other => panic!("{other:?}"),
    }
}

/// S000-60; SECURITY.md row 36: nothing that gives rights comes from outside.
#[test]
fn a_new_account_is_stored_without_rights() {
    let world = World::new();
    let registered = register(&world, " Alice@Example.com ", " alice ");
    assert_eq!((registered.email.as_str(), registered.username.as_str()), ("Alice@Example.com", "alice"));
    let (account, credential) = now_or_never(world.memory().account(registered.id)).unwrap().unwrap();
    assert_eq!(account.subject.status, AccountStatus::PendingVerification);
    assert!(!account.is_verified && !account.subject.is_admin && account.may_sign_in());
    assert_eq!((credential.hash, account.subject.created_at), (hash("correct horse"), at(0)));
    assert_eq!(world.audit(), ["account_created"]);
}

/// C-41; SECURITY.md row 33: same shape, same cost, nothing stored.
#[test]
fn a_known_address_gets_the_same_answer_and_nothing_is_stored() {
    let world = World::new();
    let first = register(&world, "alice@example.com", "alice");
    let cost = world.cost();
    let second = register(&world, "ALICE@example.com", "other");
    assert_eq!(world.cost(), cost);
    assert_eq!((second.email.as_str(), second.username.as_str()), ("ALICE@example.com", "other"));
    assert_eq!((first.outcome, second.outcome), (Outcome::Created, Outcome::AddressKnown));
    assert_ne!(first.id, second.id);
    assert!(now_or_never(world.memory().account(second.id)).unwrap().is_none());
    let audit = world.audit();
    assert!(audit.len() == 2 && audit.contains(&"address_known"), "{audit:?}");
}

/// C-41: a taken user name is never reported, with a known address neither.
#[test]
fn a_taken_user_name_gets_a_suffix() {
    let world = World::new();
    register(&world, "alice@example.com", "alice");
    for email in ["bob@example.com", "alice@example.com"] {
        let registered = register(&world, email, "ALICE");
        let suffix = registered.username.strip_prefix("ALICE-").expect("a suffix");
        assert!(suffix.len() == 4 && suffix.bytes().all(|byte| byte.is_ascii_digit()), "{suffix}");
    }
}

/// C-19, S003-33: whatever the program before took; with a suffix it still fits.
#[test]
fn a_user_name_has_up_to_255_bytes_also_with_a_suffix() {
    let world = World::new();
    let long = format!("{}y", "ü".repeat(127));
    assert_eq!(register(&world, "alice@example.com", &long).username, long);
    let other = register(&world, "bob@example.com", &long).username;
    assert!(other.starts_with("üü") && other.len() <= 255 && other != long, "{other}");
    assert_eq!(fields(&world, "carol@example.com", &"y".repeat(256), "correct horse"), ["username"]);
}

/// SECURITY.md row 54: a user name must not read like another's address.
#[test]
fn only_ones_own_address_may_be_a_user_name() {
    let world = World::new();
    world.put(&account(1, "victim@example.com", "victim"), hash("x"));
    assert_eq!(fields(&world, "eve@example.com", "victim@example.com", "correct horse"), ["username"]);
    assert_eq!(register(&world, "eve@example.com", "Eve@example.com").username, "Eve@example.com");
}

#[test]
fn every_field_that_is_not_in_order_is_named() {
    let world = World::new();
    assert_eq!(fields(&world, "nonsense", "a@b", "short"), ["email", "username", "password"]);
    assert_eq!(fields(&world, "a@b.example", &"x".repeat(256), "correct horse"), ["username"]);
    for password in ["1234567", "nul\0 in the middle", &"x".repeat(1_025), "a@b.example", "LongEnough"] {
        assert_eq!(fields(&world, "a@b.example", "longenough", password), ["password"], "{password}");
    }
    assert_eq!(world.cost(), (0, 0));
}

#[test]
fn registration_can_be_closed_and_is_held_back() {
    let closed = World::with(|settings| settings.registration = RegistrationPolicy::Closed, |_| {});
    let request = registration("a@b.example", "a", "correct horse");
    assert!(matches!(now_or_never(closed.directory.register(&request)), Err(RegisterRefused::Closed)));
    let rate = Rate { burst: 1, every: Duration::from_secs(60) };
    let limits = Limits { account: rate, address: rate, registration: rate, password_change: rate };
    let limited = World::with(|settings| settings.limits = Some(limits), |_| {});
    assert!(now_or_never(limited.directory.register(&request)).is_ok());
    assert!(matches!(now_or_never(limited.directory.register(&request)), Err(RegisterRefused::TooMany(_))));
}
