//! Metadata (RFC 8414, OpenID Connect Discovery 4) and keys (RFC 7517), served from memory with ETag and Cache-Control.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::{Arc, PoisonError, RwLock},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};
use authly_directory::services::DirectoryServices;

use crate::{app::App, respond};

/// A document with the headers it is served with.
#[derive(Clone, Debug)]
struct Document {
    source: Arc<str>,
    body: web::Bytes,
    etag: HeaderValue,
    cache_control: HeaderValue,
}

/// The last rendering of each document: as long as the engine gives the same text, nothing is computed.
#[derive(Debug, Default)]
pub struct Documents {
    metadata: RwLock<Option<Document>>,
    jwks: RwLock<Option<Document>>,
}

/// `GET /.well-known/oauth-authorization-server`, `/.well-known/openid-configuration` and the older path.
pub async fn metadata<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let text = app.engine.metadata();
    serve(&app.documents.metadata, text, app.http.discovery_max_age, &request)
}

/// `GET /.well-known/jwks.json`.
pub async fn jwks<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let text = app.engine.catalog().jwks.clone();
    serve(&app.documents.jwks, text, app.http.jwks_max_age, &request)
}

fn serve(
    slot: &RwLock<Option<Document>>,
    text: Arc<str>,
    max_age: std::time::Duration,
    request: &HttpRequest,
) -> HttpResponse {
    let document = current(slot, text, max_age);
    let known = document.etag.to_str().is_ok_and(|etag| respond::is_known(request, etag));
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, document.etag))
        .insert_header((header::CACHE_CONTROL, document.cache_control))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    if known { answer.finish() } else { answer.body(document.body) }
}

fn current(slot: &RwLock<Option<Document>>, text: Arc<str>, max_age: std::time::Duration) -> Document {
    if let Some(document) = slot.read().unwrap_or_else(PoisonError::into_inner).as_ref()
        && Arc::ptr_eq(&document.source, &text)
    {
        return document.clone();
    }
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text.as_ref());
    let header = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-cache"));
    let document = Document {
        body: web::Bytes::copy_from_slice(text.as_bytes()),
        etag: header(format!("\"{hash:016x}\"")),
        cache_control: header(format!("public, max-age={}", max_age.as_secs())),
        source: text,
    };
    *slot.write().unwrap_or_else(PoisonError::into_inner) = Some(document.clone());
    document
}
