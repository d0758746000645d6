//! Tests of following an invitation.

use oauth_core::{
    ids::{MailId, UserId},
    services::Services as _,
    subject::AccountStatus,
    token::OpaqueToken,
};

use super::*;
use crate::{
    identifier::EmailAddress,
    invite::{Invitee, InviteeAsk, Lane, NewInvitation},
    mail::{
        letter::{Letter, MailKind, NewMail},
        link::{Delivery, EmailLink},
    },
    password::PasswordRefused,
    recover::tests::{mailing, visitor},
    store::AccountRepository as _,
    testing::{World, account, at, hash, now_or_never, secret},
    verify::OwnerProof,
};

/// Invites an account; returns the token of its link.
fn invited(world: &World, account: &Account) -> String {
    let (services, now) = (world.services(), at(0));
    let token = OpaqueToken::generate(services.random());
    let link = EmailLink {
        token: token.hash(),
        kind: LinkKind::Invitation,
        user: account.subject.id,
        address: account.email.clone(),
        delivery: Delivery::Mailed,
        created_at: now,
        expires_at: at(86_400),
        used_at: None,
    };
    let id = MailId::generate(now, services.random());
    let letter = Letter {
        account: account.email.clone(),
        visitor: visitor(),
        at: now,
        link: Some((token.clone(), at(86_400))),
        invitation: None,
    };
    let mail = NewMail {
        id,
        kind: MailKind::Invitation,
        to: EmailAddress::parse(&account.email).unwrap(),
        user: Some(account.subject.id),
        sealed: letter.seal(id, services.sealer()),
        at: now,
    };
    let audit = world.directory.engine.audit(AuditKind::InvitationQueued, None, now);
    let new = NewInvitation { link, mail, audit };
    let done = now_or_never(world.memory().invite(vec![new], Lane::Servers, at(-1))).unwrap();
    assert_eq!(done, [account.subject.id]);
    token.expose().to_owned()
}

fn open(world: &World, token: &str) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.open_invitation(token, None, &visitor()))
}

fn set(world: &World, token: &str, password: &str) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.set_password_by_link(LinkKind::Invitation, token, &secret(password), &visitor()))
}

fn prove(world: &World, token: &str, proof: &OwnerProof) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.open_invitation(token, Some(proof), &visitor()))
}

fn asks(world: &World, token: &str, visitor: Option<UserId>) -> Asks {
    now_or_never(world.directory.look_at_invitation(token, visitor)).unwrap().asks
}

fn invitee(world: &World) -> Invitee {
    let ask = InviteeAsk { limit: 9, ..InviteeAsk::default() };
    now_or_never(world.memory().invitees(ask)).unwrap().pop().unwrap()
}

fn opened(world: &World) -> u64 {
    now_or_never(world.memory().invitation_figures()).unwrap()[0].opened
}

/// Somebody with that password, of whose address nobody knows whose it is; returns them and the token of their invitation.
fn unproven(world: &World) -> (Account, String) {
    let mut ada = account(1, "ada@example.org", "ada");
    (ada.is_verified, ada.subject.status) = (false, AccountStatus::PendingVerification);
    world.put(&ada, hash("the old one"));
    let token = invited(world, &ada);
    (ada, token)
}

#[test]
fn following_an_invitation_to_a_verified_address_asks_for_nothing_and_changes_no_password() {
    let world = mailing();
    let ada = account(1, "ada@example.org", "ada");
    world.put(&ada, hash("the old one"));
    let token = invited(&world, &ada);
    // Looking at it, as programs do that open mails first, uses nothing up.
    for _ in 0..3 {
        assert_eq!(asks(&world, &token, None), Asks::Nothing);
    }
    assert!(matches!(set(&world, &token, "a new one entirely"), Err(LinkFailed::Over(LinkRefused::OtherKind))));
    open(&world, &token).unwrap();
    assert!(matches!(open(&world, &token), Err(LinkFailed::Over(LinkRefused::Used))));
    assert!(invitee(&world).is_verified);
    assert_eq!(opened(&world), 1);
}

/// Somebody may have chosen a stranger's address in the older system: the stranger's click is no consent to that password.
#[test]
fn an_invitation_alone_verifies_no_address() {
    let world = mailing();
    let (ada, token) = unproven(&world);
    let stranger = UserId::from_uuid(uuid::Uuid::from_u128(9));
    let user = ada.subject.id;
    assert_eq!(
        [asks(&world, &token, None), asks(&world, &token, Some(stranger)), asks(&world, &token, Some(user))],
        [Asks::Password, Asks::Password, Asks::Nothing]
    );
    assert!(matches!(open(&world, &token), Err(LinkFailed::Unproven)));
    assert!(matches!(prove(&world, &token, &OwnerProof::Session(stranger)), Err(LinkFailed::Unproven)));
    let wrong = OwnerProof::Password(secret("what the owner thinks it is"));
    assert!(matches!(prove(&world, &token, &wrong), Err(LinkFailed::WrongPassword)));
    assert!(!invitee(&world).is_verified && opened(&world) == 0);
}

#[test]
fn an_invitation_with_the_password_or_a_session_verifies_the_address() {
    for by_session in [false, true] {
        let world = mailing();
        let (ada, token) = unproven(&world);
        let proof =
            if by_session { OwnerProof::Session(ada.subject.id) } else { OwnerProof::Password(secret("the old one")) };
        prove(&world, &token, &proof).unwrap();
        let found = invitee(&world);
        assert!(found.is_verified && found.status == AccountStatus::Active, "{by_session}");
        assert_eq!(opened(&world), 1);
    }
}

#[test]
fn a_new_password_by_invitation_takes_the_account_from_whoever_chose_the_old_one() {
    let world = mailing();
    let (ada, token) = unproven(&world);
    set(&world, &token, "the owner's own one").unwrap();
    let (account, credential) = now_or_never(world.memory().account(ada.subject.id)).unwrap().unwrap();
    assert!(account.is_verified && account.subject.status == AccountStatus::Active);
    assert_eq!(credential.hash, hash("the owner's own one"));
    assert!(matches!(set(&world, &token, "another one here"), Err(LinkFailed::Over(LinkRefused::Used))));
    assert_eq!(opened(&world), 1);
}

/// An invitation is good for weeks: once the address is verified otherwise, it replaces no password.
#[test]
fn an_invitation_sets_no_password_once_the_address_is_verified_otherwise() {
    let world = mailing();
    let (ada, token) = unproven(&world);
    world.put(&Account { is_verified: true, ..ada }, hash("the old one"));
    assert_eq!(asks(&world, &token, None), Asks::Nothing);
    assert!(matches!(set(&world, &token, "a new one entirely"), Err(LinkFailed::Over(LinkRefused::OtherKind))));
}

#[test]
fn an_invitation_sets_the_password_of_an_account_that_has_none_and_of_no_other() {
    let world = mailing();
    let mut ada = account(1, "ada@example.org", "ada");
    ada.reset_required = true;
    world.put(&ada, hash("cannot be verified"));
    let token = invited(&world, &ada);
    assert_eq!(asks(&world, &token, None), Asks::NewPassword);
    assert!(matches!(set(&world, &token, "short"), Err(LinkFailed::Policy(PasswordRefused::TooShort(_)))));
    set(&world, &token, "a new one entirely").unwrap();
    assert!(matches!(set(&world, &token, "another one entirely"), Err(LinkFailed::Over(LinkRefused::Used))));
    assert_eq!(opened(&world), 1);
}

#[test]
fn an_invitation_is_no_link_to_set_a_password_or_to_verify_an_address() {
    let world = mailing();
    let ada = account(1, "ada@example.org", "ada");
    world.put(&ada, hash("the old one"));
    let token = invited(&world, &ada);
    let (kind, password) = (LinkKind::SetPassword, secret("a new one entirely"));
    let by_link = now_or_never(world.directory.set_password_by_link(kind, &token, &password, &visitor()));
    assert!(matches!(by_link, Err(LinkFailed::Over(LinkRefused::OtherKind))));
    let by_session = OwnerProof::Session(ada.subject.id);
    let verified = now_or_never(world.directory.verify_address(&token, &by_session, &visitor()));
    assert!(matches!(verified, Err(LinkFailed::Over(LinkRefused::OtherKind))));
}
