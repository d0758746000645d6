//! What the link of an invitation does. Looking at it uses nothing up; following it says that its owner has come, which verifies
//! the address, and lets those set a password whose old one could not be carried over, and nobody else.

use oauth_core::{audit::AuditKind, secret::Secret, store::Commit};

use super::store::InvitationRepository as _;
use crate::{
    account::Account,
    directory::Directory,
    mail::{
        letter::Visitor,
        link::{LinkKind, LinkRefused, LinkSnapshot},
        store::LinkUse,
    },
    recover::LinkFailed,
    services::DirectoryServices,
};

impl<V: DirectoryServices> Directory<V> {
    /// Follows an invitation, once; the account may then sign in as it always did.
    pub async fn open_invitation(&self, token: &str, visitor: &Visitor) -> Result<Account, LinkFailed> {
        let now = self.engine.now();
        self.charge_address("link:address", visitor.address.as_deref(), |limits| limits.address, now).await?;
        let LinkSnapshot { link, account } = self.open_link(token, LinkKind::Invitation).await?;
        let mut audit = self.engine.audit(AuditKind::InvitationOpened, visitor.address.clone(), now);
        audit.user = Some(link.user);
        let write = LinkUse { token: link.token, user: link.user, address: account.email.clone(), at: now, audit };
        match self.services().accounts().open_invitation(write).await? {
            Commit::Applied => Ok(account),
            Commit::Lost => Err(LinkFailed::Over(LinkRefused::Used)),
        }
    }

    /// Follows an invitation and sets the password that the account needs. Refused for an account that has one: an invitation
    /// is good for a longer time than a link to set a password, and must not replace one.
    pub async fn set_password_by_invitation(
        &self,
        token: &str,
        password: &Secret<String>,
        visitor: &Visitor,
    ) -> Result<Account, LinkFailed> {
        let snapshot = self.open_link(token, LinkKind::Invitation).await?;
        if !snapshot.account.reset_required {
            return Err(LinkFailed::Over(LinkRefused::OtherKind));
        }
        self.set_password_by(LinkKind::Invitation, token, password, visitor).await
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
