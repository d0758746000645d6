//! Proving that an address is one's own, by the link that was mailed to it (S002-37).
//!
//! The link proves the address and not the account: anybody may have registered with a stranger's address and a password of their own, and
//! waits for the stranger to confirm it. So whoever follows the link also shows that the account is theirs, by a session or by its
//! password, or sets a password anew, with which everything ends that the old one gave (SECURITY.md row 55).

use oauth_core::{
    audit::AuditKind,
    ids::UserId,
    secret::Secret,
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::{
    account::Account,
    directory::Directory,
    mail::{
        letter::Visitor,
        link::{EmailLink, LinkKind, LinkRefused, LinkSnapshot, may_be_opened},
        store::{LinkUse, MailRepository as _, NewLink},
    },
    password::{PasswordService as _, PresentedPassword, Verification},
    recover::{LinkFailed, RecoverRefused},
    services::DirectoryServices,
    settings::MailSending,
    store::AccountRepository as _,
};

/// What shows whose the account is.
#[derive(Clone, Debug)]
pub enum OwnerProof {
    /// Its password, as typed.
    Password(Secret<String>),
    /// Somebody is signed in as this account where the link is followed.
    Session(UserId),
}

/// What a link to verify an address, or an invitation, leads to.
#[derive(Clone, Debug)]
pub struct VerificationLink {
    /// The account, with the address.
    pub account: Account,
    /// What its reader has to show.
    pub asks: Asks,
}

/// What the reader of a link has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nobody has a password that works: one is to be set.
    NewPassword,
    /// Nothing more: they are signed in as the account, or the address is verified.
    Nothing,
    /// The password, or a new one.
    Password,
}

impl<V: DirectoryServices> Directory<V> {
    /// What the link leads to, for somebody who is signed in as `visitor`, or as nobody; nothing is used up.
    pub async fn open_verification(
        &self,
        token: &str,
        visitor: Option<UserId>,
    ) -> Result<VerificationLink, LinkFailed> {
        let account = self.open_link(token, LinkKind::VerifyAddress).await?.account;
        let asks = self.asks(&account, visitor).await?;
        Ok(VerificationLink { account, asks })
    }

    /// What shows that this account, whose address nobody has verified, is the reader's.
    pub(crate) async fn asks(&self, account: &Account, visitor: Option<UserId>) -> Result<Asks, StoreError> {
        let user = account.subject.id;
        Ok(match self.services().accounts().account(user).await? {
            _ if visitor == Some(user) => Asks::Nothing,
            Some((account, credential)) if credential.hash.is_some() && !account.reset_required => Asks::Password,
            _ => Asks::NewPassword,
        })
    }

    /// Verifies the address that the link was sent to, for somebody whose the account is.
    pub async fn verify_address(
        &self,
        token: &str,
        proof: &OwnerProof,
        visitor: &Visitor,
    ) -> Result<Account, LinkFailed> {
        let now = self.engine.now();
        self.charge_address("link:address", visitor.address.as_deref(), |limits| limits.address, now).await?;
        let LinkSnapshot { link, account } = self.open_link(token, LinkKind::VerifyAddress).await?;
        self.prove(&link, proof, now).await?;
        let mut audit = self.engine.audit(AuditKind::AddressVerified, visitor.address.clone(), now);
        audit.user = Some(link.user);
        let write = LinkUse { token: link.token, user: link.user, address: account.email.clone(), at: now, audit };
        match self.services().accounts().verify_address(write).await? {
            Commit::Applied => Ok(account),
            Commit::Lost => Err(LinkFailed::Over(LinkRefused::Used)),
        }
    }

    /// Whether that shows that the account is theirs who follow the link.
    pub(crate) async fn prove(&self, link: &EmailLink, proof: &OwnerProof, now: Timestamp) -> Result<(), LinkFailed> {
        let typed = match proof {
            OwnerProof::Session(user) if *user == link.user => return Ok(()),
            OwnerProof::Session(_) => return Err(LinkFailed::Unproven),
            OwnerProof::Password(typed) => typed,
        };
        // The owner of an address must not try out the passwords of whoever registered with it.
        self.charge("change-password", link.user.uuid().as_bytes(), |limits| limits.password_change, now).await?;
        let found = self.services().accounts().account(link.user).await?.filter(|(account, _)| !account.reset_required);
        let stored = found.and_then(|(_, credential)| credential.hash).ok_or(LinkFailed::WrongPassword)?;
        let typed = PresentedPassword::parse(typed.expose()).ok_or(LinkFailed::WrongPassword)?;
        match self.services().passwords().verify(typed, Some(stored)).await? {
            Verification::Match { .. } => Ok(()),
            Verification::Mismatch | Verification::Unreadable => Err(LinkFailed::WrongPassword),
        }
    }

    /// Sends the link once more to somebody who is signed in and whose address is not verified yet.
    pub async fn request_verification_link(&self, user: UserId, visitor: &Visitor) -> Result<(), RecoverRefused> {
        if self.settings.mail.sending == MailSending::Off {
            return Err(RecoverRefused::NoMail);
        }
        let (now, rate) = (self.engine.now(), self.settings.mail.per_account);
        self.charge("mail:account", user.uuid().as_bytes(), |_| rate, now).await?;
        let found = self.services().accounts().account(user).await?;
        let account =
            found.map(|(account, _)| account).filter(|account| !account.is_verified && may_be_opened(account));
        match account {
            Some(account) => Ok(self.send_verification(user, &account.email, visitor, now).await?),
            None => Ok(()),
        }
    }

    /// Queues the link for an address that is to be verified.
    pub(crate) async fn send_verification(
        &self,
        user: UserId,
        address: &str,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some((link, mail)) = self.mailed_link(LinkKind::VerifyAddress, user, address, visitor, now) else {
            return Ok(());
        };
        let mut audit = self.engine.audit(AuditKind::LinkIssued, visitor.address.clone(), now);
        audit.user = Some(user);
        audit.detail = serde_json::json!({ "kind": LinkKind::VerifyAddress.as_str() });
        self.services().accounts().issue_link(NewLink { link, mail: Some(mail), audit }).await?;
        self.services().mail_queued();
        Ok(())
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
