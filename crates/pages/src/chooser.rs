//! The account chooser: because the client asks for it (`prompt=select_account`, OpenID Connect Core 3.1.2.1), or because several
//! accounts have the same name and password.

use askama::Template;

use crate::{
    client::Client,
    frame::{Frame, render},
};

/// The account chooser. Each account is a button that posts `request`, `csrf` and `account`; "Use another account" posts `account=other`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chooser<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The opaque id of the authorization request under way.
    pub request: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// The application they are signing in to.
    pub client: Option<Client<'a>>,
    /// The accounts to choose from.
    pub accounts: &'a [KnownAccount<'a>],
    /// Whether the same name and password belong to all of them, and the page says so.
    pub same_password: bool,
}

/// An account that this browser knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownAccount<'a> {
    /// What the button posts as `account`.
    pub value: &'a str,
    /// The name of its owner.
    pub name: &'a str,
    /// The address or user name, to tell accounts of one owner apart.
    pub detail: &'a str,
    /// Whether a session is alive; otherwise the password will be asked.
    pub signed_in: bool,
}

impl KnownAccount<'_> {
    fn title(&self) -> &str {
        if self.name.is_empty() { self.detail } else { self.name }
    }

    fn second_line(&self) -> Option<&str> {
        (!self.name.is_empty() && self.name != self.detail && !self.detail.is_empty()).then_some(self.detail)
    }

    fn initial(&self) -> String {
        Client { name: self.title(), ..Client::default() }.initial()
    }
}

#[derive(Template)]
#[template(path = "chooser.html")]
struct Page<'a> {
    view: &'a Chooser<'a>,
    frame: &'a Frame<'a>,
}

/// Renders the account chooser.
#[must_use]
pub fn chooser(view: &Chooser<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, frame })
}
