//! The page at `/`: what runs here and what to do next.

use askama::Template;

use crate::frame::{Frame, render};

/// The page at `/`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Home<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// Where the metadata is.
    pub metadata_url: &'a str,
    /// Where people manage their account.
    pub account_url: Option<&'a str>,
    /// What a developer needs to find, in order; nothing while OAuth is switched off, and then the page says so.
    pub endpoints: &'a [Endpoint<'a>],
    /// The next steps of development mode; absent in production.
    pub development: Option<Development<'a>>,
}

/// An address that a developer looks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Endpoint<'a> {
    /// Its name in the metadata, such as `token_endpoint`.
    pub name: &'a str,
    /// The address.
    pub url: &'a str,
}

/// What development mode adds to the page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Development<'a> {
    /// Where the demo relying party is.
    pub demo_url: &'a str,
    /// Where the store is, such as a path.
    pub store: &'a str,
    /// The version of the program.
    pub version: &'a str,
}

impl Home<'_> {
    fn demo_url(&self) -> &str {
        self.development.map_or("", |development| development.demo_url)
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    view: &'a Home<'a>,
    frame: &'a Frame<'a>,
}

/// Renders the page at `/`.
#[must_use]
pub fn home(view: &Home<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, frame })
}
