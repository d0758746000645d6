//! Links that are mailed: each opens once, for its own purpose, in time.

use authly_directory::{
    account::NewAccount,
    identifier::EmailAddress,
    mail::{
        letter::{MailKind, NewMail},
        link::{AddressProof, Delivery, EmailLink, LinkKind},
        outbox::OutboxQuery,
        store::{ApiKeys, LinkUse, LinkedPassword, NewLink},
    },
    store::{PasswordChange, Replace},
};
use oauth_core::{
    audit::AuditKind,
    ids::{MailId, UserId},
    scope::ScopeSet,
    store::{Commit, NewAuthorization},
    subject::AccountStatus,
    time::Timestamp,
};

use crate::{
    WholeStore, World,
    legacy::{new_pair, record},
    outbox::{hold, lease},
    world::hash_of,
};

pub(crate) fn new_mail<S: WholeStore>(w: &World<S>) -> NewMail {
    NewMail {
        id: MailId::from_uuid(w.user_id().uuid()),
        kind: MailKind::SetPassword,
        to: EmailAddress::parse("zoë+x@example.org").unwrap(),
        user: None,
        sealed: vec![0, 255, 7],
        at: w.now,
    }
}

pub(crate) fn new_link<S: WholeStore>(w: &World<S>, user: UserId, kind: LinkKind) -> EmailLink {
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

pub(crate) async fn issue<S: WholeStore>(w: &World<S>, link: EmailLink) -> EmailLink {
    let write = NewLink { link: link.clone(), mail: None, audit: w.audit(AuditKind::LinkIssued) };
    w.store.issue_link(write).await.unwrap();
    link
}

pub(crate) async fn address<S: WholeStore>(w: &World<S>, user: UserId) -> String {
    w.store.account(user).await.unwrap().unwrap().0.email
}

fn link_use<S: WholeStore>(w: &World<S>, link: &EmailLink, address: &str, at: Timestamp) -> LinkUse {
    let audit = w.audit(AuditKind::AddressVerified);
    LinkUse { token: link.token, user: link.user, address: address.to_owned(), at, audit }
}

pub(crate) fn password<S: WholeStore>(w: &World<S>, link: &EmailLink, address: &str, at: Timestamp) -> LinkedPassword {
    let link_use = LinkUse { audit: w.audit(AuditKind::PasswordChanged), ..link_use(w, link, address, at) };
    LinkedPassword {
        kind: LinkKind::SetPassword,
        link: link_use,
        proof: AddressProof::Known,
        hash: hash_of("new"),
        older_hash: None,
        api_keys: ApiKeys::End,
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
    for (name, delivery, proof) in
        [("ada", Delivery::Mailed, AddressProof::First), ("bob", Delivery::Shown, AddressProof::Nothing)]
    {
        let user = waiting(&w, name).await;
        let link = issue(&w, EmailLink { delivery, ..new_link(&w, user, LinkKind::SetPassword) }).await;
        let write = LinkedPassword { proof, ..password(&w, &link, &address(&w, user).await, w.later(5)) };
        assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Applied);
        let account = w.store.account(user).await.unwrap().unwrap().0;
        let mailed = delivery == Delivery::Mailed;
        assert_eq!((account.is_verified, account.subject.status == AccountStatus::Active), (mailed, mailed));
    }
}

/// Somebody else may have registered with the address: who has read what was sent to it owns the account from then on, and nothing is
/// left of what went before.
pub async fn a_password_by_a_verification_link_starts_anew<S: WholeStore>(w: World<S>) {
    let unproven =
        NewAccount { is_verified: false, status: AccountStatus::PendingVerification, ..w.new_account("ada") };
    let (user, client) = (w.create(unproven).await, w.client("app").await);
    let address = address(&w, user).await;
    let session = w.begin("ada", w.new_session(user)).await;
    let grant = w.new_grant(user, client, Some(session.id));
    let id = grant.id;
    let consented = NewAuthorization { consent: Some(ScopeSet::parse("read").unwrap()), ..w.new_authorization(grant) };
    assert_eq!(w.store.issue_code(consented).await.unwrap(), Commit::Applied);
    let pair = new_pair(&w, user);
    record(&w, "ada", pair.clone()).await;
    let link = issue(&w, new_link(&w, user, LinkKind::VerifyAddress)).await;
    let verify = issue(&w, new_link(&w, user, LinkKind::VerifyAddress)).await;
    let set = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let by = |link| LinkedPassword {
        kind: LinkKind::VerifyAddress,
        proof: AddressProof::First,
        ..password(&w, link, &address, w.later(5))
    };
    let as_if_verified = LinkedPassword { proof: AddressProof::Known, ..by(&link) };
    assert_eq!(w.store.set_password_by_link(as_if_verified).await.unwrap(), Commit::Lost, "decided on something else");
    assert_eq!(w.store.link(link.token).await.unwrap().unwrap().link.used_at, None);
    assert_eq!(w.store.set_password_by_link(by(&set)).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.set_password_by_link(by(&link)).await.unwrap(), Commit::Applied);
    let (account, credential) = w.store.account(user).await.unwrap().unwrap();
    assert_eq!((account.is_verified, account.subject.status), (true, AccountStatus::Active));
    assert_eq!(credential.hash, Some(hash_of("new")));
    assert!(w.store.sessions_of(user).await.unwrap().is_empty() && w.is_revoked(id).await);
    assert!(w.store.legacy_token(&pair.refresh).await.unwrap().unwrap().invalidated);
    let fresh = w.begin("new", w.new_session(user)).await;
    assert!(w.store.authorize_snapshot(Some(fresh.token), client).await.unwrap().consent.is_empty());
    for link in [&link, &verify] {
        assert_eq!(w.store.set_password_by_link(by(link)).await.unwrap(), Commit::Lost);
        let again = w.store.verify_address(link_use(&w, link, &address, w.later(6))).await.unwrap();
        assert_eq!(again, Commit::Lost);
    }
    assert_eq!(w.store.link(set.token).await.unwrap().unwrap().link.used_at, Some(w.later(5)));
}

/// Who forgot the password of an account that has been theirs all along keeps what they consented to.
pub async fn a_new_password_keeps_the_consents_of_a_verified_account<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    let consented = NewAuthorization {
        consent: Some(ScopeSet::parse("read").unwrap()),
        ..w.new_authorization(w.new_grant(user, client, Some(session.id)))
    };
    assert_eq!(w.store.issue_code(consented).await.unwrap(), Commit::Applied);
    let link = issue(&w, new_link(&w, user, LinkKind::SetPassword)).await;
    let write = password(&w, &link, &address(&w, user).await, w.later(5));
    let as_if_unverified = LinkedPassword { proof: AddressProof::First, ..write.clone() };
    assert_eq!(
        w.store.set_password_by_link(as_if_unverified).await.unwrap(),
        Commit::Lost,
        "decided on something else"
    );
    assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Applied);
    let fresh = w.begin("new", w.new_session(user)).await;
    let found = w.store.authorize_snapshot(Some(fresh.token), client).await.unwrap();
    assert_eq!(found.consent, ScopeSet::parse("read").unwrap());
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
