//! Redirect URIs (RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1): exact strings, with one exception for native clients.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

/// Why a redirect URI may not be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedirectError {
    /// White space, control or non-ASCII characters, or a backslash.
    #[error("holds a character that does not belong into a URI")]
    Character,
    /// A `#`.
    #[error("holds a fragment")]
    Fragment,
    /// `http` to another host than localhost, 127.0.0.1 and `[::1]`.
    #[error("uses http, which is allowed to localhost, 127.0.0.1 and [::1] only")]
    Http,
    /// More than 2000 bytes.
    #[error("is longer than 2000 bytes")]
    TooLong,
    /// Not an absolute URI in the spelling that a browser would use.
    #[error("is not an absolute URI in its normal spelling")]
    Unusual,
    /// A user name before the host.
    #[error("holds a user name")]
    UserInfo,
    /// A private-use scheme without a dot, or one of a web client.
    #[error(
        "uses a scheme that is not allowed here (native clients use a reverse domain name such as com.example.app)"
    )]
    Scheme,
    /// A `*` in the host: it would only ever match itself (RFC 9700 2.1).
    #[error("holds a wildcard; register each redirect URI by itself")]
    Wildcard,
}

/// Whether a client is a web site or runs on the user's device (OpenID Connect Registration 2, `application_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// Runs on the user's device: loopback ports vary, private-use schemes are allowed.
    Native,
    /// Runs on a server or in the browser.
    #[default]
    Web,
}

/// A registered redirect URI, kept in the very bytes of its registration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads a URI for registration.
    pub fn parse(text: &str, application: ApplicationType) -> Result<Self, RedirectError> {
        if text.len() > 2000 {
            return Err(RedirectError::TooLong);
        }
        if !text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
            || text.contains(['\\', '"', '<', '>', '^', '`', '{', '|', '}'])
        {
            return Err(RedirectError::Character);
        }
        if text.contains('#') {
            return Err(RedirectError::Fragment);
        }
        let url = Url::parse(text).map_err(|_| RedirectError::Unusual)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectError::UserInfo);
        }
        match url.scheme() {
            "https" if url.host().is_some() => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(RedirectError::Http),
            scheme if application == ApplicationType::Native && scheme.contains('.') => {}
            _ => return Err(RedirectError::Scheme),
        }
        if url.host_str().is_some_and(|host| host.contains('*')) {
            return Err(RedirectError::Wildcard);
        }
        let same = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
        if !same || has_dot_segment(text) {
            return Err(RedirectError::Unusual);
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes what a store kept or an older program registered, unchecked; it only ever serves for comparison.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The URI as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this URI: simple string comparison (RFC 3986 6.2.1); for public native clients the port of an IP
    /// loopback http URI is free (RFC 8252 7.3).
    pub fn accepts(&self, presented: &str, ports: LoopbackPorts) -> bool {
        presented == self.0 || (ports == LoopbackPorts::Free && same_but_for_the_port(&self.0, presented))
    }

    /// The origin (`https://app.example`) or scheme (`com.example.app:`) for a `form-action` of the page that leads there.
    pub fn form_action(uri: &str) -> Option<String> {
        let url = Url::parse(uri).ok()?;
        match url.scheme() {
            "http" | "https" => Some(url.origin().ascii_serialization()),
            scheme => Some(format!("{scheme}:")),
        }
    }

    /// The host to show to the user, or the scheme where there is none.
    pub fn display_host(uri: &str) -> String {
        Url::parse(uri)
            .ok()
            .map_or_else(String::new, |url| url.host_str().map_or_else(|| url.scheme().to_owned(), str::to_owned))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the port of a loopback URI is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopbackPorts {
    /// As any other part.
    Exact,
    /// Any port: the application picks one at run time.
    Free,
}

/// A redirect URI that belongs to the client of the request: the only place where errors and codes may be sent.
///
/// It comes only from [`Client::redirect`](crate::client::Client::redirect) (and from a sealed request that was checked so).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRedirect(String);

impl TrustedRedirect {
    pub(crate) fn new(uri: String) -> Self {
        Self(uri)
    }

    /// The URI in the bytes of the request.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

fn has_dot_segment(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    path.split('/').any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

/// Both are `http://127.0.0.1[:port]tail` (or `[::1]`) with equal tails.
fn same_but_for_the_port(registered: &str, presented: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].into_iter().any(|base| {
        let tails = registered.strip_prefix(base).zip(presented.strip_prefix(base));
        tails.is_some_and(|(a, b)| matches!((after_port(a), after_port(b)), (Some(a), Some(b)) if a == b))
    })
}

/// What follows an optional `:port`; `None` if what stands there is not a port.
fn after_port(tail: &str) -> Option<&str> {
    let Some(rest) = tail.strip_prefix(':') else {
        return (tail.is_empty() || tail.starts_with(['/', '?'])).then_some(tail);
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (port, tail) = rest.split_at(digits);
    let valid = port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('0');
    (valid && (tail.is_empty() || tail.starts_with(['/', '?']))).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(text: &str) -> Result<RedirectUri, RedirectError> {
        RedirectUri::parse(text, ApplicationType::Web)
    }

    #[test]
    fn registration_takes_normal_uris_only() {
        for good in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example/cb?x=1&y=%20",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:8080/cb",
        ] {
            assert!(web(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://app.example/cb", RedirectError::Http),
            ("https://app.example/cb#f", RedirectError::Fragment),
            ("https://good@evil.example/cb", RedirectError::UserInfo),
            ("https://app.example\\@evil/cb", RedirectError::Character),
            ("https://app.example/a/../cb", RedirectError::Unusual),
            ("https://app.example/a/%2e%2e/cb", RedirectError::Unusual),
            ("HTTPS://app.example/cb", RedirectError::Unusual),
            ("https://App.example/cb", RedirectError::Unusual),
            ("https://app.example:443/cb", RedirectError::Unusual),
            ("/cb", RedirectError::Unusual),
            ("javascript:alert(1)", RedirectError::Scheme),
            ("com.example.app:/cb", RedirectError::Scheme),
            ("https://аpp.example/cb", RedirectError::Character),
        ] {
            assert_eq!(web(bad), Err(why), "{bad}");
        }
        assert!(RedirectUri::parse("com.example.app:/cb", ApplicationType::Native).is_ok());
        assert_eq!(RedirectUri::parse("javascript:alert(1)", ApplicationType::Native), Err(RedirectError::Scheme));
    }

    /// SECURITY.md row 1: nothing but the very bytes.
    #[test]
    fn comparison_is_of_bytes() {
        let uri = web("https://app.example/cb").unwrap();
        for near in [
            "https://app.example/cb/",
            "https://app.example/c",
            "https://app.example/cb/x",
            "https://app.example/cb?",
            "https://app.example/cb?a=b",
            "https://app.example/cb#",
            "https://app.example/./cb",
            "https://app.example/%63b",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example./cb",
            "https://good@app.example/cb",
            "https://app.example\\cb",
            "https://app.example/cb\t",
            " https://app.example/cb",
            "https://app.example/cb\0",
            "https://app.example/cb https://evil.example/",
            "http://app.example/cb",
        ] {
            assert!(!uri.accepts(near, LoopbackPorts::Free), "{near}");
        }
        assert!(uri.accepts("https://app.example/cb", LoopbackPorts::Exact));
    }

    /// RFC 8252 7.3.
    #[test]
    fn the_port_of_an_ip_loopback_uri_is_free_for_native_clients() {
        let uri = web("http://127.0.0.1/cb").unwrap();
        assert!(uri.accepts("http://127.0.0.1:51004/cb", LoopbackPorts::Free));
        assert!(!uri.accepts("http://127.0.0.1:51004/cb", LoopbackPorts::Exact));
        for bad in [
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:80@evil/cb",
            "http://127.0.0.1.evil/cb",
            "http://127.0.0.1:51004/cc",
            "http://localhost:51004/cb",
        ] {
            assert!(!uri.accepts(bad, LoopbackPorts::Free), "{bad}");
        }
        assert!(!web("http://localhost/cb").unwrap().accepts("http://localhost:51004/cb", LoopbackPorts::Free));
        assert!(web("http://[::1]:1/cb").unwrap().accepts("http://[::1]:2/cb", LoopbackPorts::Free));
    }
}
