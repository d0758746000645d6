//! Networks in CIDR notation: trusted proxies and the networks of administrators.

use std::fmt;
use std::net::IpAddr;

use crate::problem::Fault;

/// A network: an address and the number of leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The number of leading bits that count.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// True when the address lies in the network; an IPv4 address that came over an IPv6 socket counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                same_prefix(net.to_bits().into(), ip.to_bits().into(), self.prefix, 32)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => same_prefix(net.to_bits(), ip.to_bits(), self.prefix, 128),
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, prefix: u8, width: u8) -> bool {
    let host_bits = u32::from(width.saturating_sub(prefix));
    (left ^ right).checked_shr(host_bits).unwrap_or(0) == 0
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Reads a list of networks; a bare address is a network of one, `none` alone is the empty list.
pub(crate) fn parse_list(items: &[String]) -> Result<Vec<Network>, Fault> {
    match items {
        [word] if word == "none" => Ok(Vec::new()),
        _ => items.iter().map(|item| parse(item)).collect(),
    }
}

fn parse(text: &str) -> Result<Network, Fault> {
    let hint = "write networks as in 10.0.0.0/8, 192.168.1.7 or fd00::/8, separated by commas";
    let fault = || Fault::new("holds something that is not a network", hint);
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| fault())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        Some(prefix) => prefix.parse::<u8>().ok().filter(|bits| *bits <= width).ok_or_else(fault)?,
        None => width,
    };
    Ok(Network { address, prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Network {
        parse(text).unwrap()
    }

    #[test]
    fn a_network_knows_its_addresses() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("172.16.0.0/12", "172.31.0.1", true),
            ("172.16.0.0/12", "172.32.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("192.168.1.7", "192.168.1.7", true),
            ("192.168.1.7", "192.168.1.8", false),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
            ("::1", "::1", true),
            ("fd00::/8", "fd12::9", true),
            ("fd00::/8", "fe80::9", false),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(net(network).contains(address.parse().unwrap()), inside, "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["10.0.0.0/33", "::/129", "10.0.0/8", "example.com", "10.0.0.0/", "10.0.0.0/-1", ""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn none_is_the_empty_list() {
        assert_eq!(parse_list(&["none".to_owned()]), Ok(Vec::new()));
    }
}
