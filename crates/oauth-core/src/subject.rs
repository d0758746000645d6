//! The account as the protocol sees it: enough to decide whether tokens may be issued, and for whom.

use serde::{Deserialize, Serialize};

use crate::{
    claims::Profile,
    ids::{TenantId, UserId},
    policy::Policy,
    time::Timestamp,
};

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// May sign in.
    Active,
    /// Removed; the row stays so that the id is never given again.
    Deleted,
    /// Switched off by an administrator.
    Disabled,
    /// Waits for the verification of its address; may sign in, with `email_verified` false, unless settings say otherwise.
    PendingVerification,
}

impl AccountStatus {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
            Self::PendingVerification => "pending_verification",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Deleted, Self::Disabled, Self::PendingVerification]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// Whether the tenant of an account is in operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRef {
    /// Its id.
    pub id: TenantId,
    /// Its short name in claims and group names.
    pub slug: String,
    /// Whether it is in operation; users of a tenant that is not get no tokens.
    pub active: bool,
}

/// The account behind a grant or session, as of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The account; its text is the `sub`.
    pub id: UserId,
    /// Its state.
    pub status: AccountStatus,
    /// Whether an administrator has locked it, here or in the program that came before.
    pub is_locked: bool,
    /// Whether it may hold the scope `admin`.
    pub is_admin: bool,
    /// Its tenant, where the installation has tenants.
    pub tenant: Option<TenantRef>,
    /// Its roles; claims of scope `groups`.
    pub roles: Vec<String>,
    /// Names of its groups; claims of scope `groups`.
    pub groups: Vec<String>,
    /// The standard claims for userinfo.
    pub profile: Profile,
    /// Which ways to sign in it has, where that is decided for it alone.
    pub policy: Option<Box<Policy>>,
    /// When it was created, here or in the system that it came from.
    pub created_at: Timestamp,
}

/// How far an administrator sees and acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Everywhere: administrators without a tenant.
    Installation,
    /// In their own tenant only.
    Tenant(TenantId),
}

impl Reach {
    /// Whether something of `tenant` is within reach; what belongs to no tenant is the installation's.
    pub fn covers(self, tenant: Option<TenantId>) -> bool {
        match self {
            Self::Installation => true,
            Self::Tenant(own) => tenant == Some(own),
        }
    }

    /// The only tenant within reach.
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Installation => None,
            Self::Tenant(own) => Some(own),
        }
    }
}

/// The role of accounts that are made to try a server with, and removed again: what they do is no use of anything by anybody.
pub const CHECK_ROLE: &str = "authly-check";

impl Subject {
    /// Whether it was made to try the server with.
    pub fn is_check(&self) -> bool {
        self.roles.iter().any(|role| role == CHECK_ROLE)
    }

    /// How far this account reaches if it is an administrator: an account of a tenant never beyond it (SECURITY.md row 39).
    pub fn reach(&self) -> Reach {
        self.tenant.as_ref().map_or(Reach::Installation, |tenant| Reach::Tenant(tenant.id))
    }

    /// The one rule for "may this account hold tokens".
    pub fn may_hold_tokens(&self) -> bool {
        matches!(self.status, AccountStatus::Active | AccountStatus::PendingVerification)
            && !self.is_locked
            && self.tenant.as_ref().is_none_or(|tenant| tenant.active)
    }
}
