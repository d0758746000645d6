//! The page that an invitation leads to. GET shows it and uses nothing up; POST says that its reader has come, sets the password
//! of an account whose old one could not be carried over, and goes on to the sign-in page with the address filled in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{account::Account, mail::link::LinkKind, recover::LinkFailed, services::DirectoryServices};
use authly_pages::{Invitation, MailNotice, Note, ReachedBy, SetPassword, SetPasswordError};
use oauth_core::{authorize::error::PageError, csrf::Form, endpoint::Endpoint, secret::Secret};

use super::{
    cookies::{self, browser_id, keep_browser_id},
    failure,
    mail_link::{self, binding, note, token_of},
    sign_in,
};
use crate::{app::App, body, page, respond};

/// What the page says beside the account.
#[derive(Default)]
struct Said {
    error: Option<SetPasswordError>,
    notice: Option<MailNotice>,
    status: StatusCode,
}

/// `GET /invitation?token=..`: shows what is to be done, and uses nothing up.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let token = token_of(&request);
    match app.directory.open_link(&token, LinkKind::Invitation).await {
        Ok(link) => render(&app, &request, &token, &link.account, &Said::default()),
        Err(error) => failed(&app, &request, error),
    }
}

/// `POST /invitation`: follows the invitation, once.
pub async fn accept<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let token = form.one("token").unwrap_or_default();
    let account = match app.directory.open_link(token, LinkKind::Invitation).await {
        Ok(link) => link.account,
        Err(error) => return failed(&app, &request, error),
    };
    let (holder, _) = browser_id(&app, &request);
    if app.engine.check_form(&binding(Form::Invitation, holder, token), form.one("csrf").unwrap_or_default()).is_err() {
        let said = Said { notice: Some(MailNotice::Expired), status: StatusCode::BAD_REQUEST, error: None };
        return render(&app, &request, token, &account, &said);
    }
    let visitor = cookies::visitor(&request);
    if !account.reset_required {
        return match app.directory.open_invitation(token, &visitor).await {
            Ok(account) => respond::see_other(&app.engine.settings().issuer.url(&sign_in::hinted(&account.email))),
            Err(error) => failed(&app, &request, error),
        };
    }
    let password = Secret::new(form.one("password").unwrap_or_default().to_owned());
    match app.directory.set_password_by_invitation(token, &password, &visitor).await {
        Ok(account) => {
            let way_on = sign_in::hinted(&account.email);
            let mut answer = note(&app, &request, Note::PasswordSet, StatusCode::OK, &way_on);
            // The session of this browser has ended with all others.
            cookies::clear_session(&mut answer, &app.engine.settings().issuer);
            answer
        }
        Err(LinkFailed::Policy(refused)) => {
            let error = Some(mail_link::poor(&refused));
            let said = Said { error, status: StatusCode::UNPROCESSABLE_ENTITY, notice: None };
            render(&app, &request, token, &account, &said)
        }
        Err(error) => failed(&app, &request, error),
    }
}

fn failed<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, error: LinkFailed) -> HttpResponse {
    mail_link::failed(app, request, error, Note::InvitationOver, Endpoint::SignIn)
}

fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    account: &Account,
    said: &Said,
) -> HttpResponse {
    let (holder, fresh) = browser_id(app, request);
    let csrf = app.engine.form_token(&binding(Form::Invitation, holder, token));
    let (action, notice) = (Endpoint::Invitation.path(), said.notice);
    let setting = page::Setting::of(request, None);
    let frame = setting.frame(app);
    let html = if account.reset_required {
        let view = SetPassword {
            action,
            csrf: &csrf,
            token,
            account: &account.email,
            password_min: u64::try_from(app.http.password_min).unwrap_or(u64::MAX),
            reached_by: ReachedBy::Invitation,
            error: said.error,
            notice,
        };
        authly_pages::set_password(&view, &frame)
    } else {
        let view = Invitation { action, csrf: &csrf, token, account: &account.email, notice };
        authly_pages::invitation(&view, &frame)
    };
    let mut answer = page::html(said.status, html, None);
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}
