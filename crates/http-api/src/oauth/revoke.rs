//! `POST /auth/revoke` (RFC 7009); a JSON body revokes legacy tokens only, because OAuth tokens need their client.

use actix_web::{HttpRequest, HttpResponse, web};
use authly_directory::services::DirectoryServices;
use oauth_core::{error::TokenError, secret::Secret};
use serde::Deserialize;

use super::prove::authenticated;
use crate::{
    app::App,
    body::{self, Kind},
    respond::{self, Dialect, Failure},
};

#[derive(Deserialize)]
struct LegacyRevocation {
    token: String,
}

/// The revocation endpoint: 200 without a body, also for unknown tokens.
pub async fn revoke<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    if body::kind(&request) == Kind::Json {
        let asked: LegacyRevocation = body::json(&request, payload).await?;
        let token = Secret::new(asked.token);
        app.engine.revoke_legacy(&token).await.map_err(|error| Failure::new(&error, Dialect::Legacy))?;
        return Ok(respond::empty_ok());
    }
    let params = body::form(&request, payload).await?;
    if !app.engine.catalog().switches.oauth_enabled {
        return Err(TokenError::UnsupportedGrantType.into());
    }
    let client = authenticated(&app, &request, &params).await?;
    let token = params.one("token").ok_or(TokenError::Missing("token"))?;
    app.engine.revoke(client, token).await?;
    Ok(respond::empty_ok())
}
