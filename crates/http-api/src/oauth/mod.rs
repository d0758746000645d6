//! The machine endpoints of OAuth and OpenID Connect: extract, call, respond.

pub mod introspect;
pub mod revoke;
pub mod token;
pub mod userinfo;

use actix_web::{HttpRequest, http::header};
use oauth_core::{
    client::presented::PresentedClient,
    error::{ClientError, TokenError},
    params::Params,
};

/// The client's credentials in header or body.
pub fn presented(request: &HttpRequest, params: &Params) -> Result<PresentedClient, TokenError> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let value = headers.next();
    if headers.next().is_some() {
        return Err(ClientError::Several.into());
    }
    let value = value.map(|value| value.to_str().map_err(|_| ClientError::Malformed)).transpose()?;
    Ok(PresentedClient::parse(value, params)?)
}
