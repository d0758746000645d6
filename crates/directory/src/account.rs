//! Accounts as the directory keeps them.

use oauth_core::{
    claims::Profile,
    ids::{TenantId, UserId},
    subject::{AccountStatus, Subject},
    time::Timestamp,
};

use crate::password::StoredHash;

/// An account without its credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account as the protocol sees it (id, status, roles, groups, tenant, claims).
    pub subject: Subject,
    /// The e-mail address; unique by folded form.
    pub email: String,
    /// The user name; unique by folded form.
    pub username: String,
    /// Whether the address is verified.
    pub is_verified: bool,
    /// Whether an administrator locked it (S002), apart from the lock after failures.
    pub is_locked: bool,
    /// Whether the password must be set anew by link before anybody can sign in.
    pub reset_required: bool,
    /// Whether the JSON doors and the password grant are open for it.
    pub legacy_login: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When somebody last signed in.
    pub last_login_at: Option<Timestamp>,
}

impl Account {
    /// The one rule for "may somebody with the right password sign in".
    pub fn may_sign_in(&self) -> bool {
        self.subject.may_hold_tokens() && !self.is_locked && !self.reset_required
    }
}

/// The password of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// The hash to verify against: the upgraded one where there is one.
    pub hash: Option<StoredHash>,
    /// When it was set, if that is known; a better hash of the same password changes nothing. What the account's browsers are known by is
    /// older or younger than that.
    pub set_at: Option<Timestamp>,
    /// Whether the database was adopted and an older program still reads `password_hash`.
    pub shared_with_older_program: bool,
}

/// The names of a deleted account: unique, nobody's, and no address that mail could reach (RFC 2606 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// In place of the e-mail address.
    pub email: String,
    /// In place of the user name.
    pub username: String,
}

impl Tombstone {
    /// What stands in the place of this account's names.
    pub fn of(user: UserId) -> Self {
        Self { email: format!("deleted-{user}@deleted.invalid"), username: format!("deleted-{user}") }
    }
}

/// An account to be created.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: UserId,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// The e-mail address.
    pub email: String,
    /// The user name.
    pub username: String,
    /// The hash by the policy; `None` if the password is set by link later.
    pub hash: Option<StoredHash>,
    /// The hash for an older program, where the database is shared with one.
    pub older_hash: Option<StoredHash>,
    /// Whether the address counts as verified.
    pub is_verified: bool,
    /// Whether it is an administrator.
    pub is_admin: bool,
    /// Its state.
    pub status: AccountStatus,
    /// Roles.
    pub roles: Vec<String>,
    /// Standard claims; `email`, `email_verified` and `updated_at` come from the fields above.
    pub profile: Profile,
    /// When it is created.
    pub created_at: Timestamp,
}

/// Where an account goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantMove {
    /// Into this tenant.
    Into(TenantId),
    /// Out of its tenant, into none.
    Out,
}

impl TenantMove {
    /// The tenant that it leads to.
    pub const fn target(self) -> Option<TenantId> {
        match self {
            Self::Into(tenant) => Some(tenant),
            Self::Out => None,
        }
    }
}

/// What may be changed of an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The e-mail address.
    pub email: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// Whether the address is verified.
    pub is_verified: Option<bool>,
    /// Whether it is an administrator.
    pub is_admin: Option<bool>,
    /// Its tenant; memberships in groups of the former one end in the same step.
    pub tenant: Option<TenantMove>,
    /// Its state.
    pub status: Option<AccountStatus>,
    /// Whether an administrator locked it.
    pub is_locked: Option<bool>,
    /// Whether the JSON doors are open for it.
    pub legacy_login: Option<bool>,
    /// Roles.
    pub roles: Option<Vec<String>>,
    /// Standard claims.
    pub profile: Option<Profile>,
}
