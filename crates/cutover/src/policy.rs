//! Policies: which ways to sign in are open to whom, and until when (waves, S001-50..53).
//!
//! What a policy says is part of the protocol's catalog, where servers enforce it; here stands for whom it is, and what may be asked of it.

use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// What is asked of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// Which ways are open. With it the policy is made anew; without it everything stays as it counts so far but what is said here.
    pub mode: Option<Mode>,
    /// Which ways are open to new users.
    pub new_users: Option<Mode>,
    /// From when on accounts are new users; from now on, where nothing is said.
    pub from: Option<Timestamp>,
    /// From when on the mode counts as `oauth-only`.
    pub until: Option<Timestamp>,
    /// The name of the wave.
    pub wave: Option<String>,
}

/// Why a policy cannot be as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PolicyFlaw {
    /// New users are to have what everybody has.
    #[error("that is open to everybody already")]
    NewUsersAlike,
    /// The end lies in the past.
    #[error("is over already; set --mode oauth-only instead")]
    Over,
    /// The end comes before new users have a rule of their own.
    #[error("from --until on everybody comes by OAuth alone, and that is no later")]
    FromBehindUntil,
    /// The mode that the others end in.
    #[error("oauth-only is where the other modes end; it has no end itself")]
    WithoutEnd,
}

impl PolicyFlaw {
    /// What of the input is meant.
    pub const fn field(self) -> &'static str {
        match self {
            Self::NewUsersAlike => "new_users",
            Self::Over | Self::WithoutEnd => "until",
            Self::FromBehindUntil => "from",
        }
    }
}

impl PolicyChange {
    /// The policy as asked at `now`, where `before` counts so far (S001-53, S001-55). An account is a new user by its age alone, so that the day
    /// from which on there are any may come or may have passed.
    pub fn apply(self, before: Option<&Policy>, now: Timestamp) -> Result<Policy, PolicyFlaw> {
        if self.until.is_some_and(|until| until <= now) {
            return Err(PolicyFlaw::Over);
        }
        let kept = before.filter(|_| self.mode.is_none());
        let mode = self.mode.or(kept.map(|kept| kept.mode)).unwrap_or_default();
        if mode == Mode::OauthOnly && self.until.is_some() {
            return Err(PolicyFlaw::WithoutEnd);
        }
        let until = self.until.or(kept.and_then(|kept| kept.until));
        let since = self.from.unwrap_or(now);
        let says_of_new_users = self.from.is_some() || self.mode.is_none();
        if self.new_users == Some(mode) && says_of_new_users {
            return Err(PolicyFlaw::NewUsersAlike);
        }
        if says_of_new_users && until.is_some_and(|until| until <= since.max(now)) {
            return Err(PolicyFlaw::FromBehindUntil);
        }
        Ok(Policy {
            mode,
            new_users: self.new_users.filter(|new| *new != mode),
            until,
            since: Some(since),
            wave: self.wave.or_else(|| kept.and_then(|kept| kept.wave.clone())),
        })
    }
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

    fn asked(new_users: Mode, from: Option<i64>) -> PolicyChange {
        PolicyChange { new_users: Some(new_users), from: from.map(at), ..PolicyChange::default() }
    }

    /// S001-55: "new users oauth-only from a date".
    #[test]
    fn new_users_may_have_a_rule_from_a_day_on_that_has_come_or_not() {
        for from in [5, 200] {
            let policy = asked(Mode::OauthOnly, Some(from)).apply(None, at(100)).unwrap();
            assert_eq!(policy.mode_of(at(from - 1), at(300)), Mode::Dual);
            assert_eq!(policy.mode_of(at(from), at(300)), Mode::OauthOnly);
        }
        let policy = asked(Mode::OauthOnly, None).apply(None, at(100)).unwrap();
        assert_eq!((policy.mode_of(at(99), at(300)), policy.since), (Mode::Dual, Some(at(100))));
    }

    #[test]
    fn without_a_mode_all_else_stays_and_with_one_the_policy_is_made_anew() {
        let before = Policy {
            mode: Mode::Password,
            until: Some(at(1_000)),
            since: Some(at(1)),
            wave: Some("pilot".to_owned()),
            ..Policy::default()
        };
        let policy = asked(Mode::OauthOnly, Some(200)).apply(Some(&before), at(100)).unwrap();
        assert_eq!(policy, Policy { new_users: Some(Mode::OauthOnly), since: Some(at(200)), ..before.clone() });
        let anew = PolicyChange { mode: Some(Mode::Dual), ..asked(Mode::OauthOnly, Some(200)) };
        let anew = anew.apply(Some(&before), at(100)).unwrap();
        assert_eq!((anew.mode, anew.until, anew.wave), (Mode::Dual, None, None));
        let later = PolicyChange { until: Some(at(2_000)), ..asked(Mode::OauthOnly, Some(200)) };
        assert_eq!(later.apply(Some(&before), at(100)).unwrap().until, Some(at(2_000)));
    }

    #[test]
    fn what_would_change_nothing_or_lie_is_refused() {
        let dual = PolicyChange { mode: Some(Mode::Dual), ..PolicyChange::default() };
        let ends = Policy { until: Some(at(200)), ..Policy::default() };
        for (change, before, flaw) in [
            (PolicyChange { until: Some(at(100)), ..dual.clone() }, None, PolicyFlaw::Over),
            (
                PolicyChange { mode: Some(Mode::OauthOnly), until: Some(at(200)), ..dual.clone() },
                None,
                PolicyFlaw::WithoutEnd,
            ),
            (asked(Mode::Dual, None), None, PolicyFlaw::NewUsersAlike),
            (PolicyChange { mode: Some(Mode::Dual), ..asked(Mode::Dual, Some(5)) }, None, PolicyFlaw::NewUsersAlike),
            (asked(Mode::OauthOnly, Some(200)), Some(&ends), PolicyFlaw::FromBehindUntil),
            (
                PolicyChange { until: Some(at(150)), ..asked(Mode::OauthOnly, Some(151)) },
                None,
                PolicyFlaw::FromBehindUntil,
            ),
        ] {
            assert_eq!(change.clone().apply(before, at(100)), Err(flaw), "{change:?}");
        }
        let over = Policy { until: Some(at(50)), ..Policy::default() };
        assert_eq!(asked(Mode::OauthOnly, Some(5)).apply(Some(&over), at(100)), Err(PolicyFlaw::FromBehindUntil));
        let same = PolicyChange { mode: Some(Mode::Dual), new_users: Some(Mode::Dual), ..PolicyChange::default() };
        assert_eq!(same.apply(None, at(100)).unwrap().new_users, None, "a rule that is none");
    }
}
