//! What people see of the installation: its color, and whom to write to.

use url::Url;

use crate::problem::Fault;

/// Reads a color, `#rrggbb`.
pub(crate) fn color(text: &str) -> Result<String, Fault> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Fault::new("is not a color", "write it as in #0b6b57"))
    }
}

/// Reads a contact for security reports (RFC 9116 2.5.3): a `mailto:` or `https:` address, or a bare e-mail address.
pub(crate) fn contact(text: &str) -> Result<String, Fault> {
    let hint = "write security@example.com or https://example.com/security";
    if let Ok(address) = email(text) {
        return Ok(format!("mailto:{address}"));
    }
    let url = Url::parse(text).map_err(|_| Fault::new("is not a contact", hint))?;
    match url.scheme() {
        "https" if url.username().is_empty() && url.password().is_none() => Ok(url.into()),
        "mailto" => email(url.path()).map(|address| format!("mailto:{address}")),
        _ => Err(Fault::new("is not a contact", hint)),
    }
}

/// Reads an e-mail address as far as a mail could be sent to it.
pub(crate) fn email(text: &str) -> Result<String, Fault> {
    let fault = || Fault::new("is not an e-mail address", "write it as in name@example.com");
    let (local, domain) = text.rsplit_once('@').ok_or_else(fault)?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || "<>(),;:\"\\@[]/".contains(c);
    if local.is_empty() || domain.is_empty() || text.len() > 254 || local.contains(odd) || domain.contains(odd) {
        return Err(fault());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_six_digits() {
        assert_eq!(color("#1F5FBF").unwrap(), "#1f5fbf");
        for bad in ["1f5fbf", "#fff", "red", "#1f5fbg", "#1f5fbf;"] {
            assert!(color(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn contacts_are_mail_or_web_addresses() {
        assert_eq!(contact("security@example.com").unwrap(), "mailto:security@example.com");
        assert_eq!(contact("mailto:security@example.com").unwrap(), "mailto:security@example.com");
        assert_eq!(contact("https://example.com/security").unwrap(), "https://example.com/security");
        for bad in ["http://example.com", "example.com", "javascript:alert(1)", "a@b\nBcc: c@d", "mailto:"] {
            assert!(contact(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mail_addresses_have_no_room_for_headers() {
        assert!(email("jörg@example.com").is_ok());
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@b>", "a\r\n@b"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }
}
