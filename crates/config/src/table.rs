//! The one table of settings. Loading, `config show`, the reference and the example file are all made from it.

mod accounts;
mod oauth;
mod operations;
mod server;
mod upstream;

use crate::setting::Setting;

/// A section of the file, with its settings.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The name of the section in the TOML file.
    pub name: &'static str,
    /// What the section is about.
    pub doc: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

/// All settings, by section.
pub const SETTINGS: &[Section] = &[
    server::SERVER,
    server::LISTENER,
    server::STORE,
    oauth::ISSUER,
    oauth::KEYS,
    oauth::TOKENS,
    oauth::OAUTH,
    oauth::LEGACY,
    accounts::ACCOUNTS,
    accounts::PASSWORDS,
    accounts::SESSIONS,
    accounts::LIMITS,
    accounts::ADMIN,
    upstream::UPSTREAM,
    operations::MAIL,
    operations::LOGGING,
    operations::OPERATIONS,
    operations::PAGES,
];

/// The variable that names the configuration file; the one name that is not a setting.
pub const CONFIG_FILE: &str = "AUTHLY_CONFIG";

/// All settings in the order of the table.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().flat_map(|section| section.settings)
}

/// The setting with this key.
pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_and_names_are_unique_and_well_formed() {
        let mut seen = BTreeSet::new();
        for section in SETTINGS {
            for setting in section.settings {
                assert_eq!(setting.section(), section.name, "{}", setting.key);
                assert!(
                    setting.key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.'),
                    "{}",
                    setting.key
                );
                assert!(seen.insert(setting.key), "{} stands twice", setting.key);
                assert!(!setting.names.is_empty(), "{} has no name in the environment", setting.key);
                for name in setting.names {
                    assert!(seen.insert(name.name), "{} stands twice", name.name);
                    // `_FILE` behind a secret's name means a file with it.
                    assert!(!name.name.ends_with("_FILE"), "{}", name.name);
                }
                assert!(setting.doc.ends_with('.'), "{}", setting.key);
                assert!(!setting.sources.is_empty(), "{}", setting.key);
            }
        }
    }

    #[test]
    fn every_name_of_the_old_programs_is_read() {
        let names: BTreeSet<&str> = settings().flat_map(|setting| setting.names).map(|name| name.name).collect();
        for name in "OAUTH_ENABLED AUTHORIZATION_CODE_EXPIRE_MINUTES AUTHORIZATION_CODE_EXPIRE_SECONDS PKCE_REQUIRED \
            REQUIRE_USER_CONSENT CORS_ORIGINS ALLOWED_HOSTS ADMIN_CLI_ENABLED REDIS_URL METRICS_ENABLED DATABASE_URL \
            JWT_SECRET_KEY JWT_REFRESH_SECRET_KEY SMTP_HOST SMTP_PORT SMTP_USER SMTP_USERNAME SMTP_PASSWORD \
            SMTP_FROM_EMAIL JWT_ACCESS_TOKEN_EXPIRE_MINUTES JWT_REFRESH_TOKEN_EXPIRE_DAYS JWT_ALGORITHM \
            PASSWORD_MIN_LENGTH MAX_LOGIN_ATTEMPTS ACCOUNT_LOCKOUT_DURATION_MINUTES DB_PASSWORD \
            ACCESS_TOKEN_EXPIRE_MINUTES REFRESH_TOKEN_EXPIRE_DAYS RATE_LIMIT_ENABLED RATE_LIMIT_REQUESTS_PER_MINUTE \
            ENVIRONMENT LOG_LEVEL DEBUG HEALTH_CHECK_ENABLED CACHE_TTL ADMIN_EMAIL ADMIN_PASSWORD \
            SECRET_ENCRYPTION_KEY OAUTH2_ENCRYPTION_KEY RSA_PRIVATE_KEY_PEM AUTHLY_LISTEN AUTHLY_ISSUER \
            AUTHLY_DATA_DIR AUTHLY_TLS_CERT AUTHLY_TLS_KEY AUTHLY_MIGRATE_ON_START REGISTRATION_ENABLED"
            .split_whitespace()
        {
            assert!(names.contains(name), "{name}");
        }
    }
}
