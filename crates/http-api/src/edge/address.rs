//! Where a request really comes from: forwarded headers count only from declared proxies (S003-46, SECURITY.md rows 34, 35).

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;

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

/// The forwarded addresses of a request, if it has exactly one such header; several are joined as RFC 9110 5.3 says.
pub fn forwarded_for(request: &ServiceRequest) -> Option<String> {
    let values: Vec<&str> =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    entry.parse().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
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
