//! What the pages behind the links of mails have in common.
//!
//! Looking at a link uses nothing up (SECURITY.md row 33): programs that open mails before people do only see a form. The form is bound
//! to the link and to the browser that looks at it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use authly_directory::{recover::LinkFailed, services::DirectoryServices};
use authly_pages::{MailNote, Note};
use oauth_core::{
    browser::BrowserId,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    ids::UserId,
    params::Params,
};

use super::{
    cookies::browser,
    failure::{self, PageFailure},
};
use crate::{app::App, page, respond};

/// The query that asks for the form with the new password.
const NEW: (&str, &str) = ("password", "new");

/// What a link's token is in the address of its page.
pub fn token_of(request: &HttpRequest) -> String {
    let params = Params::parse_unrepeated(request.query_string().as_bytes()).unwrap_or_default();
    params.one("token").unwrap_or_default().to_owned()
}

/// Whether the address of the page asks for the form with the new password.
pub fn wants_new_password(request: &HttpRequest) -> bool {
    let params = Params::parse_unrepeated(request.query_string().as_bytes()).unwrap_or_default();
    params.one(NEW.0) == Some(NEW.1)
}

/// The same link, for those who do not know the account's password.
pub fn with_new_password(page: Endpoint, token: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("token", token).append_pair(NEW.0, NEW.1);
    format!("{}?{}", page.path(), query.finish())
}

/// Who is signed in here.
pub async fn signed_in<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
) -> Result<Option<UserId>, HttpResponse> {
    match app.engine.session(&browser(app, request)).await {
        Ok(session) => Ok(session.map(|session| session.subject.id)),
        Err(error) => Err(failure::render(app, request, &error.into())),
    }
}

/// The form of a link's page.
pub fn binding(form: Form, holder: BrowserId, token: &str) -> FormBinding<'_> {
    FormBinding { form, holder: Holder::Browser(holder), request: None, shown: token }
}

/// A page of one sentence.
pub fn note<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    note: Note<'_>,
    status: StatusCode,
    way_on: &str,
) -> HttpResponse {
    let setting = page::Setting::of(request, None);
    let view = MailNote { note, way_on: Some(way_on) };
    page::html(status, authly_pages::mail_note(&view, &setting.frame(app)), None)
}

/// The page for a link that did not do what it was opened for. One sentence, `over`, for links that were used, have expired or never were.
pub fn failed<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    error: LinkFailed,
    over: Note<'_>,
    way_on: Endpoint,
) -> HttpResponse {
    match error {
        LinkFailed::Busy(_) => failure::render(app, request, &PageFailure::Busy),
        LinkFailed::Over(why) => {
            tracing::debug!(%why, "a link opens nothing");
            note(app, request, over, StatusCode::GONE, way_on.path())
        }
        LinkFailed::Policy(_) | LinkFailed::Unknown | LinkFailed::Unproven | LinkFailed::WrongPassword => {
            note(app, request, over, StatusCode::GONE, way_on.path())
        }
        LinkFailed::Store(error) => failure::render(app, request, &PageFailure::Store(error)),
        LinkFailed::TooMany(wait) => {
            page::busy(app, request, respond::retry_seconds(wait), StatusCode::TOO_MANY_REQUESTS)
        }
    }
}
