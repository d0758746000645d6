//! The page that verifies an address by the link that was mailed to it. GET shows a button, POST verifies.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{mail::link::LinkKind, recover::LinkFailed, services::DirectoryServices};
use authly_pages::{MailNotice, Note, VerifyAddress};
use oauth_core::{authorize::error::PageError, csrf::Form, endpoint::Endpoint};

use super::{
    cookies::{self, browser_id, keep_browser_id},
    failure,
    mail_link::{self, binding, note, token_of},
};
use crate::{app::App, body, page};

/// `GET /verify-email?token=..`: shows the button, and uses nothing up.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let token = token_of(&request);
    match app.directory.open_link(&token, LinkKind::VerifyAddress).await {
        Ok(link) => render(&app, &request, &token, &link.account.email, None, StatusCode::OK),
        Err(error) => failed(&app, &request, error),
    }
}

/// `POST /verify-email`: verifies the address, once.
pub async fn confirm<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let token = form.one("token").unwrap_or_default();
    let (holder, _) = browser_id(&app, &request);
    if app
        .engine
        .check_form(&binding(Form::VerifyAddress, holder, token), form.one("csrf").unwrap_or_default())
        .is_err()
    {
        return match app.directory.open_link(token, LinkKind::VerifyAddress).await {
            Ok(link) => {
                let notice = Some(MailNotice::Expired);
                render(&app, &request, token, &link.account.email, notice, StatusCode::BAD_REQUEST)
            }
            Err(error) => failed(&app, &request, error),
        };
    }
    match app.directory.verify_address(token, &cookies::visitor(&request)).await {
        Ok(account) => note(&app, &request, Note::Verified(&account.email), StatusCode::OK, Endpoint::SignIn.path()),
        Err(error) => failed(&app, &request, error),
    }
}

fn failed<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, error: LinkFailed) -> HttpResponse {
    mail_link::failed(app, request, error, Note::VerificationOver, Endpoint::SignIn)
}

fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    address: &str,
    notice: Option<MailNotice>,
    status: StatusCode,
) -> HttpResponse {
    let (holder, fresh) = browser_id(app, request);
    let csrf = app.engine.form_token(&binding(Form::VerifyAddress, holder, token));
    let view = VerifyAddress { action: Endpoint::VerifyEmail.path(), csrf: &csrf, token, address, notice };
    let setting = page::Setting::of(request, None);
    let mut answer = page::html(status, authly_pages::verify_address(&view, &setting.frame(app)), None);
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}
