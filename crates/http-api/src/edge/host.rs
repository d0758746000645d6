//! Which hosts a request may name (ALLOWED_HOSTS): anything else is refused, and no URL is ever built from the header.

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
}
