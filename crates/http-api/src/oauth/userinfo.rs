//! `GET` and `POST /auth/userinfo` (OpenID Connect Core 5.3): the token in the header, or in a form body (RFC 6750 2.2).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web,
};
use authly_directory::services::DirectoryServices;
use oauth_core::error::BearerError;

use crate::{
    app::App,
    bearer,
    body::{self, Kind},
    respond::{self, Failure},
};

/// The userinfo endpoint.
pub async fn userinfo<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let header = bearer::header_token(&request)?;
    let form = if request.method() == Method::POST && body::kind(&request) == Kind::Form {
        Some(body::form(&request, payload).await?)
    } else {
        None
    };
    let in_body = form.as_ref().and_then(|form| form.one("access_token"));
    let token = match (header, in_body) {
        (Some(token), None) | (None, Some(token)) => token,
        (None, None) => return Err(BearerError::Missing.into()),
        (Some(_), Some(_)) => return Err(BearerError::Malformed.into()),
    };
    let claims = app.engine.userinfo(token).await?;
    Ok(respond::json(StatusCode::OK, &claims))
}
