//! The sign-in page, which also asks people to prove again who they are (`prompt=login`, OpenID Connect Core 3.1.2.1).

use askama::Template;

use crate::{
    client::Client,
    frame::{Frame, render},
};

/// The sign-in page. The form posts `request`, `csrf`, `identifier`, `password` and, when ticked, `remember`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignIn<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The opaque id of the authorization request under way; empty when people came by themselves.
    pub request: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// The application they are signing in to.
    pub client: Option<Client<'a>>,
    /// What was typed before, or the login hint.
    pub identifier: &'a str,
    /// Whether the account is already known and only the password is asked; the identifier is then shown and not editable.
    pub reauthenticate: bool,
    /// Where "use another account" leads, when reauthenticating.
    pub switch_url: Option<&'a str>,
    /// What to say above the form.
    pub notice: Option<SignInNotice>,
    /// Whether "keep me signed in" is offered.
    pub offer_remember: bool,
    /// Whether it is ticked.
    pub remember: bool,
    /// Where "Create account" leads; absent when registration is closed.
    pub register_url: Option<&'a str>,
    /// Where "Forgot password" leads; absent when it does not work.
    pub forgot_url: Option<&'a str>,
    /// Whether a "Cancel" button posts `decision=cancel`.
    pub offer_cancel: bool,
    /// Other providers that people may sign in with.
    pub upstreams: &'a [UpstreamOffer<'a>],
}

/// Another provider that people may sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamOffer<'a> {
    /// What people call it.
    pub provider: &'a str,
    /// Where "Continue with .." leads.
    pub url: &'a str,
    /// Whether it answers, as far as is known.
    pub is_up: bool,
}

/// What the sign-in page says above its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInNotice {
    /// The page stood open too long, or its form was not made for this browser.
    Expired,
    /// Sign-in failed; the same sentence for every cause.
    Failed,
    /// Too many attempts; they may try again in this many seconds.
    TooMany {
        /// How long to wait.
        seconds: u64,
    },
    /// The provider does not answer.
    UpstreamAway,
    /// They did not sign in there.
    UpstreamCancelled,
    /// The provider's answer is of no use.
    UpstreamFailed,
    /// The provider does not say when they proved who they are, and the application wants a fresh proof.
    UpstreamNotFresh,
}

impl SignIn<'_> {
    /// The one provider there is, where it was tried and did not answer: the alert names it, and nothing has to say it again.
    fn away(&self) -> Option<&str> {
        match (self.notice, self.upstreams) {
            (Some(SignInNotice::UpstreamAway), [only]) => Some(only.provider),
            _ => None,
        }
    }

    fn failed(&self) -> bool {
        matches!(self.notice, Some(SignInNotice::Failed))
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    view: &'a SignIn<'a>,
    frame: &'a Frame<'a>,
}

/// Renders the sign-in page.
#[must_use]
pub fn sign_in(view: &SignIn<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, frame })
}
