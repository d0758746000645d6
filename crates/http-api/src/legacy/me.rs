//! `GET /api/v1/users/me` (S000-58, C-07): who the bearer is, in the older shape; legacy and OAuth tokens are both taken.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::store::AccountRepository as _;
use authly_directory::{account::Account, services::DirectoryServices};
use oauth_core::{engine::legacy::Me, error::BearerError, jws::TokenFault, legacy::LegacyAccount};
use serde::Serialize;

use crate::{
    app::App,
    bearer,
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
            created_at: account.created_at.to_rfc3339(),
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
            created_at: account.created_at.to_rfc3339(),
            updated_at: account.updated_at.to_rfc3339(),
            roles: account.subject.roles.clone(),
            status: account.subject.status.as_str(),
        }
    }
}

/// Who the bearer is.
pub async fn me<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let told = |error: BearerError| Failure::new(&error, Dialect::Legacy);
    let token = bearer::required(&request).map_err(told)?;
    let body = match app.engine.me(token).await.map_err(told)? {
        Me::Legacy(account) => UserBody::of_legacy(&account),
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
