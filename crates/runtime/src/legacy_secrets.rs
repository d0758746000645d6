//! The two secrets of legacy tokens: from the settings, or a file of the data folder that is made at the first start.

use authly_config::Settings;
use authly_seal::SystemRandom;
use oauth_core::{crypto::HmacAlgorithm, secret::Secret, settings::LegacySettings, token::OpaqueToken};

use crate::{private_file, trouble::Trouble};

/// The file of the data folder that holds the secrets where the settings name none.
pub const SECRETS_FILE: &str = "legacy-jwt.keys";

const ACCESS: &str = "JWT_SECRET_KEY";
const REFRESH: &str = "JWT_REFRESH_SECRET_KEY";

/// What legacy tokens are signed with. The file is asked only for what the settings leave open.
pub fn legacy(settings: &Settings) -> Result<LegacySettings, Trouble> {
    let legacy = &settings.legacy;
    let given = |secret: &authly_config::SecretText| Secret::new(secret.expose().to_owned());
    let (access_secret, refresh_secret) = match (&legacy.access_secret, &legacy.refresh_secret) {
        (Some(access), Some(refresh)) => (given(access), given(refresh)),
        (access, refresh) => {
            let (made_access, made_refresh) = from_file(settings)?;
            (access.as_ref().map_or(made_access, given), refresh.as_ref().map_or(made_refresh, given))
        }
    };
    Ok(LegacySettings {
        algorithm: match legacy.algorithm {
            authly_config::HmacAlgorithm::Hs256 => HmacAlgorithm::HS256,
            authly_config::HmacAlgorithm::Hs384 => HmacAlgorithm::HS384,
            authly_config::HmacAlgorithm::Hs512 => HmacAlgorithm::HS512,
        },
        access_secret,
        refresh_secret,
        access_ttl: settings.tokens.access_lifetime,
        refresh_ttl: settings.tokens.refresh_lifetime,
    })
}

fn from_file(settings: &Settings) -> Result<(Secret<String>, Secret<String>), Trouble> {
    let path = settings.server.data_dir.join(SECRETS_FILE);
    let text = private_file::read_or_create(&path, || {
        let fresh = || OpaqueToken::generate(&SystemRandom);
        Secret::new(format!("{ACCESS}={}\n{REFRESH}={}\n", fresh().expose(), fresh().expose()))
    })?;
    let find = |name: &str| {
        let line = text.expose().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(str::trim).filter(|secret| secret.len() >= 32).map(|secret| Secret::new(secret.to_owned()))
    };
    match (find(ACCESS), find(REFRESH)) {
        (Some(access), Some(refresh)) => Ok((access, refresh)),
        _ => Err(Trouble::new(
            format!("{} cannot be used", path.display()),
            format!("it lacks a line {ACCESS}=.. or {REFRESH}=.. of at least 32 characters"),
            "set both in the environment, or remove the file: the next start makes it anew, and legacy tokens that are \
             out become invalid",
        )),
    }
}
