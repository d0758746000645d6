//! What an installation decides about accounts.

use std::time::Duration;

use oauth_core::limit::Rate;

use crate::password::PasswordPolicy;

/// Token buckets; the failure counter of an account works without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins for one identifier.
    pub account: Rate,
    /// Sign-ins from one address, sized so that one office behind one address can sign in (C-28).
    pub address: Rate,
    /// Registrations from one address.
    pub registration: Rate,
    /// Changes of one account's password.
    pub password_change: Rate,
}

/// Whether people may register themselves (REGISTRATION_ENABLED).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Nobody.
    Closed,
    /// Everybody.
    Open,
}

/// The directory's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectorySettings {
    /// Failures at which an account is locked (MAX_LOGIN_ATTEMPTS).
    pub max_failures: u32,
    /// For how long (ACCOUNT_LOCKOUT_DURATION_MINUTES); failures are forgotten after the same time.
    pub lockout: Duration,
    /// Token buckets, unless RATE_LIMIT_ENABLED is off.
    pub limits: Option<Limits>,
    /// What a new password must be like.
    pub password_policy: PasswordPolicy,
    /// Whether people may register themselves.
    pub registration: RegistrationPolicy,
    /// How long a browser that has signed in counts as known.
    pub known_device: Duration,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            max_failures: 5,
            lockout: Duration::from_secs(30 * 60),
            limits: Some(Limits {
                account: Rate::per_minute(10),
                address: Rate::per_minute(100),
                registration: Rate::per_minute(10),
                password_change: Rate::per_minute(5),
            }),
            password_policy: PasswordPolicy { min_characters: 8, max_bytes: 1024 },
            registration: RegistrationPolicy::Closed,
            known_device: Duration::from_secs(365 * 86_400),
        }
    }
}
