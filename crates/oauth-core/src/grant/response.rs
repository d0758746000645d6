//! The successful answers of the token endpoint (RFC 6749 5.1, OpenID Connect Core 3.1.3.3).

use std::fmt;

use serde::Serialize;

/// The only token type that is issued (RFC 6750).
pub const BEARER: &str = "Bearer";

/// Tokens for a client. It is answered with `Cache-Control: no-store` (RFC 6749 5.1).
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Its lifetime in seconds.
    pub expires_in: u64,
    /// The refresh token, where one is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What the access token allows; always told, since it may be less than what was asked for (RFC 6749 3.3).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The ID token, where the scope holds `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// A pair of the legacy contract, in the shape that its clients read.
#[derive(Clone, Serialize)]
pub struct LegacyTokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// The access token's lifetime in seconds.
    pub expires_in: u64,
}

impl fmt::Debug for LegacyTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyTokens(..)")
    }
}
