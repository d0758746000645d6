//! The application that a page speaks of.

use crate::link::HttpsLink;

/// The application that asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client<'a> {
    /// Its name as registered.
    pub name: &'a str,
    /// The path of its logo on our own host; never an address elsewhere.
    pub logo: Option<&'a str>,
    /// The host that is known to be its own, without scheme and path.
    pub host: Option<&'a str>,
    /// Its privacy policy.
    pub policy: Option<HttpsLink<'a>>,
    /// Its terms of service.
    pub terms: Option<HttpsLink<'a>>,
}

impl Client<'_> {
    /// What the box shows when there is no logo: the first letter or digit of the name.
    pub(crate) fn initial(&self) -> String {
        self.name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "•".to_owned(), |c| c.to_uppercase().collect())
    }

    /// Whether the name is too long for a large heading.
    pub(crate) fn long(&self) -> bool {
        self.name.chars().nth(24).is_some()
    }

    /// The logo, if it is a path on our own host.
    pub(crate) fn own_logo(&self) -> Option<&str> {
        self.logo.filter(|path| (path.starts_with('/') && !path.starts_with("//")) || path.starts_with("./"))
    }
}
