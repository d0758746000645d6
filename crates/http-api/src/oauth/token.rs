//! `POST /auth/token` (RFC 6749 3.2): forms of OAuth, and the JSON door of the legacy contract (C-02, C-03).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::{services::DirectoryServices, usage::Way};
use oauth_core::{
    client::presented::PresentedClient,
    error::{ErrorCode, GrantError, RequestError, TokenError},
    grant::request::{PresentedRefreshToken, RefreshTokenRequest, TokenRequest},
    params::Params,
    secret::Secret,
};

use super::prove::{Unproven, authenticated};
use crate::{
    app::App,
    body::{self, Kind},
    legacy::{self, login},
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
        Kind::Json => (legacy::params::parse(&body::read(&request, payload, Dialect::Legacy).await?)?, Dialect::Legacy),
        Kind::None | Kind::Other => {
            let kinds = "application/x-www-form-urlencoded or application/json";
            return Err(RequestError::MediaType(kinds).into());
        }
    };
    if params.one("grant_type") == Some("password") {
        return login::password_grant(&app, &request, &params).await;
    }
    answer(&app, &request, &params).await.map_err(|unproven| told(&request, &unproven, dialect))
}

async fn answer<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse, Unproven> {
    let asked = TokenRequest::parse(params).map_err(Unproven::Token)?;
    if let Some(token) = asked.legacy_refresh() {
        // SECURITY.md 5: a legacy refresh token is refused when a client comes with it.
        if params.one("client_id").is_some() || request.headers().contains_key(header::AUTHORIZATION) {
            return Err(Unproven::Token(GrantError::ContractMismatch.into()));
        }
        let pair = legacy::refresh::exchange(app, token).await.map_err(Unproven::Token)?;
        return Ok(respond::json(StatusCode::OK, &pair));
    }
    if let Some(token) = opaque_refresh(&asked).filter(|_| !names_a_client(request, params)) {
        match legacy::refresh::exchange(app, &token).await {
            Ok(pair) => return Ok(respond::json(StatusCode::OK, &pair)),
            // It is none of the older program: a client has to come with it.
            Err(TokenError::Grant(GrantError::ContractMismatch)) => {}
            Err(error) => return Err(Unproven::Token(error)),
        }
    }
    if !app.engine.catalog().switches.oauth_enabled {
        return Err(Unproven::Token(TokenError::UnsupportedGrantType));
    }
    let client = authenticated(app, request, params).await?;
    let (key, way) = (client.client().key, way(&asked));
    let tokens = app.engine.token(client, asked).await.map_err(Unproven::Token)?;
    app.uses.note(way, Some(key), None, app.engine.now());
    Ok(respond::json(StatusCode::OK, &tokens))
}

/// A refresh token that is no JWT.
fn opaque_refresh(request: &TokenRequest) -> Option<Secret<String>> {
    match request {
        TokenRequest::RefreshToken(RefreshTokenRequest { token: PresentedRefreshToken::OAuth(token), .. }) => {
            Some(Secret::new(token.expose().to_owned()))
        }
        _ => None,
    }
}

const fn way(request: &TokenRequest) -> Way {
    match request {
        TokenRequest::AuthorizationCode(_) => Way::AuthorizationCode,
        TokenRequest::ClientCredentials(_) => Way::ClientCredentials,
        TokenRequest::RefreshToken(_) => Way::RefreshToken,
    }
}

/// C-35: a wrong secret in a JSON body is 400, whatever RFC 6749 5.2 would allow.
fn told(request: &HttpRequest, error: &Unproven, dialect: Dialect) -> Failure {
    let failure = Failure::new(error, dialect);
    let in_header = request.headers().contains_key(header::AUTHORIZATION);
    if dialect == Dialect::Legacy && failure.wire().code == ErrorCode::InvalidClient && !in_header {
        return failure.with_status(400).without_challenge();
    }
    failure
}

/// Whether the request carries credentials of a client.
pub fn names_a_client(request: &HttpRequest, params: &Params) -> bool {
    request.headers().contains_key(header::AUTHORIZATION) || PresentedClient::parse(None, params).is_ok()
}
