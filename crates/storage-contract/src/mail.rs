//! Links and the outbox: a link opens once, a mail is begun by one server.

use authly_directory::{
    account::NewAccount,
    identifier::EmailAddress,
    mail::{
        letter::{MailKind, NewMail},
        link::{Delivery, EmailLink, LinkKind},
        outbox::{HeldMail, Hold, MOST_ATTEMPTS, MailState, OutboxQuery, Resend, Settlement},
        store::{LinkUse, LinkedPassword, NewLink},
    },
    store::{PasswordChange, Replace},
};
use oauth_core::{
    audit::AuditKind,
    ids::{LeaseId, MailId, UserId},
    store::{Commit, PurgeOrder},
    subject::AccountStatus,
    time::Timestamp,
};

use crate::{
    WholeStore, World,
    legacy::{new_pair, record},
    world::{assert_conflict, hash_of},
};

fn new_mail<S: WholeStore>(w: &World<S>) -> NewMail {
    NewMail {
        id: MailId::from_uuid(w.user_id().uuid()),
        kind: MailKind::SetPassword,
        to: EmailAddress::parse("zoë+x@example.org").unwrap(),
        user: None,
        sealed: vec![0, 255, 7],
        at: w.now,
    }
}

fn new_link<S: WholeStore>(w: &World<S>, user: UserId, kind: LinkKind) -> EmailLink {
    EmailLink {
        token: w.hash(),
        kind,
        user,
        address: "ada@example.org".into(),
        delivery: Delivery::Mailed,
        created_at: w.now,
        expires_at: w.later(60),
        used_at: None,
    }
}

async fn issue<S: WholeStore>(w: &World<S>, link: EmailLink) -> EmailLink {
    let write = NewLink { link: link.clone(), mail: None, audit: w.audit(AuditKind::LinkIssued) };
    w.store.issue_link(write).await.unwrap();
    link
}

async fn address<S: WholeStore>(w: &World<S>, user: UserId) -> String {
    w.store.account(user).await.unwrap().unwrap().0.email
}

fn link_use<S: WholeStore>(w: &World<S>, link: &EmailLink, address: &str, at: Timestamp) -> LinkUse {
    let audit = w.audit(AuditKind::AddressVerified);
    LinkUse { token: link.token, user: link.user, address: address.to_owned(), at, audit }
}

fn password<S: WholeStore>(w: &World<S>, link: &EmailLink, address: &str, at: Timestamp) -> LinkedPassword {
    let link_use = LinkUse { audit: w.audit(AuditKind::PasswordChanged), ..link_use(w, link, address, at) };
    LinkedPassword {
        link: link_use,
        delivery: link.delivery,
        hash: hash_of("new"),
        older_hash: None,
        notice: Some(new_mail(w)),
    }
}

async fn waiting<S: WholeStore>(w: &World<S>, name: &str) -> UserId {
    let new = NewAccount {
        hash: None,
        is_verified: false,
        status: AccountStatus::PendingVerification,
        ..w.new_account(name)
    };
    w.create(new).await
}

async fn queue<S: WholeStore>(w: &World<S>) -> MailId {
    let mail = new_mail(w);
    let id = mail.id;
    w.store.queue_mail(mail, None).await.unwrap();
    id
}

fn lease<S: WholeStore>(w: &World<S>) -> LeaseId {
    LeaseId::from_uuid(w.user_id().uuid())
}

async fn hold<S: WholeStore>(w: &World<S>, lease: LeaseId, seconds: u64, limit: u32) -> Vec<HeldMail> {
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

/// Reading uses nothing up: programs open mails before people do.
pub async fn a_link_reads_back_as_it_was_issued<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    for (kind, delivery) in [(LinkKind::SetPassword, Delivery::Mailed), (LinkKind::VerifyAddress, Delivery::Shown)] {
        let link = issue(&w, EmailLink { delivery, ..new_link(&w, user, kind) }).await;
        for _ in 0..2 {
            let found = w.store.link(link.token).await.unwrap().unwrap();
            assert_eq!((found.link, found.account.subject.id), (link.clone(), user));
        }
    }
    assert!(w.store.link(w.hash()).await.unwrap().is_none());
    assert_eq!(w.logged(AuditKind::LinkIssued).await, 2);
}

/// A link without its mail would be a secret that nobody has.
pub async fn a_link_and_its_mail_stand_together<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let mail = NewMail { user: Some(user), ..new_mail(&w) };
    let link = new_link(&w, user, LinkKind::SetPassword);
    let write = NewLink { link: link.clone(), mail: Some(mail.clone()), audit: w.audit(AuditKind::LinkIssued) };
    w.store.issue_link(write).await.unwrap();
    let held = hold(&w, lease(&w), 0, 9).await;
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].entry.id, &held[0].sealed, held[0].entry.user), (mail.id, &mail.sealed, Some(user)));
    assert_eq!((held[0].entry.to.as_str(), held[0].entry.kind), ("zoë+x@example.org", MailKind::SetPassword));
    let again = NewLink {
        link: EmailLink { token: w.hash(), ..link },
        mail: Some(mail),
        audit: w.audit(AuditKind::LinkIssued),
    };
    assert!(w.store.issue_link(again.clone()).await.is_err());
    assert!(w.store.link(again.link.token).await.unwrap().is_none());
    assert_eq!(w.logged(AuditKind::LinkIssued).await, 1);
}

/// The token is the key.
pub async fn a_link_that_exists_is_refused<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let link = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let write = NewLink { link, mail: Some(new_mail(&w)), audit: w.audit(AuditKind::LinkIssued) };
    assert!(w.store.issue_link(write).await.is_err());
    assert!(w.store.list_mails(OutboxQuery { state: None, limit: 9 }).await.unwrap().is_empty());
}

/// Who opens the link has read what was sent to the address.
pub async fn a_link_verifies_an_address_once<S: WholeStore>(w: World<S>) {
    let user = waiting(&w, "ada").await;
    let address = address(&w, user).await;
    let link = issue(&w, new_link(&w, user, LinkKind::VerifyAddress)).await;
    let other = issue(&w, new_link(&w, user, LinkKind::VerifyAddress)).await;
    let write = link_use(&w, &link, &address.to_uppercase(), w.later(5));
    assert_eq!(w.store.verify_address(write).await.unwrap(), Commit::Applied);
    let account = w.store.account(user).await.unwrap().unwrap().0;
    assert_eq!((account.is_verified, account.subject.status), (true, AccountStatus::Active));
    assert!(account.subject.profile.email_verified);
    for link in [link, other] {
        assert_eq!(w.store.verify_address(link_use(&w, &link, &address, w.later(6))).await.unwrap(), Commit::Lost);
        assert_eq!(w.store.link(link.token).await.unwrap().unwrap().link.used_at, Some(w.later(5)));
    }
    assert_eq!(w.logged(AuditKind::AddressVerified).await, 1);
}

/// Verification opens no account that was closed.
pub async fn a_verified_address_opens_no_closed_account<S: WholeStore>(w: World<S>) {
    let user = w.create(NewAccount { status: AccountStatus::Disabled, ..w.new_account("ada") }).await;
    let link = issue(&w, new_link(&w, user, LinkKind::VerifyAddress)).await;
    let write = link_use(&w, &link, &address(&w, user).await, w.later(5));
    assert_eq!(w.store.verify_address(write).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.account(user).await.unwrap().unwrap().0.subject.status, AccountStatus::Disabled);
}

/// Kind, owner, address and expiry stand in the write itself.
pub async fn a_link_is_used_for_its_own_purpose_in_time<S: WholeStore>(w: World<S>) {
    let (user, other) = (w.user("ada").await, w.user("bob").await);
    let address = address(&w, user).await;
    let link = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let good = || password(&w, &link, &address, w.later(59));
    let verify = link_use(&w, &link, &address, w.later(5));
    assert_eq!(w.store.verify_address(verify).await.unwrap(), Commit::Lost);
    let mut wrong = vec![password(&w, &link, &address, w.later(60)), password(&w, &link, "x@example.org", w.later(5))];
    wrong.push(LinkedPassword { link: LinkUse { user: other, ..good().link }, ..good() });
    wrong.push(LinkedPassword { link: LinkUse { token: w.hash(), ..good().link }, ..good() });
    for write in wrong {
        assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Lost);
    }
    assert!(w.store.list_mails(OutboxQuery { state: None, limit: 9 }).await.unwrap().is_empty());
    assert_eq!(w.store.set_password_by_link(good()).await.unwrap(), Commit::Applied);
}

/// Everything that the old password gave ends with it.
pub async fn a_password_by_link_ends_everything_older<S: WholeStore>(w: World<S>) {
    let (ada, bob, client) = (w.user("ada").await, w.user("bob").await, w.client("app").await);
    let (session, his) = (w.begin("ada", w.new_session(ada)).await, w.begin("bob", w.new_session(bob)).await);
    let (_, with_session) = w.code(w.new_grant(ada, client, Some(session.id))).await;
    let (_, alone) = w.code(w.new_grant(ada, client, None)).await;
    let (_, of_bob) = w.code(w.new_grant(bob, client, Some(his.id))).await;
    let pair = new_pair(&w, ada);
    record(&w, "ada", pair.clone()).await;
    for _ in 0..6 {
        w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap();
    }
    let link = issue(&w, new_link(&w, ada, LinkKind::SetPassword)).await;
    let write = password(&w, &link, &address(&w, ada).await, w.later(5));
    assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Applied);
    assert!(w.store.sessions_of(ada).await.unwrap().is_empty());
    assert_eq!(w.store.sessions_of(bob).await.unwrap().len(), 1);
    assert!(w.is_revoked(with_session).await && w.is_revoked(alone).await && !w.is_revoked(of_bob).await);
    assert!(w.store.legacy_token(&pair.refresh).await.unwrap().unwrap().invalidated);
    let found = w.store.begin_sign_in(w.attempt("ada", w.now)).await.unwrap().remove(0);
    assert_eq!((found.credential.hash, found.failures, found.locked), (Some(hash_of("new")), 1, false));
    assert_eq!(hold(&w, lease(&w), 0, 9).await.len(), 1);
    assert_eq!(w.logged(AuditKind::PasswordChanged).await, 1);
}

/// A link that came by mail verifies the address; one that an administrator handed over does not.
pub async fn only_a_mailed_link_verifies_with_the_password<S: WholeStore>(w: World<S>) {
    for (name, delivery) in [("ada", Delivery::Mailed), ("bob", Delivery::Shown)] {
        let user = waiting(&w, name).await;
        let link = issue(&w, EmailLink { delivery, ..new_link(&w, user, LinkKind::SetPassword) }).await;
        let write = password(&w, &link, &address(&w, user).await, w.later(5));
        assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Applied);
        let account = w.store.account(user).await.unwrap().unwrap().0;
        let mailed = delivery == Delivery::Mailed;
        assert_eq!((account.is_verified, account.subject.status == AccountStatus::Active), (mailed, mailed));
    }
}

/// However a password is set, links to set one that were made before open nothing any more.
pub async fn any_new_password_uses_up_the_links<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let link = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let verify = issue(&w, new_link(&w, user, LinkKind::VerifyAddress)).await;
    let change = PasswordChange {
        user,
        replaces: Replace::Any,
        hash: hash_of("x"),
        older_hash: None,
        at: w.later(5),
        audit: None,
    };
    assert_eq!(w.store.set_password(change).await.unwrap(), Commit::Applied);
    let write = password(&w, &link, &address(&w, user).await, w.later(6));
    assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.link(verify.token).await.unwrap().unwrap().link.used_at, None);
}

/// A step that fails at its end leaves the link good and the password as it was.
pub async fn a_password_by_link_that_fails_halfway_leaves_no_trace<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let taken = new_mail(&w);
    w.store.queue_mail(taken.clone(), None).await.unwrap();
    let link = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let address = address(&w, user).await;
    let write = LinkedPassword { notice: Some(taken), ..password(&w, &link, &address, w.later(5)) };
    assert!(w.store.set_password_by_link(write).await.is_err());
    assert_eq!(w.store.account(user).await.unwrap().unwrap().1.hash, Some(hash_of("ada")));
    let write = password(&w, &link, &address, w.later(6));
    assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Applied);
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
