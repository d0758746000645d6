//! Invitations: nobody gets two letters within the interval, whoever asks at once; and what was accepted is written down.

use authly_directory::{
    account::AccountChange,
    identifier::EmailAddress,
    invite::{InvitationFigures, Invitee, InviteeAsk, Lane, NewInvitation},
    mail::{
        letter::{MailKind, NewMail},
        link::{AddressProof, EmailLink, LinkKind},
        outbox::{Hold, MailState, Settlement},
        store::{ApiKeys, LinkUse, LinkedPassword},
    },
};
use oauth_core::{
    audit::AuditKind,
    ids::{MailId, UserId},
    store::Commit,
    time::Timestamp,
};

use crate::{
    WholeStore, World,
    mail::{new_link, new_mail},
    outbox::{hold, lease},
    world::hash_of,
};

fn letter<S: WholeStore>(w: &World<S>, user: UserId, seconds: u64) -> NewInvitation {
    let link = EmailLink { created_at: w.later(seconds), ..new_link(w, user, LinkKind::Invitation) };
    let to = EmailAddress::parse("ada@example.org").unwrap();
    let mail = NewMail { kind: MailKind::Invitation, to, user: Some(user), at: w.later(seconds), ..new_mail(w) };
    NewInvitation { link, mail, audit: w.audit(AuditKind::InvitationQueued) }
}

/// Invites one person at `seconds`; nobody whose last letter is younger than `before`.
async fn invite<S: WholeStore>(w: &World<S>, user: UserId, seconds: u64, before: u64) -> Option<MailId> {
    let letter = letter(w, user, seconds);
    let id = letter.mail.id;
    let invited = w.store.invite(vec![letter], Lane::Servers, w.later(before)).await.unwrap();
    (invited == [user]).then_some(id)
}

async fn settle<S: WholeStore>(w: &World<S>, mail: MailId, state: MailState, seconds: u64) {
    let mine = lease(w);
    assert!(hold(w, mine, seconds, 9).await.iter().any(|held| held.entry.id == mail));
    let begun = w.store.begin_transmission(mail, mine, w.later(seconds), w.later(seconds + 9)).await.unwrap();
    assert_eq!(begun, Commit::Applied);
    let next_at = w.later(seconds);
    let write = Settlement { id: mail, lease: mine, state, attempts: 1, next_at, error: None };
    assert_eq!(w.store.settle_mail(write).await.unwrap(), Commit::Applied);
}

async fn invitee<S: WholeStore>(w: &World<S>, user: UserId) -> Invitee {
    let all = w.store.invitees(InviteeAsk { limit: 99, ..InviteeAsk::default() }).await.unwrap();
    all.into_iter().find(|one| one.user == user).unwrap()
}

async fn figures<S: WholeStore>(w: &World<S>) -> InvitationFigures {
    let mut all = w.store.invitation_figures().await.unwrap();
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

/// Pages follow each other without gap; a wave, once given, stays.
pub async fn invitees_are_listed_with_their_waves<S: WholeStore>(w: World<S>) {
    let mut users = [w.user("ada").await, w.user("bob").await, w.user("cyd").await];
    users.sort_unstable();
    let [first, second, third] = users;
    w.store.assign_waves(vec![(first, 1), (second, 2)]).await.unwrap();
    w.store.assign_waves(vec![(second, 7), (third, 3), (w.user_id(), 9)]).await.unwrap();
    let ask = |after| InviteeAsk { after, limit: 2, tenant: None };
    let page = w.store.invitees(ask(None)).await.unwrap();
    assert_eq!(page.iter().map(|one| (one.user, one.wave)).collect::<Vec<_>>(), [(first, Some(1)), (second, Some(2))]);
    let page = w.store.invitees(ask(Some(second))).await.unwrap();
    assert_eq!(page.iter().map(|one| (one.user, one.wave)).collect::<Vec<_>>(), [(third, Some(3))]);
    let elsewhere = InviteeAsk { tenant: Some(w.tenant_id()), limit: 9, ..InviteeAsk::default() };
    assert!(w.store.invitees(elsewhere).await.unwrap().is_empty());
}

/// The whole way of a letter: queued, accepted, opened.
pub async fn an_accepted_letter_makes_an_account_invited<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    assert!(w.store.oldest_mail().await.unwrap().is_none());
    let mail = invite(&w, user, 1, 0).await.unwrap();
    let waiting = invitee(&w, user).await;
    assert_eq!((waiting.letter, waiting.queued_at, waiting.sent_at), (Some(MailState::Queued), Some(w.later(1)), None));
    assert_eq!(figures(&w).await, InvitationFigures { queued: 1, ..InvitationFigures::default() });
    assert_eq!(w.store.oldest_mail().await.unwrap(), Some(w.later(1)));
    settle(&w, mail, MailState::Sent, 2).await;
    let invited = invitee(&w, user).await;
    assert_eq!((invited.letter, invited.sent_at), (Some(MailState::Sent), Some(w.later(2))));
    assert_eq!(figures(&w).await, InvitationFigures { sent: 1, letters: 1, ..InvitationFigures::default() });
    assert_eq!(w.logged(AuditKind::InvitationQueued).await, 1);
}

/// A letter that waits, may have arrived, or has, stands in the way of another until the interval is over.
pub async fn nobody_is_invited_twice_within_the_interval<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let first = invite(&w, user, 1, 0).await.unwrap();
    assert_eq!(invite(&w, user, 50, 40).await, None);
    settle(&w, first, MailState::Sent, 2).await;
    assert_eq!(invite(&w, user, 5, 1).await, None);
    let second = invite(&w, user, 20, 2).await.unwrap();
    settle(&w, second, MailState::Unknown, 21).await;
    assert_eq!(invite(&w, user, 25, 20).await, None);
    let third = invite(&w, user, 40, 21).await.unwrap();
    assert!(w.store.mail(second).await.unwrap().is_none(), "the old one can still be sent again by hand");
    settle(&w, third, MailState::Sent, 41).await;
    assert_eq!(figures(&w).await.letters, 2);
}

/// A refused letter is no letter, and does not come back beside a new one.
pub async fn a_failed_letter_is_replaced<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let first = invite(&w, user, 1, 0).await.unwrap();
    settle(&w, first, MailState::Failed, 2).await;
    assert_eq!(figures(&w).await, InvitationFigures { failed: 1, ..InvitationFigures::default() });
    let second = invite(&w, user, 3, 0).await.unwrap();
    let retried = w.store.retry_mail(first, w.later(3), w.audit(AuditKind::MailChanged)).await.unwrap();
    assert_eq!(retried, Commit::Lost);
    settle(&w, second, MailState::Sent, 4).await;
    assert_eq!(w.store.mail(second).await.unwrap().unwrap().state, MailState::Sent);
}

/// A mail that was dropped is no letter either.
pub async fn a_dropped_letter_may_be_written_again<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let first = invite(&w, user, 1, 0).await.unwrap();
    assert_eq!(w.store.drop_mail(first, w.audit(AuditKind::MailChanged)).await.unwrap(), Commit::Applied);
    assert!(invite(&w, user, 2, 0).await.is_some());
}

/// Fifty who invite the same people at once write to each of them once.
pub async fn parallel_invitations_write_to_each_person_once<S: WholeStore>(w: World<S>) {
    let mut users = Vec::new();
    for name in ["ada", "bob", "cyd", "dan", "eve"] {
        users.push(w.user(name).await);
    }
    let asked = (0..20).map(|number: usize| {
        let mut letters: Vec<_> = users.iter().map(|user| letter(&w, *user, 1)).collect();
        let places = letters.len();
        letters.rotate_left(number % places);
        let store = w.store.clone();
        let before = w.now;
        tokio::spawn(async move { store.invite(letters, Lane::Servers, before).await })
    });
    let asked: Vec<_> = asked.collect();
    let mut invited = Vec::new();
    for one in asked {
        invited.extend(one.await.unwrap().unwrap());
    }
    invited.sort_unstable();
    users.sort_unstable();
    assert_eq!(invited, users);
    assert_eq!(hold(&w, lease(&w), 2, 99).await.len(), users.len());
    assert_eq!(w.logged(AuditKind::InvitationQueued).await, users.len());
}

/// Letters for files are nobody else's.
pub async fn letters_for_files_are_never_given_to_servers<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let new = letter(&w, user, 1);
    let id = new.mail.id;
    assert_eq!(w.store.invite(vec![new], Lane::Files, w.now).await.unwrap(), [user]);
    assert!(hold(&w, lease(&w), 2, 9).await.is_empty());
    let mine = lease(&w);
    let ask = |lease, seconds| Hold { lease, now: w.later(seconds), until: w.later(seconds + 10), limit: 9 };
    let held = w.store.hold_files(ask(mine, 2)).await.unwrap();
    assert_eq!(held.iter().map(|mail| mail.entry.id).collect::<Vec<_>>(), [id]);
    assert!(w.store.hold_files(ask(lease(&w), 3)).await.unwrap().is_empty());
    // The first has gone away: another takes it.
    assert_eq!(w.store.hold_files(ask(lease(&w), 12)).await.unwrap().len(), 1);
    assert!(hold(&w, lease(&w), 30, 9).await.is_empty());
}

fn use_of<S: WholeStore>(w: &World<S>, link: &EmailLink, at: Timestamp) -> LinkUse {
    let audit = w.audit(AuditKind::InvitationOpened);
    LinkUse { token: link.token, user: link.user, address: link.address.clone(), at, audit }
}

/// Invites somebody whose link has the account's address.
async fn invited_link<S: WholeStore>(w: &World<S>, user: UserId) -> EmailLink {
    let address = w.store.account(user).await.unwrap().unwrap().0.email;
    let mut new = letter(w, user, 1);
    new.link.address = address;
    let link = new.link.clone();
    assert_eq!(w.store.invite(vec![new], Lane::Servers, w.now).await.unwrap(), [user]);
    link
}

/// Following it verifies the address, once; all other invitations of the account are over with it.
pub async fn an_invitation_is_opened_once<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let change = AccountChange { is_verified: Some(false), ..AccountChange::default() };
    let changed = w.store.change_account(user, change, w.later(1), w.audit(AuditKind::AccountChanged)).await.unwrap();
    assert_eq!(changed, Commit::Applied);
    let link = invited_link(&w, user).await;
    let foreign = LinkUse { address: "x@example.org".into(), ..use_of(&w, &link, w.later(5)) };
    assert_eq!(w.store.open_invitation(foreign).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.open_invitation(use_of(&w, &link, w.later(60))).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.open_invitation(use_of(&w, &link, w.later(5))).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.open_invitation(use_of(&w, &link, w.later(6))).await.unwrap(), Commit::Lost);
    assert!(invitee(&w, user).await.is_verified);
    assert_eq!(figures(&w).await.opened, 1);
    assert_eq!(w.logged(AuditKind::InvitationOpened).await, 1);
}

/// An invitation sets a password where the caller says that it may, and is opened by that.
pub async fn a_password_is_set_by_an_invitation<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let link = invited_link(&w, user).await;
    let set = |kind| LinkedPassword {
        kind,
        link: use_of(&w, &link, w.later(5)),
        proof: AddressProof::Known,
        hash: hash_of("new"),
        older_hash: None,
        api_keys: ApiKeys::Keep,
        notice: None,
    };
    assert_eq!(w.store.set_password_by_link(set(LinkKind::SetPassword)).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.set_password_by_link(set(LinkKind::Invitation)).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.set_password_by_link(set(LinkKind::Invitation)).await.unwrap(), Commit::Lost);
    assert_eq!(figures(&w).await.opened, 1);
    assert_eq!(w.store.account(user).await.unwrap().unwrap().1.hash, Some(hash_of("new")));
}
