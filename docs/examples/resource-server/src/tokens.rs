//! Which rule a token is held to, and who its bearer is.

use oauth_core::{jws::TokenFault, legacy::jwt, secret::Secret, settings::Issuer, time::Timestamp};

use crate::{keys::Keys, legacy, oauth};

/// What this server needs to know to check tokens.
pub struct Tokens {
    /// Whose OAuth tokens count.
    pub issuer: Issuer,
    /// This server's own name: a token must be meant for it.
    pub audience: String,
    /// The secret of the tokens of before; `None` once they are history.
    pub legacy_secret: Option<Secret<String>>,
    /// The issuer's public keys.
    pub keys: Keys,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    /// The account: the same for both kinds of tokens. For a client that acts for itself, its client_id.
    pub id: String,
    /// The e-mail address, which only legacy tokens carry.
    pub email: Option<String>,
    /// What the caller may do.
    pub rights: Rights,
}

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Whatever the account may do: legacy tokens know no scopes.
    Account,
    /// These scopes.
    Scopes(Vec<String>),
}

impl CurrentUser {
    /// Whether the caller may do what `scope` stands for.
    pub fn may(&self, scope: &str) -> bool {
        match &self.rights {
            Rights::Account => true,
            Rights::Scopes(scopes) => scopes.iter().any(|own| own == scope),
        }
    }
}

impl Tokens {
    /// Checks a token. What it says of its algorithm only chooses the rule, and each rule has its own key.
    pub async fn check(&self, token: &str, now: Timestamp) -> Result<CurrentUser, TokenFault> {
        match &self.legacy_secret {
            Some(secret) if jwt::is_hmac(token) => legacy::check(token, secret, now),
            _ => oauth::check(token, self, now).await,
        }
    }
}
