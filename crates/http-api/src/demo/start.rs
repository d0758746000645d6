//! The demo's first page, and the request it sends.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use authly_pages::{DemoStart, FormTarget};
use oauth_core::{endpoint::Endpoint, pkce::CodeVerifier};

use super::state::DemoState;
use crate::{app::App, body, page, respond};

/// What the demo asks for.
pub const SCOPE: &str = "openid profile email offline_access";

/// `GET /demo`.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    render(&app, &request, None)
}

/// `POST /demo`: sends the browser to the authorization endpoint.
pub async fn begin<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let state = DemoState::read(&app, &request);
    let form = body::form(&request, payload).await.ok();
    let csrf = form.as_ref().and_then(|form| form.one("csrf"));
    let Some(old) = state.filter(|state| csrf == Some(&state.csrf)) else {
        return respond::see_other(&app.engine.settings().issuer.url("/demo"));
    };
    let fresh = DemoState { csrf: old.csrf, ..DemoState::new(&app) };
    let mut answer = respond::see_other(&authorize_url(&app, &fresh));
    fresh.keep(&app, &mut answer);
    answer
}

/// The address of the authorization request.
pub fn authorize_url<V: DirectoryServices>(app: &App<V>, state: &DemoState) -> String {
    let mut url = app.engine.settings().issuer.url(Endpoint::Authorize.path());
    let pairs = parameters(app, state);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    url.push('?');
    url.push_str(&query);
    url
}

/// The parameters of the authorization request.
pub fn parameters<V: DirectoryServices>(app: &App<V>, state: &DemoState) -> Vec<(&'static str, String)> {
    let challenge = CodeVerifier::parse(&state.verifier).map(|verifier| verifier.challenge().to_text());
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", client_id(app)),
        ("redirect_uri", redirect_uri(app)),
        ("scope", SCOPE.to_owned()),
        ("state", state.state.clone()),
        ("nonce", state.nonce.clone()),
        ("code_challenge", challenge.unwrap_or_default()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// The demo's client.
pub fn client_id<V: DirectoryServices>(app: &App<V>) -> String {
    app.http.development.as_ref().map(|development| development.demo_client.clone()).unwrap_or_default()
}

/// Where the demo wants the code.
pub fn redirect_uri<V: DirectoryServices>(app: &App<V>) -> String {
    app.engine.settings().issuer.url("/demo/callback")
}

/// Renders the page, with the error that came back if one did.
pub fn render<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, error: Option<(&str, &str)>) -> HttpResponse {
    let state = DemoState::read(app, request).unwrap_or_else(|| DemoState::new(app));
    let redirect_uri = redirect_uri(app);
    let view = DemoStart {
        action: "/demo",
        csrf: &state.csrf,
        client_id: &client_id(app),
        redirect_uri: &redirect_uri,
        scope: SCOPE,
        error,
    };
    let setting = page::Setting::of(request, None);
    let html = authly_pages::demo_start(&view, &setting.frame(app));
    let mut answer = page::html(StatusCode::OK, html, FormTarget::parse(&redirect_uri));
    DemoState { code: None, tokens: None, ..state }.keep(app, &mut answer);
    answer
}
