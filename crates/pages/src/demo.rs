//! The demo relying party's pages, for developers: the start, and what a sign-in brought, step by step.

use askama::Template;

use crate::frame::{Frame, render};

/// The start page of the demo. The form posts `csrf`.
#[derive(Debug, Clone, Copy, Default)]
pub struct DemoStart<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// The demo's client id.
    pub client_id: &'a str,
    /// Where it is sent back to.
    pub redirect_uri: &'a str,
    /// The scopes it asks for, separated by spaces.
    pub scope: &'a str,
    /// Why the last sign-in came to nothing: the error code and description of the response.
    pub error: Option<(&'a str, &'a str)>,
}

/// What a sign-in of the demo brought. The buttons post `csrf` and `step`: `refresh`, `userinfo`, `introspect`, `revoke` or `sign_out`.
#[derive(Debug, Clone, Copy, Default)]
pub struct DemoResult<'a> {
    /// Where the buttons are posted.
    pub action: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// Who signed in.
    pub account: &'a str,
    /// Where the browser was sent: the authorization endpoint.
    pub authorize_url: &'a str,
    /// What was sent there.
    pub request: &'a [Parameter<'a>],
    /// What came back to the redirect URI.
    pub response: &'a [Parameter<'a>],
    /// The token endpoint.
    pub token_url: &'a str,
    /// What was sent there.
    pub token_request: &'a [Parameter<'a>],
    /// What came back, as JSON to read.
    pub token_response: &'a str,
    /// The tokens.
    pub tokens: &'a [Token<'a>],
    /// What the last button did.
    pub call: Option<Call<'a>>,
    /// Whether there is a refresh token to use.
    pub can_refresh: bool,
}

/// A name and a value on the wire.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parameter<'a> {
    /// The name.
    pub name: &'a str,
    /// The value.
    pub value: &'a str,
}

/// A token, decoded where it can be.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// What it is for.
    pub kind: TokenKind,
    /// The token as it is sent.
    pub raw: &'a str,
    /// The members of its header; none for an opaque token.
    pub header: &'a [Claim<'a>],
    /// Its claims; none for an opaque token.
    pub claims: &'a [Claim<'a>],
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// It opens resource servers.
    Access,
    /// It tells the application who signed in.
    Id,
    /// It brings new tokens.
    Refresh,
}

impl TokenKind {
    fn title(self) -> &'static str {
        match self {
            Self::Access => "demo-access-token",
            Self::Id => "demo-id-token",
            Self::Refresh => "demo-refresh-token",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Access => "demo-access-token-purpose",
            Self::Id => "demo-id-token-purpose",
            Self::Refresh => "demo-refresh-token-purpose",
        }
    }
}

/// A claim or header member; the catalogue says what the well-known ones mean.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claim<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value as JSON.
    pub value: &'a str,
    /// The value in words, such as the time that a number stands for.
    pub note: Option<&'a str>,
}

impl Claim<'_> {
    fn meaning<'w>(&self, frame: &'w Frame<'_>) -> Option<&'w str> {
        let known = self.name.len() <= 40
            && self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        known.then(|| format!("claim-{}", self.name.replace('_', "-"))).and_then(|key| frame.locale.find(&key))
    }
}

/// A call that a button made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Call<'a> {
    /// The value of the button: `refresh`, `userinfo`, `introspect`, `revoke`.
    pub step: &'a str,
    /// The request line, such as `POST /auth/introspect`.
    pub request: &'a str,
    /// What was sent in the body or header.
    pub parameters: &'a [Parameter<'a>],
    /// The status of the answer.
    pub status: u16,
    /// Its body, as JSON to read; empty when it has none.
    pub body: &'a str,
}

impl Call<'_> {
    fn title(&self) -> &'static str {
        match self.step {
            "introspect" => "demo-introspect",
            "refresh" => "demo-refresh",
            "revoke" => "demo-revoke",
            _ => "demo-userinfo",
        }
    }

    fn explanation(&self) -> &'static str {
        match self.step {
            "introspect" => "demo-introspect-text",
            "refresh" => "demo-refresh-text",
            "revoke" => "demo-revoke-text",
            _ => "demo-userinfo-text",
        }
    }
}

#[derive(Template)]
#[template(path = "demo_start.html")]
struct StartPage<'a> {
    view: &'a DemoStart<'a>,
    frame: &'a Frame<'a>,
}

#[derive(Template)]
#[template(path = "demo_result.html")]
struct ResultPage<'a> {
    view: &'a DemoResult<'a>,
    frame: &'a Frame<'a>,
}

/// Renders the start page of the demo.
#[must_use]
pub fn demo_start(view: &DemoStart<'_>, frame: &Frame<'_>) -> String {
    render(&StartPage { view, frame })
}

/// Renders what a sign-in of the demo brought.
#[must_use]
pub fn demo_result(view: &DemoResult<'_>, frame: &Frame<'_>) -> String {
    render(&ResultPage { view, frame })
}
