//! What the link of an invitation does. Looking at it uses nothing up; following it says that its owner has come, and lets those set
//! a password whose old one could not be carried over, and nobody else.
//!
//! Where nobody has verified the address, somebody else may have chosen the password in the older system. Then the rule of
//! [`crate::verify`] holds: whoever follows the link also shows that the account is theirs, or sets a new password that ends all else.

use oauth_core::{audit::AuditKind, ids::UserId, store::Commit};

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
    verify::{Asks, OwnerProof, VerificationLink},
};

impl<V: DirectoryServices> Directory<V> {
    /// What the invitation leads to, for somebody who is signed in as `visitor`, or as nobody; nothing is used up.
    pub async fn look_at_invitation(
        &self,
        token: &str,
        visitor: Option<UserId>,
    ) -> Result<VerificationLink, LinkFailed> {
        let account = self.open_link(token, LinkKind::Invitation).await?.account;
        let asks = match (account.reset_required, account.is_verified) {
            (true, _) => Asks::NewPassword,
            (false, true) => Asks::Nothing,
            (false, false) => self.asks(&account, visitor).await?,
        };
        Ok(VerificationLink { account, asks })
    }

    /// Follows an invitation, once; the account may then sign in as it always did, and its address is verified. Without a proof that
    /// is for those alone whose address was verified before.
    pub async fn open_invitation(
        &self,
        token: &str,
        proof: Option<&OwnerProof>,
        visitor: &Visitor,
    ) -> Result<Account, LinkFailed> {
        let now = self.engine.now();
        self.charge_address("link:address", visitor.address.as_deref(), |limits| limits.address, now).await?;
        let LinkSnapshot { link, account } = self.open_link(token, LinkKind::Invitation).await?;
        if !account.is_verified {
            self.prove(&link, proof.ok_or(LinkFailed::Unproven)?, now).await?;
        }
        let mut audit = self.engine.audit(AuditKind::InvitationOpened, visitor.address.clone(), now);
        audit.user = Some(link.user);
        let write = LinkUse { token: link.token, user: link.user, address: account.email.clone(), at: now, audit };
        match self.services().accounts().open_invitation(write).await? {
            Commit::Applied => Ok(account),
            Commit::Lost => Err(LinkFailed::Over(LinkRefused::Used)),
        }
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
