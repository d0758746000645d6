//! The outbox: a mail is held and begun by one server, and what nobody knows is sent again by setting only.

use authly_directory::mail::{
    letter::NewMail,
    link::{EmailLink, LinkKind},
    outbox::{HeldMail, Hold, MOST_ATTEMPTS, MailState, OutboxQuery, Resend, Settlement},
};
use oauth_core::{
    audit::AuditKind,
    ids::{LeaseId, MailId},
    store::{Commit, PurgeOrder},
};

use crate::{
    WholeStore, World,
    mail::{issue, new_link, new_mail},
    world::assert_conflict,
};

async fn queue<S: WholeStore>(w: &World<S>) -> MailId {
    let mail = new_mail(w);
    let id = mail.id;
    w.store.queue_mail(mail, None).await.unwrap();
    id
}

pub(crate) fn lease<S: WholeStore>(w: &World<S>) -> LeaseId {
    LeaseId::from_uuid(w.user_id().uuid())
}

pub(crate) async fn hold<S: WholeStore>(w: &World<S>, lease: LeaseId, seconds: u64, limit: u32) -> Vec<HeldMail> {
    let hold = Hold { lease, now: w.later(seconds), until: w.later(seconds + 10), limit };
    w.store.hold_mails(hold).await.unwrap()
}

async fn begin<S: WholeStore>(w: &World<S>, mail: MailId, lease: LeaseId, seconds: u64) -> Commit {
    w.store.begin_transmission(mail, lease, w.later(seconds), w.later(seconds + 10)).await.unwrap()
}

fn settlement<S: WholeStore>(w: &World<S>, id: MailId, lease: LeaseId, state: MailState) -> Settlement {
    Settlement { id, lease, state, attempts: 1, next_at: w.later(30), error: Some("450 später".into()) }
}

async fn state<S: WholeStore>(w: &World<S>, mail: MailId) -> MailState {
    w.store.mail(mail).await.unwrap().unwrap().state
}

/// One server holds a mail until its lease runs out.
pub async fn a_mail_is_held_by_one_server<S: WholeStore>(w: World<S>) {
    let mail = queue(&w).await;
    let (mine, other) = (lease(&w), lease(&w));
    assert_eq!(hold(&w, mine, 0, 9).await.len(), 1);
    assert!(hold(&w, other, 9, 9).await.is_empty());
    assert_eq!(begin(&w, mail, other, 1).await, Commit::Lost);
    // The lease has run out: somebody else takes it, and the first may not begin any more.
    assert_eq!(begin(&w, mail, mine, 10).await, Commit::Lost);
    assert_eq!(hold(&w, other, 10, 9).await.len(), 1);
    assert_eq!(begin(&w, mail, mine, 11).await, Commit::Lost);
    assert_eq!(begin(&w, mail, other, 11).await, Commit::Applied);
    assert_eq!(begin(&w, mail, other, 11).await, Commit::Lost);
    assert_eq!(state(&w, mail).await, MailState::Sending);
}

/// Oldest first, and not before their time.
pub async fn mails_are_held_when_they_are_due<S: WholeStore>(w: World<S>) {
    let late = NewMail { at: w.later(50), ..new_mail(&w) };
    let (first, second) = (queue(&w).await, queue(&w).await);
    w.store.queue_mail(late.clone(), Some(w.audit(AuditKind::MailChanged))).await.unwrap();
    let ids = |held: Vec<HeldMail>| held.into_iter().map(|mail| mail.entry.id).collect::<Vec<_>>();
    assert_eq!(ids(hold(&w, lease(&w), 0, 1).await), [first]);
    assert_eq!(ids(hold(&w, lease(&w), 0, 9).await), [second]);
    assert_eq!(ids(hold(&w, lease(&w), 50, 9).await), [first, second, late.id]);
    assert_conflict(w.store.queue_mail(late, None).await, "mail_outbox.id");
}

/// What was held and not begun goes back; what was begun does not.
pub async fn a_released_mail_is_free_at_once<S: WholeStore>(w: World<S>) {
    let (begun, held) = (queue(&w).await, queue(&w).await);
    let mine = lease(&w);
    assert_eq!(hold(&w, mine, 0, 9).await.len(), 2);
    assert_eq!(begin(&w, begun, mine, 1).await, Commit::Applied);
    w.store.release_mails(mine).await.unwrap();
    let again = hold(&w, lease(&w), 1, 9).await;
    assert_eq!(again.iter().map(|mail| mail.entry.id).collect::<Vec<_>>(), [held]);
}

/// The content of a mail that was sent is of no use to anybody.
pub async fn a_settled_mail_reads_back<S: WholeStore>(w: World<S>) {
    for settled in [MailState::Sent, MailState::Failed, MailState::Unknown, MailState::Queued] {
        let (mail, mine) = (queue(&w).await, lease(&w));
        hold(&w, mine, 0, 9).await;
        assert_eq!(begin(&w, mail, mine, 1).await, Commit::Applied);
        let write = settlement(&w, mail, mine, settled);
        let foreign = Settlement { lease: lease(&w), ..write.clone() };
        assert_eq!(w.store.settle_mail(foreign).await.unwrap(), Commit::Lost);
        assert_eq!(w.store.settle_mail(write.clone()).await.unwrap(), Commit::Applied);
        assert_eq!(w.store.settle_mail(write).await.unwrap(), Commit::Lost);
        let entry = w.store.mail(mail).await.unwrap().unwrap();
        assert_eq!((entry.state, entry.attempts, entry.next_at), (settled, 1, w.later(30)));
        assert_eq!(entry.error.as_deref(), Some("450 später"));
        let due = hold(&w, lease(&w), 30, 9).await;
        assert_eq!(due.len(), usize::from(settled == MailState::Queued));
        assert!(due.iter().all(|mail| mail.sealed == [0, 255, 7]));
    }
}

/// A crash between the server's word and our commit: nobody knows, and nobody sends it again unasked.
pub async fn a_mail_whose_sender_was_lost_is_unknown<S: WholeStore>(w: World<S>) {
    let (mail, mine) = (queue(&w).await, lease(&w));
    hold(&w, mine, 0, 9).await;
    assert_eq!(begin(&w, mail, mine, 1).await, Commit::Applied);
    assert_eq!(w.store.sweep_mails(w.later(10), Resend::Never).await.unwrap(), 0);
    assert_eq!(w.store.sweep_mails(w.later(11), Resend::Never).await.unwrap(), 1);
    assert_eq!(w.store.sweep_mails(w.later(12), Resend::Never).await.unwrap(), 0);
    assert_eq!(state(&w, mail).await, MailState::Unknown);
    assert!(hold(&w, lease(&w), 99, 9).await.is_empty());
    // Who was only slow may still say what became of it.
    assert_eq!(w.store.settle_mail(settlement(&w, mail, mine, MailState::Sent)).await.unwrap(), Commit::Applied);
    assert_eq!(state(&w, mail).await, MailState::Sent);
}

/// The setting that would rather send twice than not at all; not for ever.
pub async fn unknown_mails_are_sent_again_by_setting<S: WholeStore>(w: World<S>) {
    let (mail, tired) = (queue(&w).await, queue(&w).await);
    let mine = lease(&w);
    hold(&w, mine, 0, 9).await;
    for id in [mail, tired] {
        assert_eq!(begin(&w, id, mine, 1).await, Commit::Applied);
    }
    let write = Settlement { attempts: MOST_ATTEMPTS, ..settlement(&w, tired, mine, MailState::Unknown) };
    assert_eq!(w.store.settle_mail(write).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.sweep_mails(w.later(11), Resend::Always).await.unwrap(), 1);
    assert_eq!((state(&w, mail).await, state(&w, tired).await), (MailState::Queued, MailState::Unknown));
    let held = hold(&w, lease(&w), 11, 9).await;
    assert_eq!((held.len(), held[0].entry.attempts), (1, 1));
    // The sender that was lost comes back too late.
    assert_eq!(w.store.settle_mail(settlement(&w, mail, mine, MailState::Sent)).await.unwrap(), Commit::Lost);
}

/// What administrators do to single mails.
pub async fn mails_are_listed_retried_and_dropped<S: WholeStore>(w: World<S>) {
    let (failed, sending) = (queue(&w).await, queue(&w).await);
    let newest = NewMail { at: w.later(1), ..new_mail(&w) };
    w.store.queue_mail(newest.clone(), None).await.unwrap();
    let mine = lease(&w);
    hold(&w, mine, 0, 9).await;
    assert_eq!(begin(&w, sending, mine, 1).await, Commit::Applied);
    assert_eq!(w.store.settle_mail(settlement(&w, failed, mine, MailState::Failed)).await.unwrap(), Commit::Applied);
    let ids = |entries: Vec<authly_directory::mail::outbox::OutboxEntry>| {
        entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let all = w.store.list_mails(OutboxQuery { state: None, limit: 9 }).await.unwrap();
    assert_eq!(ids(all), [newest.id, sending, failed]);
    let some = w.store.list_mails(OutboxQuery { state: Some(MailState::Failed), limit: 9 }).await.unwrap();
    assert_eq!(ids(some), [failed]);
    assert_eq!(w.store.list_mails(OutboxQuery { state: None, limit: 1 }).await.unwrap().len(), 1);
    let mut counts = w.store.count_mails().await.unwrap();
    counts.sort_by_key(|(state, _)| state.as_str());
    assert_eq!(counts, [(MailState::Failed, 1), (MailState::Queued, 1), (MailState::Sending, 1)]);
    let audit = || w.audit(AuditKind::MailChanged);
    assert_eq!(w.store.retry_mail(sending, w.later(2), audit()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.drop_mail(sending, audit()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.retry_mail(failed, w.later(2), audit()).await.unwrap(), Commit::Applied);
    let entry = w.store.mail(failed).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.attempts, entry.next_at), (MailState::Queued, 0, w.later(2)));
    assert_eq!(w.store.drop_mail(failed, audit()).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.drop_mail(failed, audit()).await.unwrap(), Commit::Lost);
    assert!(w.store.mail(failed).await.unwrap().is_none());
    assert_eq!(w.logged(AuditKind::MailChanged).await, 2);
}

/// What is over goes; what waits stays.
pub async fn settled_mails_and_expired_links_are_purged<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let over = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let living = issue(&w, EmailLink { expires_at: w.later(9_999), ..new_link(&w, user, LinkKind::SetPassword) }).await;
    let (sent, waits, mine) = (queue(&w).await, queue(&w).await, lease(&w));
    hold(&w, mine, 0, 1).await;
    assert_eq!(begin(&w, sent, mine, 1).await, Commit::Applied);
    assert_eq!(w.store.settle_mail(settlement(&w, sent, mine, MailState::Sent)).await.unwrap(), Commit::Applied);
    let before = w.later(5_000);
    let order =
        PurgeOrder { now: before, successors_before: before, codes_before: before, tokens_before: before, limit: 10 };
    assert_eq!(w.store.purge(order).await.unwrap().others, 2);
    assert!(w.store.link(over.token).await.unwrap().is_none() && w.store.link(living.token).await.unwrap().is_some());
    assert!(w.store.mail(sent).await.unwrap().is_none() && w.store.mail(waits).await.unwrap().is_some());
}
