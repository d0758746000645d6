//! What a request's cookies say of its browser, and what an answer does to them.

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, cookie::Cookie, http::header};
use authly_directory::{mail::letter::Visitor, services::DirectoryServices};
use oauth_core::{
    browser::{Browser, BrowserId, SessionCookie},
    pending::{PendingCookie, PendingId},
    settings::Issuer,
};

use super::user_agent;
use crate::{
    app::App,
    cookies::{self, Name},
    edge::ClientAddress,
    page,
};

/// Reads the cookies of a request.
pub fn browser<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> Browser {
    let issuer = &app.engine.settings().issuer;
    let session = cookies::read(request, Name::Session.under(issuer)).and_then(|value| SessionCookie::parse(&value));
    let prefix = pending_prefix(issuer);
    let pending = request.cookies().map(|cookies| {
        let ours = |cookie: &Cookie<'_>| {
            let id = PendingId::parse(cookie.name().strip_prefix(prefix)?)?;
            Some(PendingCookie { id, value: cookie.value().to_owned() })
        };
        // A browser that holds more than this is not one of ours; the rest is left to expire.
        cookies.iter().filter_map(ours).take(16).collect()
    });
    Browser { address: address(request), session, pending: pending.unwrap_or_default() }
}

/// The address that a request is counted under, as text.
pub fn address(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<ClientAddress>().map(|address| address.0.to_string())
}

/// The browser's name, for the list of sessions.
pub fn user_agent(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    Some(value.chars().take(255).collect())
}

/// Who asks, as a mail tells its reader.
pub fn visitor(request: &HttpRequest) -> Visitor {
    Visitor {
        address: address(request),
        browser: user_agent(request).map(|agent| user_agent::in_words(&agent)),
        locale: page::Setting::of(request, None).language().to_owned(),
    }
}

/// The mark of a browser in which nobody is signed in; `fresh` if it has to be set.
pub fn browser_id<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> (BrowserId, bool) {
    let issuer = &app.engine.settings().issuer;
    let known = cookies::read(request, Name::Browser.under(issuer)).and_then(|value| BrowserId::parse(&value));
    known.map_or_else(|| (BrowserId::generate(app.engine.services().random()), true), |id| (id, false))
}

/// Sets the mark of the browser, if it is fresh.
pub fn keep_browser_id(answer: &mut HttpResponse, (id, fresh): (BrowserId, bool), issuer: &Issuer) {
    if fresh {
        add(answer, &cookies::set(Name::Browser.under(issuer).to_owned(), id.to_text(), None, issuer));
    }
}

/// Keeps a request under way, and forgets others.
pub fn keep_pending(answer: &mut HttpResponse, keep: Option<PendingCookie>, drop: &[PendingId], issuer: &Issuer) {
    for id in drop {
        add(answer, &cookies::clear(format!("{}{id}", pending_prefix(issuer)), issuer));
    }
    if let Some(cookie) = keep {
        let name = format!("{}{}", pending_prefix(issuer), cookie.id);
        add(answer, &cookies::set(name, cookie.value, None, issuer));
    }
}

/// Sets the session cookie: for `lifetime`, or until the browser closes.
pub fn set_session(
    answer: &mut HttpResponse,
    cookie: &SessionCookie,
    lifetime: Option<std::time::Duration>,
    issuer: &Issuer,
) {
    let name = Name::Session.under(issuer).to_owned();
    add(answer, &cookies::set(name, cookie.expose().to_owned(), lifetime, issuer));
}

/// Removes the session cookie.
pub fn clear_session(answer: &mut HttpResponse, issuer: &Issuer) {
    add(answer, &cookies::clear(Name::Session.under(issuer).to_owned(), issuer));
}

/// Adds a cookie to an answer; a value that is no header value is ours to avoid, and then nothing is set.
pub fn add(answer: &mut HttpResponse, cookie: &Cookie<'_>) {
    if answer.add_cookie(cookie).is_err() {
        tracing::error!(name = cookie.name(), "a cookie cannot be set");
    }
}

const fn pending_prefix_of(https: bool) -> &'static str {
    if https { "__Host-authly-request-" } else { "authly-request-" }
}

fn pending_prefix(issuer: &Issuer) -> &'static str {
    pending_prefix_of(issuer.is_https())
}
