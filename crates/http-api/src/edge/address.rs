//! Where a request really comes from: forwarded headers count only from declared proxies (S003-46, SECURITY.md rows 34, 35).

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;

use super::network::Network;

/// The address that a request is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The address of the caller: the peer, or behind trusted proxies the last address in X-Forwarded-For that is not one of them.
pub fn client_address(peer: IpAddr, forwarded_for: Option<&str>, trusted: &[Network]) -> ClientAddress {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    if !is_trusted(peer) {
        return ClientAddress(peer);
    }
    let mut last = peer;
    for entry in forwarded_for.unwrap_or_default().rsplit(',') {
        let Some(address) = parse_entry(entry) else { break };
        last = address;
        if !is_trusted(address) {
            break;
        }
    }
    ClientAddress(last)
}

/// The forwarded addresses of a request; several headers are joined as RFC 9110 5.3 says.
///
/// Bytes that are no text stay in their place as an entry that is no address: a proxy appends what it saw to what a stranger sent, and
/// were the whole left out because of the stranger's part, they would be counted as the proxy itself, and reach what only it may.
pub fn forwarded_for(headers: &HeaderMap) -> Option<String> {
    let values: Vec<_> =
        headers.get_all("x-forwarded-for").map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Whether a request came through a proxy that nobody declared: then where it comes from is not known, and the proxy's own address says
/// nothing of who may administer. A proxy on this machine would lend everybody the address of this machine.
pub fn is_obscured(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> bool {
    let passed_on = ["x-forwarded-for", "forwarded"].into_iter().any(|name| headers.contains_key(name));
    passed_on && !trusted.iter().any(|network| network.holds(peer))
}

fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    entry.parse().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn headers_from_strangers_do_not_count() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(client_address(ip("192.0.2.1"), Some("198.51.100.7"), &trusted), ClientAddress(ip("192.0.2.1")));
        assert_eq!(client_address(ip("192.0.2.1"), Some("198.51.100.7"), &[]), ClientAddress(ip("192.0.2.1")));
    }

    /// A proxy that appends to what it was sent passes these bytes on.
    #[test]
    fn bytes_that_are_no_text_hide_nobody_behind_the_proxy() {
        let trusted = ["127.0.0.1".parse().unwrap()];
        for sent in [&b"\xff, 198.51.100.7"[..], b"\xe9", b"127.0.0.1\xff"] {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name.clone(), HeaderValue::from_bytes(sent).unwrap());
            headers.append(name, HeaderValue::from_static("192.0.2.9"));
            let found = client_address(ip("127.0.0.1"), forwarded_for(&headers).as_deref(), &trusted);
            assert_eq!(found, ClientAddress(ip("192.0.2.9")), "in a line of its own after {sent:?}");
        }
        let mut headers = HeaderMap::new();
        let joined = HeaderValue::from_bytes(b"10.0.0.1\xff, 192.0.2.9").unwrap();
        headers.append(HeaderName::from_static("x-forwarded-for"), joined);
        let found = client_address(ip("127.0.0.1"), forwarded_for(&headers).as_deref(), &trusted);
        assert_eq!(found, ClientAddress(ip("192.0.2.9")), "in the same line");
    }

    #[test]
    fn what_an_undeclared_proxy_passes_on_comes_from_nobody_known() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let direct = HeaderMap::new();
        for name in ["x-forwarded-for", "forwarded"] {
            let mut headers = HeaderMap::new();
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("for=192.0.2.9"));
            assert!(is_obscured(ip("127.0.0.1"), &headers, &trusted), "{name}");
            assert!(is_obscured(ip("127.0.0.1"), &headers, &[]), "{name}");
            assert!(!is_obscured(ip("10.1.1.1"), &headers, &trusted), "{name}");
        }
        assert!(!is_obscured(ip("127.0.0.1"), &direct, &[]));
    }

    #[test]
    fn behind_proxies_the_last_stranger_counts() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (header, expected) in [
            (Some("198.51.100.7"), "198.51.100.7"),
            (Some("1.1.1.1, 198.51.100.7, 10.2.2.2"), "198.51.100.7"),
            (Some("1.1.1.1, nonsense, 10.2.2.2"), "10.2.2.2"),
            (Some("10.3.3.3"), "10.3.3.3"),
            (Some("198.51.100.7:4711"), "198.51.100.7"),
            (None, "10.1.1.1"),
        ] {
            assert_eq!(client_address(ip("10.1.1.1"), header, &trusted), ClientAddress(ip(expected)), "{header:?}");
        }
    }
}
