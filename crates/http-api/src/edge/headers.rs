//! Security headers (S003-39 as C-39 settles it) on every answer.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::RequestId;

/// The policy of answers that are no pages: nothing may be loaded from them, nobody may frame them.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Adds what is not there yet.
pub fn secure(headers: &mut HeaderMap, https: bool) {
    const ALWAYS: [(HeaderName, HeaderValue); 5] = [
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    if https {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, NOTHING);
    }
}

/// Names the request.
pub fn insert_id(headers: &mut HeaderMap, id: RequestId) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
