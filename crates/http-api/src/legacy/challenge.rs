//! `POST /auth/challenge` (S004-01, C-33): a verifier and its challenge for tests and old clients.
//!
//! A server that makes the verifier weakens PKCE; clients should make their own. Nothing is stored.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use oauth_core::pkce::CodeVerifier;

use crate::{
    app::App,
    body,
    respond::{self, Dialect, Failure},
};

/// The pair. What the body says does not matter, but one that is left unread would cost the client its connection.
pub async fn challenge<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    body::read(&request, payload, Dialect::Legacy).await?;
    let verifier = CodeVerifier::generate(app.engine.services().random());
    let body = serde_json::json!({
        "code_verifier": verifier.expose(),
        "code_challenge": verifier.challenge().to_text(),
        "code_challenge_method": "S256",
    });
    Ok(respond::json(StatusCode::OK, &body))
}
