//! The account page: profile, password, sessions and connected applications.

use askama::Template;

use crate::{
    consent::Scope,
    frame::{Frame, render},
    locale::Value,
};

/// The account page. Its forms post `csrf` to paths below `base`:
/// `/password` (`current_password`, `new_password`), `/sessions` (`session`) and `/applications` (`application`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Account<'a> {
    /// The path of this page, such as `/account`.
    pub base: &'a str,
    /// The token that binds the forms to the browser.
    pub csrf: &'a str,
    /// The name of the owner; empty when it is not known.
    pub name: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// The user name; empty when there is none.
    pub username: &'a str,
    /// Whether there is a password to change; who comes from another provider only may have none.
    pub has_password: bool,
    /// The shortest password that the policy allows.
    pub password_min: u64,
    /// Where "Sign out" leads.
    pub sign_out_url: &'a str,
    /// Where the account is signed in.
    pub sessions: &'a [Session<'a>],
    /// Applications that may act for the account.
    pub connections: &'a [Connection<'a>],
    /// Whether the address is not verified, and a link to do so can be sent (`/verification`).
    pub offer_verification: bool,
    /// Where administrators follow a migration.
    pub migration_url: Option<&'a str>,
    /// What the last form brought.
    pub notice: Option<AccountNotice>,
}

/// A place where the account is signed in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Session<'a> {
    /// What the button posts as `session`.
    pub value: &'a str,
    /// The browser and system in words, such as "Firefox on Windows".
    pub browser: &'a str,
    /// The address it was last used from.
    pub address: &'a str,
    /// When it was last used, in UTC as RFC 3339.
    pub last_used: &'a str,
    /// Whether it is the one that reads this page.
    pub current: bool,
}

/// An application that may act for the account.
#[derive(Debug, Clone, Copy, Default)]
pub struct Connection<'a> {
    /// What the button posts as `application`.
    pub value: &'a str,
    /// The name of the application.
    pub name: &'a str,
    /// What it may do; the words are those of the consent page.
    pub permissions: &'a [Scope<'a>],
    /// Since when, in UTC as RFC 3339.
    pub since: &'a str,
}

/// What the last form of the account page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountNotice {
    /// The application may no longer act for the account.
    ApplicationDisconnected,
    /// The page stood open too long, or its form was not made for this browser.
    Expired,
    /// The password is changed.
    PasswordChanged,
    /// The password is not changed.
    PasswordRefused(AccountPasswordError),
    /// The other session is over.
    SessionEnded,
}

/// Why a password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountPasswordError {
    /// The new one is among the most used ones, or close to the account's own data.
    Common,
    /// The new one is longer than the policy allows.
    Long,
    /// The new one is shorter than the policy allows.
    Short,
    /// The new one lacks kinds of characters that the policy asks for.
    Simple,
    /// The new one is the current one, or one of the last.
    Used,
    /// The current one is not right.
    Wrong,
}

impl Account<'_> {
    fn success(&self) -> Option<&'static str> {
        match self.notice? {
            AccountNotice::ApplicationDisconnected => Some("account-application-disconnected"),
            AccountNotice::PasswordChanged => Some("account-password-changed"),
            AccountNotice::SessionEnded => Some("account-session-ended"),
            AccountNotice::Expired | AccountNotice::PasswordRefused(_) => None,
        }
    }

    fn is_current_wrong(&self) -> bool {
        self.notice == Some(AccountNotice::PasswordRefused(AccountPasswordError::Wrong))
    }

    fn is_new_refused(&self) -> bool {
        matches!(self.notice, Some(AccountNotice::PasswordRefused(_))) && !self.is_current_wrong()
    }

    fn failure(&self, frame: &Frame<'_>) -> Option<String> {
        match self.notice? {
            AccountNotice::Expired => Some(frame.t("form-expired").to_owned()),
            AccountNotice::PasswordRefused(error) => Some(error.words(self.password_min, frame)),
            _ => None,
        }
    }
}

impl Session<'_> {
    fn last_used_words(&self) -> String {
        readable(self.last_used)
    }
}

impl Connection<'_> {
    fn since_words(&self) -> String {
        readable(self.since)
    }
}

impl AccountPasswordError {
    fn words(self, minimum: u64, frame: &Frame<'_>) -> String {
        let key = match self {
            Self::Common => "register-error-password-common",
            Self::Long => "register-error-password-long",
            Self::Short => {
                return frame.locale.format("register-error-password-short", &[("count", Value::Number(minimum))]);
            }
            Self::Simple => "register-error-password-simple",
            Self::Used => "account-password-used",
            Self::Wrong => "account-password-wrong",
        };
        frame.t(key).to_owned()
    }
}

/// `2026-11-20T23:39:26Z` as `2026-11-20 23:39 UTC`; anything else as it is.
fn readable(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16)) {
        (Some(day), Some("T"), Some(minute)) if time.ends_with('Z') => format!("{day} {minute} UTC"),
        _ => time.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct Page<'a> {
    view: &'a Account<'a>,
    frame: &'a Frame<'a>,
    failure: Option<String>,
}

/// Renders the account page.
#[must_use]
pub fn account(view: &Account<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, frame, failure: view.failure(frame) })
}
