//! Errors in domain words, and their one translation to the wire.
//!
//! What a client reads never depends on whether an account, a secret or a code exists; the cause goes to the log, once, where
//! the answer is rendered. The authorization endpoint has error types of its own, because some of its errors may redirect.

mod code;
mod request;

use std::{borrow::Cow, time::Duration};

use thiserror::Error;

pub use self::{
    code::{ErrorCode, reference},
    request::RequestError,
};
use crate::{
    crypto::CryptoError,
    params::ParamError,
    services::{Busy, FetchError},
    store::{StoreError, StoreErrorKind},
};

/// Why a client did not prove who it is (RFC 6749 2.3).
#[derive(Debug, Error)]
pub enum ClientError {
    /// The assertion breaks a rule (RFC 7523 3).
    #[error("the client assertion is refused: {0}")]
    Assertion(crate::jws::TokenFault),
    /// The `jti` of the assertion was spent before (RFC 7523 3, point 7).
    #[error("the client assertion was used before")]
    AssertionReplayed,
    /// The pool for imported hashes is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Switched off.
    #[error("the client is switched off")]
    Inactive,
    /// Its key set could not be had.
    #[error("the keys of the client are not at hand: {0}")]
    Keys(#[from] FetchError),
    /// The header or the parameters cannot be read as credentials.
    #[error("the client's credentials are malformed")]
    Malformed,
    /// It registered another way to prove who it is.
    #[error("the client has to authenticate in another way")]
    Method,
    /// The request names no client.
    #[error("the request names no client")]
    Missing,
    /// More than one way in one request (RFC 6749 2.3).
    #[error("the request authenticates the client in more than one way")]
    Several,
    /// The secret is not one of its own.
    #[error("the client secret is wrong")]
    Secret,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody of that name.
    #[error("the client is unknown")]
    Unknown,
}

/// Why a grant is refused at the token endpoint: always `invalid_grant`, and nothing more is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GrantError {
    /// The account may not hold tokens any more.
    #[error("the account may not hold tokens")]
    AccountClosed,
    /// A legacy refresh token came with a `client_id`, or an OAuth one at a legacy door.
    #[error("the refresh token belongs to the other kind of contract")]
    ContractMismatch,
    /// The code has expired.
    #[error("the code has expired")]
    CodeExpired,
    /// The code was used before; its grant has been revoked.
    #[error("the code was used before")]
    CodeReplayed,
    /// The grant was revoked.
    #[error("the grant was revoked")]
    GrantRevoked,
    /// A legacy token breaks a rule.
    #[error("the legacy token is refused")]
    LegacyInvalid,
    /// A switch, a policy or the end of the migration has moved the account on to OAuth.
    #[error("the doors of the legacy contract are closed for this account by a switch, its policy or how it signs in")]
    LegacyMoved,
    /// The verifier does not fit, is missing, or came without a challenge.
    #[error("the code_verifier does not fit")]
    PkceMismatch,
    /// Another redirect URI than the one of the request.
    #[error("the redirect_uri is not the one of the authorization request")]
    RedirectMismatch,
    /// The refresh token has expired.
    #[error("the refresh token has expired")]
    RefreshExpired,
    /// The refresh token was used before; its grant has been revoked.
    #[error("the refresh token was used before")]
    RefreshReplayed,
    /// The session that the grant came from has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// No such code.
    #[error("the code is unknown")]
    UnknownCode,
    /// No such refresh token.
    #[error("the refresh token is unknown")]
    UnknownRefreshToken,
    /// It was issued to another client.
    #[error("it was issued to another client")]
    WrongClient,
}

/// Why the token, introspection or revocation endpoint, or a door of the legacy contract, did not do what was asked.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The client did not prove who it is.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Two writes in a row were lost to others.
    #[error("the request lost two races in a row")]
    Contended,
    /// The grant is refused.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The client may not use this grant.
    #[error("the client may not use this grant")]
    GrantNotAllowed,
    /// The scope is malformed or more than was granted.
    #[error("the scope is refused")]
    Scope,
    /// A required parameter is missing.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// The body cannot be read as parameters.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// A token could not be signed.
    #[error(transparent)]
    Signature(#[from] CryptoError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The resource is not one of the client's audiences (RFC 8707 2).
    #[error("the resource is refused")]
    Target,
    /// Another `grant_type` than this server's.
    #[error("the grant_type is unknown")]
    UnsupportedGrantType,
}

/// Why a bearer token does not open a resource (RFC 6750 3).
#[derive(Debug, Error)]
pub enum BearerError {
    /// The token breaks a rule, has expired or was revoked.
    #[error("the access token is refused: {0}")]
    Invalid(crate::jws::TokenFault),
    /// The request breaks the form of RFC 6750 2.
    #[error("the request does not carry exactly one bearer token")]
    Malformed,
    /// No token at all.
    #[error("the request carries no access token")]
    Missing,
    /// The token lacks a scope.
    #[error("the access token lacks the scope {0}")]
    Scope(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The scheme that a 401 or 403 names in `WWW-Authenticate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// `Basic`: client authentication (RFC 6749 5.2).
    Basic,
    /// `Bearer` with the error code (RFC 6750 3).
    Bearer,
    /// `Bearer` alone: the request carried no token, so there is nothing to tell (RFC 6750 3.1).
    BearerOnly,
}

/// An error as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// The code.
    pub code: ErrorCode,
    /// The HTTP status.
    pub status: u16,
    /// A fixed sentence for the client's developer; never more than the code may tell.
    pub description: Cow<'static, str>,
    /// The value of `Retry-After`.
    pub retry_after: Option<Duration>,
    /// What `WWW-Authenticate` names.
    pub challenge: Option<Challenge>,
}

impl WireError {
    /// A 400 with this code.
    pub(crate) fn bad_request(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status: 400, description: description.into(), retry_after: None, challenge: None }
    }

    /// A 500: something that only the operator can repair.
    pub fn server_error() -> Self {
        Self {
            status: 500,
            ..Self::bad_request(ErrorCode::ServerError, "the server could not answer; its log says why")
        }
    }

    /// A 503: the same request may work in a moment.
    pub fn unavailable() -> Self {
        Self {
            status: 503,
            retry_after: Some(Duration::from_secs(1)),
            ..Self::bad_request(ErrorCode::TemporarilyUnavailable, "the server is busy; try again in a moment")
        }
    }

    /// A failed client authentication: 401 names the scheme, whichever way the client tried (RFC 6749 5.2, RFC 9110 15.5.2).
    fn invalid_client() -> Self {
        Self {
            status: 401,
            challenge: Some(Challenge::Basic),
            ..Self::bad_request(ErrorCode::InvalidClient, "the client is unknown or did not prove who it is")
        }
    }

    fn invalid_token() -> Self {
        Self {
            status: 401,
            challenge: Some(Challenge::Bearer),
            ..Self::bad_request(ErrorCode::InvalidToken, "the access token is not valid here or not valid any more")
        }
    }
}

/// An error that has a form on the wire.
pub trait Wire {
    /// The error as a client reads it.
    fn wire(&self) -> WireError;
}

impl Wire for StoreError {
    fn wire(&self) -> WireError {
        match self.kind {
            StoreErrorKind::Busy | StoreErrorKind::Unavailable => WireError::unavailable(),
            StoreErrorKind::Conflict(_) | StoreErrorKind::Corrupt { .. } => WireError::server_error(),
        }
    }
}

impl Wire for ClientError {
    fn wire(&self) -> WireError {
        match self {
            Self::Busy(_) => WireError::unavailable(),
            Self::Store(error) => error.wire(),
            Self::Several => {
                WireError::bad_request(ErrorCode::InvalidRequest, "the client authenticates in more than one way")
            }
            Self::Assertion(_)
            | Self::AssertionReplayed
            | Self::Inactive
            | Self::Keys(_)
            | Self::Malformed
            | Self::Method
            | Self::Missing
            | Self::Secret
            | Self::Unknown => WireError::invalid_client(),
        }
    }
}

impl Wire for GrantError {
    /// One sentence for all: whoever tries a code or token learns nothing about why it does not work.
    fn wire(&self) -> WireError {
        match self {
            Self::AccountClosed
            | Self::ContractMismatch
            | Self::CodeExpired
            | Self::CodeReplayed
            | Self::GrantRevoked
            | Self::LegacyInvalid
            | Self::LegacyMoved
            | Self::PkceMismatch
            | Self::RedirectMismatch
            | Self::RefreshExpired
            | Self::RefreshReplayed
            | Self::SessionEnded
            | Self::UnknownCode
            | Self::UnknownRefreshToken
            | Self::WrongClient => WireError::bad_request(
                ErrorCode::InvalidGrant,
                "the code or refresh token is not valid, or the request does not fit it",
            ),
        }
    }
}

impl Wire for ParamError {
    fn wire(&self) -> WireError {
        WireError::bad_request(ErrorCode::InvalidRequest, self.to_string())
    }
}

impl Wire for TokenError {
    fn wire(&self) -> WireError {
        match self {
            Self::Client(error) => error.wire(),
            Self::Contended => WireError::unavailable(),
            Self::Grant(error) => error.wire(),
            Self::GrantNotAllowed => {
                WireError::bad_request(ErrorCode::UnauthorizedClient, "the client is not registered for this grant")
            }
            Self::Scope => {
                WireError::bad_request(ErrorCode::InvalidScope, "the scope is malformed or more than was granted")
            }
            Self::Missing(name) => {
                WireError::bad_request(ErrorCode::InvalidRequest, format!("the parameter {name} is missing"))
            }
            Self::Params(error) => error.wire(),
            Self::Signature(_) => WireError::server_error(),
            Self::Store(error) => error.wire(),
            Self::Target => {
                WireError::bad_request(ErrorCode::InvalidTarget, "the resource is not one of the client's audiences")
            }
            Self::UnsupportedGrantType => {
                WireError::bad_request(ErrorCode::UnsupportedGrantType, "the grant_type is not supported")
            }
        }
    }
}

impl Wire for BearerError {
    fn wire(&self) -> WireError {
        match self {
            Self::Invalid(_) => WireError::invalid_token(),
            Self::Malformed => WireError {
                challenge: Some(Challenge::Bearer),
                ..WireError::bad_request(ErrorCode::InvalidRequest, "send exactly one bearer token")
            },
            Self::Missing => WireError { challenge: Some(Challenge::BearerOnly), ..WireError::invalid_token() },
            Self::Scope(_) => WireError {
                status: 403,
                challenge: Some(Challenge::Bearer),
                ..WireError::bad_request(
                    ErrorCode::InsufficientScope,
                    "the access token lacks the scope for this resource",
                )
            },
            Self::Store(error) => error.wire(),
        }
    }
}

#[cfg(test)]
mod tests;
