//! The only rendering of errors and JSON answers: OAuth's form, the legacy dialect, `WWW-Authenticate`, `no-store`.

use std::{error::Error, fmt, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, EntityTag, Header as _, IfNoneMatch},
    },
};
pub use oauth_core::causes::causes;
use oauth_core::error::{Challenge, Wire, WireError};
use serde::Serialize;

/// Which dialect the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A JSON door of the program that came before (C-35, C-43): `detail` beside `error_description`; a wrong secret in the body
    /// is 400.
    Legacy,
    /// RFC 6749.
    OAuth,
}

/// A failed request to a machine endpoint, on its way to the wire.
#[derive(Debug)]
pub struct Failure {
    wire: WireError,
    cause: String,
    dialect: Dialect,
}

impl Failure {
    /// The failure that `error` means, told in `dialect`.
    pub fn new(error: &(impl Wire + Error + 'static), dialect: Dialect) -> Self {
        Self { wire: error.wire(), cause: causes(error), dialect }
    }

    /// The failure `wire`, with its cause for the log.
    pub fn caused(wire: WireError, cause: &impl fmt::Display, dialect: Dialect) -> Self {
        Self { wire, cause: cause.to_string(), dialect }
    }

    /// The same failure without `WWW-Authenticate`.
    #[must_use]
    pub fn without_challenge(mut self) -> Self {
        self.wire.challenge = None;
        self
    }

    /// The same failure with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.wire.status = status;
        self
    }

    /// The failure as it will be told.
    pub fn wire(&self) -> &WireError {
        &self.wire
    }
}

impl<E: Wire + Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(&error, Dialect::OAuth)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.wire.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Logs the cause, once, and tells the client what it may know.
    fn error_response(&self) -> HttpResponse {
        let code = self.wire.code.as_str();
        if self.status_code().is_server_error() {
            tracing::error!(error = code, cause = %self.cause, "request failed");
        } else {
            tracing::debug!(error = code, cause = %self.cause, "request refused");
        }
        let description = self.wire.description.as_ref();
        let mut answer = HttpResponse::build(self.status_code());
        no_store(&mut answer);
        if let Some(challenge) = self.wire.challenge {
            answer.insert_header((header::WWW_AUTHENTICATE, challenge_text(challenge, code, description)));
        }
        if let Some(after) = self.wire.retry_after {
            answer.insert_header((header::RETRY_AFTER, retry_seconds(after).to_string()));
        }
        let detail = (self.dialect == Dialect::Legacy).then_some(description);
        answer.json(Body { error: code, error_description: description, detail })
    }
}

/// RFC 6749 5.2, RFC 6750 3. Descriptions hold no quote and no backslash.
fn challenge_text(challenge: Challenge, code: &str, description: &str) -> String {
    match challenge {
        Challenge::Basic => "Basic realm=\"authly\", charset=\"UTF-8\"".to_owned(),
        Challenge::Bearer => format!("Bearer realm=\"authly\", error=\"{code}\", error_description=\"{description}\""),
        Challenge::BearerOnly => "Bearer realm=\"authly\"".to_owned(),
    }
}

/// A JSON answer that nobody keeps (RFC 6749 5.1).
pub fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    no_store(&mut answer);
    answer.json(body)
}

/// An empty 200 without a content type: what every revocation client takes.
pub fn empty_ok() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    no_store(&mut answer);
    answer.finish()
}

/// A short text for people who see machine answers.
pub fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
}

/// 303: the next request is a GET, whatever this one was (RFC 9700 4.12).
pub fn see_other(location: &str) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    no_store(&mut answer);
    answer.insert_header((header::LOCATION, location)).finish()
}

/// The value of `Retry-After` for a time to wait: rounded up, so that who obeys is not refused again.
pub fn retry_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Whether the caller has this document already (RFC 9110 13.1.2): any of several tags, compared weakly, because servers in front
/// that compress weaken them.
pub fn is_known(request: &HttpRequest, etag: &str) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => {
            etag.parse::<EntityTag>().is_ok_and(|own| tags.iter().any(|tag| tag.weak_eq(&own)))
        }
        Err(_) => false,
    }
}

/// Nobody keeps this answer.
pub fn no_store(answer: &mut actix_web::HttpResponseBuilder) {
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.insert_header((header::PRAGMA, "no-cache"));
}

#[cfg(test)]
mod tests {
    use oauth_core::store::{StoreError, StoreErrorKind};

    use super::*;

    #[test]
    fn a_failure_of_the_store_tells_the_log_why_and_the_client_nothing() {
        let error = StoreError::caused(StoreErrorKind::Unavailable, "no connection: 57P03");
        let failure = Failure::new(&error, Dialect::OAuth);
        assert!(failure.to_string().contains("57P03"), "{failure}");
        assert!(!failure.wire().description.contains("57P03"));
    }
}
