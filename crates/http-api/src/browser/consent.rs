//! The consent page, which also resumes a request under way by GET.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use authly_pages::{Consent, FormTarget, Scope};
use oauth_core::{
    authorize::{decide::Answer, error::PageError},
    endpoint::Endpoint,
    engine::authorize::Interaction,
    params::Params,
    pending::PendingId,
    scope::ScopeSet,
    subject::Subject,
};

use super::{authorize, cookies::browser, failure, view};
use crate::{app::App, body, page};

/// `GET /consent?request=..`: shows whatever page the request needs now.
pub async fn resume<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let Some(id) = request_id(request.query_string().as_bytes()) else {
        return failure::render(&app, &request, &PageError::RequestExpired.into());
    };
    match app.engine.resume_authorization(id, &browser(&app, &request)).await {
        Ok(progress) => authorize::render(&app, &request, progress),
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// `POST /consent`: the user's answer.
pub async fn answer<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let id = form.one("request").and_then(PendingId::parse);
    let answer = match form.one("decision") {
        Some("allow") => Some(Answer::Allow),
        Some("deny") => Some(Answer::Deny),
        _ => None,
    };
    let (Some(id), Some(answer)) = (id, answer) else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let csrf = form.one("csrf").unwrap_or_default();
    match app.engine.answer_consent(id, answer, csrf, &browser(&app, &request)).await {
        Ok(progress) => authorize::render(&app, &request, progress),
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// What is asked for.
pub struct Asked<'a> {
    /// What the client would get.
    pub scope: &'a ScopeSet,
    /// What of it was allowed before.
    pub remembered: &'a ScopeSet,
    /// The form's token.
    pub csrf: &'a str,
}

/// Renders the page.
pub fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    interaction: &Interaction,
    account: &Subject,
    asked: &Asked<'_>,
) -> HttpResponse {
    let catalog = app.engine.catalog();
    let scopes: Vec<Scope<'_>> = asked
        .scope
        .iter()
        .map(|scope| Scope { granted: asked.remembered.contains(scope.as_str()), ..view::scope(scope, &catalog) })
        .collect();
    let id = interaction.request.to_string();
    let logos = app.http.logos.now();
    let view = Consent {
        action: Endpoint::Consent.path(),
        request: &id,
        csrf: asked.csrf,
        client: view::client(&interaction.client, &logos),
        account: &view::account(account),
        switch_url: Some(&format!("{}?request={id}", Endpoint::SignIn.path())),
        scopes: &scopes,
        redirect_host: &interaction.redirect_host,
    };
    let setting = page::Setting::of(request, interaction.ui_locales.as_deref());
    let target = authorize::form_action(interaction);
    page::html(
        StatusCode::OK,
        authly_pages::consent(&view, &setting.frame(app)),
        target.as_deref().and_then(FormTarget::parse),
    )
}

/// The request's name in a query.
pub fn request_id(query: &[u8]) -> Option<PendingId> {
    Params::parse_unrepeated(query).ok()?.one("request").and_then(PendingId::parse)
}
