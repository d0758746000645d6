//! What hangs on the accounts of a source: tokens, API keys, and columns that are kept in step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    condition::Condition,
    names::{Name, Names},
    rules::{is_always, is_never},
};
use crate::write_back::Track;

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
    /// What `token` holds.
    #[serde(default)]
    pub stored: TokenForm,
    /// `access` or `refresh`; all are refresh tokens where no column says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Names>,
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

/// What a table of tokens holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// The token itself, which is no JWT; it is hashed when it is read.
    Clear,
    /// The `jti` of a JWT that was signed with `JWT_SECRET_KEY` or `JWT_REFRESH_SECRET_KEY`.
    #[default]
    Jti,
    /// SHA-256 of the token, in hexadecimal digits or base64.
    Sha256,
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
    /// What it allows: a list, or words between blanks or commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Names>,
    /// What every key allows, where no column says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_scopes: Vec<String>,
    /// The client (`client_id`) that the keys stand for; resource servers are told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
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
    /// Who gives the ids.
    #[serde(skip_serializing_if = "IdentityProvider::is_authly")]
    pub identity_provider: IdentityProvider,
    /// The application's table of sessions, which learns of those that come by OAuth (S001-11); where it has none, nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Names>,
}

/// The identity provider that the application learns ids of (C-22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProvider {
    /// Authly: an account's id here is its id there.
    #[default]
    Authly,
    /// Another one, with whose accounts those here are linked.
    External,
}

impl IdentityProvider {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    const fn is_authly(&self) -> bool {
        matches!(self, Self::Authly)
    }
}

impl WriteBack {
    /// The column for what is tracked, where there is to be one.
    pub const fn column(&self, track: Track) -> Option<&Names> {
        match track {
            Track::AuthMethod => self.auth_method.as_ref(),
            Track::CompletedAt => self.completed_at.as_ref(),
            Track::ExternalSubject => self.external_subject.as_ref(),
            Track::InvitedAt => self.invited_at.as_ref(),
            Track::SyncedAt => self.synced_at.as_ref(),
        }
    }

    /// The names that an existing table has or is to get: the first that exists, otherwise the one that is spelled as the
    /// others in that table are.
    pub fn chosen(&self, exists: impl Fn(&Name) -> bool) -> BTreeMap<Track, (Name, bool)> {
        let columns = || Track::ALL.into_iter().filter_map(|track| Some((track, self.column(track)?)));
        let several = |names: &&Names| names.iter().nth(1).is_some();
        let spelling = columns()
            .map(|(_, names)| names)
            .filter(several)
            .find_map(|names| names.iter().position(&exists))
            .unwrap_or(0);
        columns()
            .map(|(track, names)| match names.find(&exists) {
                Some(found) => (track, (found.clone(), true)),
                None => (track, (names.iter().nth(spelling).unwrap_or(names.first()).clone(), false)),
            })
            .collect()
    }
}
