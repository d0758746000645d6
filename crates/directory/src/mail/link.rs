//! Links that are mailed: 256 random bits of which the store keeps the SHA-256, opened once, before they expire.

use oauth_core::{ids::UserId, time::Timestamp, token::TokenHash};
use thiserror::Error;

use crate::{account::Account, identifier::fold};

/// What a link is good for; the text is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Follows an invitation to sign in the new way.
    Invitation,
    /// Sets a password, the first one or a new one.
    SetPassword,
    /// Verifies the address.
    VerifyAddress,
}

impl LinkKind {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::SetPassword => "set_password",
            Self::VerifyAddress => "verify_address",
        }
    }

    /// Reads the stable text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Invitation, Self::SetPassword, Self::VerifyAddress].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How a link reaches its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// By mail: who opens it has read what was sent to the address.
    Mailed,
    /// Shown to an administrator on the command line: it proves nothing about the address.
    Shown,
}

/// What a password that is set by a link says about the account's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressProof {
    /// For the first time, whose it is.
    First,
    /// Whose it is, as was known before.
    Known,
    /// Nothing.
    Nothing,
}

impl AddressProof {
    /// Whether what the account consented to is forgotten: until now somebody else may have done that, who registered with the address.
    pub fn forgets_consents(self) -> bool {
        self == Self::First
    }

    /// Whether the address must have been verified before, for this still to be so; `None` where it stays as it is.
    pub const fn was_verified(self) -> Option<bool> {
        match self {
            Self::First => Some(false),
            Self::Known => Some(true),
            Self::Nothing => None,
        }
    }
}

/// A link as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailLink {
    /// The hash of its token.
    pub token: TokenHash,
    /// What it is good for.
    pub kind: LinkKind,
    /// Whose it is.
    pub user: UserId,
    /// The account's address when the link was made.
    pub address: String,
    /// How it reaches its owner.
    pub delivery: Delivery,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was used, or made useless by another.
    pub used_at: Option<Timestamp>,
}

/// A link with its account as of now.
#[derive(Clone, Debug)]
pub struct LinkSnapshot {
    /// The link.
    pub link: EmailLink,
    /// The account.
    pub account: Account,
}

/// Why a link opens nothing. People read one sentence for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkRefused {
    /// The account is not to be entered: deleted, disabled, locked by an administrator.
    #[error("the account is closed")]
    AccountClosed,
    /// The account has another address now.
    #[error("the account has another address now")]
    AddressChanged,
    /// It is too old.
    #[error("the link has expired")]
    Expired,
    /// It is good for something else.
    #[error("the link is of another kind")]
    OtherKind,
    /// It was used before.
    #[error("the link was used before")]
    Used,
    /// It would verify an address that is verified.
    #[error("the address is verified already")]
    Verified,
}

impl LinkSnapshot {
    /// Whether the link opens what it is presented for.
    pub fn decide(&self, kind: LinkKind, now: Timestamp) -> Result<(), LinkRefused> {
        if self.link.kind != kind {
            return Err(LinkRefused::OtherKind);
        }
        if self.link.used_at.is_some() {
            return Err(LinkRefused::Used);
        }
        if now >= self.link.expires_at {
            return Err(LinkRefused::Expired);
        }
        if fold(&self.link.address) != fold(&self.account.email) {
            return Err(LinkRefused::AddressChanged);
        }
        if !may_be_opened(&self.account) {
            return Err(LinkRefused::AccountClosed);
        }
        // It may also set a password, for as long only as nobody has shown whose the address is.
        if kind == LinkKind::VerifyAddress && self.account.is_verified {
            return Err(LinkRefused::Verified);
        }
        Ok(())
    }

    /// Whether the link, which opens what it is for, may also set a password. An invitation gives the one that the account needs, or one
    /// in place of a password that somebody else may have chosen, since nobody has verified the address; it is good for a longer time
    /// than a link to set a password, and replaces no other. A link to verify an address is for those, too, who do not know the
    /// password: whoever chose that one may have registered with an address that is not theirs.
    pub fn may_set_password(&self) -> Result<(), LinkRefused> {
        match self.link.kind {
            LinkKind::Invitation if self.account.is_verified && !self.account.reset_required => {
                Err(LinkRefused::OtherKind)
            }
            LinkKind::Invitation | LinkKind::SetPassword | LinkKind::VerifyAddress => Ok(()),
        }
    }

    /// What whoever follows the link shows of the account's address.
    pub const fn proof(&self) -> AddressProof {
        match (self.link.delivery, self.account.is_verified) {
            (Delivery::Shown, _) => AddressProof::Nothing,
            (Delivery::Mailed, true) => AddressProof::Known,
            (Delivery::Mailed, false) => AddressProof::First,
        }
    }
}

/// Whether an account may get or use a link: everybody who may hold tokens, with or without a password, unless an administrator
/// locked the account.
pub fn may_be_opened(account: &Account) -> bool {
    account.subject.may_hold_tokens() && !account.is_locked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{account, at};
    use oauth_core::subject::AccountStatus;

    fn snapshot() -> LinkSnapshot {
        let account = account(1, "Ada@example.org", "ada");
        LinkSnapshot {
            link: EmailLink {
                token: TokenHash::of(b"t"),
                kind: LinkKind::SetPassword,
                user: account.subject.id,
                address: "ada@example.org".into(),
                delivery: Delivery::Mailed,
                created_at: at(0),
                expires_at: at(10),
                used_at: None,
            },
            account,
        }
    }

    #[test]
    fn a_link_opens_once_in_time_for_its_own_purpose() {
        let fresh = snapshot();
        assert_eq!(fresh.decide(LinkKind::SetPassword, at(9)), Ok(()));
        assert_eq!(fresh.decide(LinkKind::VerifyAddress, at(9)), Err(LinkRefused::OtherKind));
        assert_eq!(fresh.decide(LinkKind::SetPassword, at(10)), Err(LinkRefused::Expired));
        let mut used = snapshot();
        used.link.used_at = Some(at(1));
        assert_eq!(used.decide(LinkKind::SetPassword, at(9)), Err(LinkRefused::Used));
    }

    #[test]
    fn a_verified_address_is_not_verified_again() {
        let mut link = snapshot();
        link.link.kind = LinkKind::VerifyAddress;
        assert_eq!(link.decide(LinkKind::VerifyAddress, at(9)), Err(LinkRefused::Verified));
        link.account.is_verified = false;
        assert_eq!(link.decide(LinkKind::VerifyAddress, at(9)), Ok(()));
    }

    #[test]
    fn only_a_mailed_link_shows_whose_the_address_is_and_only_the_first_forgets_what_went_before() {
        let mut of = snapshot();
        for (delivery, is_verified, proof) in [
            (Delivery::Mailed, false, AddressProof::First),
            (Delivery::Mailed, true, AddressProof::Known),
            (Delivery::Shown, false, AddressProof::Nothing),
            (Delivery::Shown, true, AddressProof::Nothing),
        ] {
            (of.link.delivery, of.account.is_verified) = (delivery, is_verified);
            assert_eq!(of.proof(), proof);
            assert_eq!(proof.forgets_consents(), proof == AddressProof::First);
            assert!(proof.was_verified().is_none_or(|was| was == is_verified));
        }
    }

    #[test]
    fn an_invitation_replaces_no_password_that_is_surely_the_owners() {
        let mut of = snapshot();
        for (kind, may) in [
            (LinkKind::SetPassword, Ok(())),
            (LinkKind::VerifyAddress, Ok(())),
            (LinkKind::Invitation, Err(LinkRefused::OtherKind)),
        ] {
            of.link.kind = kind;
            assert_eq!(of.may_set_password(), may, "{kind:?}");
        }
        for (is_verified, reset_required) in [(false, false), (false, true), (true, true)] {
            (of.account.is_verified, of.account.reset_required) = (is_verified, reset_required);
            assert_eq!(of.may_set_password(), Ok(()));
        }
    }

    #[test]
    fn a_link_ends_with_the_address_and_with_the_account() {
        let mut moved = snapshot();
        moved.account.email = "other@example.org".into();
        assert_eq!(moved.decide(LinkKind::SetPassword, at(9)), Err(LinkRefused::AddressChanged));
        let mut locked = snapshot();
        locked.account.is_locked = true;
        assert_eq!(locked.decide(LinkKind::SetPassword, at(9)), Err(LinkRefused::AccountClosed));
        let mut disabled = snapshot();
        disabled.account.subject.status = AccountStatus::Disabled;
        assert_eq!(disabled.decide(LinkKind::SetPassword, at(9)), Err(LinkRefused::AccountClosed));
        let mut waiting = snapshot();
        (waiting.account.subject.status, waiting.account.reset_required) = (AccountStatus::PendingVerification, true);
        assert_eq!(waiting.decide(LinkKind::SetPassword, at(9)), Ok(()));
    }
}
