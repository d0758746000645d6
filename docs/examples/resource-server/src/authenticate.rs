//! The middleware that checks the token of each request, and the argument by which an endpoint learns who calls.

use std::future::{Ready, ready};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web,
};
use authly_seal::SystemClock;
use oauth_core::{jws::TokenFault, services::Clock as _};
use thiserror::Error as ThisError;

use crate::tokens::{CurrentUser, Tokens};

/// Why a request is not let in (RFC 6750 3.1).
#[derive(Clone, Copy, Debug, ThisError)]
pub enum Refused {
    /// No token came along.
    #[error("send an access token")]
    Missing,
    /// The token does not count here; why is our business.
    #[error("the access token is not valid here")]
    Token(TokenFault),
    /// The token does not allow this.
    #[error("the access token lacks the scope")]
    Scope(&'static str),
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Scope(_) => StatusCode::FORBIDDEN,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let challenge = match self {
            Self::Missing => "Bearer".to_owned(),
            Self::Token(_) => "Bearer error=\"invalid_token\"".to_owned(),
            Self::Scope(scope) => format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""),
        };
        HttpResponse::build(self.status_code())
            .insert_header((header::WWW_AUTHENTICATE, challenge))
            .json(serde_json::json!({ "error": self.to_string() }))
    }
}

/// Lets a request in whose token is in order, and leaves a note of who calls.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let tokens = request.app_data::<web::Data<Tokens>>().cloned();
    let (Some(tokens), Some(token)) = (tokens, bearer(request.request())) else { return Err(Refused::Missing.into()) };
    let user = tokens.check(token, SystemClock.now()).await.map_err(Refused::Token)?;
    request.extensions_mut().insert(user);
    next.call(request).await
}

/// The token in the Authorization header (RFC 6750 2.1); tokens in addresses end up in logs and are not taken.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// An endpoint takes a `CurrentUser` and so cannot be reached without one.
impl FromRequest for CurrentUser {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(Refused::Missing))
    }
}
