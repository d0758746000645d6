//! Policies: which ways to sign in are open to whom, and until when (waves, S001-50..53).
//!
//! What a policy says is part of the protocol's catalog, where servers enforce it; here stands for whom it is.

use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

pub use oauth_core::policy::{Mode, Policy};

/// Whom a policy is for; the narrowest that is set counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PolicyScope {
    /// Everybody.
    Installation,
    /// Everybody of a tenant.
    Tenant(TenantId),
    /// One account.
    Account(UserId),
}

/// The mode of an account: of its own policy, else its tenant's, else the installation's, else both ways.
pub fn effective(policies: [Option<&Policy>; 3], created_at: Timestamp, now: Timestamp) -> Mode {
    policies.into_iter().flatten().next().map_or(Mode::Dual, |policy| policy.mode_of(created_at, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_narrowest_policy_counts() {
        let password = Policy { mode: Mode::Password, ..Policy::default() };
        let oauth = Policy { mode: Mode::OauthOnly, ..Policy::default() };
        assert_eq!(effective([None, Some(&password), Some(&oauth)], at(0), at(1)), Mode::Password);
        assert_eq!(effective([Some(&oauth), Some(&password), None], at(0), at(1)), Mode::OauthOnly);
        assert_eq!(effective([None; 3], at(0), at(1)), Mode::Dual);
    }

    #[test]
    fn new_users_and_the_last_day_have_rules_of_their_own() {
        let policy =
            Policy { new_users: Some(Mode::OauthOnly), since: Some(at(10)), until: Some(at(100)), ..Policy::default() };
        assert_eq!(policy.mode_of(at(9), at(50)), Mode::Dual);
        assert_eq!(policy.mode_of(at(10), at(50)), Mode::OauthOnly);
        assert_eq!(policy.mode_of(at(9), at(99)), Mode::Dual);
        assert_eq!(policy.mode_of(at(9), at(100)), Mode::OauthOnly);
    }
}
