//! The repository port of the directory: one method is one use case is one atomic step.

use std::future::Future;

use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    ids::{TenantId, UserId},
    legacy::NewLegacyPair,
    session::NewSession,
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::{
    account::{Account, AccountChange, Credential, NewAccount},
    device::KnownDevice,
    identifier::Identifier,
    password::StoredHash,
    uniqueness::{EmailUniqueness, UniquenessChange},
};

/// Which counter an attempt is charged to: browsers that have signed in before are counted apart (C-28).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    /// A browser that holds a known-device mark of the account with this id.
    Known([u8; 16]),
    /// Everything else, all doors together.
    Unknown,
}

impl Device {
    /// The counter for an attempt at an account whose password was set at that instant: its own for a browser whose mark is this account's
    /// and of this password.
    pub fn of(known: Option<KnownDevice>, user: UserId, password_set_at: Option<Timestamp>) -> Self {
        let known = known.filter(|known| known.user == user && known.counts(password_set_at));
        known.map_or(Self::Unknown, |known| Self::Known(known.mark))
    }

    /// The key in stores: 16 bytes, all zero for unknown devices.
    pub const fn key(self) -> [u8; 16] {
        match self {
            Self::Known(id) => id,
            Self::Unknown => [0; 16],
        }
    }
}

/// An attempt to sign in, charged before the password is looked at, so that parallel guesses cannot outrun the counter.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Who, as typed.
    pub identifier: Identifier,
    /// Only accounts of this tenant, if given.
    pub tenant: Option<TenantId>,
    /// The browser's mark, if it has one: what is charged is [`Device::of`] it.
    pub known_device: Option<KnownDevice>,
    /// When.
    pub at: Timestamp,
    /// Failures before this instant are forgotten.
    pub forget_before: Timestamp,
    /// Failures at which the account is locked (MAX_LOGIN_ATTEMPTS).
    pub max_failures: u32,
    /// Until when it is then locked.
    pub lock_until: Timestamp,
}

/// An account that the identifier may mean, charged with the attempt.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// Its password.
    pub credential: Credential,
    /// Which counter was charged.
    pub device: Device,
    /// Failures counted, this attempt included.
    pub failures: u32,
    /// Whether it was locked already when the attempt came; then nothing was charged.
    pub locked: bool,
}

/// A successful sign-in: applies only while the account still has the hash that was verified and its status is unchanged.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who.
    pub user: UserId,
    /// The hash that was verified.
    pub verified: StoredHash,
    /// The counter to clear.
    pub device: Device,
    /// When; becomes `last_login_at`.
    pub at: Timestamp,
    /// The browser session to begin.
    pub session: Option<NewSession>,
    /// The legacy pair to record.
    pub legacy: Option<NewLegacyPair>,
    /// When somebody used a legacy door, if that counts as a use; becomes `last_password_login_at`.
    pub legacy_use_at: Option<Timestamp>,
    /// What the log says.
    pub audit: Option<AuditEvent>,
}

/// A new password: applies only while the stored hash is `expected` (`None`: no password yet).
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The hash that the change replaces; `Replace::Any` is for administrators.
    pub replaces: Replace,
    /// The new hash by the policy.
    pub hash: StoredHash,
    /// The hash for an older program, where the database is shared with one.
    pub older_hash: Option<StoredHash>,
    /// When.
    pub at: Timestamp,
    /// What the log says.
    pub audit: Option<AuditEvent>,
}

/// Which stored password a change replaces.
#[derive(Clone, Debug)]
pub enum Replace {
    /// Whatever there is.
    Any,
    /// Exactly this hash.
    This(StoredHash),
}

/// Whether deleted accounts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    /// Only those that live.
    #[default]
    Living,
    /// Deleted ones too: what is left of them is their id.
    All,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Only those whose e-mail or user name contains this (case ignored).
    pub contains: Option<String>,
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// Whether deleted ones are among them.
    pub listed: Listed,
    /// Only those after this id (paging in id order).
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u32,
}

/// Numbers of accounts (S002-46).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounts {
    /// All that are not deleted.
    pub total: u64,
    /// Active ones.
    pub active: u64,
    /// Locked, by an administrator or by failures.
    pub locked: u64,
    /// Locked by failures.
    pub locked_by_failures: u64,
    /// Whose address is not verified.
    pub unverified: u64,
}

/// Accounts and their credentials.
pub trait AccountRepository: Send + Sync {
    /// Finds whom the identifier means and charges the attempt, in one step: those that match exactly, otherwise those that match
    /// by folded form; at most three.
    fn begin_sign_in(&self, attempt: Attempt) -> impl Future<Output = Result<Vec<Candidate>, StoreError>> + Send;
    /// Completes a sign-in: clears the counter, begins the session or records the pair.
    fn complete_sign_in(&self, write: SignIn) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Replaces a hash by a better one of the same password; applies only while the stored hash is `verified`. In an adopted
    /// database only the upgraded hash's own column is written.
    fn upgrade_hash(
        &self,
        user: UserId,
        verified: StoredHash,
        better: StoredHash,
        at: Timestamp,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Sets a password; failure counters and `reset_required` are cleared, and the account's legacy tokens end in the same step.
    fn set_password(&self, write: PasswordChange) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Where an address stands for one account only.
    fn email_uniqueness(&self) -> impl Future<Output = Result<EmailUniqueness, StoreError>> + Send;
    /// Changes where an address stands for one account only, in one step with every row that it concerns; the event is written if
    /// something was changed.
    fn set_email_uniqueness(
        &self,
        wanted: EmailUniqueness,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<UniquenessChange, StoreError>> + Send;
    /// Creates an account; `Conflict("users.email")` or `Conflict("users.username")` if one is taken (by folded form, the address
    /// as [`EmailUniqueness`] says).
    fn create_account(
        &self,
        account: NewAccount,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Deletes an account, in one step: its address and user name are free again, its password, roles, groups and personal data
    /// are gone, its sessions, grants, codes, links and legacy tokens end. Its id stays as a
    /// [tombstone](crate::account::Tombstone) and is never given again. `Lost` if it does not exist or is deleted already.
    fn delete_account(
        &self,
        user: UserId,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Changes an account; `Lost` if it does not exist.
    fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// The account with its credential.
    fn account(&self, user: UserId) -> impl Future<Output = Result<Option<(Account, Credential)>, StoreError>> + Send;
    /// The accounts that an e-mail address or user name means, exact first; at most three, nothing charged.
    fn find_accounts(&self, identifier: &Identifier) -> impl Future<Output = Result<Vec<Account>, StoreError>> + Send;
    /// One page of accounts in id order.
    fn list_accounts(&self, query: AccountQuery) -> impl Future<Output = Result<Vec<Account>, StoreError>> + Send;
    /// Numbers of accounts; locks are those that hold at that instant.
    fn count_accounts(&self, at: Timestamp) -> impl Future<Output = Result<AccountCounts, StoreError>> + Send;
    /// Until when failures lock the account, for unknown browsers or for one that is known; the instant may have passed.
    fn locked_until(&self, user: UserId) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;
    /// Takes one charge of an attempt back that was no guess at this account, and writes the event with it, if there is one. A lock
    /// that stood on this charge is lifted.
    fn forgive(
        &self,
        user: UserId,
        device: Device,
        max_failures: u32,
        audit: Option<AuditEvent>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Forgets failures and the lock that followed from them.
    fn clear_failures(&self, user: UserId) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Whether the database was adopted and an older program still reads and writes it.
    fn shared_with_older_program(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Creates or changes a tenant (raises the catalog's revision).
    fn put_tenant(
        &self,
        tenant: &TenantRecord,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Writes an audit event that belongs to no other write: a failed sign-in, a lock.
    fn record(&self, event: AuditEvent) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The newest audit events, newest first.
    fn audit_events(&self, limit: u32) -> impl Future<Output = Result<Vec<AuditEvent>, StoreError>> + Send;
}
