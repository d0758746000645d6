//! An account of the target with everything that a migration reads and writes.

use std::{collections::BTreeSet, time::Duration};

use authly_directory::password::StoredHash;
use oauth_core::{
    claims::Profile,
    ids::{GroupId, TenantId, UserId},
    subject::AccountStatus,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// When failures that came along with an account, and do not lock it, are forgotten.
pub const FORGET_FAILURES: Duration = Duration::from_secs(86_400);

/// Failed sign-ins that came along with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// Until when they lock the account.
    pub locked_until: Option<Timestamp>,
    /// When they are forgotten.
    pub forgotten_at: Timestamp,
}

impl Failures {
    /// Those of an account, if there are any: they are forgotten at the end of the lock, and without one at `forget_at`.
    pub fn of(count: u32, locked_until: Option<Timestamp>, forget_at: Timestamp) -> Option<Self> {
        let forgotten_at = locked_until.unwrap_or(forget_at);
        (count > 0 || locked_until.is_some()).then_some(Self { count, locked_until, forgotten_at })
    }
}

/// How an account signs in (C-10); `oauth` is what S001 calls self-auth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Both ways.
    Dual,
    /// By OAuth alone: the legacy doors are closed.
    Oauth,
    /// By the legacy doors; not migrated yet.
    #[default]
    Password,
}

impl AuthMethod {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dual => "dual",
            Self::Oauth => "oauth",
            Self::Password => "password",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Dual, Self::Oauth, Self::Password].into_iter().find(|method| method.as_str() == text)
    }
}

/// Whether an account has a password of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPassword {
    /// It has none.
    Absent,
    /// It has one.
    Present,
}

impl AuthMethod {
    /// How an account signs in that has done so by OAuth now: beside the password that it had alone until then, or instead of one.
    #[must_use]
    pub const fn once_by_oauth(self, password: OwnPassword) -> Self {
        match (self, password) {
            (Self::Password, OwnPassword::Present) => Self::Dual,
            (Self::Password, OwnPassword::Absent) => Self::Oauth,
            (Self::Dual | Self::Oauth, _) => self,
        }
    }
}

/// What an account's first code makes of the way it signs in, from and to; who signs in otherwise stays with it.
pub const FIRST_CODE: [AuthMethod; 2] =
    [AuthMethod::Password, AuthMethod::Password.once_by_oauth(OwnPassword::Present)];

/// What the stored hash is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// A scheme of another program, which verifies; replaced at the next sign-in.
    LegacyScheme,
    /// By the policy, or there never was one.
    #[default]
    Ok,
    /// None that verifies: the password must be set anew by link.
    ResetRequired,
    /// A weak digest inside a strong hash; replaced at the next sign-in.
    Wrapped,
}

impl CredentialState {
    /// Whether the hash that verifies is one of another program, alone or wrapped.
    pub const fn is_foreign(self) -> bool {
        matches!(self, Self::LegacyScheme | Self::Wrapped)
    }

    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LegacyScheme => "legacy_scheme",
            Self::Ok => "ok",
            Self::ResetRequired => "reset_required",
            Self::Wrapped => "wrapped",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::LegacyScheme, Self::Ok, Self::ResetRequired, Self::Wrapped]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// An account as it stands in the target, or as it is to stand there.
///
/// A write replaces every column named here; columns that are not stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAccount {
    /// Its id.
    pub user: UserId,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// The e-mail address; unique by folded form.
    pub email: String,
    /// The user name; unique by folded form.
    pub username: String,
    /// Standard claims.
    pub profile: Profile,
    /// `password_hash`: what an older program on the same database verifies, too.
    pub hash: Option<StoredHash>,
    /// `upgraded_hash`: wins over `hash` where both are set.
    pub upgraded_hash: Option<StoredHash>,
    /// When somebody last set the password; an upgrade of the hash at sign-in is none.
    pub password_set_at: Option<Timestamp>,
    /// When the hash was upgraded at a sign-in.
    pub hash_upgraded_at: Option<Timestamp>,
    /// Its state.
    pub status: AccountStatus,
    /// Whether it is an administrator.
    pub is_admin: bool,
    /// Whether the address is verified.
    pub is_verified: bool,
    /// Whether an administrator locked it.
    pub is_locked: bool,
    /// Whether the password must be set anew by link before anybody can sign in.
    pub reset_required: bool,
    /// Whether the JSON doors and the password grant are open for it.
    pub legacy_login: bool,
    /// Roles, in order.
    pub roles: Vec<String>,
    /// Its groups.
    pub groups: BTreeSet<GroupId>,
    /// Failures of unknown browsers, in a row.
    pub failures: u32,
    /// Until when they lock the account.
    pub locked_until: Option<Timestamp>,
    /// How it signs in.
    pub auth_method: AuthMethod,
    /// What the stored hash is worth.
    pub credential_state: CredentialState,
    /// Its id at the external provider.
    pub external_subject: Option<String>,
    /// When a migration brought or adopted it.
    pub imported_at: Option<Timestamp>,
    /// When an invitation was accepted by the mail server.
    pub invited_at: Option<Timestamp>,
    /// When it first signed in by OAuth.
    pub completed_at: Option<Timestamp>,
    /// When a password was last accepted at a legacy door.
    pub last_password_login_at: Option<Timestamp>,
    /// When somebody last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl TargetAccount {
    /// The hash that verifies its password.
    pub fn effective_hash(&self) -> Option<&StoredHash> {
        self.upgraded_hash.as_ref().or(self.hash.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_came_along_are_forgotten_with_their_lock_and_otherwise_after_a_day() {
        let (at, day, lock) = (Timestamp::from_seconds, Timestamp::from_seconds(86_400), Timestamp::from_seconds(900));
        assert_eq!(at(0).plus(FORGET_FAILURES), day);
        assert_eq!(Failures::of(0, None, day), None);
        let forgotten = |count, locked_until| Failures::of(count, locked_until, day).unwrap().forgotten_at;
        assert_eq!(forgotten(3, None), day);
        assert_eq!(forgotten(3, Some(lock)), lock);
        assert_eq!(forgotten(0, Some(at(90_000))), at(90_000));
    }

    #[test]
    fn signing_in_by_oauth_takes_an_account_beyond_its_password_and_never_back() {
        for password in [OwnPassword::Absent, OwnPassword::Present] {
            assert_eq!(AuthMethod::Dual.once_by_oauth(password), AuthMethod::Dual);
            assert_eq!(AuthMethod::Oauth.once_by_oauth(password), AuthMethod::Oauth);
        }
        assert_eq!(AuthMethod::Password.once_by_oauth(OwnPassword::Present), AuthMethod::Dual);
        assert_eq!(AuthMethod::Password.once_by_oauth(OwnPassword::Absent), AuthMethod::Oauth);
    }

    #[test]
    fn the_text_forms_are_read_back() {
        for method in [AuthMethod::Dual, AuthMethod::Oauth, AuthMethod::Password] {
            assert_eq!(AuthMethod::parse(method.as_str()), Some(method));
        }
        for state in ["legacy_scheme", "ok", "reset_required", "wrapped"] {
            assert_eq!(CredentialState::parse(state).unwrap().as_str(), state);
        }
    }
}
