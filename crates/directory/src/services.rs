//! The ports of the directory.

use oauth_core::{limit::RateLimiter, services::Services, store::ApiKeyRepository};

use crate::{
    invite::InvitationRepository, mail::store::MailRepository, password::PasswordService, store::AccountRepository,
    tenant::TenantRepository, upstream::UpstreamRepository, usage::UseRepository,
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
}
