//! Which column of an account's row is what.

use serde::{Deserialize, Serialize};

use super::names::Names;

/// Which column is what; what the source does not have is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Names>,
    /// The user name; derived from the address where there is none (C-19).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Names>,
    /// The name for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<Names>,
    /// The stored hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<Names>,
    /// The salt, where it has a column of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_salt: Option<Names>,
    /// When the password was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_changed_at: Option<Names>,
    /// The tenant's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Names>,
    /// The status, which `[statuses]` explains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Names>,
    /// One role, or several as an array, a JSON list or separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Names>,
    /// Whether it is an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<Names>,
    /// Whether an administrator locked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_locked: Option<Names>,
    /// Why it is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_reason: Option<Names>,
    /// Until when it is locked after failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Names>,
    /// Failed attempts since the last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_attempts: Option<Names>,
    /// When the address was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Names>,
    /// When the account was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Names>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Names>,
    /// When somebody last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<Names>,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Names>,
    /// How it signs in, where the source tracks that already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<Names>,
    /// When it was invited to migrate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_at: Option<Names>,
    /// When it first signed in by OAuth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Names>,
}

impl Columns {
    /// Every column with its name in profiles.
    pub fn fields_mut(&mut self) -> [(&'static str, &mut Option<Names>); 22] {
        [
            ("email", &mut self.email),
            ("username", &mut self.username),
            ("full_name", &mut self.full_name),
            ("password_hash", &mut self.password_hash),
            ("password_salt", &mut self.password_salt),
            ("password_changed_at", &mut self.password_changed_at),
            ("tenant", &mut self.tenant),
            ("status", &mut self.status),
            ("roles", &mut self.roles),
            ("is_admin", &mut self.is_admin),
            ("is_locked", &mut self.is_locked),
            ("lock_reason", &mut self.lock_reason),
            ("locked_until", &mut self.locked_until),
            ("failed_attempts", &mut self.failed_attempts),
            ("verified_at", &mut self.verified_at),
            ("created_at", &mut self.created_at),
            ("updated_at", &mut self.updated_at),
            ("last_login_at", &mut self.last_login_at),
            ("deleted_at", &mut self.deleted_at),
            ("auth_method", &mut self.auth_method),
            ("invited_at", &mut self.invited_at),
            ("completed_at", &mut self.completed_at),
        ]
    }
}
