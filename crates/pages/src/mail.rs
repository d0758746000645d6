//! Pages around mails and their links: asking for a link, setting a password, verifying an address.

use askama::Template;

use crate::{
    frame::{Frame, render},
    locale::Value,
};

/// The page that asks for a link to set a password. The form posts `request`, `csrf` and `identifier`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ForgotPassword<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The opaque id of the authorization request under way; empty when people came by themselves.
    pub request: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// What was typed before.
    pub identifier: &'a str,
    /// What to say above the form.
    pub notice: Option<MailNotice>,
    /// Where "Sign in" leads.
    pub sign_in_url: &'a str,
}

/// What a page around mails says above its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailNotice {
    /// The page stood open too long, or its form was not made for this browser.
    Expired,
    /// Too many requests; they may try again in this many seconds.
    TooMany {
        /// How long to wait.
        seconds: u64,
    },
}

impl MailNotice {
    fn words(self, frame: &Frame<'_>) -> String {
        match self {
            Self::Expired => frame.t("form-expired").to_owned(),
            Self::TooMany { seconds } => frame.locale.format("forgot-too-many", &[("count", Value::Number(seconds))]),
        }
    }
}

/// The page that sets a password by a link. The form posts `csrf`, `token` and `password`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SetPassword<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The token that binds the form to the browser and the link.
    pub csrf: &'a str,
    /// The token of the link.
    pub token: &'a str,
    /// Whose password it is.
    pub account: &'a str,
    /// The shortest password that the policy allows.
    pub password_min: u64,
    /// What leads here.
    pub reached_by: ReachedBy,
    /// What is wrong with the password.
    pub error: Option<SetPasswordError>,
    /// What to say above the form.
    pub notice: Option<MailNotice>,
}

/// What leads to the page that sets a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReachedBy {
    /// An invitation: there is no password that works.
    Invitation,
    /// A link that was asked for.
    #[default]
    Link,
    /// A link to verify the address, whose reader does not know the password; the address is verified with it.
    Verification,
}

/// What can be wrong with a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetPasswordError {
    /// It is among the most used ones, or close to the account's own data.
    Common,
    /// It is longer than the policy allows.
    Long,
    /// It is shorter than the policy allows.
    Short,
}

/// The page that an invitation leads to. The form posts `csrf` and `token`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Invitation<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The token that binds the form to the browser and the link.
    pub csrf: &'a str,
    /// The token of the link.
    pub token: &'a str,
    /// Whose invitation it is.
    pub account: &'a str,
    /// What to say above the form.
    pub notice: Option<MailNotice>,
}

/// The page that verifies an address by a link, or by an invitation. The form posts `csrf` and `token`, and `current_password` where
/// that is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyAddress<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The token that binds the form to the browser and the link.
    pub csrf: &'a str,
    /// The token of the link.
    pub token: &'a str,
    /// The address.
    pub address: &'a str,
    /// Where those who do not know the account's password set one; none if nobody is asked for it.
    pub new_password_url: Option<&'a str>,
    /// Whether an invitation leads here.
    pub invited: bool,
    /// Whether another password was typed than the account's.
    pub wrong_password: bool,
    /// What to say above the form.
    pub notice: Option<MailNotice>,
}

/// A page of one sentence and one way on.
#[derive(Debug, Clone, Copy)]
pub struct MailNote<'a> {
    /// What happened.
    pub note: Note<'a>,
    /// Where its link leads; without one there is none.
    pub way_on: Option<&'a str>,
}

/// What such a page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note<'a> {
    /// The link of an invitation does not work any more; nobody needs one to sign in.
    InvitationOver,
    /// A link to set a password was asked for; whether there is an account is not said.
    PasswordLinkSent,
    /// The link to set a password does not work any more.
    PasswordLinkOver,
    /// The password is set.
    PasswordSet,
    /// Somebody registered; whether the address was known is not said.
    Registered,
    /// The link to verify this address was sent again.
    VerificationSent(&'a str),
    /// The link to verify an address does not work any more.
    VerificationOver,
    /// This address is verified.
    Verified(&'a str),
}

impl Note<'_> {
    /// Whether signing in is what comes next.
    const fn is_done(&self) -> bool {
        matches!(self, Self::PasswordSet | Self::Verified(_))
    }
}

#[derive(Template)]
#[template(path = "forgot_password.html")]
struct ForgotPage<'a> {
    view: &'a ForgotPassword<'a>,
    frame: &'a Frame<'a>,
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "set_password.html")]
struct SetPage<'a> {
    view: &'a SetPassword<'a>,
    frame: &'a Frame<'a>,
    notice: Option<String>,
    problems: Vec<String>,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    view: &'a Invitation<'a>,
    frame: &'a Frame<'a>,
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "verify_address.html")]
struct VerifyPage<'a> {
    view: &'a VerifyAddress<'a>,
    frame: &'a Frame<'a>,
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "mail_note.html")]
struct NotePage<'a> {
    view: &'a MailNote<'a>,
    frame: &'a Frame<'a>,
    title: &'a str,
    text: String,
    way: &'a str,
}

/// Renders the page that asks for a link.
#[must_use]
pub fn forgot_password(view: &ForgotPassword<'_>, frame: &Frame<'_>) -> String {
    render(&ForgotPage { view, frame, notice: view.notice.map(|notice| notice.words(frame)) })
}

/// Renders the page that sets a password.
#[must_use]
pub fn set_password(view: &SetPassword<'_>, frame: &Frame<'_>) -> String {
    let words = |error| match error {
        SetPasswordError::Common => frame.t("register-error-password-common").to_owned(),
        SetPasswordError::Long => frame.t("register-error-password-long").to_owned(),
        SetPasswordError::Short => {
            frame.locale.format("register-error-password-short", &[("count", Value::Number(view.password_min))])
        }
    };
    let problems = view.error.map(words).into_iter().collect();
    render(&SetPage { view, frame, notice: view.notice.map(|notice| notice.words(frame)), problems })
}

/// Renders the page that an invitation leads to.
#[must_use]
pub fn invitation(view: &Invitation<'_>, frame: &Frame<'_>) -> String {
    render(&InvitationPage { view, frame, notice: view.notice.map(|notice| notice.words(frame)) })
}

/// Renders the page that verifies an address.
#[must_use]
pub fn verify_address(view: &VerifyAddress<'_>, frame: &Frame<'_>) -> String {
    render(&VerifyPage { view, frame, notice: view.notice.map(|notice| notice.words(frame)) })
}

/// Renders a page of one sentence.
#[must_use]
pub fn mail_note(view: &MailNote<'_>, frame: &Frame<'_>) -> String {
    let (title, text, way) = match view.note {
        Note::InvitationOver => {
            (frame.t("link-over-title"), frame.t("link-over-invitation").to_owned(), frame.t("link-over-sign-in"))
        }
        Note::PasswordLinkSent => {
            (frame.t("check-mail-title"), frame.t("check-mail-password").to_owned(), frame.t("back-to-sign-in"))
        }
        Note::PasswordLinkOver => {
            (frame.t("link-over-title"), frame.t("link-over-password").to_owned(), frame.t("link-over-again"))
        }
        Note::PasswordSet => {
            (frame.t("set-password-done-title"), frame.t("set-password-done").to_owned(), frame.t("back-to-sign-in"))
        }
        Note::Registered => {
            (frame.t("check-mail-title"), frame.t("check-mail-registered").to_owned(), frame.t("back-to-sign-in"))
        }
        Note::VerificationSent(address) => {
            let text = frame.with("check-mail-verify", "address", address);
            (frame.t("check-mail-title"), text, frame.t("back-to-account"))
        }
        Note::VerificationOver => {
            (frame.t("link-over-title"), frame.t("link-over-verify").to_owned(), frame.t("back-to-sign-in"))
        }
        Note::Verified(address) => {
            let text = frame.with("verify-done", "address", address);
            (frame.t("verify-done-title"), text, frame.t("back-to-sign-in"))
        }
    };
    render(&NotePage { view, frame, title, text, way })
}
