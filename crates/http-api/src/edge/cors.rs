//! Cross-origin reads (SECURITY.md row 41): an allow-list, never credentials, nothing at the authorization endpoint and pages.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use actix_cors::Cors as CorsMiddleware;
use actix_web::{http::header, web};
use authly_directory::services::DirectoryServices;
use oauth_core::{catalog::Catalog, endpoint::Endpoint};

use crate::app::App;

/// The origins of all active clients, computed once per revision of the catalog.
#[derive(Debug, Default)]
pub struct ClientOrigins(RwLock<(i64, Arc<HashSet<String>>)>);

impl ClientOrigins {
    /// Whether a client has a redirect URI in `origin`.
    pub fn holds(&self, catalog: &Catalog, origin: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if known.0 == catalog.revision && catalog.revision != 0 {
            return known.1.contains(origin);
        }
        let origins: HashSet<String> = catalog
            .clients()
            .filter(|client| client.is_active())
            .flat_map(|client| client.redirect_uris.iter())
            .filter_map(|uri| url::Url::parse(uri.as_str()).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .map(|url| url.origin().ascii_serialization())
            .collect();
        let found = origins.contains(origin);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (catalog.revision, Arc::new(origins));
        found
    }
}

/// The middleware of an endpoint that clients' pages may read.
pub fn clients<V: DirectoryServices>(app: web::Data<App<V>>, endpoint: Endpoint) -> CorsMiddleware {
    base(endpoint).allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|origin| app.allows_origin(origin)))
}

/// The middleware of a document that everybody may read.
pub fn anyone(endpoint: Endpoint) -> CorsMiddleware {
    base(endpoint).allow_any_origin().send_wildcard()
}

fn base(endpoint: Endpoint) -> CorsMiddleware {
    CorsMiddleware::default()
        .allowed_methods(endpoint.methods().to_vec())
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT])
        .max_age(3_600)
}
