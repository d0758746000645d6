//! Where a request really comes from: forwarded headers count only from declared proxies (S003-46, SECURITY.md rows 34, 35).

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;

use super::network::Network;

/// The address that a request is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Headers in which proxies say whom they ask for, beside X-Forwarded-For.
const WHOM: [&str; 6] =
    ["forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x-cluster-client-ip"];

/// Headers in which they say how they were asked.
const HOW: [&str; 4] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via"];

/// The address of the caller: the peer, or behind trusted proxies the last address in X-Forwarded-For that is not one of them.
pub fn client_address(peer: IpAddr, forwarded_for: Option<&str>, trusted: &[Network]) -> ClientAddress {
    ClientAddress(walk(peer, forwarded_for, trusted).0)
}

/// The last address on the way back that is known, and whether the way ended there: at a stranger, or where there is nothing more to read.
fn walk(peer: IpAddr, forwarded_for: Option<&str>, trusted: &[Network]) -> (IpAddr, bool) {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    let mut last = peer;
    let Some(entries) = forwarded_for.filter(|_| is_trusted(peer)) else { return (peer, true) };
    for entry in entries.rsplit(',') {
        let Some(address) = parse_entry(entry) else { return (last, false) };
        last = address;
        if !is_trusted(address) {
            break;
        }
    }
    (last, true)
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

/// Whether nobody knows where a request comes from, so that the address of the nearest proxy, which may be this machine's, must not say who
/// may administer: it came through a proxy that nobody declared, or through a declared one that names nobody in X-Forwarded-For whom we
/// can read (`unknown`, a socket, another header).
pub fn is_obscured(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> bool {
    let says = |names: &[&str]| names.iter().any(|name| headers.contains_key(*name));
    if !trusted.iter().any(|network| network.holds(peer)) {
        return says(&WHOM) || says(&HOW);
    }
    match forwarded_for(headers) {
        Some(entries) => !walk(peer, Some(&entries), trusted).1,
        None => says(&WHOM),
    }
}

/// An address, perhaps with a port, perhaps in the brackets of RFC 3986 3.2.2.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
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
        for name in WHOM.into_iter().chain(HOW) {
            let headers = said(&[(name, "192.0.2.9")]);
            assert!(is_obscured(ip("127.0.0.1"), &headers, &trusted), "{name}");
            assert!(is_obscured(ip("127.0.0.1"), &headers, &[]), "{name}");
        }
        assert!(!is_obscured(ip("127.0.0.1"), &direct, &[]));
    }

    fn said(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    /// The proxy's own address is not that of those who stand behind it.
    #[test]
    fn a_declared_proxy_that_names_nobody_lends_its_address_to_nobody() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (lines, expected) in [
            (&[("x-forwarded-for", "unknown")][..], true),
            (&[("x-forwarded-for", "unix:")], true),
            (&[("x-forwarded-for", "")], true),
            (&[("x-forwarded-for", "2001:db8::7%eth0")], true),
            (&[("x-forwarded-for", "1.1.1.1, nonsense, 10.2.2.2")], true),
            (&[("forwarded", "for=192.0.2.9")], true),
            (&[("x-real-ip", "192.0.2.9")], true),
            (&[("x-forwarded-for", "nonsense, 192.0.2.9")], false),
            (&[("x-forwarded-for", "192.0.2.9"), ("x-real-ip", "192.0.2.9"), ("via", "1.1 proxy")], false),
            (&[("x-forwarded-for", "10.3.3.3")], false),
            (&[("x-forwarded-proto", "https")], false),
            (&[], false),
        ] {
            assert_eq!(is_obscured(ip("10.1.1.1"), &said(lines), &trusted), expected, "{lines:?}");
        }
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
            (Some("[2001:db8::7]:4711"), "2001:db8::7"),
            (Some("[2001:db8::7]"), "2001:db8::7"),
            (None, "10.1.1.1"),
        ] {
            assert_eq!(client_address(ip("10.1.1.1"), header, &trusted), ClientAddress(ip(expected)), "{header:?}");
        }
    }
}
