//! Client authentication at the machine endpoints, protected against guessing.
//!
//! OAuth 2.1 2.4.1: "the authorization server MUST protect any endpoint utilizing it against brute force attacks". Failures are
//! counted per client and address, so a stranger's guesses never shut the client itself out; a request that succeeds costs nothing in the end.
//! The counters are this process' own: a token request does not wait for another machine because of them.

use std::{error::Error, fmt, time::Duration};

use actix_web::{HttpRequest, http::header};
use authly_directory::{directory::network, services::DirectoryServices};
use oauth_core::{
    client::{
        authenticate::{AuthenticatedClient, Authentication},
        presented::PresentedClient,
    },
    error::{ClientError, ErrorCode, RequestError, TokenError, Wire, WireError},
    limit::Verdict,
    params::Params,
};

use crate::{app::App, browser::cookies};

/// Why a client is not let in.
#[derive(Debug)]
pub enum Unproven {
    /// It did not prove who it is.
    Token(TokenError),
    /// Too many failures from this address.
    TooMany(Duration),
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::TooMany(_) => f.write_str("too many failed authentications of this client from this address"),
        }
    }
}

impl Error for Unproven {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Token(error) => error.source(),
            Self::TooMany(_) => None,
        }
    }
}

impl Wire for Unproven {
    fn wire(&self) -> WireError {
        match self {
            Self::Token(error) => error.wire(),
            Self::TooMany(wait) => RequestError::TooMany { what: "failed attempts", wait: *wait }.wire(),
        }
    }
}

/// The client of a request, with the proof of who it is.
pub async fn authenticated<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    params: &Params,
) -> Result<AuthenticatedClient, Unproven> {
    let presented = presented(request, params).map_err(Unproven::Token)?;
    let Some(rate) = app.http.client_failures else {
        return app.engine.authenticate(presented).await.map_err(|error| Unproven::Token(error.into()));
    };
    let key = (presented.id().clone(), network(&cookies::address(request).unwrap_or_default()));
    let now = app.engine.now();
    if let Verdict::Limited(wait) = app.client_failures.peek_now(&key, rate, now) {
        return Err(Unproven::TooMany(wait));
    }
    let step = app.engine.begin_authentication(presented);
    // A guess at an imported secret costs a slow hash. It is charged before, so that of those that come at once no more are tried than of
    // those that come one by one.
    let charged = matches!(step, Ok(Authentication::SlowHash(_)));
    if charged && let Verdict::Limited(wait) = app.client_failures.take_now(&key, rate, now) {
        return Err(Unproven::TooMany(wait));
    }
    let proven = match step {
        Ok(step) => app.engine.finish_authentication(step).await,
        Err(error) => Err(error),
    };
    let guessed = proven.as_ref().is_err_and(|error| error.wire().code == ErrorCode::InvalidClient);
    match (charged, guessed) {
        (true, false) => app.client_failures.give_back_now(&key, rate, now),
        (false, true) => {
            app.client_failures.take_now(&key, rate, now);
        }
        (true, true) | (false, false) => {}
    }
    proven.map_err(|error| Unproven::Token(error.into()))
}

/// The client's credentials in header or body.
fn presented(request: &HttpRequest, params: &Params) -> Result<PresentedClient, TokenError> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let value = headers.next();
    if headers.next().is_some() {
        return Err(ClientError::Several.into());
    }
    let value = value.map(|value| value.to_str().map_err(|_| ClientError::Malformed)).transpose()?;
    Ok(PresentedClient::parse(value, params)?)
}
