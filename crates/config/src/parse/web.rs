//! Host names and web origins: who may be asked for, and who may ask.

use url::{Host, Origin, Url};

use crate::problem::Fault;

/// Reads a list of origins (RFC 6454): scheme, host, port, and nothing behind.
pub(crate) fn origins(items: &[String]) -> Result<Vec<String>, Fault> {
    items.iter().map(|item| origin(item)).collect()
}

fn origin(text: &str) -> Result<String, Fault> {
    let hint = "write origins as in https://app.example.com, separated by commas";
    if text == "*" {
        return Err(Fault::new("allows every origin", "name the origins: any page on the web could call otherwise"));
    }
    let url = Url::parse(text).map_err(|_| Fault::new("holds something that is not an origin", hint))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !["https", "http"].contains(&url.scheme()) || !bare || url.password().is_some() || text.contains('*') {
        return Err(Fault::new("holds something that is not an origin", hint));
    }
    match url.origin() {
        origin @ Origin::Tuple(..) => Ok(origin.ascii_serialization()),
        Origin::Opaque(_) => Err(Fault::new("holds something that is not an origin", hint)),
    }
}

/// Reads a list of host names, each with an optional port; the answer is lower-case.
pub(crate) fn hosts(items: &[String]) -> Result<Vec<String>, Fault> {
    items.iter().map(|item| host(item)).collect()
}

fn host(text: &str) -> Result<String, Fault> {
    let hint = "write names as in auth.example.com or auth.example.com:8443, separated by commas";
    let fault = || Fault::new("holds something that is not a host name", hint);
    if text.contains('*') {
        return Err(Fault::new("allows every host", "name the hosts: links and cookies hang on them"));
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let name = match name.parse() {
        // A bare IPv6 address is what people write; the Host header has brackets around it.
        Ok(ip) => Host::<String>::Ipv6(ip),
        Err(_) => Host::parse(name).map_err(|_| fault())?,
    };
    match port.map(str::parse::<u16>) {
        None => Ok(name.to_string()),
        Some(Ok(port)) => Ok(format!("{name}:{port}")),
        Some(Err(_)) => Err(fault()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_nothing_behind_it() {
        assert_eq!(origin("https://App.example.com/").unwrap(), "https://app.example.com");
        assert_eq!(origin("http://localhost:3000").unwrap(), "http://localhost:3000");
        for bad in
            ["*", "app.example.com", "https://a.example/x", "https://*.example.com", "https://a?b", "file:///x", "null"]
        {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_may_have_a_port() {
        assert_eq!(host("Auth.Example.com").unwrap(), "auth.example.com");
        assert_eq!(host("auth.example.com:8443").unwrap(), "auth.example.com:8443");
        assert_eq!(host("[::1]:8000").unwrap(), "[::1]:8000");
        assert_eq!(host("::1").unwrap(), "[::1]");
        assert_eq!(host("127.0.0.1").unwrap(), "127.0.0.1");
        for bad in ["*", "*.example.com", "https://a.example", "a b", "a:99999", "a/b", ""] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
