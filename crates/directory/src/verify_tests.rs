//! Tests of verify, and of the mails of registration.

use oauth_core::subject::AccountStatus;

use super::*;
use crate::{
    mail::letter::MailKind,
    recover::tests::{letters, mailing, visitor},
    register::{Outcome, Registered, Registration},
    testing::{World, account, hash, now_or_never, secret},
};

fn register(world: &World, email: &str) -> Registered {
    let registration = Registration {
        email: email.into(),
        username: "ada".into(),
        password: secret("correct horse"),
        visitor: visitor(),
    };
    now_or_never(world.directory.register(&registration)).unwrap()
}

fn stored(world: &World, user: UserId) -> Account {
    now_or_never(world.memory().account(user)).unwrap().unwrap().0
}

fn verify(world: &World, token: &str) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.verify_address(token, &visitor()))
}

#[test]
fn who_registers_gets_a_link_that_verifies_the_address() {
    let world = mailing();
    let registered = register(&world, "ada@example.org");
    let (kind, to, letter) = letters(&world).pop().unwrap();
    assert_eq!((kind, to.as_str()), (MailKind::VerifyAddress, "ada@example.org"));
    let token = letter.link.unwrap().0.expose().to_owned();
    assert!(!stored(&world, registered.id).is_verified);
    verify(&world, &token).unwrap();
    let account = stored(&world, registered.id);
    assert!(account.is_verified && account.subject.status == AccountStatus::Active);
    let mut log = world.audit();
    log.sort_unstable();
    assert_eq!(log, ["account_created", "address_verified", "link_issued"]);
    assert!(matches!(verify(&world, &token), Err(LinkFailed::Over(LinkRefused::Used))));
}

/// C-41: the answer is the same; the owner is told.
#[test]
fn the_owner_of_a_known_address_is_told() {
    let world = mailing();
    let ada = account(1, "Ada@example.org", "first");
    world.put(&ada, hash("x"));
    assert_eq!(register(&world, "ada@EXAMPLE.org").outcome, Outcome::AddressKnown);
    let (kind, to, letter) = letters(&world).pop().unwrap();
    assert_eq!((kind, to.as_str()), (MailKind::AddressKnown, "Ada@example.org"));
    assert!(letter.link.is_none());
}

#[test]
fn without_mail_nothing_is_queued() {
    let world = World::new();
    register(&world, "ada@example.org");
    assert!(letters(&world).is_empty());
}

#[test]
fn a_link_can_be_sent_again_until_the_address_is_verified() {
    let world = mailing();
    let user = register(&world, "ada@example.org").id;
    now_or_never(world.directory.request_verification_link(user, &visitor())).unwrap();
    let token = letters(&world).pop().unwrap().2.link.unwrap().0.expose().to_owned();
    assert_eq!(letters(&world).len(), 2);
    verify(&world, &token).unwrap();
    now_or_never(world.directory.request_verification_link(user, &visitor())).unwrap();
    assert_eq!(letters(&world).len(), 2);
}

#[test]
fn a_link_for_a_password_verifies_nothing_by_itself() {
    let world = mailing();
    world.put(&account(1, "ada@example.org", "ada"), hash("x"));
    now_or_never(world.directory.request_password_link("ada", &visitor())).unwrap();
    let token = letters(&world).pop().unwrap().2.link.unwrap().0.expose().to_owned();
    assert!(matches!(verify(&world, &token), Err(LinkFailed::Over(LinkRefused::OtherKind))));
}
