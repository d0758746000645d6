//! The consent page: who asks, for whom, what it will be able to do, and where the browser goes next.

use askama::Template;

use crate::{
    client::Client,
    frame::{Frame, render},
};

/// How many permissions stand open before the rest folds.
const OPEN: usize = 6;

/// The consent page. The form posts `request`, `csrf` and `decision`, which is `allow` or `deny`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The opaque id of the authorization request under way.
    pub request: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// The application that asks.
    pub client: Client<'a>,
    /// The account that is signed in: a name or address its owner knows it by.
    pub account: &'a str,
    /// Where "Not you?" leads.
    pub switch_url: Option<&'a str>,
    /// What is asked for.
    pub scopes: &'a [Scope<'a>],
    /// The host (or private-use scheme) the browser will be sent to.
    pub redirect_host: &'a str,
}

/// One permission that is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Its name on the wire.
    pub name: &'a str,
    /// What it allows, in the words of whoever runs this; the catalogue has words of its own for the scopes of OpenID Connect.
    pub description: &'a str,
    /// Whether it deserves a second look.
    pub sensitive: bool,
    /// Whether it was allowed before.
    pub granted: bool,
}

impl Scope<'_> {
    /// What it allows, for people: the one source of these words for every page.
    pub(crate) fn words<'w>(&'w self, frame: &'w Frame<'_>) -> &'w str {
        let key = match self.name {
            "address" => Some("scope-address"),
            "email" => Some("scope-email"),
            "groups" => Some("scope-groups"),
            "offline_access" => Some("scope-offline-access"),
            "openid" => Some("scope-openid"),
            "phone" => Some("scope-phone"),
            "profile" => Some("scope-profile"),
            _ => None,
        };
        match key {
            Some(key) => frame.t(key),
            None if self.description.is_empty() => self.name,
            None => self.description,
        }
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Page<'a> {
    view: &'a Consent<'a>,
    frame: &'a Frame<'a>,
    open: Vec<&'a Scope<'a>>,
    folded: Vec<&'a Scope<'a>>,
    hidden: u64,
}

/// Renders the consent page. Sensitive permissions never fold.
#[must_use]
pub fn consent(view: &Consent<'_>, frame: &Frame<'_>) -> String {
    let (mut open, mut folded): (Vec<_>, Vec<_>) = view.scopes.iter().partition(|scope| scope.sensitive);
    // A fold that hides a single line would only be in the way.
    let room = OPEN.saturating_sub(open.len());
    let shown = if folded.len() <= room + 1 { folded.len() } else { room };
    open.extend(folded.drain(..shown));
    let hidden = u64::try_from(folded.len()).unwrap_or(u64::MAX);
    render(&Page { view, frame, open, folded, hidden })
}
