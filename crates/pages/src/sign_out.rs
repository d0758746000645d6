//! Signing out: the question, when no valid `id_token_hint` came (OpenID Connect RP-Initiated Logout 1.0, 2 and 6), and the page afterwards.

use askama::Template;

use crate::{
    client::Client,
    frame::{Frame, render},
};

/// The question whether to sign out. The form posts `request`, `csrf` and `decision`, which is `sign_out` or `stay`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignOut<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The opaque id of the request to sign out.
    pub request: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// The account that is signed in.
    pub account: &'a str,
    /// The application that asked for it, if it is known.
    pub client: Option<Client<'a>>,
}

/// The page after signing out.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignedOut<'a> {
    /// Where "Sign in again" leads.
    pub sign_in_url: Option<&'a str>,
    /// The provider that may know them still.
    pub elsewhere: Option<UpstreamFarewell<'a>>,
}

/// A provider to sign out at too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamFarewell<'a> {
    /// What people call it.
    pub provider: &'a str,
    /// Where "Sign out of .." leads.
    pub url: &'a str,
}

#[derive(Template)]
#[template(path = "sign_out.html")]
struct Question<'a> {
    view: &'a SignOut<'a>,
    frame: &'a Frame<'a>,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct Done<'a> {
    view: &'a SignedOut<'a>,
    frame: &'a Frame<'a>,
}

/// Renders the question whether to sign out.
#[must_use]
pub fn sign_out(view: &SignOut<'_>, frame: &Frame<'_>) -> String {
    render(&Question { view, frame })
}

/// Renders the page after signing out.
#[must_use]
pub fn signed_out(view: &SignedOut<'_>, frame: &Frame<'_>) -> String {
    render(&Done { view, frame })
}
