//! Which ways to sign in the installation's own switches leave open.

use std::sync::Arc;

use authly_admin_cases::migrate::OAuthSwitch;
use authly_config::Settings;
use authly_runtime::{AnyStore, Live, convert, live};
use oauth_core::catalog::SwitchOverrides;

use crate::failure::{Failure, refused};

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

/// How the switch stands.
pub(super) async fn oauth<S: AnyStore>(settings: &Settings, services: &Arc<Live<S>>) -> Result<OAuth, Failure> {
    let stored = live::admin(settings, services).switches().await.map_err(refused("cannot read the switches"))?;
    let overrides = convert::switches(settings);
    let on = stored.under(overrides).oauth_enabled;
    Ok(if on { OAuth::On } else { OAuth::Off(decided_by(overrides)) })
}
