//! Where an e-mail address stands for one account only (C-18): in the whole installation, or in each tenant. User names are unique
//! in the whole installation either way.
//!
//! The store keeps which of the two holds and decides every write by it, so that all nodes and the command line agree. Accounts
//! without a tenant stand together as if they had one of their own.

use oauth_core::{
    ids::{TenantId, UserId},
    subject::Subject,
};

use crate::{
    account::Account,
    identifier::{Identifier, fold},
};

/// Where an e-mail address stands for one account only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EmailUniqueness {
    /// In the whole installation.
    #[default]
    Global,
    /// In each tenant.
    PerTenant,
}

impl EmailUniqueness {
    /// The name of the setting in stores; its value is [`as_json`](Self::as_json).
    pub const SETTING: &'static str = "email_uniqueness";

    /// The value in stores.
    pub const fn as_json(self) -> &'static str {
        match self {
            Self::Global => "\"global\"",
            Self::PerTenant => "\"per_tenant\"",
        }
    }

    /// Reads the stored value; a store that has none was made with global addresses.
    pub fn stored(value: Option<&str>) -> Self {
        if value.is_some_and(|value| value.trim() == Self::PerTenant.as_json()) {
            Self::PerTenant
        } else {
            Self::Global
        }
    }

    /// Whether an address of an account of `theirs` is taken for one of `ours`.
    pub fn shared(self, ours: Option<TenantId>, theirs: Option<TenantId>) -> bool {
        self == Self::Global || ours == theirs
    }

    /// Whether an account that an address means is in the way of a new one of `tenant` with that address. Somebody else's user
    /// name is in the way everywhere.
    pub fn is_in_the_way(self, found: &Account, address: &Identifier, tenant: Option<TenantId>) -> bool {
        fold(&found.email) != address.folded() || self.shared(tenant, tenant_of(&found.subject))
    }
}

/// The tenant of an account.
pub(crate) fn tenant_of(subject: &Subject) -> Option<TenantId> {
    subject.tenant.as_ref().map(|tenant| tenant.id)
}

/// An address that several accounts have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailCollision {
    /// The address, folded.
    pub email: String,
    /// Whose it is, in id order.
    pub users: Vec<UserId>,
}

/// What became of a change from one kind of uniqueness to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UniquenessChange {
    /// It holds from now on.
    Applied,
    /// These addresses stand for several accounts; nothing was changed.
    Collides(Vec<EmailCollision>),
    /// An older program uses the database too, which knows no tenants; nothing was changed.
    SharedWithOlderProgram,
    /// It held already.
    Unchanged,
}

/// The most collisions that are told at once.
pub const MOST_COLLISIONS: usize = 100;
