//! The page that verifies an address by the link that was mailed to it. GET shows what is to be done, POST does it, once.
//!
//! Whoever is not signed in as the account shows that it is theirs by its password, or sets a new one (see `authly_directory::verify`).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    account::Account,
    mail::link::LinkKind,
    recover::LinkFailed,
    services::DirectoryServices,
    verify::{Asks, OwnerProof},
};
use authly_pages::{Note, ReachedBy, VerifyAddress};
use oauth_core::{authorize::error::PageError, csrf::Form, endpoint::Endpoint, secret::Secret};

use super::{
    cookies::{self, browser_id, keep_browser_id},
    failure,
    mail_link::{self, binding, note, signed_in, token_of, wants_new_password, with_new_password},
    new_password::{self, Said},
};
use crate::{app::App, body, page};

/// `GET /verify-email?token=..`: shows the form, and uses nothing up.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let new_password = wants_new_password(&request);
    render(&app, &request, &token_of(&request), Said { new_password, ..Said::default() }).await
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
    let password = form.one("password");
    let (holder, _) = browser_id(&app, &request);
    let kind = if password.is_some() { Form::SetPassword } else { Form::VerifyAddress };
    if app.engine.check_form(&binding(kind, holder, token), form.one("csrf").unwrap_or_default()).is_err() {
        return render(&app, &request, token, Said::expired(password.is_some())).await;
    }
    match password {
        Some(password) => set(&app, &request, token, password).await,
        None => prove(&app, &request, token, form.one("current_password")).await,
    }
}

/// By the session of this browser, or by the account's password.
async fn prove<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    password: Option<&str>,
) -> HttpResponse {
    let proof = match (password, signed_in(app, request).await) {
        (_, Err(answer)) => return answer,
        (Some(password), _) => OwnerProof::Password(Secret::new(password.to_owned())),
        (None, Ok(Some(user))) => OwnerProof::Session(user),
        (None, Ok(None)) => return render(app, request, token, Said::default()).await,
    };
    match app.directory.verify_address(token, &proof, &cookies::visitor(request)).await {
        Ok(account) => note(app, request, Note::Verified(&account.email), StatusCode::OK, Endpoint::SignIn.path()),
        Err(LinkFailed::WrongPassword) => render(app, request, token, Said::wrong_password()).await,
        // Signed out, or in as somebody else, since the form was made.
        Err(LinkFailed::Unproven) => render(app, request, token, Said::default()).await,
        Err(error) => failed(app, request, error),
    }
}

/// By a new password.
async fn set<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, token: &str, password: &str) -> HttpResponse {
    let here = match signed_in(app, request).await {
        Ok(here) => here,
        Err(answer) => return answer,
    };
    let way_on = |_: &Account| Endpoint::SignIn.path().to_owned();
    match new_password::set(app, request, (LinkKind::VerifyAddress, token), password, here, way_on).await {
        Ok(answer) => answer,
        Err(LinkFailed::Policy(refused)) => render(app, request, token, Said::poor(&refused)).await,
        Err(error) => failed(app, request, error),
    }
}

fn failed<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, error: LinkFailed) -> HttpResponse {
    mail_link::failed(app, request, error, Note::VerificationOver, Endpoint::SignIn)
}

async fn render<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, token: &str, said: Said) -> HttpResponse {
    let here = match signed_in(app, request).await {
        Ok(here) => here,
        Err(answer) => return answer,
    };
    let link = match app.directory.open_verification(token, here).await {
        Ok(link) => link,
        Err(error) => return failed(app, request, error),
    };
    let (holder, fresh) = browser_id(app, request);
    let setting = page::Setting::of(request, None);
    let frame = setting.frame(app);
    let html = if said.new_password || link.asks == Asks::NewPassword {
        let csrf = app.engine.form_token(&binding(Form::SetPassword, holder, token));
        let whose = (link.account.email.as_str(), ReachedBy::Verification);
        let view = new_password::form(app, Endpoint::VerifyEmail, (&csrf, token), whose, &said);
        authly_pages::set_password(&view, &frame)
    } else {
        let csrf = app.engine.form_token(&binding(Form::VerifyAddress, holder, token));
        let new_password_url = (link.asks == Asks::Password).then(|| with_new_password(Endpoint::VerifyEmail, token));
        let view = VerifyAddress {
            action: Endpoint::VerifyEmail.path(),
            csrf: &csrf,
            token,
            address: &link.account.email,
            new_password_url: new_password_url.as_deref(),
            invited: false,
            wrong_password: said.wrong_password,
            notice: said.notice,
        };
        authly_pages::verify_address(&view, &frame)
    };
    let mut answer = page::html(said.status, html, None);
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}
