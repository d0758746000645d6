//! From the settings of the installation to the small structs that each crate wants.

use std::time::Duration;

use authly_admin_cases::AdminSettings;
use authly_config::{PasswordHash, Settings};
use authly_directory::{
    password::PasswordPolicy,
    settings::{DirectorySettings, Limits, MailPolicy, MailSending, RegistrationPolicy, UpstreamSignIn},
};
use oauth_core::{
    catalog::SwitchOverrides,
    client::PkcePolicy,
    crypto::Algorithm,
    limit::Rate,
    settings::{Issuer, LegacySettings},
};

use crate::trouble::Trouble;

/// bcrypt looks at no more bytes of a password than these.
const BCRYPT_BYTES: usize = 72;

/// What the engine decides by.
pub fn engine(settings: &Settings, legacy: LegacySettings) -> Result<oauth_core::settings::Settings, Trouble> {
    let (tokens, sessions) = (&settings.tokens, &settings.sessions);
    let mut engine = oauth_core::settings::Settings::new(issuer(settings)?);
    engine.code_ttl = tokens.code_lifetime;
    engine.access_token_ttl = tokens.access_lifetime;
    engine.access_token_alg = algorithm(settings.keys.access_token_algorithm);
    engine.id_token_ttl = tokens.id_lifetime;
    engine.refresh_token_ttl = tokens.refresh_lifetime;
    engine.refresh_absolute_ttl = tokens.refresh_absolute_lifetime;
    engine.refresh_retry_window = tokens.refresh_retry_window;
    engine.require_consent = settings.oauth.consent_required;
    engine.first_party_challenge = settings.oauth.first_party_challenge;
    engine.session_idle = sessions.idle_lifetime;
    engine.session_absolute = sessions.absolute_lifetime;
    engine.session_remembered = sessions.remember_lifetime;
    engine.request_ttl = sessions.sign_in_lifetime;
    engine.legacy = Some(legacy);
    Ok(engine)
}

/// The issuer.
pub fn issuer(settings: &Settings) -> Result<Issuer, Trouble> {
    let text = settings.issuer.url.as_str();
    Issuer::parse(text).ok_or_else(|| {
        Trouble::new(
            "the issuer cannot be used",
            format!("{text} is not scheme, host and port alone"),
            "write AUTHLY_ISSUER as in https://auth.example.com",
        )
    })
}

/// What administration decides by.
pub fn admin(settings: &Settings) -> AdminSettings {
    AdminSettings {
        password_policy: password_policy(settings),
        key_retirement: key_retirement(settings),
        pkce_default: if settings.oauth.pkce_required { PkcePolicy::Required } else { PkcePolicy::Exempt },
        id_token_alg: algorithm(settings.keys.id_token_algorithm),
    }
}

/// What the directory decides by.
pub fn directory(settings: &Settings) -> DirectorySettings {
    let defaults = DirectorySettings::default();
    let limits = defaults.limits.map(|limits| Limits {
        account: Rate::per_minute(settings.limits.account_per_minute),
        address: Rate::per_minute(settings.limits.per_minute),
        // Whoever has stolen a session guesses at the password no faster than at the door.
        password_change: as_fast_as_at_the_door(settings.limits.max_login_attempts, settings.limits.lockout),
        ..limits
    });
    DirectorySettings {
        max_failures: settings.limits.max_login_attempts,
        lockout: settings.limits.lockout,
        limits: limits.filter(|_| settings.limits.enabled),
        password_policy: password_policy(settings),
        registration: if settings.accounts.registration {
            RegistrationPolicy::Open
        } else {
            RegistrationPolicy::Closed
        },
        known_device: defaults.known_device,
        mail: mail(settings, defaults.mail),
        upstream: if settings.upstreams.is_empty() { UpstreamSignIn::Off } else { UpstreamSignIn::On },
    }
}

/// What is decided about mails and links.
/// As many attempts, earned back as fast, as an account has before it is locked; within a day even where a lock lasts for ever.
fn as_fast_as_at_the_door(attempts: u32, lockout: Duration) -> Rate {
    const LONGEST: Duration = Duration::from_secs(3_600);
    let attempts = attempts.max(1);
    Rate { burst: attempts, every: (lockout / attempts).min(LONGEST) }
}

fn mail(settings: &Settings, defaults: MailPolicy) -> MailPolicy {
    match &settings.mail {
        None => defaults,
        Some(mail) => MailPolicy {
            sending: MailSending::On,
            set_password: mail.password_link_lifetime,
            verify_address: mail.verification_link_lifetime,
            ..defaults
        },
    }
}

/// What new passwords must be like.
pub fn password_policy(settings: &Settings) -> PasswordPolicy {
    let passwords = &settings.passwords;
    let max_bytes = match passwords.hash {
        PasswordHash::Argon2id { .. } => passwords.max_bytes,
        PasswordHash::Bcrypt { .. } => passwords.max_bytes.min(BCRYPT_BYTES),
    };
    PasswordPolicy { min_characters: passwords.min_length, max_bytes }
}

/// The environment's word on the switches. A password login that is switched off there is off; otherwise the store decides.
pub fn switches(settings: &Settings) -> SwitchOverrides {
    SwitchOverrides {
        oauth_enabled: settings.oauth.enabled,
        legacy_login_enabled: (!settings.legacy.password_grant).then_some(false),
    }
}

/// An algorithm as the engine names it.
pub const fn algorithm(algorithm: authly_config::SigningAlgorithm) -> Algorithm {
    match algorithm {
        authly_config::SigningAlgorithm::EdDsa => Algorithm::EdDSA,
        authly_config::SigningAlgorithm::Es256 => Algorithm::ES256,
        authly_config::SigningAlgorithm::Rs256 => Algorithm::RS256,
    }
}

/// The longest life of a token that a key signs, and a little for clocks that differ.
fn key_retirement(settings: &Settings) -> Duration {
    const LEEWAY: Duration = Duration::from_secs(300);
    settings.tokens.access_lifetime.max(settings.tokens.id_lifetime) + LEEWAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let variables = variables.iter().copied();
        authly_config::load(variables, no_files).into_result().unwrap().0
    }

    #[test]
    fn a_bcrypt_installation_refuses_passwords_that_would_be_cut() {
        assert_eq!(password_policy(&settings(&[("AUTHLY_PASSWORD_HASH", "bcrypt")])).max_bytes, 72);
        assert!(password_policy(&settings(&[])).max_bytes > 72);
    }

    #[test]
    fn only_a_password_login_that_is_off_overrides_the_store() {
        assert_eq!(switches(&settings(&[])), SwitchOverrides::default());
        let off = switches(&settings(&[("AUTHLY_PASSWORD_GRANT_ENABLED", "false"), ("OAUTH_ENABLED", "false")]));
        assert_eq!(off, SwitchOverrides { oauth_enabled: Some(false), legacy_login_enabled: Some(false) });
    }

    /// SECURITY.md row 34: a stolen session is no faster way to the password than the sign-in page.
    #[test]
    fn a_present_password_is_guessed_no_faster_than_at_the_door() {
        let of = |variables: &[(&str, &str)]| directory(&settings(variables)).limits.unwrap().password_change;
        let (attempts, minutes) = ("MAX_LOGIN_ATTEMPTS", "ACCOUNT_LOCKOUT_DURATION_MINUTES");
        let rate = of(&[(attempts, "3"), (minutes, "30")]);
        assert_eq!((rate.burst, rate.every), (3, Duration::from_secs(600)));
        assert_eq!(of(&[(attempts, "3"), (minutes, "30000")]).every, Duration::from_secs(3_600));
    }

    #[test]
    fn a_retired_key_outlives_the_tokens_it_signed() {
        let settings = settings(&[("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "120")]);
        assert!(admin(&settings).key_retirement > Duration::from_secs(7_200));
    }
}
