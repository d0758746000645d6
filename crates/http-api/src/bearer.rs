//! The bearer token of a request (RFC 6750 2): exactly one, never from the query.

use actix_web::{HttpRequest, http::header};
use oauth_core::error::BearerError;

/// The token in the Authorization header; `None` if there is no such header.
pub fn header_token(request: &HttpRequest) -> Result<Option<&str>, BearerError> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(BearerError::Malformed);
    }
    let value = value.to_str().map_err(|_| BearerError::Malformed)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = token.trim();
            if token.is_empty() || token.contains(' ') { Err(BearerError::Malformed) } else { Ok(Some(token)) }
        }
        _ => Err(BearerError::Missing),
    }
}

/// The token of a request that has to carry one in its header.
pub fn required(request: &HttpRequest) -> Result<&str, BearerError> {
    header_token(request)?.ok_or(BearerError::Missing)
}
