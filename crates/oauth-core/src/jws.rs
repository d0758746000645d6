//! JSON Web Signatures and the tokens made of them (RFC 7515, RFC 7519, RFC 8725).
//!
//! Headers, claims and their rules are decided here; the [`Signer`](crate::crypto::Signer) and
//! [`Verifier`](crate::crypto::Verifier) ports see bytes only. Encrypted tokens (JWE) are not read at all.

pub mod access;
pub mod assertion;
pub mod audience;
pub mod compact;
pub mod date;
pub mod id_token;

use thiserror::Error;

/// Why a token is refused; for the log, since whoever presented it learns only that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// The account behind it may not hold tokens.
    #[error("the account may not hold tokens")]
    AccountClosed,
    /// An algorithm that is not on the list (RFC 8725 3.1); `none` never is.
    #[error("the algorithm is not allowed")]
    Algorithm,
    /// Meant for somebody else (RFC 7519 4.1.3).
    #[error("the audience is another one")]
    Audience,
    /// A required claim is missing or has a value that is not allowed.
    #[error("the claim {0} is missing or wrong")]
    Claim(&'static str),
    /// Its client is unknown or switched off.
    #[error("the client is not in use")]
    Client,
    /// A header member that would have to be understood (RFC 7515 4.1.11, RFC 7797).
    #[error("the header demands an extension")]
    Critical,
    /// Past its `exp` (RFC 7519 4.1.4).
    #[error("it has expired")]
    Expired,
    /// Its grant is unknown or was revoked.
    #[error("its grant is revoked")]
    Grant,
    /// Issued by somebody else.
    #[error("the issuer is another one")]
    Issuer,
    /// Another kind of token (RFC 8725 3.11).
    #[error("it is another kind of token")]
    Kind,
    /// Valid for longer than is accepted.
    #[error("it is valid for too long")]
    Lifetime,
    /// Not a compact JWS with JSON inside.
    #[error("it is malformed")]
    Malformed,
    /// Before its `nbf` or `iat` (RFC 7519 4.1.5).
    #[error("it is not valid yet")]
    NotYet,
    /// It was revoked by itself.
    #[error("it was revoked")]
    Revoked,
    /// No key of the expected party made the signature.
    #[error("the signature does not verify")]
    Signature,
    /// Longer than is read.
    #[error("it is too long")]
    TooLong,
}
