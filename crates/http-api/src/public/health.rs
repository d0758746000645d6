//! Health (S003-04, S003-27) and metrics (S000-89, S003-55).

use std::fmt::Write as _;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::services::DirectoryServices;
use authly_upstream::breaker::Health;
use oauth_core::store::MaintenanceRepository as _;
use serde_json::json;

use crate::{app::App, gauges, respond};

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
    let migration = gauges::text(&app).await;
    let text = app.metrics.render(&((app.gauges)() + &upstreams(&app) + &migration));
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}

/// Whether providers answer, as far as this server has noticed.
fn upstreams<V: DirectoryServices>(app: &App<V>) -> String {
    let name = "authly_upstream_up";
    let mut text = String::new();
    for upstream in &app.upstreams {
        if text.is_empty() {
            let _ = writeln!(text, "# HELP {name} Whether the upstream provider answers.\n# TYPE {name} gauge");
        }
        let provider = upstream.provider().name.as_str();
        let _ = writeln!(text, "{name}{{provider=\"{provider}\"}} {}", u8::from(upstream.health() == Health::Up));
    }
    text
}
