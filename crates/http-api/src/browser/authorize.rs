//! The authorization endpoint (RFC 6749 3.1), and the rendering of what it leads to.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web,
};
use authly_directory::services::DirectoryServices;
use authly_pages::{FormPost, FormTarget};
use oauth_core::{
    authorize::{
        error::PageError,
        response::{AuthorizationResponse, ResponseMode},
    },
    endpoint::Endpoint,
    engine::authorize::{Arrival, Ask, Interaction, Progress, Step},
    params::Params,
    redirect::RedirectUri,
};

use super::{
    choose, consent,
    cookies::{browser, keep_pending},
    failure::{self, PageFailure},
    sign_in,
};
use crate::{
    app::App,
    body::{self, Kind},
    metrics, page,
    respond::{self, Dialect},
};

/// `GET` and `POST /authorize`.
pub async fn authorize<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let (params, arrival) = if request.method() == Method::POST {
        match body::kind(&request) {
            Kind::Form => {}
            Kind::Json | Kind::None | Kind::Other => {
                return page::problem(
                    &app,
                    &request,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    authly_pages::Problem::UnsupportedMethod,
                    Some("invalid_request"),
                );
            }
        }
        match body::read(&request, payload, Dialect::OAuth).await {
            Ok(bytes) => (Params::parse(&bytes), Arrival::Post),
            Err(_) => return failure::render(&app, &request, &PageError::TooLong.into()),
        }
    } else {
        (Params::parse(request.query_string().as_bytes()), Arrival::Get)
    };
    let params = match params {
        Ok(params) => params,
        Err(error) => return failure::render(&app, &request, &PageError::Params(error).into()),
    };
    let browser = browser(&app, &request);
    match app.engine.begin_authorization(&params, arrival, &browser).await {
        Ok(progress) => render(&app, &request, progress),
        Err(error) => {
            metrics::add(&app.metrics.authorizations_failed, 1);
            failure::render(&app, &request, &error.into())
        }
    }
}

/// Renders what an authorization request came to, and keeps the cookies in step.
pub fn render<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, progress: Progress) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let mut answer = match &progress.step {
        Step::Ask(interaction) => ask(app, request, interaction, &Shown::default()),
        Step::Continue(id) => respond::see_other(&issuer.url(&format!("{}?request={id}", Endpoint::Consent.path()))),
        Step::Respond(response) => {
            let ended = if response.field("code").is_some() {
                &app.metrics.authorizations_succeeded
            } else {
                &app.metrics.authorizations_failed
            };
            metrics::add(ended, 1);
            respond_to_client(app, request, response)
        }
    };
    keep_pending(&mut answer, progress.keep, &progress.drop, issuer);
    answer
}

/// What a page shows beside what the engine says: what was typed, and why it comes again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// What was typed as identifier.
    pub identifier: Option<&'a str>,
    /// Whether "keep me signed in" was ticked.
    pub remember: bool,
    /// What to say above the form.
    pub notice: Option<authly_pages::SignInNotice>,
}

/// The page that the engine asks for.
pub fn ask<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    interaction: &Interaction,
    shown: &Shown<'_>,
) -> HttpResponse {
    match &interaction.ask {
        Ask::ChooseAccount { account, csrf } => choose::render(app, request, interaction, account, csrf),
        Ask::Consent { account, scope, remembered, csrf } => {
            consent::render(app, request, interaction, account, &consent::Asked { scope, remembered, csrf })
        }
        Ask::SignIn { login_hint, account, .. } => {
            let login_hint = shown.identifier.or(login_hint.as_deref());
            sign_in::render(app, request, Some(interaction), account.as_deref(), login_hint.unwrap_or_default(), shown)
        }
    }
}

/// The page that a `form-action` of an interaction must allow.
pub fn form_action(interaction: &Interaction) -> Option<String> {
    // A bare scheme is no address yet.
    let source = interaction.form_action.as_ref()?;
    Some(if source.ends_with(':') { format!("{source}/") } else { source.clone() })
}

/// Sends the client its answer: by 303, or by a form that the browser posts.
fn respond_to_client<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    response: &AuthorizationResponse,
) -> HttpResponse {
    match response.mode {
        ResponseMode::Query => respond::see_other(&response.location()),
        ResponseMode::FormPost => {
            let Some(target) = FormTarget::parse(response.to.as_str()) else {
                return failure::render(app, request, &PageFailure::Page(PageError::RedirectUnregistered));
            };
            let fields: Vec<_> = response.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let setting = page::Setting::of(request, None);
            let host = RedirectUri::display_host(response.to.as_str());
            let view = FormPost { target, fields: &fields, client: &host };
            page::html(StatusCode::OK, authly_pages::form_post(&view, &setting.frame(app)), Some(target))
        }
    }
}
