//! Which hosts a request may name (ALLOWED_HOSTS): anything else is refused, and no URL is ever built from the header.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What to do with a request by its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostVerdict {
    /// One of ours.
    Ours,
    /// Not ours: 421.
    Foreign,
}

/// Judges the Host header, case aside; a final dot of the name is another spelling of nobody's business and is refused.
pub fn judge(host: Option<&str>, allowed: &[String]) -> HostVerdict {
    let Some(host) = host else { return HostVerdict::Foreign };
    let ours = allowed.iter().any(|ours| {
        host.eq_ignore_ascii_case(ours)
            || ours.strip_prefix("*.").is_some_and(|suffix| {
                host.len() > suffix.len() + 1
                    && host.get(host.len() - suffix.len() - 1..).is_some_and(|tail| {
                        tail.starts_with('.') && tail.get(1..).is_some_and(|t| t.eq_ignore_ascii_case(suffix))
                    })
            })
            || (!ours.contains(':') || ours.ends_with(']')) && without_port(host).eq_ignore_ascii_case(ours)
    });
    if ours { HostVerdict::Ours } else { HostVerdict::Foreign }
}

/// Whether the host is the address of a machine, with or without a port. Who reads `/metrics` often knows a node by its address alone;
/// a page that had a name of its own lead to us (DNS rebinding) asks by that name.
pub fn is_address(host: &str) -> bool {
    let host = without_port(host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.map_or_else(|| host.parse::<Ipv4Addr>().is_ok(), |bare| bare.parse::<Ipv6Addr>().is_ok())
}

/// The name without its port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_are_ours() {
        let allowed = [
            "auth.example.com".to_owned(),
            "localhost:8000".to_owned(),
            "[::1]".to_owned(),
            "*.tenant.example".to_owned(),
        ];
        for ours in [
            "auth.example.com",
            "AUTH.example.com",
            "auth.example.com:443",
            "localhost:8000",
            "[::1]:8000",
            "a.tenant.example",
        ] {
            assert_eq!(judge(Some(ours), &allowed), HostVerdict::Ours, "{ours}");
        }
        for foreign in [
            "evil.example",
            "auth.example.com.evil.example",
            "auth.example.com.",
            "localhost:8001",
            "localhost",
            "",
            "tenant.example",
            ".tenant.example@evil",
            "auth.example.com:443:80",
            "auth.example.com:x",
        ] {
            assert_eq!(judge(Some(foreign), &allowed), HostVerdict::Foreign, "{foreign}");
        }
        assert_eq!(judge(None, &allowed), HostVerdict::Foreign);
    }

    #[test]
    fn an_address_is_no_name() {
        for address in ["127.0.0.1", "127.0.0.1:8000", "10.0.0.7:443", "[::1]", "[2001:db8::1]:8000"] {
            assert!(is_address(address), "{address}");
        }
        for name in ["localhost", "evil.example", "10.0.0.7.evil.example", "10.0.0", "::1", "[::1", "1:2", "", "[]:80"]
        {
            assert!(!is_address(name), "{name}");
        }
    }
}
