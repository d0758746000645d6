//! `POST /auth/refresh` (C-03): the legacy refresh with a path of its own.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use oauth_core::{
    error::{GrantError, TokenError},
    grant::request::PresentedRefreshToken,
};
use serde::Deserialize;

use crate::{
    app::App,
    body,
    respond::{self, Dialect, Failure},
};

#[derive(Deserialize)]
struct Refresh {
    refresh_token: String,
}

/// A new legacy pair for a legacy refresh token; OAuth refresh tokens belong to the token endpoint, with their client.
pub async fn refresh<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked: Refresh = body::json(&request, payload).await?;
    let told = |error: TokenError| Failure::new(&error, Dialect::Legacy);
    let PresentedRefreshToken::Legacy(token) =
        PresentedRefreshToken::parse(&asked.refresh_token).map_err(|error| told(error.into()))?
    else {
        return Err(told(GrantError::ContractMismatch.into()));
    };
    Ok(respond::json(StatusCode::OK, &app.engine.refresh_legacy(&token).await.map_err(told)?))
}
