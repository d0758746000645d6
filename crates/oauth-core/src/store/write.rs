//! What a store writes: everything that stands in the rows, times and audit events included.

use super::snapshot::Grant;
use crate::{
    audit::AuditEvent,
    ids::{AccessTokenId, ClientKey, GrantId},
    pkce::CodeProof,
    redirect::RedirectUri,
    scope::ScopeSet,
    time::Timestamp,
    token::TokenHash,
};

/// A refresh token to be written; it hangs on the grant of the code or token it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefreshToken {
    /// Its hash.
    pub hash: TokenHash,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The spent `jti` of a client assertion (RFC 7523 3): recorded until `expires_at`, so that it works once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentAssertion {
    /// Whose.
    pub client: ClientKey,
    /// SHA-256 of the `jti`.
    pub jti: TokenHash,
    /// Until when it must be remembered.
    pub expires_at: Timestamp,
}

/// The redemption of a code: applies only while the code is unused and its grant not revoked (and the assertion unspent).
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The code.
    pub code: TokenHash,
    /// Its grant.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
    /// The refresh token that is issued, if one is.
    pub refresh: Option<NewRefreshToken>,
    /// The client assertion that is spent with it.
    pub assertion: Option<SpentAssertion>,
}

/// The use of a refresh token: applies only while it is unused and its grant not revoked (and the assertion unspent).
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The token that was presented.
    pub spent: TokenHash,
    /// Its grant.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
    /// The token that follows it.
    pub next: NewRefreshToken,
    /// The next token's clear text sealed for the bearer of the spent one; empty when the window is off.
    pub sealed_next: Option<Vec<u8>>,
    /// The client assertion that is spent with it.
    pub assertion: Option<SpentAssertion>,
}

/// Why a grant was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// By an administrator.
    Administrator,
    /// The client asked for it (RFC 7009).
    Client,
    /// A code or refresh token was presented twice.
    Replay,
    /// The user signed out.
    SignedOut,
    /// The user withdrew it or changed the password.
    User,
}

impl RevocationReason {
    /// The text in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Client => "client",
            Self::Replay => "replay",
            Self::SignedOut => "signed_out",
            Self::User => "user",
        }
    }
}

/// A revocation; a second one changes nothing.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// The grant.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
    /// What the log says, written only if the grant was alive.
    pub audit: Option<AuditEvent>,
}

/// A single access token that ends before its `exp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedAccessToken {
    /// Its `jti`.
    pub jti: AccessTokenId,
    /// When it was revoked.
    pub at: Timestamp,
    /// Its `exp`: until then it must be remembered.
    pub expires_at: Timestamp,
}

/// A code to be written, with its new grant and the consent that the user gave with it.
#[derive(Clone, Debug)]
pub struct NewAuthorization {
    /// The new grant; applies only while its session is not ended.
    pub grant: Grant,
    /// The code's hash.
    pub code: TokenHash,
    /// Where the user is sent.
    pub redirect_uri: RedirectUri,
    /// What the client has to prove.
    pub proof: CodeProof,
    /// The `nonce`.
    pub nonce: Option<String>,
    /// When the code expires.
    pub expires_at: Timestamp,
    /// The consent to remember, if the user was asked: replaces what was remembered for this user and client.
    pub consent: Option<ScopeSet>,
    /// Whether this is the account's first code: a store that keeps how far accounts have come over to OAuth writes it down,
    /// unless another code was first meanwhile.
    pub first: bool,
    /// What the log says.
    pub audit: Option<AuditEvent>,
}

/// How many rows a cleaning step removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Authorization codes.
    pub codes: u64,
    /// Refresh tokens.
    pub refresh_tokens: u64,
    /// Grants without anything left.
    pub grants: u64,
    /// Sessions.
    pub sessions: u64,
    /// Legacy tokens.
    pub legacy_tokens: u64,
    /// Spent assertions, revoked access tokens, sealed successors and failure counters.
    pub others: u64,
}

/// Which rows may go, and how many at a time.
#[derive(Clone, Copy, Debug)]
pub struct PurgeOrder {
    /// Now, for things that are over at their expiry: assertions, revoked access tokens, failure counters.
    pub now: Timestamp,
    /// Sealed successors of tokens used before this instant are wiped.
    pub successors_before: Timestamp,
    /// Codes that expired before this instant.
    pub codes_before: Timestamp,
    /// Refresh tokens, sessions and legacy tokens that expired before this instant.
    pub tokens_before: Timestamp,
    /// The most rows to remove of each kind.
    pub limit: u32,
}
