//! The password grant (JSON and form, C-02) and the login adapters of S001 and S002, over one use case.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    account::Account,
    services::DirectoryServices,
    signin::{Door, SignInRefused, SignInRequest},
    usage::Way,
};
use oauth_core::{
    error::{ErrorCode, RequestError, Wire as _, WireError},
    grant::response::LegacyTokens,
    ids::TenantId,
    params::Params,
    secret::Secret,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    body,
    browser::{cookies, sign_in},
    legacy::me::UserBody,
    oauth::token::names_a_client,
    page,
    respond::{self, Dialect, Failure},
};

/// `grant_type=password`: username (e-mail address or user name) and password. It names no client, and gives no OAuth scope.
pub async fn password_grant<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse, Failure> {
    if names_a_client(request, params) {
        // OAuth clients have the authorization code grant; the password grant is the legacy contract's alone.
        return Err(Failure::new(&RequestError::NoPasswordGrant, Dialect::Legacy));
    }
    let (Some(identifier), Some(password)) = (params.one("username"), params.one("password")) else {
        let malformed = RequestError::Malformed("username and password are required".to_owned());
        return Err(Failure::new(&malformed, Dialect::Legacy));
    };
    let (_, tokens) = enter(app, request, identifier, password, params.one("tenant"), Door::PasswordGrant).await?;
    Ok(respond::json(StatusCode::OK, &tokens))
}

/// The body of `POST /api/auth/login` and `/api/v1/auth/login`.
#[derive(Deserialize)]
pub struct Login {
    email: String,
    password: String,
    /// Legacy tokens have one lifetime, so this changes nothing; it is read because old clients send it.
    #[serde(default)]
    #[expect(dead_code, reason = "part of the contract")]
    remember_me: Option<bool>,
    tenant: Option<String>,
}

#[derive(Serialize)]
struct LoginAnswer<'a> {
    #[serde(flatten)]
    tokens: &'a LegacyTokens,
    user: UserBody,
}

/// `POST /api/auth/login` (S002-32) and `POST /api/v1/auth/login` (S001-58).
pub async fn login<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked: Login = body::json(&request, payload).await?;
    let password = Secret::new(asked.password);
    let entered =
        enter(&app, &request, &asked.email, password.expose(), asked.tenant.as_deref(), Door::JsonLogin).await;
    // C-35: a wrong password is 401 here.
    let (account, tokens) = entered.map_err(|failure| {
        if failure.wire().code == ErrorCode::InvalidGrant { failure.with_status(401) } else { failure }
    })?;
    Ok(respond::json(StatusCode::OK, &LoginAnswer { tokens: &tokens, user: UserBody::of_account(&account) }))
}

async fn enter<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    identifier: &str,
    password: &str,
    tenant: Option<&str>,
    door: Door,
) -> Result<(Account, LegacyTokens), Failure> {
    let asked = SignInRequest {
        identifier: identifier.to_owned(),
        password: Secret::new(password.to_owned()),
        tenant: tenant.map(|slug| tenant_id(app, slug)),
        known_device: None,
        address: cookies::address(request),
        locale: page::Setting::of(request, None).language().to_owned(),
    };
    let mint = |account: &Account, now| app.engine.legacy_pair(&account.subject, &account.email, now);
    let entered = app.directory.sign_in_legacy(&asked, door, mint).await;
    let own = entered.as_ref().ok().map(|(account, _)| &account.subject);
    sign_in::count(app, door, asked.tenant, own);
    if let Some(subject) = own {
        let way = if door == Door::PasswordGrant { Way::PasswordGrant } else { Way::JsonLogin };
        app.uses.note(way.by(subject), None, subject.tenant.as_ref().map(|tenant| tenant.id), app.engine.now());
    }
    if let Err(refused @ SignInRefused::Moved) = &entered {
        // The client reads what a wrong password reads; only the operator is told.
        tracing::info!(cause = %refused, door = door.name(), "a sign-in at a legacy door was refused");
    }
    entered.map_err(|refused| told(&refused))
}

/// The tenant of that name; an unknown name is a tenant without accounts, not all tenants.
fn tenant_id<V: DirectoryServices>(app: &App<V>, slug: &str) -> TenantId {
    app.engine.catalog().tenant_named(slug).map_or(TenantId::from_uuid(uuid::Uuid::nil()), |tenant| tenant.id)
}

fn told(refused: &SignInRefused) -> Failure {
    let wire = match refused {
        SignInRefused::Busy(_) | SignInRefused::Contended => WireError::unavailable(),
        SignInRefused::DoorClosed => RequestError::NoPasswordGrant.wire(),
        SignInRefused::Failed | SignInRefused::Moved => RequestError::WrongLogin.wire(),
        SignInRefused::Several(_) => RequestError::SeveralAccounts.wire(),
        SignInRefused::Store(error) => error.wire(),
        SignInRefused::Token(error) => error.wire(),
        SignInRefused::TooMany(wait) => RequestError::TooMany { what: "attempts", wait: *wait }.wire(),
    };
    Failure::caused(wire, refused, Dialect::Legacy)
}
