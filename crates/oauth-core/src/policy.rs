//! Which ways to sign in are open to whom, and until when (waves of a migration, S001-50..53).
//!
//! Policies of the installation and of tenants are part of the catalog, so that servers hold them in memory and notice a change
//! by its revision. They stand among the named settings, as JSON; that of an account stands with the account.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{ids::TenantId, subject::Subject, time::Timestamp};

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
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Password, Self::Dual, Self::OauthOnly];

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
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    /// Whether the password grant and the JSON logins are open.
    pub const fn admits_legacy(self) -> bool {
        !matches!(self, Self::OauthOnly)
    }

    /// Whether clients get codes.
    pub const fn admits_oauth(self) -> bool {
        !matches!(self, Self::Password)
    }
}

/// What is decided for the installation, a tenant or an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which ways are open.
    pub mode: Mode,
    /// Which ways are open to accounts that are created from `since` on, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_users: Option<Mode>,
    /// The end of passwords at the legacy doors: from then on the mode counts as `oauth-only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// From when on accounts are new users: the day that was asked for, else when the policy was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The name of the wave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<String>,
}

impl Policy {
    /// Reads the JSON of a store.
    ///
    /// One that cannot be read closes nothing by accident and opens nothing either: it counts as `oauth-only`, the mode in which
    /// nobody gets a token of the old kind.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(Self { mode: Mode::OauthOnly, ..Self::default() })
    }

    /// The mode at `now` for an account created at `created_at`.
    pub fn mode_of(&self, created_at: Timestamp, now: Timestamp) -> Mode {
        if self.is_over(now) {
            return Mode::OauthOnly;
        }
        let is_new = self.since.is_some_and(|since| created_at >= since);
        self.new_users.filter(|_| is_new).unwrap_or(self.mode)
    }

    /// The widest mode at `now` of any account: for what is said of all of them.
    pub fn widest(&self, now: Timestamp) -> Mode {
        let new_users = self.new_users.filter(|_| self.since.is_some_and(|since| now >= since));
        match new_users {
            _ if self.is_over(now) => Mode::OauthOnly,
            Some(new) if new != self.mode => Mode::Dual,
            _ => self.mode,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}

/// The policies in force; the narrowest that is set counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// Everybody's.
    pub installation: Option<Policy>,
    /// Those of tenants.
    pub tenants: HashMap<TenantId, Policy>,
}

impl Policies {
    /// Name of the setting that holds the policy of the installation, or of a tenant.
    pub fn setting(tenant: Option<TenantId>) -> String {
        tenant.map_or_else(|| Self::PREFIX.to_owned(), |tenant| format!("{}:{tenant}", Self::PREFIX))
    }

    /// Reads the policies among the named settings.
    pub fn read(settings: &HashMap<String, String>) -> Self {
        let mut policies = Self::default();
        for (name, value) in settings {
            let Some(rest) = name.strip_prefix(Self::PREFIX) else { continue };
            // What was removed stands there as null.
            if value.trim() == "null" {
                continue;
            }
            let policy = Policy::read(value);
            if rest.is_empty() {
                policies.installation = Some(policy);
            } else if let Some(tenant) = rest.strip_prefix(':').and_then(TenantId::parse) {
                policies.tenants.insert(tenant, policy);
            }
        }
        policies
    }

    /// The policy that counts for accounts of a tenant, or of none, that have none of their own.
    pub fn of_tenant(&self, tenant: Option<TenantId>) -> Option<&Policy> {
        tenant.and_then(|tenant| self.tenants.get(&tenant)).or(self.installation.as_ref())
    }

    /// The policy that counts for an account: its own, else its tenant's, else everybody's.
    pub fn of<'a>(&'a self, subject: &'a Subject) -> Option<&'a Policy> {
        let wider = self.of_tenant(subject.tenant.as_ref().map(|tenant| tenant.id));
        subject.policy.as_deref().or(wider)
    }

    /// The mode of an account; both ways where nothing is decided.
    pub fn mode_of(&self, subject: &Subject, now: Timestamp) -> Mode {
        self.of(subject).map_or(Mode::Dual, |policy| policy.mode_of(subject.created_at, now))
    }

    const PREFIX: &'static str = "sign_in_policy";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{subject::TenantRef, testing::subject};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn policy(mode: Mode) -> Policy {
        Policy { mode, ..Policy::default() }
    }

    #[test]
    fn new_users_and_the_last_day_have_rules_of_their_own() {
        let policy =
            Policy { new_users: Some(Mode::OauthOnly), since: Some(at(10)), until: Some(at(100)), ..Policy::default() };
        assert_eq!(policy.mode_of(at(9), at(50)), Mode::Dual);
        assert_eq!(policy.mode_of(at(10), at(50)), Mode::OauthOnly);
        assert_eq!(policy.mode_of(at(9), at(99)), Mode::Dual);
        assert_eq!(policy.mode_of(at(9), at(100)), Mode::OauthOnly);
        assert_eq!((policy.widest(at(99)), policy.widest(at(100))), (Mode::Dual, Mode::OauthOnly));
        let password = Policy { mode: Mode::Password, until: None, ..policy };
        assert_eq!(
            (password.widest(at(9)), password.widest(at(10))),
            (Mode::Password, Mode::Dual),
            "nobody is new yet"
        );
    }

    fn member(tenant: Option<TenantId>) -> Subject {
        let of = |id| TenantRef { id, slug: "acme".into(), active: true };
        Subject { tenant: tenant.map(of), created_at: at(0), ..subject() }
    }

    #[test]
    fn the_narrowest_policy_counts() {
        let mut policies = Policies::default();
        assert_eq!(policies.mode_of(&member(Some(tenant(1))), at(1)), Mode::Dual);
        policies.installation = Some(policy(Mode::OauthOnly));
        policies.tenants.insert(tenant(1), policy(Mode::Password));
        assert_eq!(policies.mode_of(&member(Some(tenant(1))), at(1)), Mode::Password);
        assert_eq!(policies.mode_of(&member(Some(tenant(2))), at(1)), Mode::OauthOnly);
        assert_eq!(policies.mode_of(&member(None), at(1)), Mode::OauthOnly);
        let own = Subject { policy: Some(Box::new(policy(Mode::Dual))), ..member(Some(tenant(1))) };
        assert_eq!(policies.mode_of(&own, at(1)), Mode::Dual);
    }

    #[test]
    fn policies_are_read_from_settings() {
        let set = |name: String, value: &str| (name, value.to_owned());
        let policies = Policies::read(&HashMap::from([
            set(Policies::setting(None), r#"{"mode":"password"}"#),
            set(Policies::setting(Some(tenant(1))), r#"{"mode":"dual","new_users":"oauth-only","since":10000000}"#),
            set(Policies::setting(Some(tenant(2))), "null"),
            set(Policies::setting(Some(tenant(3))), "{broken"),
            set("oauth_enabled".to_owned(), "false"),
        ]));
        assert_eq!(policies.installation, Some(policy(Mode::Password)));
        let new = Subject { created_at: at(11), ..member(Some(tenant(1))) };
        assert_eq!(policies.mode_of(&new, at(12)), Mode::OauthOnly);
        assert_eq!(policies.mode_of(&member(Some(tenant(1))), at(12)), Mode::Dual, "made before");
        assert_eq!(policies.mode_of(&member(Some(tenant(2))), at(12)), Mode::Password, "removed");
        assert_eq!(policies.mode_of(&member(Some(tenant(3))), at(12)), Mode::OauthOnly, "unreadable");
    }
}
