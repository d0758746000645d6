//! The address that the server listens on.

use std::net::{Ipv4Addr, SocketAddr};

use crate::problem::Fault;

/// Reads `address:port`; `localhost` stands for 127.0.0.1, other names are not looked up.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, Fault> {
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let named = local.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    named.or_else(|| text.parse().ok()).ok_or_else(|| {
        Fault::new("is not an address with a port", "write it as in 127.0.0.1:8000, 0.0.0.0:8000 or [::]:8000")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_a_port() {
        for good in ["127.0.0.1:8000", "0.0.0.0:80", "[::1]:8443", "localhost:8000", "127.0.0.1:0"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["8000", ":8000", "127.0.0.1", "example.com:80", "127.0.0.1:99999", "::1:8000x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
