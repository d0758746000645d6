//! What hangs on the accounts of a source: tokens, API keys, and columns that are kept in step.

use serde::{Deserialize, Serialize};

use super::{
    condition::Condition,
    names::Names,
    rules::{is_always, is_never},
};

/// The table of the older program's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The table.
    pub table: Names,
    /// Whether a source may lack it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Its primary key.
    pub key: Names,
    /// Whose.
    pub user: Names,
    /// Until when it is valid.
    pub expires_at: Names,
    /// The hash of the token, or its `jti`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Names>,
    /// What rotation keeps together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Names>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Names>,
    /// Which are dead.
    #[serde(default = "Condition::never", skip_serializing_if = "is_never")]
    pub dead: Condition,
}

/// The table of the older program's API keys (C-32).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeys {
    /// The table.
    pub table: Names,
    /// Whether a source may lack it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Its primary key.
    pub key: Names,
    /// Whose.
    pub user: Names,
    /// The key, or its hash.
    pub secret: Names,
    /// What `secret` holds.
    #[serde(default)]
    pub stored: ApiKeyForm,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Names>,
    /// Until when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Names>,
    /// Which work.
    #[serde(default = "Condition::always", skip_serializing_if = "is_always")]
    pub active: Condition,
}

/// What a table of API keys holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyForm {
    /// The key itself; it is hashed when it is read.
    Clear,
    /// SHA-256 of the key in hexadecimal digits.
    #[default]
    Sha256Hex,
}

/// Columns of the application's own table that a run may keep in step with the ledger, if it is asked to (`--write-back`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WriteBack {
    /// How the account signs in: `password`, `dual`, or the word for OAuth alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<Names>,
    /// The word for OAuth alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth_word: Option<String>,
    /// When it was invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_at: Option<Names>,
    /// When it first signed in by OAuth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Names>,
    /// The account's id at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_subject: Option<Names>,
    /// When the id was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<Names>,
}
