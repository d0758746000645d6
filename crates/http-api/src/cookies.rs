//! Our cookies: names, attributes, and reading them back.
//!
//! On https they carry the `__Host-` prefix: Secure, Path=/ and no Domain, so that no neighbor can set or read them.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration as CookieDuration},
};
use oauth_core::settings::Issuer;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// A random mark of a browser in which nobody is signed in.
    Browser,
    /// The demo's own state (development mode).
    Demo,
    /// The mark of a browser that has signed in before.
    Device,
    /// The page to go back to after a sign-in.
    Landing,
    /// The session.
    Session,
}

impl Name {
    const fn plain(self) -> &'static str {
        match self {
            Self::Browser => "authly-browser",
            Self::Demo => "authly-demo",
            Self::Device => "authly-device",
            Self::Landing => "authly-landing",
            Self::Session => "authly-session",
        }
    }

    const fn prefixed(self) -> &'static str {
        match self {
            Self::Browser => "__Host-authly-browser",
            Self::Demo => "__Host-authly-demo",
            Self::Device => "__Host-authly-device",
            Self::Landing => "__Host-authly-landing",
            Self::Session => "__Host-authly-session",
        }
    }

    /// The name under this issuer.
    pub fn under(self, issuer: &Issuer) -> &'static str {
        if issuer.is_https() { self.prefixed() } else { self.plain() }
    }
}

/// Reads a cookie's value; the first of that name counts.
pub fn read(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned())
}

/// A cookie to set: for `lifetime`, or until the browser closes.
pub fn set(name: String, value: String, lifetime: Option<Duration>, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(issuer.is_https())
        .same_site(SameSite::Lax)
        .finish();
    if let Some(lifetime) = lifetime {
        cookie.set_max_age(CookieDuration::seconds(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)));
    }
    cookie
}

/// A cookie that removes itself.
pub fn clear(name: String, issuer: &Issuer) -> Cookie<'static> {
    let mut cookie = set(name, String::new(), None, issuer);
    cookie.set_max_age(CookieDuration::ZERO);
    cookie
}
