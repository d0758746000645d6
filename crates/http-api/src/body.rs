//! Request bodies: bounded in size and time, and of a kind that the endpoint takes.

use std::time::Duration;

use actix_web::{HttpRequest, http::header, web};
use oauth_core::{error::RequestError, params::Params};
use serde::de::DeserializeOwned;

use crate::respond::{Dialect, Failure};

/// The most bytes of a body that any endpoint reads (AUTHLY_BODY_LIMIT_BYTES).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub usize);

impl Default for Limit {
    fn default() -> Self {
        Self(64 * 1024)
    }
}

/// How long a client may take to send them (AUTHLY_REQUEST_TIMEOUT_SECONDS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

/// The kinds of bodies that endpoints take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
    /// No body and no content type.
    None,
    /// Anything else.
    Other,
}

/// What the content type says the body is.
pub fn kind(request: &HttpRequest) -> Kind {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return Kind::None };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Kind::Form
    } else if essence.eq_ignore_ascii_case("application/json") {
        Kind::Json
    } else {
        Kind::Other
    }
}

/// Reads the body.
pub async fn read(request: &HttpRequest, payload: web::Payload, dialect: Dialect) -> Result<web::Bytes, Failure> {
    let refused = |error| Err(Failure::new(&error, dialect));
    let Limit(limit) = request.app_data::<Limit>().copied().unwrap_or_default();
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return refused(RequestError::BodyTooLarge);
    }
    let Patience(patience) = request.app_data::<Patience>().copied().unwrap_or_default();
    let bytes = payload.to_bytes_limited(limit);
    match actix_web::rt::time::timeout(patience, bytes).await {
        Err(_) => refused(RequestError::BodyLate),
        Ok(Err(_)) => refused(RequestError::BodyTooLarge),
        Ok(Ok(Err(_))) => refused(RequestError::BodyUnreadable),
        Ok(Ok(Ok(bytes))) => Ok(bytes),
    }
}

/// Reads a form, refusing any repeated parameter but `resource` and `audience`.
pub async fn form(request: &HttpRequest, payload: web::Payload) -> Result<Params, Failure> {
    match kind(request) {
        Kind::Form => {}
        _ => return Err(RequestError::MediaType("application/x-www-form-urlencoded").into()),
    }
    let bytes = read(request, payload, Dialect::OAuth).await?;
    Ok(Params::parse_unrepeated(&bytes)?)
}

/// Reads the JSON body of a legacy door into its closed type. REQUIREMENTS 6: consumers of the program that came before read 422
/// and `detail` where a field is missing or invalid.
pub async fn json<T: DeserializeOwned>(request: &HttpRequest, payload: web::Payload) -> Result<T, Failure> {
    let bytes = json_bytes(request, payload).await?;
    // A list would be read as the fields in order, which no consumer means.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(legacy(&RequestError::Field("the JSON body is not an object".to_owned())));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let told = wrong(&error);
        legacy(&if error.is_data() { RequestError::Field(told) } else { RequestError::Malformed(told) })
    })
}

/// Reads the JSON body of a client registration; RFC 7591 3.2.2 answers every invalid one with 400.
pub async fn client_metadata<T: DeserializeOwned>(request: &HttpRequest, payload: web::Payload) -> Result<T, Failure> {
    parse_json(&json_bytes(request, payload).await?)
}

/// Reads the JSON body of the token endpoint, whose every refusal is 400 too (RFC 6749 5.2).
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| legacy(&RequestError::Malformed(wrong(&error))))
}

async fn json_bytes(request: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, Failure> {
    if kind(request) != Kind::Json {
        return Err(legacy(&RequestError::MediaType("application/json")));
    }
    read(request, payload, Dialect::Legacy).await
}

/// What is wrong with a JSON body, without echoing a value. Names of missing fields are ours: bodies are read into closed types.
fn wrong(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return "the body is not valid JSON".to_owned();
    }
    let text = error.to_string();
    let named = |start: &str| text.strip_prefix(start).and_then(|rest| rest.split('`').next());
    if let Some(name) = named("missing field `") {
        format!("{name}: This field is required.")
    } else if let Some(name) = named("duplicate field `") {
        format!("{name}: This field is repeated.")
    } else {
        "a field of the JSON body is unknown or has the wrong type".to_owned()
    }
}

fn legacy(error: &RequestError) -> Failure {
    Failure::new(error, Dialect::Legacy)
}
