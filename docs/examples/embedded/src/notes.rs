//! The application itself: notes, for whoever holds a token with the scope `notes`.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde_json::json;

use crate::{Application, oauth::Told};

/// The application's own routes.
pub fn routes(service: &mut web::ServiceConfig) {
    service.route("/api/notes", web::get().to(notes));
}

/// The engine knows at once when a grant was revoked or an account was closed, because it looks.
async fn notes(application: web::Data<Application>, request: HttpRequest) -> Result<HttpResponse, Told> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let bearer = application.engine.bearer(token, "notes").await.map_err(|error| Told::of(&error))?;
    let owner = bearer.subject.and_then(|subject| subject.profile.name);
    Ok(HttpResponse::Ok().json(json!({ "owner": owner, "notes": ["Buy milk"] })))
}
