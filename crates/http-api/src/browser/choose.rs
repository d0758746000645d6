//! The account chooser (`prompt=select_account`, OpenID Connect Core 3.1.2.1).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use authly_pages::{Chooser, FormTarget, KnownAccount};
use oauth_core::{
    authorize::error::PageError, endpoint::Endpoint, engine::authorize::Interaction, pending::PendingId,
    subject::Subject,
};

use super::{authorize, cookies::browser, failure, view};
use crate::{app::App, body, page, respond};

/// `POST /choose-account`: the user takes the account that is signed in, or another one.
pub async fn choose<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let Some(id) = form.one("request").and_then(PendingId::parse) else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    if form.one("account").is_none_or(|account| account != CURRENT) {
        let url = format!("{}?request={id}", Endpoint::SignIn.path());
        return respond::see_other(&app.engine.settings().issuer.url(&url));
    }
    let csrf = form.one("csrf").unwrap_or_default();
    match app.engine.choose_account(id, csrf, &browser(&app, &request)).await {
        Ok(progress) => authorize::render(&app, &request, progress),
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// The value that stands for the account of the session.
const CURRENT: &str = "current";

/// Renders the page.
pub fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    interaction: &Interaction,
    account: &Subject,
    csrf: &str,
) -> HttpResponse {
    let name = view::account(account);
    let display = account.profile.name.clone().unwrap_or_else(|| name.clone());
    let accounts = [KnownAccount { value: CURRENT, name: &display, detail: &name, signed_in: true }];
    let view = Chooser {
        action: Endpoint::ChooseAccount.path(),
        request: &interaction.request.to_string(),
        csrf,
        client: Some(view::client(&interaction.client)),
        accounts: &accounts,
    };
    let setting = page::Setting::of(request, interaction.ui_locales.as_deref());
    let target = authorize::form_action(interaction);
    page::html(
        StatusCode::OK,
        authly_pages::chooser(&view, &setting.frame(app)),
        target.as_deref().and_then(FormTarget::parse),
    )
}
