//! The ports of the directory.

use oauth_core::{limit::RateLimiter, services::Services};

use crate::{password::PasswordService, store::AccountRepository};

/// Everything that the directory's use cases are built from, on top of the protocol's services.
pub trait DirectoryServices: Services {
    /// Where accounts live.
    type Accounts: AccountRepository;
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
}
