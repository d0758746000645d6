//! The account page: profile, password, sessions, connected applications.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    change_password::{ChangeRefused, PasswordChangeRequest},
    password::PasswordRefused,
    recover::RecoverRefused,
    services::DirectoryServices,
    store::AccountRepository as _,
};
use authly_pages::{Account, AccountNotice, AccountPasswordError, Connection, Note, Scope, Session as SessionView};
use oauth_core::{
    audit::AuditKind,
    authorize::error::PageError,
    catalog::Catalog,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    ids::{ClientKey, SessionId},
    params::Params,
    scope::ScopeSet,
    secret::Secret,
    session::Session,
    store::{Grant, GrantRepository as _, RevocationReason, SessionRepository as _},
};

use super::{
    cookies::{self, browser},
    failure::{self, PageFailure},
    landing, mail_link, recover, sign_in, user_agent, view,
};
use crate::{app::App, body, page, respond};

/// `GET /account`.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    match app.engine.session(&browser(&app, &request)).await {
        Ok(Some(session)) => render(&app, &request, &session, None).await,
        Ok(None) => landing::sign_in_first(&app, &request),
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// `POST /account/password`.
pub async fn change_password<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let (session, form) = match opened(&app, &request, payload).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    let text = |name| Secret::new(form.one(name).unwrap_or_default().to_owned());
    let change = PasswordChangeRequest {
        present: text("current_password"),
        new: text("new_password"),
        address: cookies::address(&request),
    };
    let changed = app.directory.change_password(&session, &change).await;
    let set_at = changed.as_ref().ok().copied();
    let notice = match changed {
        Ok(_) => AccountNotice::PasswordChanged,
        Err(ChangeRefused::WrongPassword | ChangeRefused::Contended) => {
            AccountNotice::PasswordRefused(AccountPasswordError::Wrong)
        }
        Err(ChangeRefused::Policy(refused)) => AccountNotice::PasswordRefused(match refused {
            PasswordRefused::TooShort(_) => AccountPasswordError::Short,
            PasswordRefused::TooLong(_) => AccountPasswordError::Long,
            PasswordRefused::Nul | PasswordRefused::Personal => AccountPasswordError::Common,
        }),
        Err(ChangeRefused::TooMany(wait)) => {
            return page::busy(&app, &request, respond::retry_seconds(wait), StatusCode::TOO_MANY_REQUESTS);
        }
        Err(ChangeRefused::Busy(_)) => return failure::render(&app, &request, &PageFailure::Busy),
        Err(ChangeRefused::Store(error)) => return failure::render(&app, &request, &PageFailure::Store(error)),
    };
    let mut answer = render(&app, &request, &session, Some(notice)).await;
    if set_at.is_some() {
        // The former password's marks count no more; whoever changed it here is known by the new one.
        let mark = app.directory.mark(session.subject.id, sign_in::known_device(&app, &request), set_at);
        sign_in::keep_mark(&app, &mut answer, mark);
    }
    answer
}

/// `POST /account/verification`: sends the link that verifies the address again.
pub async fn send_verification<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let (session, _) = match opened(&app, &request, payload).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    match app.directory.request_verification_link(session.subject.id, &cookies::visitor(&request)).await {
        Ok(()) => {
            let address = session.subject.profile.email.as_deref().unwrap_or_default();
            let note = Note::VerificationSent(address);
            mail_link::note(&app, &request, note, StatusCode::OK, Endpoint::Account.path())
        }
        Err(RecoverRefused::NoMail) => page::not_found(&app, &request),
        Err(RecoverRefused::Store(error)) => failure::render(&app, &request, &PageFailure::Store(error)),
        Err(RecoverRefused::TooMany(wait)) => {
            page::busy(&app, &request, respond::retry_seconds(wait), StatusCode::TOO_MANY_REQUESTS)
        }
    }
}

/// `POST /account/sessions`: ends another session of the same user.
pub async fn end_session<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let (session, form) = match opened(&app, &request, payload).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    let store = app.engine.services().store();
    let wanted = form.one("session").and_then(SessionId::parse);
    let own = match store.sessions_of(session.subject.id).await {
        Ok(sessions) => sessions.into_iter().find(|other| Some(other.id) == wanted),
        Err(error) => return failure::render(&app, &request, &error.into()),
    };
    if let Some(other) = own {
        let now = app.engine.now();
        let mut audit = app.engine.audit(AuditKind::SignedOut, cookies::address(&request), now);
        audit.user = Some(session.subject.id);
        if let Err(error) = store.end_session(other.id, now, RevocationReason::User, Some(audit)).await {
            return failure::render(&app, &request, &error.into());
        }
    }
    render(&app, &request, &session, Some(AccountNotice::SessionEnded)).await
}

/// `POST /account/applications`: withdraws what an application was allowed.
pub async fn disconnect<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let (session, form) = match opened(&app, &request, payload).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    if let Some(client) = form.one("application").and_then(ClientKey::parse) {
        let now = app.engine.now();
        let mut audit = app.engine.audit(AuditKind::GrantRevoked, cookies::address(&request), now);
        (audit.user, audit.client) = (Some(session.subject.id), Some(client));
        let store = app.engine.services().store();
        if let Err(error) = store.withdraw_consent(session.subject.id, client, now, Some(audit)).await {
            return failure::render(&app, &request, &error.into());
        }
    }
    render(&app, &request, &session, Some(AccountNotice::ApplicationDisconnected)).await
}

/// The session and the form of a POST whose token fits.
async fn opened<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(Session, Params), HttpResponse> {
    let session = match app.engine.session(&browser(app, request)).await {
        Ok(Some(session)) => session,
        Ok(None) => return Err(landing::sign_in_first(app, request)),
        Err(error) => return Err(failure::render(app, request, &error.into())),
    };
    let Ok(form) = body::form(request, payload).await else {
        return Err(failure::render(app, request, &PageError::Form.into()));
    };
    if app.engine.check_form(&binding(&session), form.one("csrf").unwrap_or_default()).is_err() {
        let mut answer = render(app, request, &session, Some(AccountNotice::Expired)).await;
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        return Err(answer);
    }
    Ok((session, form))
}

fn binding(session: &Session) -> FormBinding<'static> {
    FormBinding { form: Form::Account, holder: Holder::Session(session.id), request: None, shown: "" }
}

async fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    session: &Session,
    notice: Option<AccountNotice>,
) -> HttpResponse {
    let store = app.engine.services().store();
    let user = session.subject.id;
    let account = app.engine.services().accounts().account(user).await;
    let (sessions, grants, account) = match (store.sessions_of(user).await, store.grants_of(user).await, account) {
        (Ok(sessions), Ok(grants), Ok(account)) => (sessions, grants, account),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
            return failure::render(app, request, &error.into());
        }
    };
    let now = app.engine.now();
    let rows: Vec<_> = sessions
        .iter()
        .filter(|other| other.is_alive(now))
        .map(|other| {
            let name = user_agent::in_words(other.user_agent.as_deref().unwrap_or_default());
            (other, other.id.to_string(), other.last_seen_at.to_rfc3339(), name)
        })
        .collect();
    let session_views: Vec<_> = rows
        .iter()
        .map(|(other, value, last_used, name)| SessionView {
            value,
            browser: name,
            address: other.address.as_deref().unwrap_or_default(),
            last_used,
            current: other.id == session.id,
        })
        .collect();
    let catalog = app.engine.catalog();
    let applications = applications(&catalog, &grants);
    let permissions: Vec<Vec<Scope<'_>>> =
        applications.iter().map(|row| row.scope.iter().map(|scope| view::scope(scope, &catalog)).collect()).collect();
    let connections: Vec<_> = applications
        .iter()
        .zip(&permissions)
        .map(|(row, permissions)| Connection { value: &row.value, name: row.name, permissions, since: &row.since })
        .collect();
    let profile = &session.subject.profile;
    let view = Account {
        base: Endpoint::Account.path(),
        csrf: &app.engine.form_token(&binding(session)),
        name: profile.name.as_deref().unwrap_or_default(),
        email: profile.email.as_deref().unwrap_or_default(),
        username: profile.preferred_username.as_deref().unwrap_or_default(),
        has_password: account.is_some_and(|(_, credential)| credential.hash.is_some()),
        password_min: u64::try_from(app.http.password_min).unwrap_or(u64::MAX),
        sign_out_url: Endpoint::Logout.path(),
        sessions: &session_views,
        connections: &connections,
        offer_verification: !profile.email_verified && recover::sends_mail(app),
        migration_url: (session.subject.is_admin && app.desk.is_some()).then(|| Endpoint::AdminMigration.path()),
        notice,
    };
    let setting = page::Setting::of(request, None);
    page::html(StatusCode::OK, authly_pages::account(&view, &setting.frame(app)), None)
}

struct Application<'a> {
    value: String,
    name: &'a str,
    scope: ScopeSet,
    since: String,
}

/// One row per client, with everything its grants allow and the oldest of them.
fn applications<'a>(catalog: &'a Catalog, grants: &[Grant]) -> Vec<Application<'a>> {
    let mut rows: Vec<(ClientKey, Application<'_>)> = Vec::new();
    for grant in grants {
        let Some(client) = catalog.client_by_key(grant.client) else { continue };
        let since = grant.created_at.to_rfc3339();
        if let Some((_, row)) = rows.iter_mut().find(|(key, _)| *key == grant.client) {
            row.scope = row.scope.iter().chain(grant.scope.iter()).cloned().collect();
            row.since = row.since.clone().min(since);
        } else {
            let (value, scope) = (grant.client.to_string(), grant.scope.clone());
            rows.push((grant.client, Application { value, name: &client.name, scope, since }));
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}
