//! Passwords and links at the JSON doors of earlier programs (C-06): the same use cases as the pages.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    change_password::{ChangeRefused, PasswordChangeRequest},
    mail::link::LinkKind,
    password::PasswordRefused,
    recover::{LinkFailed, RecoverRefused},
    services::DirectoryServices,
    verify::OwnerProof,
};
use oauth_core::{
    engine::legacy::Me,
    error::{BearerError, RequestError, Wire as _, WireError},
    jws::TokenFault,
    legacy::is_jwt,
    secret::Secret,
};
use serde::Deserialize;

use crate::{
    app::App,
    bearer, body,
    browser::cookies,
    respond::{self, Dialect, Failure},
};

/// `email` asks for a link; `token` and `password` use it.
#[derive(Deserialize)]
pub struct Reset {
    email: Option<String>,
    token: Option<String>,
    #[serde(alias = "new_password")]
    password: Option<String>,
}

/// `POST /api/v1/auth/reset-password` and `/api/auth/reset-password`.
pub async fn reset<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked: Reset = body::json(&request, payload).await?;
    let visitor = cookies::visitor(&request);
    match (asked.email, asked.token, asked.password) {
        (_, Some(token), Some(password)) => {
            let password = Secret::new(password);
            let set = app.directory.set_password_by_link(LinkKind::SetPassword, &token, &password, &visitor).await;
            set.map_err(|failed| link_failed(&failed))?;
            Ok(message("The password is set. All sessions have ended."))
        }
        (Some(email), None, None) => {
            let sent = app.directory.request_password_link(&email, &visitor).await;
            sent.map_err(|refused| not_sent(&refused))?;
            Ok(message("If there is an account with this address, a mail with a link is on its way."))
        }
        _ => {
            let missing = RequestError::Field("send email, or token and password".to_owned());
            Err(Failure::new(&missing, Dialect::Legacy))
        }
    }
}

/// The token of a link, and what shows that the account belongs to who has read the mail: its password, or a new one.
#[derive(Deserialize)]
pub struct Verification {
    token: String,
    password: Option<String>,
    new_password: Option<String>,
}

/// `POST /api/auth/verify-email`.
pub async fn verify<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked: Verification = body::json(&request, payload).await?;
    let visitor = cookies::visitor(&request);
    let done = match (asked.password, asked.new_password) {
        (Some(password), None) => {
            let proof = OwnerProof::Password(Secret::new(password));
            app.directory.verify_address(&asked.token, &proof, &visitor).await
        }
        (None, Some(password)) => {
            let (kind, password) = (LinkKind::VerifyAddress, Secret::new(password));
            app.directory.set_password_by_link(kind, &asked.token, &password, &visitor).await
        }
        // Somebody else may have registered with the address: the link alone says nothing about the account.
        _ => match app.directory.open_link(&asked.token, LinkKind::VerifyAddress).await {
            Ok(_) => Err(LinkFailed::Unproven),
            Err(failed) => Err(failed),
        },
    };
    done.map_err(|failed| link_failed(&failed))?;
    Ok(message("The address is verified."))
}

/// The present and the new password.
#[derive(Deserialize)]
pub struct Change {
    #[serde(alias = "old_password")]
    current_password: String,
    new_password: String,
}

/// `POST /api/v1/auth/change-password`, with a legacy access token: an application that acts by OAuth never sees passwords.
pub async fn change<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let told = |error: BearerError| Failure::new(&error, Dialect::Legacy);
    let token = bearer::required(&request).map_err(told)?;
    // An API key is a program's, which has no password to change; and guesses at keys are counted where keys are taken.
    if !is_jwt(token) {
        return Err(told(BearerError::Invalid(TokenFault::Kind)));
    }
    let asked: Change = body::json(&request, payload).await?;
    let Me::Legacy(account) = app.engine.me(token).await.map_err(told)? else {
        return Err(Failure::new(&RequestError::LegacyTokensOnly, Dialect::Legacy));
    };
    app.metrics.legacy_bearer(token);
    let change = PasswordChangeRequest {
        present: Secret::new(asked.current_password),
        new: Secret::new(asked.new_password),
        address: cookies::address(&request),
    };
    let changed = app.directory.change_password_of(account.subject.id, None, &change).await;
    changed.map_err(|refused| not_changed(&refused))?;
    Ok(message("The password is changed. All sessions have ended."))
}

fn message(text: &str) -> HttpResponse {
    respond::json(StatusCode::OK, &serde_json::json!({ "message": text }))
}

fn too_many(wait: Duration) -> WireError {
    RequestError::TooMany { what: "requests", wait }.wire()
}

fn poor(refused: &PasswordRefused) -> WireError {
    RequestError::Field(format!("password: {refused}")).wire()
}

fn not_sent(refused: &RecoverRefused) -> Failure {
    let wire = match refused {
        RecoverRefused::NoMail => RequestError::NoMail.wire(),
        RecoverRefused::Store(error) => error.wire(),
        RecoverRefused::TooMany(wait) => too_many(*wait),
    };
    Failure::caused(wire, refused, Dialect::Legacy)
}

fn link_failed(failed: &LinkFailed) -> Failure {
    let wire = match failed {
        LinkFailed::Busy(_) => WireError::unavailable(),
        LinkFailed::Over(_) | LinkFailed::Unknown => RequestError::LinkOver.wire(),
        LinkFailed::Policy(refused) => poor(refused),
        LinkFailed::Store(error) => error.wire(),
        LinkFailed::TooMany(wait) => too_many(*wait),
        LinkFailed::Unproven => {
            let text = "send the account's password with the token, or new_password to set another";
            RequestError::Field(text.to_owned()).wire()
        }
        LinkFailed::WrongPassword => RequestError::WrongPassword.wire(),
    };
    Failure::caused(wire, failed, Dialect::Legacy)
}

fn not_changed(refused: &ChangeRefused) -> Failure {
    let wire = match refused {
        ChangeRefused::Busy(_) | ChangeRefused::Contended => WireError::unavailable(),
        ChangeRefused::Policy(refused) => poor(refused),
        ChangeRefused::Store(error) => error.wire(),
        ChangeRefused::TooMany(wait) => too_many(*wait),
        ChangeRefused::WrongPassword => RequestError::WrongPresentPassword.wire(),
    };
    Failure::caused(wire, refused, Dialect::Legacy)
}
