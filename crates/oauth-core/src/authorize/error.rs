//! The two kinds of errors of the authorization endpoint, kept apart by their types (RFC 6749 4.1.2.1).
//!
//! A [`PageError`] stays on a page of ours. A [`RedirectError`] holds a [`TrustedRedirect`], the only place where it may go.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::response::ResponseMode;
use crate::{error::ErrorCode, ids::ClientId, params::ParamError, redirect::TrustedRedirect};

/// Why an authorization request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthorizeError {
    /// Told on a page; never by a redirect.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Told to the client.
    #[error("{}", .0.problem)]
    Redirect(Box<RedirectError>),
}

/// "If the request fails due to a missing, invalid, or mismatching redirection URI, or if the client identifier is missing or
/// invalid, the authorization server [..] MUST NOT automatically redirect" (RFC 6749 4.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PageError {
    /// No `client_id`.
    #[error("the request names no client")]
    ClientMissing,
    /// No such client, or one that is switched off.
    #[error("the client is unknown or switched off")]
    ClientUnknown,
    /// A form of ours stood open too long or was not made for this browser.
    #[error("the form has expired or was not made for this browser")]
    Form,
    /// The parameters cannot be read at all.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The request names no redirect URI, and the client has several, or it is an OpenID request, which has to name one.
    #[error("the request names no redirect URI")]
    RedirectMissing,
    /// The redirect URI is not the client's.
    #[error("the redirect URI is not registered for the client")]
    RedirectUnregistered,
    /// `client_id` or `redirect_uri` came twice (SECURITY.md row 5).
    #[error("client_id or redirect_uri is repeated")]
    Repeated,
    /// The request under way is over, unknown, or began in another browser.
    #[error("the authorization request is over or unknown")]
    RequestExpired,
    /// The request is longer than what a browser can keep for us.
    #[error("the authorization request is too long")]
    TooLong,
}

impl PageError {
    /// The code that a developer finds on the page.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::ClientUnknown => ErrorCode::InvalidClient,
            Self::ClientMissing
            | Self::Form
            | Self::Params(_)
            | Self::RedirectMissing
            | Self::RedirectUnregistered
            | Self::Repeated
            | Self::RequestExpired
            | Self::TooLong => ErrorCode::InvalidRequest,
        }
    }
}

/// An error that goes to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectError {
    /// The client that gets it.
    pub client: ClientId,
    /// Where it goes.
    pub to: TrustedRedirect,
    /// How it goes there.
    pub mode: ResponseMode,
    /// The `state` to give back.
    pub state: Option<String>,
    /// What is wrong.
    pub problem: Problem,
    /// When it may go.
    pub release: Release,
}

/// When an error may be sent to the client.
///
/// "Authorization servers MUST always authenticate the user first and, with the exception of the silent authentication use
/// case, prompt the user for credentials when needed, before redirecting the user" (RFC 9700 4.11.2): otherwise a link to us
/// would be a link to wherever a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Release {
    /// When somebody is signed in.
    #[serde(rename = "s")]
    AfterSignIn,
    /// At once: the request allows no page (`prompt=none`).
    #[serde(rename = "n")]
    AtOnce,
}

/// What is wrong with a request, or why it is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Problem {
    /// The account may have nothing of what was asked.
    #[error("the account may not grant what was asked")]
    AccessDenied,
    /// `prompt=none`, and the user has to choose an account.
    #[error("the user has to choose an account")]
    AccountSelectionRequired,
    /// The `code_challenge` is not 43 characters of base64url, or its method is not S256.
    #[error("the code_challenge is not an S256 challenge of 43 characters")]
    ChallengeInvalid,
    /// No `code_challenge` (RFC 7636 4.4.1).
    #[error("a code_challenge is required")]
    ChallengeMissing,
    /// `prompt=none`, and the user has to consent.
    #[error("the user has to consent")]
    ConsentRequired,
    /// The user said no.
    #[error("the user denied the request")]
    Denied,
    /// The client may not use the authorization code grant.
    #[error("the client is not registered for the authorization code grant")]
    GrantNotAllowed,
    /// The `id_token_hint` is not an ID token of ours for this client.
    #[error("the id_token_hint is not an ID token that was issued to this client")]
    HintInvalid,
    /// `prompt=none` or a hint, and nobody or somebody else is signed in.
    #[error("the user has to sign in")]
    LoginRequired,
    /// `max_age` is not a number of seconds.
    #[error("max_age is not a number of seconds")]
    MaxAgeInvalid,
    /// The `nonce` is too long.
    #[error("the nonce is too long")]
    NonceInvalid,
    /// `prompt` holds an unknown value, or `none` with another.
    #[error("the prompt is unknown or contradictory")]
    PromptInvalid,
    /// `registration` (OpenID Connect Core 7.2.1).
    #[error("the parameter registration is not supported")]
    RegistrationNotSupported,
    /// A parameter came twice (RFC 6749 3.1).
    #[error("a parameter is repeated")]
    Repeated,
    /// `request` (OpenID Connect Core 6.1).
    #[error("the parameter request is not supported")]
    RequestNotSupported,
    /// `request_uri` (OpenID Connect Core 6.2).
    #[error("the parameter request_uri is not supported")]
    RequestUriNotSupported,
    /// A `resource` that is malformed or not one of the client's audiences (RFC 8707 2).
    #[error("the resource is not one of the client's audiences")]
    ResourceRefused,
    /// Another `response_mode` than query and form_post.
    #[error("the response_mode is not supported")]
    ResponseModeUnsupported,
    /// No `response_type`.
    #[error("the response_type is missing")]
    ResponseTypeMissing,
    /// Another `response_type` than code.
    #[error("the response_type is not supported")]
    ResponseTypeUnsupported,
    /// A scope that is malformed, unknown, or not the client's.
    #[error("the scope is malformed, unknown or not allowed for the client")]
    ScopeRefused,
}

impl Problem {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 21] = [
        Self::AccessDenied,
        Self::AccountSelectionRequired,
        Self::ChallengeInvalid,
        Self::ChallengeMissing,
        Self::ConsentRequired,
        Self::Denied,
        Self::GrantNotAllowed,
        Self::HintInvalid,
        Self::LoginRequired,
        Self::MaxAgeInvalid,
        Self::NonceInvalid,
        Self::PromptInvalid,
        Self::RegistrationNotSupported,
        Self::Repeated,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::ResourceRefused,
        Self::ResponseModeUnsupported,
        Self::ResponseTypeMissing,
        Self::ResponseTypeUnsupported,
        Self::ScopeRefused,
    ];

    /// The code on the wire; the description is the error's own text.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::AccessDenied | Self::Denied => ErrorCode::AccessDenied,
            Self::AccountSelectionRequired => ErrorCode::AccountSelectionRequired,
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::GrantNotAllowed => ErrorCode::UnauthorizedClient,
            Self::LoginRequired => ErrorCode::LoginRequired,
            Self::RegistrationNotSupported => ErrorCode::RegistrationNotSupported,
            Self::RequestNotSupported => ErrorCode::RequestNotSupported,
            Self::RequestUriNotSupported => ErrorCode::RequestUriNotSupported,
            Self::ResourceRefused => ErrorCode::InvalidTarget,
            Self::ResponseTypeUnsupported => ErrorCode::UnsupportedResponseType,
            Self::ScopeRefused => ErrorCode::InvalidScope,
            Self::ChallengeInvalid
            | Self::ChallengeMissing
            | Self::HintInvalid
            | Self::MaxAgeInvalid
            | Self::NonceInvalid
            | Self::PromptInvalid
            | Self::Repeated
            | Self::ResponseModeUnsupported
            | Self::ResponseTypeMissing => ErrorCode::InvalidRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 4.1.2.1: error_description holds %x20-21 / %x23-5B / %x5D-7E.
    #[test]
    fn descriptions_hold_only_what_rfc_6749_allows() {
        for problem in Problem::ALL {
            let text = problem.to_string();
            assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{text}");
        }
    }
}
