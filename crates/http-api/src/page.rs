//! Answers for people: pages with their policy, and what every page shares.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use authly_directory::services::DirectoryServices;
use authly_pages::{ErrorPage, FormTarget, Frame, Locale, Problem, content_security_policy, preferences};
use oauth_core::endpoint::Endpoint;

use crate::{app::App, edge::RequestId, respond};

/// The language and the request id of a page.
pub struct Setting {
    locale: &'static Locale,
    request_id: String,
}

impl Setting {
    /// Chooses the language by `ui_locales` (OpenID Connect Core 3.1.2.1), then by what the browser says.
    pub fn of(request: &HttpRequest, ui_locales: Option<&str>) -> Self {
        let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let locale = Locale::negotiate(preferences(ui_locales, accepted));
        let request_id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        Self { locale, request_id }
    }

    /// The tag of the language.
    pub fn language(&self) -> &'static str {
        self.locale.tag()
    }

    /// The frame of a page.
    pub fn frame<'a, V: DirectoryServices>(&'a self, app: &'a App<V>) -> Frame<'a> {
        Frame {
            theme: app.http.theme.as_ref(),
            request_id: &self.request_id,
            ..Frame::new(self.locale, &app.http.product)
        }
    }
}

/// A page; `target` is the redirect URI that its form may end in.
pub fn html(status: StatusCode, body: String, target: Option<FormTarget<'_>>) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    respond::no_store(&mut answer);
    answer.insert_header((header::CONTENT_SECURITY_POLICY, content_security_policy(target)));
    answer.content_type("text/html; charset=utf-8").body(body)
}

/// The page for a problem that is nobody's to redirect.
pub fn problem<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    status: StatusCode,
    problem: Problem,
    code: Option<&'static str>,
) -> HttpResponse {
    let setting = Setting::of(request, None);
    let view = ErrorPage { problem, code, way_on: Some("/") };
    html(status, authly_pages::error_page(&view, &setting.frame(app)), None)
}

/// 503 with the time after which to try again.
pub fn busy<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    seconds: u64,
    status: StatusCode,
) -> HttpResponse {
    let setting = Setting::of(request, None);
    let body = authly_pages::busy(&authly_pages::Busy { seconds, retry_url: None }, &setting.frame(app));
    let mut answer = html(status, body, None);
    if let Ok(value) = header::HeaderValue::from_str(&seconds.to_string()) {
        answer.headers_mut().insert(header::RETRY_AFTER, value);
    }
    answer
}

/// 404: a page for people, JSON for programs.
pub fn not_found<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> HttpResponse {
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !wants_page {
        return respond::json(
            StatusCode::NOT_FOUND,
            &serde_json::json!({ "error": "not_found", "detail": "Not Found" }),
        );
    }
    let setting = Setting::of(request, None);
    html(StatusCode::NOT_FOUND, authly_pages::not_found(Some("/"), &setting.frame(app)), None)
}

/// Whether people, not programs, open this address.
pub fn is_page(endpoint: Option<Endpoint>, path: &str) -> bool {
    match endpoint {
        Some(
            Endpoint::Home
            | Endpoint::Authorize
            | Endpoint::LegacyAuthorize
            | Endpoint::SignIn
            | Endpoint::UpstreamSignIn
            | Endpoint::UpstreamCallback
            | Endpoint::Consent
            | Endpoint::ChooseAccount
            | Endpoint::SignUp
            | Endpoint::ForgotPassword
            | Endpoint::Invitation
            | Endpoint::ResetPassword
            | Endpoint::VerifyEmail
            | Endpoint::Account
            | Endpoint::AdminMigration
            | Endpoint::AdminMigrationRows
            | Endpoint::AdminMigrationLedger
            | Endpoint::AdminMigrationExport
            | Endpoint::AdminMigrationRollback
            | Endpoint::SignedOut
            | Endpoint::Logout
            | Endpoint::ChangePassword,
        ) => true,
        Some(_) => false,
        None => path == "/demo" || path.starts_with("/demo/"),
    }
}
