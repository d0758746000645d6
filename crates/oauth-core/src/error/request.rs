//! What a request is refused with before it comes to the protocol, and at the doors of the legacy contract.

use std::time::Duration;

use thiserror::Error;

use super::{ErrorCode, Wire, WireError};

/// Why the edge or a door refuses a request; its text is what the client's developer reads.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The body takes too long.
    #[error("the body did not arrive in time")]
    BodyLate,
    /// The body is longer than any that is taken.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body broke off.
    #[error("the body cannot be read")]
    BodyUnreadable,
    /// A client of that name exists.
    #[error("{0}")]
    ClientExists(String),
    /// A member of a client registration is refused (RFC 7591 3.2.2).
    #[error("{0}")]
    ClientMetadata(String),
    /// A redirect URI of a client registration is refused (RFC 7591 3.2.2).
    #[error("{0}")]
    ClientRedirectUri(String),
    /// A field of a JSON body is missing or invalid, which consumers of the program that came before read as 422 (REQUIREMENTS 6).
    #[error("{0}")]
    Field(String),
    /// The door was closed at the end of the migration; here is where an OAuth client begins (RFC 9110 15.5.11, RFC 8414).
    #[error("this door is closed for good; applications sign people in by OAuth, see {metadata}")]
    Gone {
        /// The address of the metadata.
        metadata: String,
    },
    /// An OAuth token at a door of the password login.
    #[error("this door takes the tokens of the password login only")]
    LegacyTokensOnly,
    /// A mailed link opens nothing, or nothing any more.
    #[error("the token is unknown, used or expired")]
    LinkOver,
    /// The logout token of a provider breaks a rule (OpenID Connect Back-Channel Logout 2.8).
    #[error("The logout token is not valid.")]
    LogoutToken,
    /// The body, or its parameters, cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// The body is of another kind than the endpoint takes.
    #[error("send {0}")]
    MediaType(&'static str),
    /// This installation sends no mail.
    #[error("no mail can be sent from this installation; ask its administrator for a link")]
    NoMail,
    /// The password grant is closed, or asked for by an OAuth client.
    #[error("the password grant is not available here; use the authorization code grant with PKCE")]
    NoPasswordGrant,
    /// People cannot register themselves.
    #[error("registration is disabled on this installation")]
    RegistrationClosed,
    /// The name and the password fit several accounts: only whoever has the password learns it.
    #[error("several accounts have this name and password; name one's tenant in the parameter tenant")]
    SeveralAccounts,
    /// A limit is reached.
    #[error("too many {what}; try again later")]
    TooMany {
        /// What there was too much of.
        what: &'static str,
        /// When to come back.
        wait: Duration,
    },
    /// Neither which of the two is wrong, nor whether there is such an account.
    #[error("the user name or the password is wrong")]
    WrongLogin,
    /// Not the password of the account.
    #[error("the password is wrong")]
    WrongPassword,
    /// Not the password that is to be changed.
    #[error("the present password is wrong")]
    WrongPresentPassword,
}

impl Wire for RequestError {
    fn wire(&self) -> WireError {
        let (status, code) = match self {
            Self::BodyLate => (408, ErrorCode::InvalidRequest),
            Self::BodyTooLarge => (413, ErrorCode::InvalidRequest),
            Self::BodyUnreadable | Self::LogoutToken | Self::Malformed(_) => (400, ErrorCode::InvalidRequest),
            Self::ClientExists(_) => (409, ErrorCode::InvalidClientMetadata),
            Self::ClientMetadata(_) => (400, ErrorCode::InvalidClientMetadata),
            Self::ClientRedirectUri(_) => (400, ErrorCode::InvalidRedirectUri),
            Self::Field(_) => (422, ErrorCode::InvalidRequest),
            Self::Gone { .. } => (410, ErrorCode::Gone),
            Self::LegacyTokensOnly => (403, ErrorCode::InsufficientScope),
            Self::LinkOver
            | Self::SeveralAccounts
            | Self::WrongLogin
            | Self::WrongPassword
            | Self::WrongPresentPassword => (400, ErrorCode::InvalidGrant),
            Self::MediaType(_) => (415, ErrorCode::InvalidRequest),
            Self::NoMail => (403, ErrorCode::MailUnavailable),
            Self::NoPasswordGrant => (400, ErrorCode::UnsupportedGrantType),
            Self::RegistrationClosed => (403, ErrorCode::RegistrationDisabled),
            Self::TooMany { .. } => (429, ErrorCode::TooManyRequests),
        };
        let retry_after = if let Self::TooMany { wait, .. } = self { Some(*wait) } else { None };
        WireError { status, retry_after, ..WireError::bad_request(code, self.to_string()) }
    }
}
