//! What an installation decides about the protocol.

use std::time::Duration;

use crate::{
    crypto::{Algorithm, HmacAlgorithm},
    secret::Secret,
};

/// The issuer: scheme, host and port, without path (RFC 8414 2; an issuer with a path is refused in this release).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Reads an issuer in the spelling that clients will compare: no path, query, fragment or final slash.
    pub fn parse(text: &str) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.as_str().strip_suffix('/') == Some(text);
        plain.then(|| Self(text.to_owned()))
    }

    /// The issuer as text: the `iss` of tokens and answers.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute URL of `path`; every URL that leaves the server is built here, never from a Host header.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether the issuer is https: cookies are then `__Host-`.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// Secrets and lifetimes of legacy tokens; `None` in [`Settings::legacy`] where the installation has no such secrets.
#[derive(Clone, Debug)]
pub struct LegacySettings {
    /// JWT_ALGORITHM.
    pub algorithm: HmacAlgorithm,
    /// JWT_SECRET_KEY.
    pub access_secret: Secret<String>,
    /// JWT_REFRESH_SECRET_KEY.
    pub refresh_secret: Secret<String>,
    /// Lifetime of access tokens.
    pub access_ttl: Duration,
    /// Lifetime of refresh tokens.
    pub refresh_ttl: Duration,
}

/// The engine's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer.
    pub issuer: Issuer,
    /// Lifetime of codes.
    pub code_ttl: Duration,
    /// Lifetime of access tokens.
    pub access_token_ttl: Duration,
    /// The algorithm of access tokens.
    pub access_token_alg: Algorithm,
    /// Lifetime of ID tokens.
    pub id_token_ttl: Duration,
    /// Lifetime of refresh tokens since their last use.
    pub refresh_token_ttl: Duration,
    /// The end of a family of refresh tokens, counted from its grant, if there is one.
    pub refresh_absolute_ttl: Option<Duration>,
    /// How long a client that lost an answer may repeat its refresh; zero switches it off.
    pub refresh_retry_window: Duration,
    /// Whether users are asked at all (REQUIRE_USER_CONSENT).
    pub require_consent: bool,
    /// How long a session lives without use.
    pub session_idle: Duration,
    /// How long a session lives in any case.
    pub session_absolute: Duration,
    /// The same for "keep me signed in".
    pub session_remembered: Duration,
    /// How long an authorization request may stay under way.
    pub request_ttl: Duration,
    /// Clock difference to other parties that is forgiven in their assertions.
    pub leeway: Duration,
    /// Whether first-party clients may sign people in with forms of their own (draft-ietf-oauth-first-party-apps).
    pub first_party_challenge: bool,
    /// The legacy contract's tokens.
    pub legacy: Option<LegacySettings>,
}

impl Settings {
    /// The defaults of the reference for this issuer.
    pub fn new(issuer: Issuer) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            issuer,
            code_ttl: Duration::from_secs(600),
            access_token_ttl: Duration::from_secs(1_800),
            access_token_alg: Algorithm::ES256,
            id_token_ttl: Duration::from_secs(1_800),
            refresh_token_ttl: DAY * 7,
            refresh_absolute_ttl: None,
            refresh_retry_window: Duration::from_secs(10),
            require_consent: true,
            session_idle: Duration::from_secs(8 * 3_600),
            session_absolute: DAY,
            session_remembered: DAY * 30,
            request_ttl: Duration::from_secs(3_600),
            leeway: Duration::from_secs(60),
            first_party_challenge: false,
            legacy: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_has_one_spelling() {
        for good in ["https://auth.example.com", "http://localhost:8000", "https://auth.example.com:8443"] {
            assert!(Issuer::parse(good).is_some(), "{good}");
        }
        for bad in [
            "https://auth.example.com/",
            "https://auth.example.com/x",
            "https://auth.example.com?x",
            "https://auth.example.com:443",
            "https://Auth.example.com",
            "ftp://x",
            "auth.example.com",
            "https://u@auth.example.com",
        ] {
            assert!(Issuer::parse(bad).is_none(), "{bad}");
        }
    }
}
