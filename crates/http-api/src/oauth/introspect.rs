//! `POST /auth/introspect` (RFC 7662).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use oauth_core::error::TokenError;

use super::prove::authenticated;
use crate::{
    app::App,
    body,
    respond::{self, Failure},
};

/// The introspection endpoint.
pub async fn introspect<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let params = body::form(&request, payload).await?;
    let client = authenticated(&app, &request, &params).await?;
    let token = params.one("token").ok_or(TokenError::Missing("token"))?;
    let answer = app.engine.introspect(client, token).await?;
    Ok(respond::json(StatusCode::OK, &answer))
}
