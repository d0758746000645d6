//! The ports of the directory.

use oauth_core::{limit::RateLimiter, services::Services, store::ApiKeyRepository};

use crate::{
    invite::InvitationRepository,
    mail::store::MailRepository,
    password::{PasswordService, StoredHash},
    store::AccountRepository,
    tenant::TenantRepository,
    upstream::UpstreamRepository,
    usage::UseRepository,
};

/// Everything that the directory's use cases are built from, on top of the protocol's services.
pub trait DirectoryServices: Services {
    /// Where accounts live, their links and mails, tenants and groups with them.
    type Accounts: AccountRepository
        + ApiKeyRepository
        + InvitationRepository
        + MailRepository
        + TenantRepository
        + UpstreamRepository
        + UseRepository;
    /// Password hashes.
    type Passwords: PasswordService;
    /// Token buckets.
    type Limiter: RateLimiter;

    /// Accounts.
    fn accounts(&self) -> &Self::Accounts;
    /// Password hashes.
    fn passwords(&self) -> &Self::Passwords;
    /// Token buckets.
    fn limiter(&self) -> &Self::Limiter;
    /// A mail was queued: whoever sends mails may look now.
    fn mail_queued(&self) {}
    /// A sign-in tried to replace an outdated hash: `to` is the new one, if it could be made.
    fn password_upgrade(&self, _from: &StoredHash, _to: Option<&StoredHash>, _result: Upgrade) {}
}

/// What became of an outdated hash at a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Upgrade {
    /// The new hash stands.
    Done,
    /// The store or the pool failed; the old hash stays for the next time.
    Failed,
    /// Somebody else was faster.
    Lost,
}

impl Upgrade {
    /// The label in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}
