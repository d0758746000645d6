//! Which ways to sign in the installation's own switches leave open.

use std::sync::Arc;

use authly_config::Settings;
use authly_runtime::{AnyStore, Live, live};

use crate::failure::{Failure, refused};

/// Whether people can sign in by OAuth at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuth {
    On,
    /// Switched off, by the environment or by the stored switch.
    Off(&'static str),
}

impl OAuth {
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

/// How the switch stands.
pub(super) async fn oauth<S: AnyStore>(settings: &Settings, services: &Arc<Live<S>>) -> Result<OAuth, Failure> {
    let off = match settings.oauth.enabled {
        Some(on) => (!on).then_some(ENVIRONMENT),
        None => {
            let switches = live::admin(settings, services).switches().await;
            let switches = switches.map_err(refused("cannot read the switches"))?;
            (!switches.oauth_enabled).then_some("the stored switch")
        }
    };
    Ok(off.map_or(OAuth::On, OAuth::Off))
}
