//! Tests of verify, and of the mails of registration.

use std::time::Duration;

use oauth_core::{limit::Rate, subject::AccountStatus};

use super::*;
use crate::{
    mail::letter::MailKind,
    recover::tests::{letters, mailing, visitor},
    register::{Outcome, Registered, Registration},
    settings::{DirectorySettings, Limits},
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

/// By the password that the account was registered with.
fn verify(world: &World, token: &str) -> Result<Account, LinkFailed> {
    prove(world, token, &OwnerProof::Password(secret("correct horse")))
}

fn prove(world: &World, token: &str, proof: &OwnerProof) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.verify_address(token, proof, &visitor()))
}

/// Registers; returns the account and the token of its link.
fn registered(world: &World) -> (UserId, String) {
    let user = register(world, "ada@example.org").id;
    (user, letters(world).pop().unwrap().2.link.unwrap().0.expose().to_owned())
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

/// Anybody may register with a stranger's address and lie in wait: the stranger's click alone is no consent to that.
#[test]
fn the_link_alone_verifies_no_address() {
    let world = mailing();
    let (user, token) = registered(&world);
    let wrong = prove(&world, &token, &OwnerProof::Password(secret("what the owner thinks it is")));
    assert!(matches!(wrong, Err(LinkFailed::WrongPassword)));
    let somebody_else = UserId::from_uuid(uuid::Uuid::from_u128(9));
    assert!(matches!(prove(&world, &token, &OwnerProof::Session(somebody_else)), Err(LinkFailed::Unproven)));
    assert!(!stored(&world, user).is_verified);
    prove(&world, &token, &OwnerProof::Session(user)).unwrap();
    assert!(stored(&world, user).is_verified);
}

#[test]
fn a_link_says_what_its_reader_has_to_show() {
    let world = mailing();
    let (user, token) = registered(&world);
    let asks = |visitor| now_or_never(world.directory.open_verification(&token, visitor)).unwrap().asks;
    let somebody_else = UserId::from_uuid(uuid::Uuid::from_u128(9));
    assert_eq!(
        [asks(None), asks(Some(somebody_else)), asks(Some(user))],
        [Asks::Password, Asks::Password, Asks::Nothing]
    );
    let account = Account { reset_required: true, ..stored(&world, user) };
    world.put(&account, hash("correct horse"));
    assert_eq!(asks(None), Asks::NewPassword);
    assert!(matches!(verify(&world, &token), Err(LinkFailed::WrongPassword)));
    world.put(&stored(&world, user), None);
    assert_eq!(asks(None), Asks::NewPassword);
}

/// The owner of the address who does not know the password sets one, and whoever registered before is out.
#[test]
fn a_new_password_takes_the_account_from_whoever_registered_with_the_address() {
    let world = mailing();
    let (user, token) = registered(&world);
    let set = |token: &str, password: &str| {
        let kind = LinkKind::VerifyAddress;
        now_or_never(world.directory.set_password_by_link(kind, token, &secret(password), &visitor()))
    };
    assert!(matches!(set(&token, "short"), Err(LinkFailed::Policy(_))));
    set(&token, "the owner's own one").unwrap();
    let (account, credential) = now_or_never(world.memory().account(user)).unwrap().unwrap();
    assert!(account.is_verified && account.subject.status == AccountStatus::Active);
    assert_eq!(credential.hash, hash("the owner's own one"));
    assert!(matches!(set(&token, "another one here"), Err(LinkFailed::Over(LinkRefused::Used))));
    assert!(letters(&world).iter().any(|(kind, ..)| *kind == MailKind::PasswordChanged));
}

/// A link that nobody followed sets no password once the address is verified otherwise: it is good for days.
#[test]
fn a_link_for_a_verified_address_opens_nothing() {
    let world = mailing();
    let (user, token) = registered(&world);
    world.put(&Account { is_verified: true, ..stored(&world, user) }, hash("correct horse"));
    let (kind, password) = (LinkKind::VerifyAddress, secret("another one here"));
    let set = now_or_never(world.directory.set_password_by_link(kind, &token, &password, &visitor()));
    assert!(matches!(set, Err(LinkFailed::Over(LinkRefused::Verified))));
    assert!(matches!(verify(&world, &token), Err(LinkFailed::Over(LinkRefused::Verified))));
}

/// Who owns the address must not try out the password of whoever registered with it.
#[test]
fn passwords_are_not_guessed_by_a_link() {
    let world = World::with(
        |settings| {
            settings.mail.sending = MailSending::On;
            let limits = DirectorySettings::default().limits.unwrap();
            settings.limits =
                Some(Limits { password_change: Rate { burst: 2, every: Duration::from_secs(60) }, ..limits });
        },
        |_| {},
    );
    let (_, token) = registered(&world);
    for _ in 0..2 {
        let wrong = prove(&world, &token, &OwnerProof::Password(secret("a guess")));
        assert!(matches!(wrong, Err(LinkFailed::WrongPassword)));
    }
    assert!(matches!(verify(&world, &token), Err(LinkFailed::TooMany(_))));
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
