//! The endpoints.

use actix_web::{HttpResponse, middleware::from_fn, web};
use serde_json::json;

use crate::{
    authenticate::{Refused, authenticate},
    tokens::{CurrentUser, Tokens},
};

/// Everything below `/api` needs a token; `/health` does not.
pub fn configure(service: &mut web::ServiceConfig, tokens: web::Data<Tokens>) {
    service.app_data(tokens).route("/health", web::get().to(HttpResponse::Ok)).service(
        web::scope("/api")
            .wrap(from_fn(authenticate))
            .route("/me", web::get().to(me))
            .route("/reports", web::get().to(reports)),
    );
}

/// Who calls: the e-mail address where the token tells it, else the account's id.
async fn me(user: CurrentUser) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "user": user.email.as_ref().unwrap_or(&user.id) }))
}

/// An endpoint that not every token opens.
async fn reports(user: CurrentUser) -> Result<HttpResponse, Refused> {
    if !user.may("read") {
        return Err(Refused::Scope("read"));
    }
    Ok(HttpResponse::Ok().json(json!({ "owner": user.id, "reports": [] })))
}
