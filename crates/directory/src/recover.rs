//! A forgotten password: asking for a link, and setting a password by one (S002-40).
//!
//! Asking answers alike and costs alike whether the account exists or not (SECURITY.md row 33); the link goes to the account's own
//! address. Looking at a link uses nothing up, so that programs that open mails before people do break nothing.

use std::time::Duration;

use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::{MailId, UserId},
    secret::Secret,
    services::Busy,
    store::{Commit, StoreError},
    time::Timestamp,
    token::OpaqueToken,
};
use thiserror::Error;

use crate::{
    account::Account,
    directory::{Directory, Limited},
    identifier::{EmailAddress, Identifier},
    mail::{
        letter::{Letter, MailKind, NewMail, Visitor},
        link::{Delivery, EmailLink, LinkKind, LinkRefused, LinkSnapshot, may_be_opened},
        store::{ApiKeys, LinkUse, LinkedPassword, MailRepository as _, NewLink},
    },
    password::{PasswordRefused, PresentedPassword},
    services::DirectoryServices,
    settings::MailSending,
    store::AccountRepository as _,
};

/// Why no link was asked for.
#[derive(Debug, Error)]
pub enum RecoverRefused {
    /// No mail can be sent from here.
    #[error("no mail can be sent from this installation")]
    NoMail,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many requests: 429 with this `Retry-After`.
    #[error("too many requests for a link")]
    TooMany(Duration),
}

impl From<Limited> for RecoverRefused {
    fn from(limited: Limited) -> Self {
        Self::TooMany(limited.0)
    }
}

/// Why a link did not do what it was opened for.
#[derive(Debug, Error)]
pub enum LinkFailed {
    /// The hash pool is full: 503.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It opens nothing, or nothing any more.
    #[error("the link opens nothing: {0}")]
    Over(LinkRefused),
    /// The new password is not good enough; the link stays good.
    #[error(transparent)]
    Policy(#[from] PasswordRefused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many attempts: 429 with this `Retry-After`.
    #[error("too many attempts")]
    TooMany(Duration),
    /// There is no such link.
    #[error("there is no such link")]
    Unknown,
    /// Whoever follows it has not shown that the account is theirs too; the link stays good.
    #[error("the link proves the address, and nothing proves the account")]
    Unproven,
    /// The account's password is another one; the link stays good.
    #[error("the password is wrong")]
    WrongPassword,
}

impl From<Limited> for LinkFailed {
    fn from(limited: Limited) -> Self {
        Self::TooMany(limited.0)
    }
}

impl<V: DirectoryServices> Directory<V> {
    /// Sends the account's owner a link to set a password, if the identifier means an account that may have one.
    pub async fn request_password_link(&self, identifier: &str, visitor: &Visitor) -> Result<(), RecoverRefused> {
        if self.settings.mail.sending == MailSending::Off {
            return Err(RecoverRefused::NoMail);
        }
        let (now, mail) = (self.engine.now(), self.settings.mail);
        self.charge_address("mail:address", visitor.address.as_deref(), |_| mail.per_address, now).await?;
        let folded = crate::identifier::fold(identifier);
        self.charge("mail:identifier", folded.as_bytes(), |_| mail.per_account, now).await?;
        let meant = match Identifier::parse(identifier) {
            Ok(identifier) => self.services().accounts().find_accounts(&identifier).await?,
            Err(_) => Vec::new(),
        };
        // An address may stand for an account in each tenant: each gets its own link.
        let mut sent = false;
        for account in meant.iter().filter(|account| may_be_opened(account)) {
            let user = account.subject.id;
            // One account may be meant by two names.
            if !self.may_get_mail(user, now).await {
                continue;
            }
            if let Some((link, mail)) = self.mailed_link(LinkKind::SetPassword, user, &account.email, visitor, now) {
                let audit = self.link_requested(Some(user), visitor, now);
                self.services().accounts().issue_link(NewLink { link, mail: Some(mail), audit }).await?;
                sent = true;
            }
        }
        if sent {
            self.services().mail_queued();
            return Ok(());
        }
        // The same work for everybody, and one write here as there.
        let nobody = UserId::generate(now, self.services().random());
        let _unsent = self.mailed_link(LinkKind::SetPassword, nobody, "nobody@localhost", visitor, now);
        let audit = self.link_requested(None, visitor, now);
        Ok(self.services().accounts().record(audit).await?)
    }

    fn link_requested(&self, user: Option<UserId>, visitor: &Visitor, now: Timestamp) -> AuditEvent {
        let mut audit = self.engine.audit(AuditKind::LinkIssued, visitor.address.clone(), now);
        audit.detail = serde_json::json!({ "kind": LinkKind::SetPassword.as_str(), "by": "request" });
        audit.user = user;
        audit
    }

    /// What a link leads to; nothing is used up.
    pub async fn open_link(&self, token: &str, kind: LinkKind) -> Result<LinkSnapshot, LinkFailed> {
        let token = OpaqueToken::presented(token).ok_or(LinkFailed::Unknown)?;
        let snapshot = self.services().accounts().link(token.hash()).await?.ok_or(LinkFailed::Unknown)?;
        snapshot.decide(kind, self.engine.now()).map_err(LinkFailed::Over)?;
        Ok(snapshot)
    }

    /// Sets a password by a link of that kind, if it may. All sessions, grants, older tokens and API keys of the account end, and no
    /// browser is known any more: whoever had the old password had them all. The first password here of somebody whose old one could
    /// not be carried over ends no API key, unless nobody had verified the address: then the keys may be somebody else's.
    pub async fn set_password_by_link(
        &self,
        kind: LinkKind,
        token: &str,
        password: &Secret<String>,
        visitor: &Visitor,
    ) -> Result<Account, LinkFailed> {
        let now = self.engine.now();
        self.charge_address("link:address", visitor.address.as_deref(), |limits| limits.address, now).await?;
        let found = self.open_link(token, kind).await?;
        found.may_set_password().map_err(LinkFailed::Over)?;
        let proof = found.proof();
        let LinkSnapshot { link, account } = found;
        self.settings.password_policy.judge(password.expose(), &[&account.email, &account.username])?;
        let new = PresentedPassword::parse(password.expose());
        let new = new.ok_or(PasswordRefused::TooLong(self.settings.password_policy.max_bytes))?;
        let (hash, older_hash) = self.new_hashes::<LinkFailed>(&new).await?;
        let mut audit = self.engine.audit(AuditKind::PasswordChanged, visitor.address.clone(), now);
        audit.user = Some(link.user);
        let api_keys = if account.reset_required && account.is_verified { ApiKeys::Keep } else { ApiKeys::End };
        audit.detail = serde_json::json!({ "by": "link", "kind": kind.as_str(), "api_keys": api_keys.as_str() });
        let notice = self.notice(MailKind::PasswordChanged, &account, visitor, now);
        let write = LinkedPassword {
            kind,
            link: LinkUse { token: link.token, user: link.user, address: account.email.clone(), at: now, audit },
            proof,
            hash,
            older_hash,
            api_keys,
            notice,
        };
        match self.services().accounts().set_password_by_link(write).await? {
            Commit::Applied => {
                self.services().mail_queued();
                Ok(account)
            }
            Commit::Lost => Err(LinkFailed::Over(LinkRefused::Used)),
        }
    }

    /// Whether this account may be sent another mail that somebody else can cause.
    pub(crate) async fn may_get_mail(&self, user: UserId, now: Timestamp) -> bool {
        let rate = self.settings.mail.per_account;
        self.charge("mail:account", user.uuid().as_bytes(), |_| rate, now).await.is_ok()
    }

    /// A link and the mail that carries it; nothing if the address is none that a mail can be sent to.
    pub(crate) fn mailed_link(
        &self,
        kind: LinkKind,
        user: UserId,
        address: &str,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Option<(EmailLink, NewMail)> {
        let to = EmailAddress::parse(address)?;
        let (mail_kind, lifetime) = match kind {
            LinkKind::Invitation | LinkKind::SetPassword => (MailKind::SetPassword, self.settings.mail.set_password),
            LinkKind::VerifyAddress => (MailKind::VerifyAddress, self.settings.mail.verify_address),
        };
        let token = OpaqueToken::generate(self.services().random());
        let expires_at = now.plus(lifetime);
        let link = EmailLink {
            token: token.hash(),
            kind,
            user,
            address: address.to_owned(),
            delivery: Delivery::Mailed,
            created_at: now,
            expires_at,
            used_at: None,
        };
        let letter = Letter {
            account: address.to_owned(),
            visitor: visitor.clone(),
            at: now,
            link: Some((token, expires_at)),
            invitation: None,
        };
        Some((link, self.mail(mail_kind, to, Some(user), &letter, now)))
    }

    /// A mail without a link, where mail can be sent.
    pub(crate) fn notice(
        &self,
        kind: MailKind,
        account: &Account,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Option<NewMail> {
        if self.settings.mail.sending == MailSending::Off {
            return None;
        }
        let to = EmailAddress::parse(&account.email)?;
        let letter =
            Letter { account: account.email.clone(), visitor: visitor.clone(), at: now, link: None, invitation: None };
        Some(self.mail(kind, to, Some(account.subject.id), &letter, now))
    }

    fn mail(&self, kind: MailKind, to: EmailAddress, user: Option<UserId>, letter: &Letter, now: Timestamp) -> NewMail {
        let id = MailId::generate(now, self.services().random());
        NewMail { id, kind, to, user, sealed: letter.seal(id, self.services().sealer()), at: now }
    }
}

#[cfg(test)]
#[path = "recover_tests.rs"]
pub(crate) mod tests;
