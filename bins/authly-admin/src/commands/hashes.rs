//! What knows password hashes, for the commands that ask about those of a source.

use authly_config::Settings;
use authly_cutover::{
    hash::{HashJudge, Judged},
    profile::Profile,
};
use authly_directory::password::StoredHash;
use authly_passwords::{HashPool, PoolSettings};
pub(crate) use authly_runtime::hashes::judged;
use authly_runtime::trouble::Trouble;
use authly_seal::SystemRandom;
use oauth_core::secret::Secret;

use crate::failure::Failure;

/// Names the scheme of a hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schemes;

impl HashJudge for Schemes {
    fn judge(&self, stored: &StoredHash) -> Judged {
        judged(stored, None)
    }
}

/// A pool that verifies as the server would, with the peppers of the settings and those that the profile names.
pub(crate) fn pool(settings: &Settings, profile: &Profile) -> Result<HashPool<SystemRandom>, Failure> {
    pool_with(settings, &profile.passwords.peppers)
}

/// The same with these peppers instead of the profile's: who tries no password need not know them.
pub(crate) fn pool_with(settings: &Settings, named: &[String]) -> Result<HashPool<SystemRandom>, Failure> {
    let mut peppers: Vec<Secret<String>> =
        settings.passwords.peppers.iter().map(|pepper| Secret::new(pepper.expose().to_owned())).collect();
    for name in named {
        #[expect(clippy::disallowed_methods, reason = "the profile names the variable, so no table of settings can")]
        let pepper = std::env::var(name);
        let pepper = pepper.map_err(|_| {
            let why = format!("the profile names the pepper {name}, and that environment variable is not set");
            Trouble::new("cannot verify passwords", why, "set it, or remove it from passwords.peppers in the profile")
        })?;
        peppers.push(Secret::new(pepper));
    }
    let unusable = |error| Trouble::caused("cannot verify passwords", &error, "");
    Ok(HashPool::new(&PoolSettings { peppers, ..PoolSettings::default() }, SystemRandom).map_err(unusable)?)
}
