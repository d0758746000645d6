//! Stylesheet, scripts and icons: their paths change with their content, so they may be kept for ever.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use authly_directory::services::DirectoryServices;

use crate::{app::App, page, respond};

const FOREVER: &str = "public, max-age=31536000, immutable";

/// `GET /assets/..`.
pub async fn asset<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let path = request.path();
    if let Some(theme) = app.http.theme.as_ref().filter(|theme| theme.path() == path) {
        return HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, FOREVER))
            .content_type("text/css; charset=utf-8")
            .body(theme.css().to_owned());
    }
    if let Some(logo) = app.http.logos.now().iter().find(|logo| logo.path() == path) {
        return HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, FOREVER))
            .content_type(logo.media())
            .body(logo.bytes());
    }
    match authly_pages::assets().iter().find(|asset| asset.path == path) {
        Some(asset) => serve(asset, FOREVER, &request),
        None => page::not_found(&app, &request),
    }
}

/// `GET /favicon.ico`: for browsers that do not read the link in the page.
pub async fn favicon<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    match authly_pages::favicon() {
        Some(asset) => serve(asset, "public, max-age=86400", &request),
        None => page::not_found(&app, &request),
    }
}

fn serve(asset: &'static authly_pages::Asset, keep: &'static str, request: &HttpRequest) -> HttpResponse {
    let known = respond::is_known(request, asset.etag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, asset.etag)).insert_header((header::CACHE_CONTROL, keep));
    if known { answer.finish() } else { answer.content_type(asset.content_type).body(asset.bytes) }
}
