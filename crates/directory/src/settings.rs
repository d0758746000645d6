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

/// Whether people may sign in with an upstream provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamSignIn {
    /// No provider is configured.
    Off,
    /// Accounts that are `oauth` and linked sign in there alone.
    On,
}

/// Whether people may register themselves (REGISTRATION_ENABLED).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Nobody.
    Closed,
    /// Everybody.
    Open,
}

/// Whether mails can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSending {
    /// No: what needs mail refuses.
    Off,
    /// Yes.
    On,
}

/// What an installation decides about mails and links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailPolicy {
    /// Whether mails can be sent.
    pub sending: MailSending,
    /// How long a link to set a password is good.
    pub set_password: Duration,
    /// How long a link to verify an address is good.
    pub verify_address: Duration,
    /// Mails to one account that strangers can cause.
    pub per_account: Rate,
    /// Mails that one address can cause.
    pub per_address: Rate,
}

impl Default for MailPolicy {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            sending: MailSending::Off,
            set_password: minutes(60),
            verify_address: minutes(3 * 24 * 60),
            per_account: Rate { burst: 4, every: minutes(10) },
            per_address: Rate { burst: 30, every: minutes(1) },
        }
    }
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
    /// Mails and links.
    pub mail: MailPolicy,
    /// Upstream providers.
    pub upstream: UpstreamSignIn,
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
            mail: MailPolicy::default(),
            upstream: UpstreamSignIn::Off,
        }
    }
}
