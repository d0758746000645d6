//! The issuer: the name of this server in every token and document (RFC 8414 section 2, OpenID Connect Discovery 3).

use std::fmt;

use url::{Host, Url};

use crate::problem::Fault;

/// An issuer of scheme and authority only, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl {
    text: String,
    host: String,
    port: u16,
    https: bool,
    loopback: bool,
}

impl IssuerUrl {
    /// The issuer as it stands in `iss` and in the metadata.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, with brackets around an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the default one of the scheme included.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True when browsers reach it by https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// True when its host is localhost or a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The issuer of a server that nobody named: localhost with the port of the listener.
    pub(crate) fn local(scheme: Scheme, port: u16) -> Self {
        let (name, usual) = match scheme {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
        };
        let text = if port == usual { format!("{name}://localhost") } else { format!("{name}://localhost:{port}") };
        Self { text, host: "localhost".into(), port, https: scheme == Scheme::Https, loopback: true }
    }
}

/// How the listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads an issuer. A path, a query, a fragment and user information are refused.
pub(crate) fn parse(text: &str) -> Result<IssuerUrl, Fault> {
    let hint = "write scheme and host only, as in https://auth.example.com";
    let url = Url::parse(text).map_err(|_| Fault::new("is not a URL", hint))?;
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(Fault::new("is neither https nor http", hint)),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new("holds user information", hint));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Fault::new("has a query or a fragment, which RFC 8414 does not allow", hint));
    }
    if url.path() != "/" {
        return Err(Fault::new("has a path, which this release does not serve", hint));
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(Fault::new("has no host", hint)),
    };
    Ok(IssuerUrl {
        text: url.origin().ascii_serialization(),
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default().unwrap_or_default(),
        https,
        loopback,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_scheme_and_authority() {
        let issuer = parse("https://Auth.Example.com:443/").unwrap();
        assert_eq!(issuer.as_str(), "https://auth.example.com");
        assert_eq!((issuer.host(), issuer.port()), ("auth.example.com", 443));
        assert!(issuer.is_https() && !issuer.is_loopback());
        let local = parse("http://[::1]:8000").unwrap();
        assert_eq!((local.as_str(), local.host()), ("http://[::1]:8000", "[::1]"));
        assert!(!local.is_https() && local.is_loopback());
    }

    #[test]
    fn more_than_scheme_and_authority_is_refused() {
        for bad in [
            "auth.example.com",
            "ftp://auth.example.com",
            "https://auth.example.com/tenant",
            "https://auth.example.com?x=1",
            "https://auth.example.com/#x",
            "https://auth.example.com#",
            "https://user@auth.example.com",
            "https://:secret@auth.example.com",
            "mailto:a@example.com",
            "https://",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_issuer_nobody_named_is_localhost() {
        assert_eq!(IssuerUrl::local(Scheme::Http, 8000).as_str(), "http://localhost:8000");
        assert_eq!(IssuerUrl::local(Scheme::Https, 443).as_str(), "https://localhost");
    }
}
