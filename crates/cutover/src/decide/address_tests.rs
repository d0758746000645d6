//! An address that a rollback puts back is as verified as it was, and no other address is by what was said of it.

use super::{
    testing::{Mirror, World, person, with},
    *,
};
use crate::{
    ledger::LedgerItem,
    rollback::{self, Later, Restoration, Restored},
};

const OLD: &str = "old@example.com";
const NEW: &str = "new@example.com";

/// An account whose row was given another address, as far as verified as the source said of each.
fn moved(then: bool, since: bool) -> World {
    let mut world = World::new();
    for (email, shown) in [(OLD, then), (NEW, since)] {
        world.import(&[with(person("1", email), |person| person.is_verified = shown)]);
    }
    assert_eq!(world.account(NEW).is_verified, since);
    world
}

fn newest(world: &World) -> LedgerItem {
    world.target.lines().pop().unwrap()
}

/// What taking that line back comes to, and the account then.
fn back(world: &World, line: LedgerItem, later: Later) -> (Restoration, TargetAccount) {
    let current = world.target.accounts().remove(0);
    let done = rollback::decide(&[line], Some(&current), later, &Mirror).unwrap();
    let account = match &done.write {
        Some(AccountWrite::Change { to, .. }) => (**to).clone(),
        _ => current,
    };
    (done, account)
}

#[test]
fn an_address_that_goes_back_is_as_verified_as_it_was_before() {
    for then in [false, true] {
        for since in [false, true] {
            let world = moved(then, since);
            let (done, account) = back(&world, newest(&world), Later::Keep);
            assert_eq!((account.email.as_str(), account.is_verified), (OLD, then), "{since}");
            assert_eq!(done.result, Restored::Restored);
        }
    }
}

/// Whoever verified the new address has not shown whose the old one is.
#[test]
fn what_was_verified_since_is_not_said_of_the_address_of_before() {
    for later in [Later::Keep, Later::Overwrite] {
        let mut world = moved(false, false);
        world.change(NEW, |account, _| account.is_verified = true);
        let (done, account) = back(&world, newest(&world), later);
        assert_eq!((account.email.as_str(), account.is_verified), (OLD, false));
        assert_eq!((done.result, done.conflicts.len()), (Restored::Restored, 0));
    }
}

/// An older line does not say whether the address of before was verified.
#[test]
fn what_a_line_does_not_tell_verifies_nothing() {
    let world = moved(true, true);
    let mut line = newest(&world);
    line.before.remove("is_verified");
    line.after.remove("is_verified");
    assert!(!back(&world, line, Later::Keep).1.is_verified);
    // And where it told of the flag alone, nobody knows of which address.
    let mut world = World::new();
    world.import(&[with(person("1", OLD), |person| person.is_verified = true)]);
    world.import(&[person("1", OLD)]);
    let mut line = newest(&world);
    assert!(back(&world, line.clone(), Later::Keep).1.is_verified, "one that tells of both gives it back");
    line.before.remove("email");
    line.after.remove("email");
    let (done, account) = back(&world, line, Later::Keep);
    assert_eq!((account.is_verified, done.conflicts), (false, vec!["is_verified".to_owned()]));
}

/// The source said of one address that it was verified; the owner has taken another one since, and has verified it or not.
#[test]
fn an_address_of_the_owners_stays_with_its_own_flag() {
    for then in [false, true] {
        for own in [false, true] {
            let mut world = moved(then, !then);
            world.change(NEW, |account, _| {
                account.email = "own@example.com".to_owned();
                account.is_verified = own;
            });
            let (done, account) = back(&world, newest(&world), Later::Keep);
            assert_eq!((account.email.as_str(), account.is_verified), ("own@example.com", own), "{then}");
            assert!(done.conflicts.contains(&"email".to_owned()));
            let (_, account) = back(&world, newest(&world), Later::Overwrite);
            assert_eq!((account.email.as_str(), account.is_verified), (OLD, then), "{own}");
        }
    }
}

#[test]
fn a_flag_that_changed_alone_goes_back_alone_and_only_at_its_own_address() {
    for then in [false, true] {
        let mut world = World::new();
        for shown in [then, !then] {
            world.import(&[with(person("1", OLD), |person| person.is_verified = shown)]);
        }
        let (done, account) = back(&world, newest(&world), Later::Keep);
        assert_eq!((account.is_verified, done.result), (then, Restored::Restored));
        world.change(OLD, |account, _| {
            account.email = "own@example.com".to_owned();
            account.is_verified = !then;
        });
        let (done, account) = back(&world, newest(&world), Later::Keep);
        assert_eq!((account.email.as_str(), account.is_verified), ("own@example.com", !then));
        assert_eq!(done.conflicts, ["is_verified"], "the address is no change of the import's");
    }
}
