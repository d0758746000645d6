//! Tests of the translation of errors.

use super::*;
use crate::jws::TokenFault;

fn every_token_error() -> Vec<(TokenError, u16, ErrorCode)> {
    use ErrorCode as Code;
    let mut rows: Vec<(TokenError, u16, Code)> = vec![
        (TokenError::Contended, 503, Code::TemporarilyUnavailable),
        (TokenError::GrantNotAllowed, 400, Code::UnauthorizedClient),
        (TokenError::Scope, 400, Code::InvalidScope),
        (TokenError::Missing("code"), 400, Code::InvalidRequest),
        (ParamError::Encoding.into(), 400, Code::InvalidRequest),
        (CryptoError("no key".into()).into(), 500, Code::ServerError),
        (StoreError::new(StoreErrorKind::Busy).into(), 503, Code::TemporarilyUnavailable),
        (StoreError::new(StoreErrorKind::Unavailable).into(), 503, Code::TemporarilyUnavailable),
        (StoreError::new(StoreErrorKind::Conflict("x")).into(), 500, Code::ServerError),
        (
            StoreError::new(StoreErrorKind::Corrupt { table: "t", column: "c", key: "k".into() }).into(),
            500,
            Code::ServerError,
        ),
        (TokenError::Target, 400, Code::InvalidTarget),
        (TokenError::UnsupportedGrantType, 400, Code::UnsupportedGrantType),
    ];
    for error in [
        GrantError::AccountClosed,
        GrantError::ContractMismatch,
        GrantError::CodeExpired,
        GrantError::CodeReplayed,
        GrantError::GrantRevoked,
        GrantError::LegacyInvalid,
        GrantError::LegacyMoved,
        GrantError::PkceMismatch,
        GrantError::RedirectMismatch,
        GrantError::RefreshExpired,
        GrantError::RefreshReplayed,
        GrantError::SessionEnded,
        GrantError::UnknownCode,
        GrantError::UnknownRefreshToken,
        GrantError::WrongClient,
    ] {
        rows.push((error.into(), 400, Code::InvalidGrant));
    }
    for error in [
        ClientError::Assertion(TokenFault::Expired),
        ClientError::AssertionReplayed,
        ClientError::Inactive,
        ClientError::Keys(FetchError::HeldBack),
        ClientError::Malformed,
        ClientError::Method,
        ClientError::Missing,
        ClientError::Secret,
        ClientError::Unknown,
    ] {
        rows.push((error.into(), 401, Code::InvalidClient));
    }
    rows.push((ClientError::Busy(Busy).into(), 503, Code::TemporarilyUnavailable));
    rows.push((ClientError::Several.into(), 400, Code::InvalidRequest));
    rows.push((
        ClientError::Store(StoreError::new(StoreErrorKind::Unavailable)).into(),
        503,
        Code::TemporarilyUnavailable,
    ));
    rows
}

#[test]
fn every_error_of_the_token_endpoint_has_its_code_and_status() {
    for (error, status, code) in every_token_error() {
        let wire = error.wire();
        assert_eq!((wire.status, wire.code), (status, code), "{error}");
        assert_eq!(wire.retry_after.is_some(), status == 503, "{error}");
        assert_eq!(wire.challenge.is_some(), status == 401, "{error}");
    }
}

/// RFC 6749 appendix A.8: %x20-21 / %x23-5B / %x5D-7E.
#[test]
fn descriptions_hold_only_what_rfc_6749_allows() {
    let tokens = every_token_error().into_iter().map(|(error, ..)| error.wire());
    let requests = every_request_error().into_iter().map(|(error, ..)| error.wire());
    for WireError { description, .. } in tokens.chain(requests) {
        assert!(
            description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{description}"
        );
    }
}

/// SECURITY.md row 33: the same words whether the client exists or not, and whatever is wrong with its secret.
#[test]
fn an_unknown_client_reads_the_same_as_a_wrong_secret() {
    assert_eq!(ClientError::Unknown.wire(), ClientError::Secret.wire());
    assert_eq!(ClientError::Unknown.wire(), ClientError::Inactive.wire());
}

/// RFC 6750 3.1.
#[test]
fn bearer_errors_are_those_of_rfc_6750() {
    let rows = [
        (BearerError::Missing, 401, ErrorCode::InvalidToken, Some(Challenge::BearerOnly)),
        (BearerError::Malformed, 400, ErrorCode::InvalidRequest, Some(Challenge::Bearer)),
        (BearerError::Invalid(TokenFault::Expired), 401, ErrorCode::InvalidToken, Some(Challenge::Bearer)),
        (BearerError::Scope("admin"), 403, ErrorCode::InsufficientScope, Some(Challenge::Bearer)),
        (BearerError::Store(StoreError::new(StoreErrorKind::Busy)), 503, ErrorCode::TemporarilyUnavailable, None),
    ];
    for (error, status, code, challenge) in rows {
        let wire = error.wire();
        assert_eq!((wire.status, wire.code, wire.challenge), (status, code, challenge), "{error}");
    }
}

fn every_request_error() -> Vec<(RequestError, u16, ErrorCode)> {
    let text = || "redirect_uri: it has a fragment".to_owned();
    vec![
        (RequestError::BodyLate, 408, ErrorCode::InvalidRequest),
        (RequestError::BodyTooLarge, 413, ErrorCode::InvalidRequest),
        (RequestError::BodyUnreadable, 400, ErrorCode::InvalidRequest),
        (RequestError::ClientExists(text()), 409, ErrorCode::InvalidClientMetadata),
        (RequestError::ClientMetadata(text()), 400, ErrorCode::InvalidClientMetadata),
        (RequestError::ClientRedirectUri(text()), 400, ErrorCode::InvalidRedirectUri),
        (RequestError::Field(text()), 422, ErrorCode::InvalidRequest),
        (RequestError::Gone { metadata: "https://id.example/m".to_owned() }, 410, ErrorCode::Gone),
        (RequestError::LegacyTokensOnly, 403, ErrorCode::InsufficientScope),
        (RequestError::LinkOver, 400, ErrorCode::InvalidGrant),
        (RequestError::LogoutToken, 400, ErrorCode::InvalidRequest),
        (RequestError::Malformed(text()), 400, ErrorCode::InvalidRequest),
        (RequestError::MediaType("application/json"), 415, ErrorCode::InvalidRequest),
        (RequestError::NoMail, 403, ErrorCode::MailUnavailable),
        (RequestError::NoPasswordGrant, 400, ErrorCode::UnsupportedGrantType),
        (RequestError::RegistrationClosed, 403, ErrorCode::RegistrationDisabled),
        (RequestError::SeveralAccounts, 400, ErrorCode::InvalidGrant),
        (RequestError::TooMany { what: "attempts", wait: Duration::from_secs(7) }, 429, ErrorCode::TooManyRequests),
        (RequestError::WrongLogin, 400, ErrorCode::InvalidGrant),
        (RequestError::WrongPassword, 400, ErrorCode::InvalidGrant),
        (RequestError::WrongPresentPassword, 400, ErrorCode::InvalidGrant),
    ]
}

#[test]
fn every_error_of_the_edge_and_the_doors_has_its_code_and_status() {
    for (error, status, code) in every_request_error() {
        let wire = error.wire();
        assert_eq!((wire.status, wire.code, wire.challenge), (status, code, None), "{error}");
        assert_eq!(wire.retry_after, (status == 429).then(|| Duration::from_secs(7)), "{error}");
    }
}
