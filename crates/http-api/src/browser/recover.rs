//! A forgotten password: the page that asks for a link, and the page that the link leads to.
//!
//! Looking at a link uses nothing up (SECURITY.md row 33): programs that open mails before people do only see the form.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::{
    mail::link::LinkKind,
    recover::{LinkFailed, RecoverRefused},
    services::DirectoryServices,
    settings::MailSending,
};
use authly_pages::{ForgotPassword, MailNotice, Note, ReachedBy};
use oauth_core::{
    authorize::error::PageError,
    browser::BrowserId,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    pending::PendingId,
    secret::Secret,
};

use super::{
    consent,
    cookies::{self, browser_id, keep_browser_id},
    failure::{self, PageFailure},
    mail_link::{self, binding, note, token_of},
    new_password::{self, Said},
};
use crate::{app::App, body, page, respond};

/// Whether mail can be sent from here.
pub fn sends_mail<V: DirectoryServices>(app: &App<V>) -> bool {
    app.directory.settings().mail.sending == MailSending::On
}

/// `GET /forgot-password`.
pub async fn ask<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    if !sends_mail(&app) {
        return page::not_found(&app, &request);
    }
    let id = consent::request_id(request.query_string().as_bytes());
    render_ask(&app, &request, id, "", None, StatusCode::OK)
}

/// `POST /forgot-password`: the answer is the same whether there is an account or not.
pub async fn send<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    if !sends_mail(&app) {
        return page::not_found(&app, &request);
    }
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let id = form.one("request").and_then(PendingId::parse);
    let identifier = form.one("identifier").unwrap_or_default();
    let (holder, _) = browser_id(&app, &request);
    if app.engine.check_form(&asking(holder, id.as_ref()), form.one("csrf").unwrap_or_default()).is_err() {
        return render_ask(&app, &request, id, identifier, Some(MailNotice::Expired), StatusCode::BAD_REQUEST);
    }
    match app.directory.request_password_link(identifier, &cookies::visitor(&request)).await {
        Ok(()) => note(&app, &request, Note::PasswordLinkSent, StatusCode::OK, &sign_in_path(id)),
        Err(RecoverRefused::NoMail) => page::not_found(&app, &request),
        Err(RecoverRefused::Store(error)) => failure::render(&app, &request, &PageFailure::Store(error)),
        Err(RecoverRefused::TooMany(wait)) => {
            let seconds = respond::retry_seconds(wait);
            let notice = Some(MailNotice::TooMany { seconds });
            let answer = render_ask(&app, &request, id, identifier, notice, StatusCode::TOO_MANY_REQUESTS);
            retry_after(answer, seconds)
        }
    }
}

/// `GET /reset-password?token=..`: shows the form, and uses nothing up.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let token = token_of(&request);
    match app.directory.open_link(&token, LinkKind::SetPassword).await {
        Ok(link) => render_set(&app, &request, &token, &link.account.email, &Said::default()),
        Err(error) => failed(&app, &request, &token, "", error),
    }
}

/// `POST /reset-password`: sets the password, once.
pub async fn set<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let token = form.one("token").unwrap_or_default();
    let account = match app.directory.open_link(token, LinkKind::SetPassword).await {
        Ok(link) => link.account.email,
        Err(error) => return failed(&app, &request, token, "", error),
    };
    let (holder, _) = browser_id(&app, &request);
    if app.engine.check_form(&binding(Form::SetPassword, holder, token), form.one("csrf").unwrap_or_default()).is_err()
    {
        return render_set(&app, &request, token, &account, &Said::expired(true));
    }
    let password = Secret::new(form.one("password").unwrap_or_default().to_owned());
    let visitor = cookies::visitor(&request);
    match app.directory.set_password_by_link(LinkKind::SetPassword, token, &password, &visitor).await {
        Ok(_) => {
            let mut answer = note(&app, &request, Note::PasswordSet, StatusCode::OK, Endpoint::SignIn.path());
            // The session of this browser has ended with all others.
            cookies::clear_session(&mut answer, &app.engine.settings().issuer);
            answer
        }
        Err(error) => failed(&app, &request, token, &account, error),
    }
}

/// Says when to come back.
pub fn retry_after(mut answer: HttpResponse, seconds: u64) -> HttpResponse {
    answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    answer
}

/// The sign-in page, for the request under way.
pub fn sign_in_path(id: Option<PendingId>) -> String {
    let query = id.map(|id| format!("?request={id}")).unwrap_or_default();
    format!("{}{query}", Endpoint::SignIn.path())
}

fn failed<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    account: &str,
    error: LinkFailed,
) -> HttpResponse {
    if let LinkFailed::Policy(refused) = &error {
        return render_set(app, request, token, account, &Said::poor(refused));
    }
    let way_on = if sends_mail(app) { Endpoint::ForgotPassword } else { Endpoint::SignIn };
    mail_link::failed(app, request, error, Note::PasswordLinkOver, way_on)
}

fn render_ask<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    identifier: &str,
    notice: Option<MailNotice>,
    status: StatusCode,
) -> HttpResponse {
    let (holder, fresh) = browser_id(app, request);
    let view = ForgotPassword {
        action: Endpoint::ForgotPassword.path(),
        request: &id.map(|id| id.to_string()).unwrap_or_default(),
        csrf: &app.engine.form_token(&asking(holder, id.as_ref())),
        identifier,
        notice,
        sign_in_url: &sign_in_path(id),
    };
    let setting = page::Setting::of(request, None);
    let mut answer = page::html(status, authly_pages::forgot_password(&view, &setting.frame(app)), None);
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}

fn render_set<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    token: &str,
    account: &str,
    said: &Said,
) -> HttpResponse {
    let (holder, fresh) = browser_id(app, request);
    let csrf = app.engine.form_token(&binding(Form::SetPassword, holder, token));
    let view = new_password::form(app, Endpoint::ResetPassword, (&csrf, token), (account, ReachedBy::Link), said);
    let setting = page::Setting::of(request, None);
    let mut answer = page::html(said.status, authly_pages::set_password(&view, &setting.frame(app)), None);
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}

fn asking(holder: BrowserId, request: Option<&PendingId>) -> FormBinding<'_> {
    FormBinding { form: Form::ForgotPassword, holder: Holder::Browser(holder), request, shown: "" }
}
