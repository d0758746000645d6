//! RP-initiated logout (OpenID Connect RP-Initiated Logout 2) and the signed-out page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web,
};
use authly_directory::services::DirectoryServices;
use authly_pages::{SignOut, SignedOut};
use oauth_core::{
    authorize::error::PageError,
    endpoint::Endpoint,
    engine::{authorize::Arrival, logout::LogoutStep},
    params::Params,
};

use super::{
    cookies::{browser, clear_session},
    failure, view,
};
use crate::{app::App, body, page, respond};

/// `GET` and `POST /auth/logout`; our own question posts `decision` and `csrf`.
pub async fn logout<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let browser = browser(&app, &request);
    let step = if request.method() == Method::POST {
        let Ok(form) = body::form(&request, payload).await else {
            return failure::render(&app, &request, &PageError::Form.into());
        };
        match form.one("decision") {
            Some("sign_out") => app.engine.confirm_logout(form.one("csrf").unwrap_or_default(), &browser).await,
            Some(_) => return respond::see_other(&app.engine.settings().issuer.url(Endpoint::Home.path())),
            None => app.engine.logout(&form, Arrival::Post, &browser).await,
        }
    } else {
        // Whatever cannot be read proves nothing, so the user is asked.
        let params = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
        app.engine.logout(&params, Arrival::Get, &browser).await
    };
    match step {
        Ok(step) => render(&app, &request, step),
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// `GET /signed-out`.
pub async fn signed_out<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let setting = page::Setting::of(&request, None);
    let view = SignedOut { sign_in_url: Some(Endpoint::Account.path()) };
    page::html(StatusCode::OK, authly_pages::signed_out(&view, &setting.frame(&app)), None)
}

fn render<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, step: LogoutStep) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    match step {
        LogoutStep::Ask { account, client, csrf } => {
            let setting = page::Setting::of(request, None);
            let view = SignOut {
                action: Endpoint::Logout.path(),
                request: "",
                csrf: &csrf,
                account: &view::account(&account),
                client: client.as_deref().map(view::client),
            };
            page::html(StatusCode::OK, authly_pages::sign_out(&view, &setting.frame(app)), None)
        }
        LogoutStep::Continue { query } => {
            respond::see_other(&issuer.url(&format!("{}?{query}", Endpoint::Logout.path())))
        }
        LogoutStep::SignedOut { redirect } => {
            let target = redirect.unwrap_or_else(|| issuer.url(Endpoint::SignedOut.path()));
            let mut answer = respond::see_other(&target);
            clear_session(&mut answer, issuer);
            answer
        }
    }
}
