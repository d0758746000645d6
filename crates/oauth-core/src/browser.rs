//! What a browser holds of ours: the values of its cookies, read once at the edge.

use std::fmt;

use crate::{
    pending::PendingCookie,
    random_name::RandomName,
    services::Random,
    token::{OpaqueToken, TokenHash},
};

/// The secret in the session cookie; the store knows its hash only.
#[derive(Clone, Debug)]
pub struct SessionCookie(OpaqueToken);

impl SessionCookie {
    /// A new secret: made at every sign-in, so that none is ever chosen by a caller (no fixation).
    pub fn generate(random: &impl Random) -> Self {
        Self(OpaqueToken::generate(random))
    }

    /// Reads a cookie's value: 43 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        plain.then(|| OpaqueToken::presented(text)).flatten().map(Self)
    }

    /// The value for the cookie.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store knows.
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }
}

/// A random mark of a browser that nobody is signed in to: forms are bound to it until there is a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BrowserId(RandomName);

impl BrowserId {
    /// A new mark of 128 random bits.
    pub fn generate(random: &impl Random) -> Self {
        Self(RandomName::generate(random))
    }

    /// Reads a cookie's value: 22 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        RandomName::parse(text).map(Self)
    }

    /// The value for the cookie.
    pub fn to_text(self) -> String {
        self.0.to_string()
    }

    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        self.0.bytes()
    }
}

impl fmt::Debug for BrowserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserId(..)")
    }
}

/// What one request tells of its browser: cookies, as far as they could be read, and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The address that it comes from, for the audit log.
    pub address: Option<String>,
    /// The session cookie.
    pub session: Option<SessionCookie>,
    /// The authorization requests under way.
    pub pending: Vec<PendingCookie>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_cookie_has_exactly_43_characters() {
        assert!(SessionCookie::parse(&"a".repeat(43)).is_some());
        for bad in ["", &"a".repeat(42), &"a".repeat(44), &format!("{}=", "a".repeat(42)), &" ".repeat(43)] {
            assert!(SessionCookie::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn cookie_values_do_not_print() {
        let cookie = SessionCookie::parse(&"a".repeat(43)).unwrap();
        assert!(!format!("{cookie:?}").contains("aaa"));
        assert_eq!(format!("{:?}", BrowserId::parse(&"A".repeat(22)).unwrap()), "BrowserId(..)");
    }
}
