//! A new password by the link of a mail, on whichever page the link leads to: the form, and what follows from it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use authly_directory::{
    account::Account, mail::link::LinkKind, password::PasswordRefused, recover::LinkFailed, services::DirectoryServices,
};
use authly_pages::{MailNotice, Note, ReachedBy, SetPassword, SetPasswordError};
use oauth_core::{endpoint::Endpoint, ids::UserId, secret::Secret};

use super::{cookies, mail_link::note};
use crate::app::App;

/// What the form of a link says beside what it is about.
#[derive(Default)]
pub struct Said {
    /// Whether a new password is wanted, rather than the one that there is.
    pub new_password: bool,
    /// Whether the password that was given is not the account's.
    pub wrong_password: bool,
    /// What is wrong with the new one.
    pub poor: Option<SetPasswordError>,
    /// What to say above the form.
    pub notice: Option<MailNotice>,
    /// The answer's status.
    pub status: StatusCode,
}

impl Said {
    /// The form has expired.
    pub fn expired(new_password: bool) -> Self {
        Self { new_password, notice: Some(MailNotice::Expired), status: StatusCode::BAD_REQUEST, ..Self::default() }
    }

    /// The account has another password.
    pub fn wrong_password() -> Self {
        Self { wrong_password: true, status: StatusCode::BAD_REQUEST, ..Self::default() }
    }

    /// The new password is not taken.
    pub fn poor(refused: &PasswordRefused) -> Self {
        let (poor, status) = (Some(poor(refused)), StatusCode::UNPROCESSABLE_ENTITY);
        Self { new_password: true, poor, status, ..Self::default() }
    }
}

/// The form.
pub fn form<'a, V: DirectoryServices>(
    app: &App<V>,
    page: Endpoint,
    (csrf, token): (&'a str, &'a str),
    (account, reached_by): (&'a str, ReachedBy),
    said: &Said,
) -> SetPassword<'a> {
    SetPassword {
        action: page.path(),
        csrf,
        token,
        account,
        password_min: u64::try_from(app.http.password_min).unwrap_or(u64::MAX),
        reached_by,
        error: said.poor,
        notice: said.notice,
    }
}

/// Sets it, and shows the way on. If somebody is signed in here as that account, this session has ended with all others.
pub async fn set<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    (kind, token): (LinkKind, &str),
    password: &str,
    here: Option<UserId>,
    way_on: impl FnOnce(&Account) -> String,
) -> Result<HttpResponse, LinkFailed> {
    let password = Secret::new(password.to_owned());
    let account = app.directory.set_password_by_link(kind, token, &password, &cookies::visitor(request)).await?;
    let mut answer = note(app, request, Note::PasswordSet, StatusCode::OK, &way_on(&account));
    if here == Some(account.subject.id) {
        cookies::clear_session(&mut answer, &app.engine.settings().issuer);
    }
    Ok(answer)
}

/// What the form says of a password that is not taken.
const fn poor(refused: &PasswordRefused) -> SetPasswordError {
    match refused {
        PasswordRefused::TooShort(_) => SetPasswordError::Short,
        PasswordRefused::TooLong(_) => SetPasswordError::Long,
        PasswordRefused::Nul | PasswordRefused::Personal => SetPasswordError::Common,
    }
}
