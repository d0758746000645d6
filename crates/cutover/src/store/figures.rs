//! Figures that the store counts.

use std::borrow::Cow;

use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};

use crate::source::SourceName;

/// Counts of one tenant's accounts that are not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFigures {
    /// The tenant; `None` for accounts without one.
    pub tenant: Option<TenantId>,
    /// Its short name.
    pub slug: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// All accounts.
    pub total: u64,
    /// Of them with `auth_method` password.
    pub password: u64,
    /// With `dual`.
    pub dual: u64,
    /// With `oauth`.
    pub oauth: u64,
    /// With `imported_at`.
    pub imported: u64,
    /// With `invited_at`.
    pub invited: u64,
    /// With `completed_at`.
    pub completed: u64,
    /// With `hash_upgraded_at`.
    pub hash_upgraded: u64,
    /// Whose password must be set anew.
    pub reset_required: u64,
    /// Switched off.
    pub disabled: u64,
    /// Whose hash is of another program.
    pub legacy_scheme: u64,
    /// Whose hash is wrapped.
    pub wrapped: u64,
    /// Open rows in conflict, quarantine or failed.
    pub waiting: u64,
    /// The newest `last_password_login_at`.
    pub last_password_login_at: Option<Timestamp>,
}

/// How many accounts completed on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyCount {
    /// Days since 1970-01-01 (UTC).
    pub day: i64,
    /// Accounts.
    pub completed: u64,
}

/// Which page of pending accounts is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingAsk {
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// Only those behind this one: its last sign-in and id.
    pub after: Option<(Option<Timestamp>, UserId)>,
    /// At most so many.
    pub limit: u32,
}

/// An account that has not completed (S001-16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAccount {
    /// The account.
    pub user: UserId,
    /// Its tenant's short name.
    pub tenant: Option<String>,
    /// Its address.
    pub email: String,
    /// Its full name.
    pub name: Option<String>,
    /// When somebody last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When it was invited.
    pub invited_at: Option<Timestamp>,
}

/// Successful uses of a legacy door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyUse {
    /// The tenant; `None` for accounts without one.
    pub tenant: Option<TenantId>,
    /// The newest use.
    pub last_at: Timestamp,
}

/// A fact that the gate wants and that no table shows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimedFact {
    /// A backup was made and verified.
    BackupVerified {
        /// When.
        at: Timestamp,
        /// Where it is, for people.
        place: String,
    },
    /// `verify` of a source ended; without a difference, if `clean`.
    Verified {
        /// Which source.
        source: SourceName,
        /// When.
        at: Timestamp,
        /// Whether there was no difference.
        clean: bool,
    },
    /// A tenant is content (`tenants confirm`).
    TenantConfirmed {
        /// When.
        at: Timestamp,
        /// Which.
        tenant: TenantId,
        /// Who said so.
        by: String,
    },
    /// What shall become of accounts that are switched off or deleted (S001-57).
    InactiveDecided {
        /// When.
        at: Timestamp,
        /// What, in words for people.
        decision: String,
    },
    /// From when on uses of the legacy doors are counted.
    CountingSince {
        /// When.
        at: Timestamp,
    },
}

impl TimedFact {
    /// The name under which a store keeps it; a tenant's confirmation stands with the tenant.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::BackupVerified { .. } => "backup_verified".into(),
            Self::Verified { source, .. } => format!("{}{source}", Self::VERIFIED).into(),
            Self::TenantConfirmed { .. } => "tenant_confirmed".into(),
            Self::InactiveDecided { .. } => "inactive_decided".into(),
            Self::CountingSince { .. } => "counting_since".into(),
        }
    }

    /// What stands before the name of the source in the name of [`Verified`](Self::Verified).
    pub const VERIFIED: &'static str = "verified:";
}
