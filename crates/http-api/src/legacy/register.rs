//! `POST /auth/register` and its aliases (S000-60, C-06, C-41).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    register::{RegisterRefused, Registered, Registration},
    services::DirectoryServices,
};
use oauth_core::{
    error::{RequestError, Wire as _, WireError},
    secret::Secret,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    body,
    browser::cookies,
    respond::{self, Dialect, Failure},
};

/// What may be said at registration; anything else (`is_admin`, `id` ..) is ignored, as RFC-less JSON doors always did, and never
/// gives a right (SECURITY.md row 36).
#[derive(Deserialize)]
struct Body {
    email: String,
    #[serde(default)]
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: String,
    email: &'a str,
    username: &'a str,
    is_verified: bool,
    is_admin: bool,
    created_at: String,
}

/// Registers an account; a known address is answered alike, and nothing is stored.
pub async fn register<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked: Body = body::json(&request, payload).await?;
    let registration = Registration {
        email: asked.email,
        username: asked.username,
        password: Secret::new(asked.password),
        visitor: cookies::visitor(&request),
    };
    match app.directory.register(&registration).await {
        Ok(registered) => Ok(respond::json(StatusCode::CREATED, &answer(&registered))),
        Err(refused) => Err(told(&refused)),
    }
}

fn answer(registered: &Registered) -> Answer<'_> {
    Answer {
        id: registered.id.to_string(),
        email: &registered.email,
        username: &registered.username,
        is_verified: false,
        is_admin: false,
        created_at: registered.created_at.to_rfc3339(),
    }
}

fn told(refused: &RegisterRefused) -> Failure {
    let wire = match refused {
        RegisterRefused::Busy(_) | RegisterRefused::Contended => WireError::unavailable(),
        RegisterRefused::Closed => RequestError::RegistrationClosed.wire(),
        RegisterRefused::Fields(problems) => {
            let texts: Vec<_> =
                problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect();
            RequestError::Field(texts.join("; ")).wire()
        }
        RegisterRefused::Store(error) => error.wire(),
        RegisterRefused::TooMany(wait) => RequestError::TooMany { what: "registrations", wait: *wait }.wire(),
    };
    Failure::caused(wire, refused, Dialect::Legacy)
}
