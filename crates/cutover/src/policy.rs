//! Policies: which ways to sign in are open to whom, and until when (waves, S001-50..53).

use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Which ways to sign in are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Both.
    #[default]
    Dual,
    /// OAuth alone; the legacy doors refuse.
    OauthOnly,
    /// The legacy doors alone.
    Password,
}

impl Mode {
    /// The text in stores, JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dual => "dual",
            Self::OauthOnly => "oauth-only",
            Self::Password => "password",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Dual, Self::OauthOnly, Self::Password].into_iter().find(|mode| mode.as_str() == text)
    }
}

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

/// What is decided for a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which ways are open.
    pub mode: Mode,
    /// Which ways are open to accounts that are created from now on, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_users: Option<Mode>,
    /// The end of passwords at the legacy doors: from then on the mode counts as `oauth-only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When the policy was set: accounts that are younger are new users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The name of the wave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<String>,
}

impl Policy {
    /// The mode at `now` for an account created at `created_at`.
    pub fn mode_of(&self, created_at: Timestamp, now: Timestamp) -> Mode {
        if self.until.is_some_and(|until| now >= until) {
            return Mode::OauthOnly;
        }
        let is_new = self.since.is_some_and(|since| created_at >= since);
        self.new_users.filter(|_| is_new).unwrap_or(self.mode)
    }
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
