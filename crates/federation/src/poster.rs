//! JSON posted to an address that the operator names on the command line: a provisioner of people and groups. It may be anywhere, but https
//! unless it is on this machine; redirects are not followed, so that the bearer token goes nowhere else.

use std::time::Duration;

use oauth_core::{secret::Secret, services::FetchError};
use reqwest::{
    Client,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect,
};
use url::{Host, Url};

use crate::fence::{body, failure};

/// How long one answer may take: directories can be slow.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Posts JSON to one address.
pub struct Poster {
    client: Client,
    url: Url,
    authorization: Option<HeaderValue>,
}

impl Poster {
    /// For `url`, with a bearer token if there is one.
    pub fn new(url: &str, token: Option<&Secret<String>>) -> Result<Self, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Forbidden("not a URL".to_owned()))?;
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(FetchError::Forbidden("not https".to_owned()));
        }
        let authorization = token.map(|token| {
            HeaderValue::from_str(&format!("Bearer {}", token.expose())).map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let unusable = |what: &str| FetchError::Unusable(what.to_owned());
        let authorization = authorization.transpose().map_err(|_| unusable("the token is no header"))?;
        let client = Client::builder()
            .user_agent(concat!("authly/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|_| unusable("no TLS for outgoing requests"))?;
        Ok(Self { client, url, authorization })
    }

    /// Posts JSON and reads the answer: its status and its body.
    pub async fn post(&self, json: String) -> Result<(u16, String), FetchError> {
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(json);
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        let answer = request.send().await.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        Ok((status, body(answer).await?))
    }
}
