//! `POST /auth/token` (RFC 6749 3.2): forms of OAuth, and the JSON door of the legacy contract (C-02, C-03).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::services::DirectoryServices;
use oauth_core::{
    client::presented::PresentedClient,
    error::{ErrorCode, TokenError, WireError},
    grant::request::TokenRequest,
    params::Params,
};
use serde_json::{Map, Value};

use super::presented;
use crate::{
    app::App,
    body::{self, Kind},
    legacy::login,
    respond::{self, Dialect, Failure},
};

/// The token endpoint.
pub async fn token<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let (params, dialect) = match body::kind(&request) {
        Kind::Form => (body::form(&request, payload).await?, Dialect::OAuth),
        Kind::Json => (json_params(&body::read(&request, payload, Dialect::Legacy).await?)?, Dialect::Legacy),
        Kind::None | Kind::Other => {
            return Err(body::unsupported(
                Dialect::OAuth,
                "send application/x-www-form-urlencoded or application/json",
            ));
        }
    };
    if params.one("grant_type") == Some("password") {
        return login::password_grant(&app, &request, &params).await;
    }
    answer(&app, &request, &params).await.map_err(|error| told(&request, &error, dialect))
}

async fn answer<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse, TokenError> {
    let asked = TokenRequest::parse(params)?;
    if let Some(token) = asked.legacy_refresh() {
        // SECURITY.md 5: a legacy refresh token is refused when a client comes with it.
        if params.one("client_id").is_some() || request.headers().contains_key(header::AUTHORIZATION) {
            return Err(oauth_core::error::GrantError::ContractMismatch.into());
        }
        return Ok(respond::json(StatusCode::OK, &app.engine.refresh_legacy(token).await?));
    }
    if !app.engine.catalog().switches.oauth_enabled {
        return Err(TokenError::UnsupportedGrantType);
    }
    let client = app.engine.authenticate(presented(request, params)?).await?;
    Ok(respond::json(StatusCode::OK, &app.engine.token(client, asked).await?))
}

/// C-35: a wrong secret in a JSON body is 400, whatever RFC 6749 5.2 would allow.
fn told(request: &HttpRequest, error: &TokenError, dialect: Dialect) -> Failure {
    let failure = Failure::new(error, dialect);
    let in_header = request.headers().contains_key(header::AUTHORIZATION);
    if dialect == Dialect::Legacy && failure.wire().code == ErrorCode::InvalidClient && !in_header {
        return failure.with_status(400).without_challenge();
    }
    failure
}

/// A flat JSON object of texts as parameters; `scope` may also be a list.
fn json_params(bytes: &[u8]) -> Result<Params, Failure> {
    let object: Map<String, Value> = body::parse_json(bytes)?;
    let mut pairs = Vec::with_capacity(object.len());
    for (name, value) in &object {
        match value {
            Value::String(text) => pairs.push((name.as_str(), text.clone())),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => pairs.push((name.as_str(), value.to_string())),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                pairs.push((name.as_str(), texts.join(" ")));
            }
            Value::Array(_) | Value::Object(_) => {
                let text = "a field of the JSON body has the wrong type";
                return Err(Failure::edge(WireError::bad_request(ErrorCode::InvalidRequest, text), Dialect::Legacy));
            }
        }
    }
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    Params::from_pairs(pairs).map_err(|error| Failure::new(&error, Dialect::Legacy))
}

/// Whether the request carries credentials of a client.
pub fn names_a_client(request: &HttpRequest, params: &Params) -> bool {
    request.headers().contains_key(header::AUTHORIZATION) || PresentedClient::parse(None, params).is_ok()
}
