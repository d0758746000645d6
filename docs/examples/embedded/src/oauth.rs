//! The routes of the protocol: each reads a request, calls the engine once, and renders what came of it.

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    cookie::{Cookie, SameSite},
    http::{StatusCode, header},
    web,
};
use oauth_core::{
    authorize::{decide::Answer, error::PageError, response::AuthorizationResponse},
    browser::{Browser, BrowserId, SessionCookie},
    client::presented::PresentedClient,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    engine::{
        authorize::{Arrival, Ask, AuthorizeFailure, Interaction, Progress, Step},
        session::{Remember, SessionStart},
    },
    error::{Challenge, TokenError, Wire, WireError},
    grant::request::TokenRequest,
    params::Params,
    pending::{PendingCookie, PendingId},
    services::Services as _,
    session::AuthenticationMethod,
};
use serde_json::json;

use crate::{Application, pages};

const SESSION: &str = "notes-session";
const BROWSER: &str = "notes-browser";
const PENDING: &str = "notes-request-";

/// The protocol's routes; the paths are those that the metadata names.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route(Endpoint::Authorize.path(), web::get().to(authorize))
        .route("/sign-in", web::post().to(sign_in))
        .route("/consent", web::post().to(consent))
        .route(Endpoint::Token.path(), web::post().to(token))
        .route(Endpoint::Metadata.path(), web::get().to(metadata))
        .route(Endpoint::Jwks.path(), web::get().to(jwks));
}

async fn authorize(application: web::Data<Application>, request: HttpRequest) -> HttpResponse {
    let params = match Params::parse(request.query_string().as_bytes()) {
        Ok(params) => params,
        Err(error) => return pages::problem(&error.to_string()),
    };
    let progress = application.engine.begin_authorization(&params, Arrival::Get, &browser(&request)).await;
    render(&application, &request, progress)
}

/// Our own table of users decides who somebody is; the engine gives them a session and goes on with the request.
async fn sign_in(application: web::Data<Application>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let Ok(params) = Params::parse(&body) else { return pages::problem("the form cannot be read") };
    let value = |name| params.one(name).unwrap_or_default().to_owned();
    let Some(id) = PendingId::parse(&value("request")) else { return pages::problem("the request is unknown") };
    let engine = &application.engine;
    let mut browser = browser(&request);
    let binding = sign_in_form(browser_id(&request, &application), &id);
    if engine.check_form(&binding, &value("csrf")).is_err() {
        return pages::problem("the form has expired, or was not made here");
    }
    let (people, email, password) = (application.clone(), value("email"), value("password"));
    let checked = web::block(move || people.people.sign_in(&email, &password)).await;
    let Ok(Some(user)) = checked else {
        let notice = "The address or the password is wrong.";
        return pages::sign_in(&id, &engine.form_token(&binding), notice);
    };
    let methods = vec![AuthenticationMethod::Pwd];
    let (remember, user_agent, address, replaces) = (Remember::BrowserSession, None, None, None);
    let authenticated_at = Some(engine.now());
    let start = SessionStart { user, methods, authenticated_at, remember, user_agent, address, replaces };
    let (session, secret) = engine.new_session(start);
    if engine.services().store().begin_session(session).is_err() {
        return pages::problem("the sign-in could not be kept");
    }
    browser.session = Some(secret.clone());
    let progress = engine.resume_authorization(id, &browser).await;
    let mut answer = render(&application, &request, progress);
    set_cookie(&mut answer, SESSION.to_owned(), secret.expose().to_owned());
    answer
}

async fn consent(application: web::Data<Application>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let Ok(params) = Params::parse(&body) else { return pages::problem("the form cannot be read") };
    let Some(id) = params.one("request").and_then(PendingId::parse) else {
        return pages::problem("the request is unknown");
    };
    let answer = if params.one("decision") == Some("allow") { Answer::Allow } else { Answer::Deny };
    let csrf = params.one("csrf").unwrap_or_default();
    let progress = application.engine.answer_consent(id, answer, csrf, &browser(&request)).await;
    render(&application, &request, progress)
}

async fn token(
    application: web::Data<Application>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Told> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let answer = async {
        let params = Params::parse(&body).map_err(TokenError::from)?;
        let asked = TokenRequest::parse(&params)?;
        let presented = PresentedClient::parse(header, &params).map_err(TokenError::from)?;
        let client = application.engine.authenticate(presented).await?;
        application.engine.token(client, asked).await
    };
    let tokens = answer.await.map_err(|error| Told::of(&error))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(tokens))
}

async fn metadata(application: web::Data<Application>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(application.engine.metadata().to_string())
}

async fn jwks(application: web::Data<Application>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(application.engine.jwks().to_string())
}

/// What the engine wants done for the browser, done; the request under way is kept in a cookie of its own.
fn render(
    application: &Application,
    request: &HttpRequest,
    progress: Result<Progress, AuthorizeFailure>,
) -> HttpResponse {
    let progress = match progress {
        Ok(progress) => progress,
        Err(AuthorizeFailure::Page(error)) => return pages::problem(&error.to_string()),
        Err(AuthorizeFailure::Contended | AuthorizeFailure::Store(_)) => {
            return pages::problem("try again in a moment");
        }
    };
    let mut answer = match &progress.step {
        Step::Ask(interaction) => ask(application, request, interaction),
        Step::Respond(response) => to_client(response),
        // Only requests by POST lead there, and ours come by GET.
        Step::Continue(_) => pages::problem(&PageError::RequestExpired.to_string()),
    };
    if let Some(cookie) = progress.keep {
        set_cookie(&mut answer, format!("{PENDING}{}", cookie.id), cookie.value);
    }
    for id in progress.drop {
        let mut gone = Cookie::build(format!("{PENDING}{id}"), "").path("/").finish();
        gone.make_removal();
        add(&mut answer, &gone);
    }
    answer
}

fn ask(application: &Application, request: &HttpRequest, interaction: &Interaction) -> HttpResponse {
    match &interaction.ask {
        Ask::Consent { scope, csrf, .. } => pages::consent(&interaction.request, csrf, &interaction.client.name, scope),
        // Whoever wants another account signs in with it.
        Ask::SignIn { .. } | Ask::ChooseAccount { .. } => {
            let browser = browser_id(request, application);
            let csrf = application.engine.form_token(&sign_in_form(browser, &interaction.request));
            let mut answer = pages::sign_in(&interaction.request, &csrf, "");
            set_cookie(&mut answer, BROWSER.to_owned(), browser.to_text());
            answer
        }
    }
}

fn to_client(response: &AuthorizationResponse) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, response.location()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

fn sign_in_form(browser: BrowserId, request: &PendingId) -> FormBinding<'_> {
    FormBinding { form: Form::SignIn, holder: Holder::Browser(browser), request: Some(request), shown: "" }
}

/// What the cookies say.
fn browser(request: &HttpRequest) -> Browser {
    let cookies = request.cookies().map(|cookies| cookies.clone()).unwrap_or_default();
    let pending = |cookie: &Cookie<'_>| {
        let id = PendingId::parse(cookie.name().strip_prefix(PENDING)?)?;
        Some(PendingCookie { id, value: cookie.value().to_owned() })
    };
    Browser {
        session: request.cookie(SESSION).and_then(|cookie| SessionCookie::parse(cookie.value())),
        pending: cookies.iter().filter_map(pending).take(16).collect(),
        ..Browser::default()
    }
}

/// The mark of the browser, to which the sign-in form is bound; a new one if it has none.
fn browser_id(request: &HttpRequest, application: &Application) -> BrowserId {
    let known = request.cookie(BROWSER).and_then(|cookie| BrowserId::parse(cookie.value()));
    known.unwrap_or_else(|| BrowserId::generate(application.engine.services().random()))
}

/// Over https these would be `__Host-` cookies with `Secure`.
fn set_cookie(answer: &mut HttpResponse, name: String, value: String) {
    add(answer, &Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).finish());
}

fn add(answer: &mut HttpResponse, cookie: &Cookie<'_>) {
    // Our names and values are plain ASCII.
    let _plain = answer.add_cookie(cookie);
}

/// An error on its way to a client (RFC 6749 5.2, RFC 6750 3).
#[derive(Debug)]
pub struct Told(WireError);

impl Told {
    /// The form of `error` on the wire; its cause would go to the log.
    pub fn of(error: &impl Wire) -> Self {
        Self(error.wire())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.as_str())
    }
}

impl ResponseError for Told {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        match self.0.challenge {
            Some(Challenge::Basic) => answer.insert_header((header::WWW_AUTHENTICATE, "Basic")),
            Some(Challenge::Bearer | Challenge::BearerOnly) => {
                answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            }
            None => &mut answer,
        };
        answer.json(json!({ "error": self.0.code.as_str(), "error_description": self.0.description }))
    }
}
