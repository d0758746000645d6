//! Health (S003-04, S003-27) and metrics (S000-89, S003-55).

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::services::DirectoryServices;
use oauth_core::store::MaintenanceRepository as _;
use serde_json::json;

use crate::{app::App, respond};

/// `GET /health` and `GET /health/ready`: whether the store answers.
pub async fn ready<V: DirectoryServices>(app: web::Data<App<V>>) -> HttpResponse {
    if !app.http.health {
        return respond::json(StatusCode::NOT_FOUND, &json!({ "error": "not_found" }));
    }
    match app.engine.services().store().ping().await {
        Ok(()) => respond::json(StatusCode::OK, &json!({ "status": "ok", "version": app.http.version })),
        Err(error) => {
            tracing::error!(error = respond::causes(&error), "the store does not answer");
            respond::json(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({ "status": "unavailable", "version": app.http.version }),
            )
        }
    }
}

/// `GET /health/live`: whether the process answers.
pub async fn live() -> HttpResponse {
    respond::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /metrics`; the query parameter `format` of older scrapers is tolerated.
pub async fn metrics<V: DirectoryServices>(app: web::Data<App<V>>) -> HttpResponse {
    if !app.http.metrics {
        return respond::json(StatusCode::NOT_FOUND, &json!({ "error": "not_found" }));
    }
    let text = app.metrics.render(&(app.gauges)());
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}
