//! `POST /auth/challenge` (S004-01, C-33): a verifier and its challenge for tests and old clients.
//!
//! A server that makes the verifier weakens PKCE; clients should make their own. Nothing is stored.

use actix_web::{HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use oauth_core::pkce::CodeVerifier;

use crate::{app::App, respond};

/// The pair.
pub async fn challenge<V: DirectoryServices>(app: web::Data<App<V>>) -> HttpResponse {
    let verifier = CodeVerifier::generate(app.engine.services().random());
    let body = serde_json::json!({
        "code_verifier": verifier.expose(),
        "code_challenge": verifier.challenge().to_text(),
        "code_challenge_method": "S256",
    });
    respond::json(StatusCode::OK, &body)
}
