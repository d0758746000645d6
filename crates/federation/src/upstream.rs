//! Requests to an upstream provider, through the same fence as all others.
//!
//! The issuer is the operator's word and may lie in a network of their own, if they say so. What its documents name is the
//! provider's word: it may lead into such a network only on the issuer's own host (SECURITY.md row 28).

use std::sync::Arc;

use authly_upstream::{
    carrier::{Answer, Answering, Call, Carrier},
    provider::UpstreamIssuer,
};
use oauth_core::services::FetchError;
use reqwest::Certificate;
use thiserror::Error;
use url::Url;

use crate::fence::{FencedClient, Reach};

/// Where a provider may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamReach {
    /// On the public internet.
    Internet,
    /// In a network of one's own too, or on this machine.
    Intranet,
}

/// The certificates to trust cannot be read.
#[derive(Debug, Error)]
#[error("the file holds no certificate in PEM")]
pub struct TrustRefused;

/// Carries requests to one provider.
pub struct UpstreamCarrier(Arc<Inner>);

struct Inner {
    own: FencedClient,
    elsewhere: FencedClient,
    issuer: Option<url::Origin>,
}

impl UpstreamCarrier {
    /// A carrier to `issuer`; `trusted` are certificates in PEM that are trusted beside the system's.
    pub fn new(issuer: &UpstreamIssuer, reach: UpstreamReach, trusted: Option<&[u8]>) -> Result<Self, TrustRefused> {
        let trusted = match trusted {
            Some(pem) => match Certificate::from_pem_bundle(pem) {
                Ok(certificates) if !certificates.is_empty() => certificates,
                Ok(_) | Err(_) => return Err(TrustRefused),
            },
            None => Vec::new(),
        };
        let own = match reach {
            UpstreamReach::Internet => Reach::Internet,
            UpstreamReach::Intranet => Reach::Intranet,
        };
        let client = |reach| FencedClient::new(reach).trusting(trusted.clone());
        let issuer = Url::parse(issuer.as_str()).ok().map(|url| url.origin());
        Ok(Self(Arc::new(Inner { own: client(own), elsewhere: client(Reach::Internet), issuer })))
    }
}

impl Inner {
    async fn exchange(&self, call: Call) -> Result<Answer, FetchError> {
        let origin = Url::parse(&call.url).ok().map(|url| url.origin());
        let client = if origin.is_some() && origin == self.issuer { &self.own } else { &self.elsewhere };
        client.exchange(&call).await
    }
}

impl Carrier for UpstreamCarrier {
    fn send(&self, call: Call) -> Answering<'_> {
        let inner = self.0.clone();
        Box::pin(async move {
            // It ends even if whoever asked goes away: a code that is being exchanged is spent.
            let task = tokio::spawn(async move { inner.exchange(call).await });
            task.await.unwrap_or_else(|_| Err(FetchError::Unusable("the request was cancelled".to_owned())))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A server that gives everybody the same bytes, again and again until they are cut off.
    async fn answering(answer: &'static str, times: usize) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    for _ in 0..times {
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                    if times == 0 {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                    }
                });
            }
        });
        port
    }

    fn carrier(port: u16, reach: UpstreamReach) -> UpstreamCarrier {
        let issuer = UpstreamIssuer::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        UpstreamCarrier::new(&issuer, reach, None).unwrap()
    }

    async fn get(carrier: &UpstreamCarrier, url: String) -> Result<u16, String> {
        carrier.send(Call::get(url)).await.map(|answer| answer.status).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_provider_in_ones_own_network_is_reached_only_if_the_operator_says_so() {
        let port = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 1).await;
        let url = || format!("http://127.0.0.1:{port}/");
        assert_eq!(get(&carrier(port, UpstreamReach::Intranet), url()).await, Ok(200));
        assert!(get(&carrier(port, UpstreamReach::Internet), url()).await.is_err());
    }

    /// SECURITY.md row 28: what a document names does not lead into the network, wherever the issuer is.
    #[tokio::test]
    async fn a_document_leads_to_no_other_host_of_the_network() {
        let (own, other) = (
            answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 1).await,
            answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 1).await,
        );
        let carrier = carrier(own, UpstreamReach::Intranet);
        for target in [
            format!("http://127.0.0.1:{other}/"),
            format!("https://127.0.0.1:{own}/"),
            format!("http://localhost:{own}/"),
            "https://10.0.0.1/".to_owned(),
            "https://169.254.169.254/latest".to_owned(),
            "file:///etc/passwd".to_owned(),
        ] {
            let error = get(&carrier, target.clone()).await.unwrap_err();
            assert!(error.contains("not allowed"), "{target}: {error}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let port = answering("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 1).await;
        let url = format!("http://127.0.0.1:{port}/.well-known/openid-configuration");
        assert_eq!(get(&carrier(port, UpstreamReach::Intranet), url).await, Ok(302));
    }

    #[tokio::test]
    async fn a_huge_document_is_cut_off() {
        const CHUNK: &str = "HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123";
        let port = answering(CHUNK, 1_000_000).await;
        let error =
            get(&carrier(port, UpstreamReach::Intranet), format!("http://127.0.0.1:{port}/")).await.unwrap_err();
        assert!(error.contains("too large"), "{error}");
    }

    #[tokio::test]
    async fn a_provider_that_does_not_answer_is_given_up_on() {
        let port = answering("", 0).await;
        let before = Instant::now();
        let error =
            get(&carrier(port, UpstreamReach::Intranet), format!("http://127.0.0.1:{port}/")).await.unwrap_err();
        assert!(error.contains("no answer in time"), "{error}");
        assert!(before.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let issuer = UpstreamIssuer::parse("https://idp.example").unwrap();
        for pem in ["", "no certificate"] {
            assert!(UpstreamCarrier::new(&issuer, UpstreamReach::Internet, Some(pem.as_bytes())).is_err());
        }
    }
}
