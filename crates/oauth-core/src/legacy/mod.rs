//! The legacy contract: HS256 pairs of the program that came before, recorded in the table `tokens` (C-14).
//!
//! A legacy refresh token only ever gives a legacy pair, an OAuth refresh token never does; both kinds stay apart by their
//! form (a JWT here, an opaque value there) and by where they are looked up.

pub mod active;
pub mod api_key;
pub mod jwt;

pub use self::jwt::is_jwt;
use crate::{ids::LegacyTokenId, subject::Subject, time::Timestamp};

/// The `type` claim and the `token_type` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyTokenType {
    /// Presented to resource servers.
    Access,
    /// Exchanged for the next pair.
    Refresh,
}

impl LegacyTokenType {
    /// The text in claims and store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Access, Self::Refresh].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A pair to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLegacyPair {
    /// Whose it is.
    pub user: crate::ids::UserId,
    /// `jti` of the access token.
    pub access: LegacyTokenId,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// `jti` of the refresh token.
    pub refresh: LegacyTokenId,
    /// When the refresh token expires.
    pub refresh_expires_at: Timestamp,
    /// When both were made.
    pub created_at: Timestamp,
}

/// A recorded legacy token with its account.
#[derive(Clone, Debug)]
pub struct LegacyTokenSnapshot {
    /// Its `jti`.
    pub id: LegacyTokenId,
    /// Access or refresh.
    pub kind: LegacyTokenType,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whether it was spent or revoked.
    pub invalidated: bool,
    /// Whether a client stands beside it (an OAuth token of the old program); such a token is no legacy token.
    pub bound_to_client: bool,
    /// Whose it is, with the columns that the legacy answers carry.
    pub account: LegacyAccount,
}

/// An account in the shape of `GET /api/v1/users/me`.
#[derive(Clone, Debug)]
pub struct LegacyAccount {
    /// The account as the protocol sees it.
    pub subject: Subject,
    /// The e-mail address.
    pub email: String,
    /// The user name.
    pub username: String,
    /// Whether the address is verified.
    pub is_verified: bool,
    /// Whether the account is locked by an administrator.
    pub is_locked: bool,
    /// Whether the doors of the legacy contract are open for it: by its switch, and by how it signs in.
    pub legacy_login: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A refresh of a legacy pair: the old refresh token is spent, the new pair recorded, in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyRotation {
    /// The refresh token that was presented; applies only while it is not invalidated.
    pub spent: LegacyTokenId,
    /// The next pair.
    pub pair: NewLegacyPair,
}
