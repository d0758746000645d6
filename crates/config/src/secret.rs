//! Values that must not be seen: redacted when printed, wiped when dropped, given out only by name.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. It prints as `[secret]`.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: for the place that uses it, never for output.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A secret key of 32 bytes. It prints as `[secret]`.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// Takes the bytes over.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves: for the place that uses them, never for output.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// An address that may hold a password. It prints with `***` in its place.
#[derive(Clone)]
pub struct SecretUrl {
    text: SecretText,
    shown: String,
}

impl SecretUrl {
    /// Puts the address and what may be shown of it together.
    pub(crate) fn new(text: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { text: SecretText::new(text), shown: shown.into() }
    }

    /// The whole address: for the place that connects, never for output.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let text = SecretText::new("hunter2");
        let key = SecretKey::new([7; 32]);
        let url = SecretUrl::new("redis://:hunter2@host", "redis://:***@host");
        let printed = format!("{text:?} {key:?} {url:?} {url}");
        assert_eq!(printed, "[secret] [secret] redis://:***@host redis://:***@host");
        assert_eq!(text.expose(), "hunter2");
        assert_eq!(url.expose(), "redis://:hunter2@host");
    }
}
