//! RP-initiated logout (OpenID Connect RP-Initiated Logout 2) and the signed-out page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web,
};
use authly_directory::{services::DirectoryServices, upstream::Origin};
use authly_pages::{SignOut, SignedOut, UpstreamFarewell};
use oauth_core::{
    authorize::error::PageError,
    endpoint::Endpoint,
    engine::{authorize::Arrival, logout::LogoutStep},
    params::Params,
};

use super::{
    cookies::{browser, clear_session},
    failure, farewell, view,
};
use crate::{app::App, body, page, respond};

/// `GET` and `POST /auth/logout`; our own question posts `decision` and `csrf`.
pub async fn logout<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let browser = browser(&app, &request);
    let origin = farewell::origin(&app, &browser).await;
    let mut by = By::Address;
    // Whatever cannot be read proves nothing, so the user is asked.
    let query = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
    // RP-Initiated Logout 2; our own form carries it on in its address.
    let mut language = language(&query);
    let step = if request.method() == Method::POST {
        let Ok(form) = body::form(&request, payload).await else {
            return failure::render(&app, &request, &PageError::Form.into());
        };
        language = self::language(&form).or(language);
        match form.one("decision") {
            Some("sign_out") => {
                by = By::Form;
                app.engine.confirm_logout(form.one("csrf").unwrap_or_default(), &browser).await
            }
            Some(_) => return respond::see_other(&app.engine.settings().issuer.url(Endpoint::Home.path())),
            None => app.engine.logout(&form, Arrival::Post, &browser).await,
        }
    } else {
        app.engine.logout(&query, Arrival::Get, &browser).await
    };
    match step {
        Ok(step) => render(&app, &request, step, origin, Manner { by, language: language.as_deref() }).await,
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// The longest list of languages that is used; a longer one is ignored, as at the authorization endpoint.
const LONGEST: usize = 320;

/// The languages that an application asks for its user (`ui_locales`).
fn language(params: &Params) -> Option<String> {
    params.one("ui_locales").filter(|tags| tags.len() <= LONGEST).map(str::to_owned)
}

/// A path of ours, with the languages that were asked for.
fn path_in(path: &str, language: Option<&str>) -> String {
    let Some(language) = language else { return path.to_owned() };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("ui_locales", language).finish();
    format!("{path}?{query}")
}

/// How somebody is signed out, and in which language.
#[derive(Clone, Copy)]
struct Manner<'a> {
    by: By,
    language: Option<&'a str>,
}

/// How somebody comes to be signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// They were sent to an address, which may send them on to a provider.
    Address,
    /// They sent our form, which browsers hold to where the page said it leads: the provider is offered, by a link.
    Form,
}

/// `GET /signed-out`; whoever comes back from a provider goes on to where the application wanted them.
pub async fn signed_out<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    match farewell::way_on(&app, &request) {
        Some(target) => respond::see_other(&target),
        None => {
            let query = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
            page_of(&app, &request, None, language(&query).as_deref())
        }
    }
}

fn page_of<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    elsewhere: Option<UpstreamFarewell<'_>>,
    language: Option<&str>,
) -> HttpResponse {
    let setting = page::Setting::of(request, language);
    let view = SignedOut { sign_in_url: Some(Endpoint::Account.path()), elsewhere };
    page::html(StatusCode::OK, authly_pages::signed_out(&view, &setting.frame(app)), None)
}

async fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    step: LogoutStep,
    origin: Option<Origin>,
    Manner { by, language }: Manner<'_>,
) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    match step {
        LogoutStep::Ask { account, client, csrf } => {
            let setting = page::Setting::of(request, language);
            let logos = app.http.logos.now();
            let view = SignOut {
                action: &path_in(Endpoint::Logout.path(), language),
                request: "",
                csrf: &csrf,
                account: &view::account(&account),
                client: client.as_deref().map(|client| view::client(client, &logos)),
            };
            page::html(StatusCode::OK, authly_pages::sign_out(&view, &setting.frame(app)), None)
        }
        LogoutStep::Continue { query } => {
            respond::see_other(&issuer.url(&format!("{}?{query}", Endpoint::Logout.path())))
        }
        LogoutStep::SignedOut { redirect } => {
            let mut answer = match farewell::to(app, request, origin, redirect.as_deref()).await {
                Some(farewell) if by == By::Address => farewell.redirect(issuer),
                Some(farewell) => page_of(app, request, Some(farewell.view()), language),
                None => {
                    let own = || issuer.url(&path_in(Endpoint::SignedOut.path(), language));
                    respond::see_other(&redirect.unwrap_or_else(own))
                }
            };
            clear_session(&mut answer, issuer);
            answer
        }
    }
}
