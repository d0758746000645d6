//! Pages that say that something did not work: what happened, whose turn it is, and one way on.
//!
//! They never show a parameter of the request or a cause from inside.

use askama::Template;

use crate::frame::{Frame, render};

/// The page for an error that must not be sent to the application.
#[derive(Debug, Clone, Copy)]
pub struct ErrorPage<'a> {
    /// What happened.
    pub problem: Problem,
    /// What a developer finds in the reference: a fixed code and description, never text from the request.
    pub code: Option<&'static str>,
    /// Where the way on leads; what it is called follows from the problem.
    pub way_on: Option<&'a str>,
}

/// What happened, in kinds that people can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The account may not do this.
    Forbidden,
    /// A form stood open too long, or was not made for this browser.
    FormExpired,
    /// Something broke on our side.
    Internal,
    /// The request of the application is not well formed, and there is no trusted place to say so.
    InvalidRequest,
    /// The place to return to is not registered for the application.
    RedirectMismatch,
    /// The sign-in that was under way is over or unknown: too old, already finished, or begun in another browser.
    RequestExpired,
    /// The request is longer than we keep.
    RequestTooLarge,
    /// The application is unknown or switched off.
    UnknownClient,
    /// The method or the kind of content is not what this address takes.
    UnsupportedMethod,
    /// Another provider says who they are, but no account here is theirs to use.
    UpstreamNoAccount,
    /// Another provider says who they are, but they are in no organization that uses this.
    UpstreamNoTenant,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Whoever runs this installation.
    Administrator,
    /// Whoever made the application.
    Application,
    /// The reader.
    You,
}

impl Problem {
    /// Every problem, in the order of its name.
    pub const ALL: [Self; 11] = [
        Self::Forbidden,
        Self::FormExpired,
        Self::Internal,
        Self::InvalidRequest,
        Self::RedirectMismatch,
        Self::RequestExpired,
        Self::RequestTooLarge,
        Self::UnknownClient,
        Self::UnsupportedMethod,
        Self::UpstreamNoAccount,
        Self::UpstreamNoTenant,
    ];

    /// Whose turn it is to do something about it.
    #[must_use]
    pub fn turn(self) -> Turn {
        match self {
            Self::Forbidden | Self::Internal | Self::UpstreamNoAccount | Self::UpstreamNoTenant => Turn::Administrator,
            Self::InvalidRequest
            | Self::RedirectMismatch
            | Self::RequestTooLarge
            | Self::UnknownClient
            | Self::UnsupportedMethod => Turn::Application,
            Self::FormExpired | Self::RequestExpired => Turn::You,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Forbidden => "problem-forbidden",
            Self::FormExpired => "problem-form-expired",
            Self::Internal => "problem-internal",
            Self::InvalidRequest => "problem-invalid-request",
            Self::RedirectMismatch => "problem-redirect-mismatch",
            Self::RequestExpired => "problem-request-expired",
            Self::RequestTooLarge => "problem-request-too-large",
            Self::UnknownClient => "problem-unknown-client",
            Self::UnsupportedMethod => "problem-unsupported-method",
            Self::UpstreamNoAccount => "problem-upstream-no-account",
            Self::UpstreamNoTenant => "problem-upstream-no-tenant",
        }
    }

    fn explanation(self) -> &'static str {
        match self {
            Self::Forbidden => "problem-forbidden-text",
            Self::FormExpired => "problem-form-expired-text",
            Self::Internal => "problem-internal-text",
            Self::InvalidRequest => "problem-invalid-request-text",
            Self::RedirectMismatch => "problem-redirect-mismatch-text",
            Self::RequestExpired => "problem-request-expired-text",
            Self::RequestTooLarge => "problem-request-too-large-text",
            Self::UnknownClient => "problem-unknown-client-text",
            Self::UnsupportedMethod => "problem-unsupported-method-text",
            Self::UpstreamNoAccount => "problem-upstream-no-account-text",
            Self::UpstreamNoTenant => "problem-upstream-no-tenant-text",
        }
    }
}

impl Turn {
    fn words(self) -> &'static str {
        match self {
            Self::Administrator => "turn-administrator",
            Self::Application => "turn-application",
            Self::You => "turn-you",
        }
    }

    fn way_on(self) -> &'static str {
        match self {
            Self::You => "way-again",
            Self::Administrator | Self::Application => "way-home",
        }
    }
}

/// The page for a server that has too much to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Busy<'a> {
    /// After how many seconds to try again; the value of `Retry-After`.
    pub seconds: u64,
    /// Where "Try again" leads; absent after a POST, which only the browser can repeat.
    pub retry_url: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorTemplate<'a> {
    view: &'a ErrorPage<'a>,
    frame: &'a Frame<'a>,
}

#[derive(Template)]
#[template(path = "busy.html")]
struct BusyTemplate<'a> {
    view: &'a Busy<'a>,
    frame: &'a Frame<'a>,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFoundTemplate<'a> {
    home_url: Option<&'a str>,
    frame: &'a Frame<'a>,
}

/// Renders the error page. The request id comes from the frame.
#[must_use]
pub fn error_page(view: &ErrorPage<'_>, frame: &Frame<'_>) -> String {
    render(&ErrorTemplate { view, frame })
}

/// Renders the page for a server that has too much to do.
#[must_use]
pub fn busy(view: &Busy<'_>, frame: &Frame<'_>) -> String {
    render(&BusyTemplate { view, frame })
}

/// Renders the page for an address that does not exist.
#[must_use]
pub fn not_found(home_url: Option<&str>, frame: &Frame<'_>) -> String {
    render(&NotFoundTemplate { home_url, frame })
}
