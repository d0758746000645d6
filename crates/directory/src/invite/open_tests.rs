//! Tests of following an invitation.

use oauth_core::{ids::MailId, services::Services as _, subject::AccountStatus, token::OpaqueToken};

use super::*;
use crate::{
    identifier::EmailAddress,
    invite::{InviteeAsk, Lane, NewInvitation},
    mail::{
        letter::{Letter, MailKind, NewMail},
        link::{Delivery, EmailLink},
    },
    password::PasswordRefused,
    recover::tests::{mailing, visitor},
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
    now_or_never(world.directory.open_invitation(token, &visitor()))
}

fn set(world: &World, token: &str, password: &str) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.set_password_by_invitation(token, &secret(password), &visitor()))
}

#[test]
fn following_an_invitation_verifies_the_address_and_changes_no_password() {
    let world = mailing();
    let mut ada = account(1, "ada@example.org", "ada");
    (ada.is_verified, ada.subject.status) = (false, AccountStatus::PendingVerification);
    world.put(&ada, hash("the old one"));
    let token = invited(&world, &ada);
    // Looking at it, as programs do that open mails first, uses nothing up.
    for _ in 0..3 {
        now_or_never(world.directory.open_link(&token, LinkKind::Invitation)).unwrap();
    }
    assert!(matches!(set(&world, &token, "a new one entirely"), Err(LinkFailed::Over(LinkRefused::OtherKind))));
    open(&world, &token).unwrap();
    assert!(matches!(open(&world, &token), Err(LinkFailed::Over(LinkRefused::Used))));
    let ask = InviteeAsk { limit: 9, ..InviteeAsk::default() };
    let found = now_or_never(world.memory().invitees(ask)).unwrap().pop().unwrap();
    assert!(found.is_verified && found.status == AccountStatus::Active);
    assert_eq!(now_or_never(world.memory().invitation_figures()).unwrap()[0].opened, 1);
}

#[test]
fn an_invitation_sets_the_password_of_an_account_that_has_none_and_of_no_other() {
    let world = mailing();
    let mut ada = account(1, "ada@example.org", "ada");
    ada.reset_required = true;
    world.put(&ada, hash("cannot be verified"));
    let token = invited(&world, &ada);
    assert!(matches!(set(&world, &token, "short"), Err(LinkFailed::Policy(PasswordRefused::TooShort(_)))));
    set(&world, &token, "a new one entirely").unwrap();
    assert!(matches!(set(&world, &token, "another one entirely"), Err(LinkFailed::Over(LinkRefused::Used))));
    assert_eq!(now_or_never(world.memory().invitation_figures()).unwrap()[0].opened, 1);
}

#[test]
fn an_invitation_is_no_link_to_set_a_password_or_to_verify_an_address() {
    let world = mailing();
    let ada = account(1, "ada@example.org", "ada");
    world.put(&ada, hash("the old one"));
    let token = invited(&world, &ada);
    let by_link = now_or_never(world.directory.set_password_by_link(&token, &secret("a new one entirely"), &visitor()));
    assert!(matches!(by_link, Err(LinkFailed::Over(LinkRefused::OtherKind))));
    let by_session = OwnerProof::Session(ada.subject.id);
    let verified = now_or_never(world.directory.verify_address(&token, &by_session, &visitor()));
    assert!(matches!(verified, Err(LinkFailed::Over(LinkRefused::OtherKind))));
}
