//! Which ways to sign in the installation's own switches leave open.

use authly_admin_cases::migrate::OAuthSwitch;
use authly_config::Settings;
use authly_runtime::convert;
use oauth_core::catalog::{SwitchOverrides, Switches};

/// Whether people can sign in by OAuth at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuth {
    On,
    /// Switched off, by the environment or by the stored switch.
    Off(&'static str),
}

impl OAuth {
    /// The same for the use cases.
    pub(super) const fn switch(self) -> OAuthSwitch {
        match self {
            Self::On => OAuthSwitch::On,
            Self::Off(_) => OAuthSwitch::Off,
        }
    }

    /// What that means, and what to do about it.
    pub(super) fn note(self) -> Option<String> {
        let Self::Off(by) = self else { return None };
        let remedy = match by {
            ENVIRONMENT => "Set it to true, or leave it out.",
            _ => "`authly-admin migrate oauth enable` switches it on.",
        };
        Some(format!("Sign-in by OAuth is switched off by {by}: people sign in with their password only. {remedy}"))
    }
}

const ENVIRONMENT: &str = "the environment (OAUTH_ENABLED)";

const STORED: &str = "the stored switch";

/// Who decides whether OAuth is on.
pub(crate) fn decided_by(overrides: SwitchOverrides) -> &'static str {
    overrides.oauth_enabled.map_or(STORED, |_| ENVIRONMENT)
}

/// How the stored switch stands under the environment.
pub(super) fn oauth(settings: &Settings, stored: Switches) -> OAuth {
    let overrides = convert::switches(settings);
    if stored.under(overrides).oauth_enabled { OAuth::On } else { OAuth::Off(decided_by(overrides)) }
}
