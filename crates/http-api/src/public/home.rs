//! `GET /`: what runs here and what to do next.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use authly_pages::{Development, Home};
use oauth_core::endpoint::Endpoint;

use crate::{app::App, page};

/// The endpoints that a developer looks for first.
const SHOWN: [Endpoint; 6] =
    [Endpoint::Authorize, Endpoint::Token, Endpoint::UserInfo, Endpoint::Introspect, Endpoint::Revoke, Endpoint::Jwks];

/// The home page.
pub async fn home<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let oauth = app.engine.catalog().switches.oauth_enabled;
    let shown: Vec<(&str, String)> = SHOWN
        .into_iter()
        .filter(|_| oauth)
        .map(|endpoint| (endpoint.metadata().unwrap_or(endpoint.name()), issuer.url(endpoint.path())))
        .collect();
    let endpoints: Vec<_> = shown.iter().map(|(name, url)| authly_pages::Endpoint { name, url }).collect();
    let view = Home {
        issuer: issuer.as_str(),
        metadata_url: Endpoint::OpenIdConfiguration.path(),
        account_url: oauth.then_some(Endpoint::Account.path()),
        endpoints: &endpoints,
        development: app.http.development.as_ref().map(|development| Development {
            demo_url: "/demo",
            store: &development.store,
            version: app.http.version,
        }),
    };
    let setting = page::Setting::of(&request, None);
    page::html(StatusCode::OK, authly_pages::home(&view, &setting.frame(&app)), None)
}
