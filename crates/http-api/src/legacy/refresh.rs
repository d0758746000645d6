//! `POST /auth/refresh` (C-03): the legacy refresh with a path of its own.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{services::DirectoryServices, usage::Way};
use oauth_core::{
    error::{GrantError, TokenError},
    grant::{request::PresentedRefreshToken, response::LegacyTokens},
    secret::Secret,
};
use serde::Deserialize;

use crate::{
    app::App,
    body, metrics,
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
    let token = match PresentedRefreshToken::parse(&asked.refresh_token).map_err(|error| told(error.into()))? {
        PresentedRefreshToken::Legacy(token) => token,
        // One that was imported from the older program, perhaps; an OAuth token of ours is none, and is refused as one.
        PresentedRefreshToken::OAuth(token) => Secret::new(token.expose().to_owned()),
    };
    Ok(respond::json(StatusCode::OK, &exchange(&app, &token).await.map_err(told)?))
}

/// The next pair; the use is counted as one of a legacy door.
pub async fn exchange<V: DirectoryServices>(app: &App<V>, token: &Secret<String>) -> Result<LegacyTokens, TokenError> {
    let exchanged = app.engine.refresh_legacy(token).await;
    if let Err(error @ TokenError::Grant(GrantError::LegacyMoved)) = &exchanged {
        // The client reads what a wrong token reads; only the operator is told.
        tracing::info!(cause = %error, "a refresh at a legacy door was refused");
    }
    let (pair, subject) = exchanged?;
    metrics::add(&app.metrics.legacy_refresh, 1);
    app.uses.note(Way::LegacyRefresh.by(&subject), None, subject.tenant.map(|tenant| tenant.id), app.engine.now());
    Ok(pair)
}
