//! `GET /api/v1/users/me` (S000-58, C-07): who the bearer is, in the older shape; legacy and OAuth tokens are both taken.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::store::AccountRepository as _;
use authly_directory::{account::Account, directory::network, services::DirectoryServices};
use oauth_core::{
    engine::legacy::Me,
    error::BearerError,
    ids::ClientId,
    jws::TokenFault,
    legacy::{LegacyAccount, is_jwt},
    limit::Verdict,
};
use serde::Serialize;

use crate::{
    app::App,
    bearer,
    browser::cookies,
    oauth::prove::Unproven,
    respond::{self, Dialect, Failure},
};

/// An account in the older shape.
#[derive(Serialize)]
pub struct UserBody {
    id: String,
    email: String,
    username: String,
    is_verified: bool,
    is_admin: bool,
    created_at: String,
    updated_at: String,
    roles: Vec<String>,
    status: &'static str,
}

impl UserBody {
    /// From the directory's account.
    pub fn of_account(account: &Account) -> Self {
        Self {
            id: account.subject.id.to_string(),
            email: account.email.clone(),
            username: account.username.clone(),
            is_verified: account.is_verified,
            is_admin: account.subject.is_admin,
            created_at: account.subject.created_at.to_rfc3339(),
            updated_at: account.updated_at.to_rfc3339(),
            roles: account.subject.roles.clone(),
            status: account.subject.status.as_str(),
        }
    }

    /// From the account behind a legacy token.
    pub fn of_legacy(account: &LegacyAccount) -> Self {
        Self {
            id: account.subject.id.to_string(),
            email: account.email.clone(),
            username: account.username.clone(),
            is_verified: account.is_verified,
            is_admin: account.subject.is_admin,
            created_at: account.subject.created_at.to_rfc3339(),
            updated_at: account.updated_at.to_rfc3339(),
            roles: account.subject.roles.clone(),
            status: account.subject.status.as_str(),
        }
    }
}

/// The bearer token, or an API key of the older program in the header that such programs have.
fn presented(request: &HttpRequest) -> Result<&str, BearerError> {
    let mut keys = request.headers().get_all("x-api-key");
    match (bearer::header_token(request)?, keys.next(), keys.next()) {
        (Some(token), None, _) => Ok(token),
        (None, Some(key), None) => key.to_str().map(str::trim).map_err(|_| BearerError::Malformed),
        (None, None, _) => Err(BearerError::Missing),
        _ => Err(BearerError::Malformed),
    }
}

/// Guesses at API keys from one address: what is no JWT was made by nobody here, and is looked up.
struct Guesses(Option<(ClientId, Vec<u8>)>);

impl Guesses {
    /// Refuses an address that has guessed too often.
    fn of<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, token: &str) -> Result<Self, Box<Failure>> {
        let guess = !is_jwt(token) && app.http.client_failures.is_some();
        let name = ClientId::parse("API keys").ok().filter(|_| guess);
        let Some(name) = name else { return Ok(Self(None)) };
        let key = (name, network(&cookies::address(request).unwrap_or_default()));
        if let Some(rate) = app.http.client_failures
            && let Verdict::Limited(wait) = app.client_failures.peek_now(&key, rate, app.engine.now())
        {
            return Err(Box::new(Failure::new(&Unproven::TooMany(wait), Dialect::Legacy)));
        }
        Ok(Self(Some(key)))
    }

    fn note<V: DirectoryServices>(&self, app: &App<V>, error: &BearerError) {
        if let (Some(key), Some(rate), BearerError::Invalid(_)) = (&self.0, app.http.client_failures, error) {
            app.client_failures.take_now(key, rate, app.engine.now());
        }
    }
}

/// Who the bearer is.
pub async fn me<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let told = |error: BearerError| Failure::new(&error, Dialect::Legacy);
    let token = presented(&request).map_err(told)?;
    let guesses = Guesses::of(&app, &request, token).map_err(|failure| *failure)?;
    let found = app.engine.me(token).await.map_err(|error| {
        guesses.note(&app, &error);
        told(error)
    });
    let body = match found? {
        Me::Legacy(account) => {
            app.metrics.legacy_bearer(token);
            UserBody::of_legacy(&account)
        }
        Me::OAuth(bearer) => {
            let gone = || told(BearerError::Invalid(TokenFault::AccountClosed));
            let user = bearer.user().ok_or_else(gone)?;
            let found = app.engine.services().accounts().account(user).await;
            let found = found.map_err(|error| Failure::new(&error, Dialect::Legacy))?;
            UserBody::of_account(&found.ok_or_else(gone)?.0)
        }
    };
    Ok(respond::json(StatusCode::OK, &body))
}
