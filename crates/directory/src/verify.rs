//! Proving that an address is one's own, by the link that was mailed to it (S002-37).

use oauth_core::{
    audit::AuditKind,
    ids::UserId,
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::{
    account::Account,
    directory::Directory,
    mail::{
        letter::Visitor,
        link::{LinkKind, LinkRefused, LinkSnapshot, may_be_opened},
        store::{LinkUse, MailRepository as _, NewLink},
    },
    recover::{LinkFailed, RecoverRefused},
    services::DirectoryServices,
    settings::MailSending,
    store::AccountRepository as _,
};

impl<V: DirectoryServices> Directory<V> {
    /// Verifies the address that the link was sent to.
    pub async fn verify_address(&self, token: &str, visitor: &Visitor) -> Result<Account, LinkFailed> {
        let now = self.engine.now();
        self.charge_address("link:address", visitor.address.as_deref(), |limits| limits.address, now).await?;
        let LinkSnapshot { link, account } = self.open_link(token, LinkKind::VerifyAddress).await?;
        let mut audit = self.engine.audit(AuditKind::AddressVerified, visitor.address.clone(), now);
        audit.user = Some(link.user);
        let write = LinkUse { token: link.token, user: link.user, address: account.email.clone(), at: now, audit };
        match self.services().accounts().verify_address(write).await? {
            Commit::Applied => Ok(account),
            Commit::Lost => Err(LinkFailed::Over(LinkRefused::Used)),
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
