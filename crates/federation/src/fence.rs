//! The fence of one request: the address is judged where the connection is made, so that a name cannot point elsewhere
//! between check and use.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use authly_upstream::carrier::{Answer, Call};
use oauth_core::{secret::Secret, services::FetchError};
use reqwest::{
    Certificate, Client, ClientBuilder, Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    redirect,
    tls::Version,
};
use thiserror::Error;
use url::{Host, Url};

use crate::{is_private, is_public};

/// The whole exchange.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The body.
const MAX_BODY: usize = 256 * 1024;

/// Where requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the public internet over https.
    Internet,
    /// Also to networks of one's own, and over http to this machine alone: for an upstream provider that an operator put there.
    Intranet,
    /// To this machine over http, in tests.
    #[cfg(any(test, feature = "testing"))]
    Loopback,
}

impl Reach {
    fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Internet => is_public(address),
            Self::Intranet => is_public(address) || is_private(address),
            #[cfg(any(test, feature = "testing"))]
            Self::Loopback => address.is_loopback(),
        }
    }
}

/// A fetched document and how long the answer calls it fresh.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) max_age: Option<Duration>,
}

/// A client that goes only where it may.
pub(crate) struct FencedClient {
    reach: Reach,
    timeout: Duration,
    client: OnceLock<Client>,
    trusted: Vec<Certificate>,
}

impl FencedClient {
    pub(crate) const fn new(reach: Reach) -> Self {
        Self { reach, timeout: TIMEOUT, client: OnceLock::new(), trusted: Vec::new() }
    }

    /// Trusts these certificates too.
    pub(crate) fn trusting(mut self, trusted: Vec<Certificate>) -> Self {
        self.trusted = trusted;
        self
    }

    /// Another time for the whole exchange.
    #[cfg(test)]
    pub(crate) const fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The client, made at its first use: it reads all trusted certificates, and most installations never fetch.
    fn client(&self) -> Result<&Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = self.trusted.iter().cloned().fold(Client::builder(), ClientBuilder::add_root_certificate);
        let client = builder
            .user_agent(concat!("authly/", env!("CARGO_PKG_VERSION")))
            .https_only(self.reach == Reach::Internet)
            .tls_version_min(Version::TLS_1_2)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(self.timeout)
            // Every fetch connects anew: addresses are judged at connect time, and fetches are rare.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(FencedResolver(self.reach)))
            .build()
            .map_err(|_| FetchError::Unusable("no TLS for outgoing requests".to_owned()))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Fetches a document.
    pub(crate) async fn get(&self, address: &str) -> Result<Document, FetchError> {
        let url = self.target(address)?;
        let answer = self.client()?.get(url).header(ACCEPT, "application/jwk-set+json, application/json").send().await;
        let answer = answer.map_err(|error| failure(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Unusable(format!("status {}", answer.status().as_u16())));
        }
        let max_age = max_age(&answer);
        Ok(Document { text: body(answer).await?, max_age })
    }

    /// The whole of an exchange with an upstream provider: one request, whatever the answer's status.
    pub(crate) async fn exchange(&self, call: &Call) -> Result<Answer, FetchError> {
        let url = self.target(&call.url)?;
        let client = self.client()?;
        let mut request = match &call.form {
            Some(form) => {
                client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.expose().clone())
            }
            None => client.get(url),
        };
        if let Some(authorization) = &call.authorization {
            let mut value = HeaderValue::from_str(authorization.expose())
                .map_err(|_| FetchError::Unusable("the credentials are no header".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let answer = request.header(ACCEPT, "application/json").send().await.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        Ok(Answer { status, text: Secret::new(body(answer).await?) })
    }

    /// Whether plain http does no harm: to this machine, which resolves nowhere else.
    fn may_be_plain(&self, url: &Url) -> bool {
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.reach == Reach::Intranet && url.scheme() == "http" && here
    }

    /// The URL to connect to. Names are judged when they are resolved; literal addresses never are, so they are here.
    fn target(&self, address: &str) -> Result<Url, FetchError> {
        let forbidden = |why: &str| FetchError::Forbidden(why.to_owned());
        #[cfg_attr(not(any(test, feature = "testing")), expect(unused_mut, reason = "changed in tests only"))]
        let mut url = Url::parse(address).map_err(|_| forbidden("not a URL"))?;
        if url.scheme() != "https" && !self.may_be_plain(&url) {
            return Err(forbidden("not https"));
        }
        let literal = match url.host() {
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            None => return Err(forbidden("no host")),
        };
        if let Some(address) = literal.filter(|address| !self.reach.allows(*address)) {
            return Err(FetchError::Forbidden(Refused(address).to_string()));
        }
        #[cfg(any(test, feature = "testing"))]
        if self.reach == Reach::Loopback {
            url.set_scheme("http").map_err(|()| forbidden("not https"))?;
        }
        Ok(url)
    }
}

/// Resolves names and refuses them when any of their addresses is out of reach.
struct FencedResolver(Reach);

impl Resolve for FencedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match addresses.iter().find(|address| !reach.allows(address.ip())) {
                Some(address) => Err(Refused(address.ip()).into()),
                None => Ok(Box::new(addresses.into_iter()) as Addrs),
            }
        })
    }
}

/// An address is out of reach.
#[derive(Clone, Copy, Debug, Error)]
#[error("{0} is not a public address")]
struct Refused(IpAddr);

pub(crate) fn failure(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return FetchError::Forbidden(refused.to_string());
        }
        cause = error.source();
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer broke off"
    };
    FetchError::Unusable(what.to_owned())
}

pub(crate) async fn body(mut answer: Response) -> Result<String, FetchError> {
    let too_large = || FetchError::Unusable("the answer is too large".to_owned());
    if answer.content_length().is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| FetchError::Unusable("the answer is not UTF-8".to_owned()))
}

/// `max-age` of `Cache-Control` (RFC 9111 5.2.2.1); zero where the answer must not be stored.
fn max_age(answer: &Response) -> Option<Duration> {
    let directives = answer.headers().get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<_> = directives.flat_map(|value| value.split(',')).map(str::trim).collect();
    if directives.iter().any(|it| it.eq_ignore_ascii_case("no-store") || it.eq_ignore_ascii_case("no-cache")) {
        return Some(Duration::ZERO);
    }
    let seconds = directives.iter().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse().ok()).flatten()
    });
    seconds.map(Duration::from_secs)
}
