//! The page that an invitation leads to. GET shows it and uses nothing up; POST says that its reader has come, sets the password
//! of an account whose old one could not be carried over, and goes on to the sign-in page with the address filled in.
//!
//! Where nobody has verified the address, its reader also shows that the account is theirs by a session or by its password, or sets a new
//! one (see `authly_directory::invite::open`).

use actix_web::{HttpRequest, HttpResponse, web};
use authly_directory::{
    account::Account,
    mail::link::LinkKind,
    recover::LinkFailed,
    services::DirectoryServices,
    verify::{Asks, OwnerProof},
};
use authly_pages::{Invitation, Note, ReachedBy, VerifyAddress};
use oauth_core::{
    authorize::error::PageError, csrf::Form, endpoint::Endpoint, ids::UserId, params::Params, secret::Secret,
};

use super::{
    cookies::{self, browser_id, keep_browser_id},
    failure,
    mail_link::{self, binding, signed_in, token_of, wants_new_password, with_new_password},
    new_password::{self, Said},
    sign_in,
};
use crate::{app::App, body, page, respond};

/// `GET /invitation?token=..`: shows what is to be done, and uses nothing up.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let new_password = wants_new_password(&request);
    render(&app, &request, &token_of(&request), Said { new_password, ..Said::default() }).await
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
        return render(&app, &request, token, Said::expired(form.one("password").is_some())).await;
    }
    let here = match signed_in(&app, &request).await {
        Ok(here) => here,
        Err(answer) => return answer,
    };
    if account.reset_required || (!account.is_verified && form.one("password").is_some()) {
        return set(&app, &request, token, form.one("password").unwrap_or_default(), here).await;
    }
    follow(&app, &request, token, &form, here).await
}

/// Goes on to the sign-in page.
async fn follow<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    form: &Params,
    here: Option<UserId>,
) -> HttpResponse {
    let proof = match (form.one("current_password"), here) {
        (Some(password), _) => Some(OwnerProof::Password(Secret::new(password.to_owned()))),
        (None, here) => here.map(OwnerProof::Session),
    };
    match app.directory.open_invitation(token, proof.as_ref(), &cookies::visitor(request)).await {
        Ok(account) => respond::see_other(&app.engine.settings().issuer.url(&sign_in::hinted(&account.email))),
        Err(LinkFailed::WrongPassword) => render(app, request, token, Said::wrong_password()).await,
        // Signed out, or in as somebody else, since the form was made.
        Err(LinkFailed::Unproven) => render(app, request, token, Said::default()).await,
        Err(error) => failed(app, request, error),
    }
}

/// Sets a password.
async fn set<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    password: &str,
    here: Option<UserId>,
) -> HttpResponse {
    let way_on = |account: &Account| sign_in::hinted(&account.email);
    match new_password::set(app, request, (LinkKind::Invitation, token), password, here, way_on).await {
        Ok(answer) => answer,
        Err(LinkFailed::Policy(refused)) => render(app, request, token, Said::poor(&refused)).await,
        Err(error) => failed(app, request, error),
    }
}

fn failed<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, error: LinkFailed) -> HttpResponse {
    mail_link::failed(app, request, error, Note::InvitationOver, Endpoint::SignIn)
}

async fn render<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, token: &str, said: Said) -> HttpResponse {
    let here = match signed_in(app, request).await {
        Ok(here) => here,
        Err(answer) => return answer,
    };
    let (account, asks) = match app.directory.look_at_invitation(token, here).await {
        Ok(link) => (link.account, link.asks),
        Err(error) => return failed(app, request, error),
    };
    let (holder, fresh) = browser_id(app, request);
    let csrf = app.engine.form_token(&binding(Form::Invitation, holder, token));
    let setting = page::Setting::of(request, None);
    let frame = setting.frame(app);
    let (action, notice) = (Endpoint::Invitation.path(), said.notice);
    let html = if asks == Asks::NewPassword || (said.new_password && !account.is_verified) {
        let by = if account.reset_required { ReachedBy::Invitation } else { ReachedBy::Verification };
        let view = new_password::form(app, Endpoint::Invitation, (&csrf, token), (&account.email, by), &said);
        authly_pages::set_password(&view, &frame)
    } else if asks == Asks::Password {
        let new_password_url = with_new_password(Endpoint::Invitation, token);
        let view = VerifyAddress {
            action,
            csrf: &csrf,
            token,
            address: &account.email,
            new_password_url: Some(&new_password_url),
            invited: true,
            wrong_password: said.wrong_password,
            notice,
        };
        authly_pages::verify_address(&view, &frame)
    } else {
        let view = Invitation { action, csrf: &csrf, token, account: &account.email, notice };
        authly_pages::invitation(&view, &frame)
    };
    let mut answer = page::html(said.status, html, None);
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}
