//! The page that creates an account.

use askama::Template;

use crate::{
    client::Client,
    frame::{Frame, render},
    locale::Value,
};

/// The registration page. The form posts `request`, `csrf`, `email`, `username` and `password`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Register<'a> {
    /// Where the form is posted.
    pub action: &'a str,
    /// The opaque id of the authorization request under way; empty when people came by themselves.
    pub request: &'a str,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// The application they are on the way to.
    pub client: Option<Client<'a>>,
    /// What was typed as the e-mail address.
    pub email: &'a str,
    /// What was typed as the user name.
    pub username: &'a str,
    /// The shortest password that the policy allows.
    pub password_min: u64,
    /// What is wrong with the form.
    pub errors: &'a [RegisterError],
    /// Where "Sign in" leads, for those who have an account.
    pub sign_in_url: Option<&'a str>,
}

/// A field of the registration form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterField {
    /// The e-mail address.
    Email,
    /// The password.
    Password,
    /// The user name.
    Username,
}

/// What can be wrong with the registration form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterError {
    /// The e-mail address is not one.
    EmailInvalid,
    /// There is an account with this address or user name already; which of them is not said.
    Exists,
    /// The page stood open too long, or its form was not made for this browser.
    Expired,
    /// The password is among the most used ones, or close to the account's own data.
    PasswordCommon,
    /// The password is longer than the policy allows.
    PasswordLong,
    /// The password is shorter than the policy allows.
    PasswordShort,
    /// The password lacks kinds of characters that the policy asks for.
    PasswordSimple,
    /// The user name is empty, too long, or has characters that are not allowed.
    UsernameInvalid,
}

impl RegisterError {
    fn field(self) -> Option<RegisterField> {
        match self {
            Self::EmailInvalid => Some(RegisterField::Email),
            Self::Exists | Self::Expired => None,
            Self::PasswordCommon | Self::PasswordLong | Self::PasswordShort | Self::PasswordSimple => {
                Some(RegisterField::Password)
            }
            Self::UsernameInvalid => Some(RegisterField::Username),
        }
    }

    fn words(self, view: &Register<'_>, frame: &Frame<'_>) -> String {
        let key = match self {
            Self::EmailInvalid => "register-error-email",
            Self::Exists => "register-error-exists",
            Self::Expired => "form-expired",
            Self::PasswordCommon => "register-error-password-common",
            Self::PasswordLong => "register-error-password-long",
            Self::PasswordShort => {
                return frame
                    .locale
                    .format("register-error-password-short", &[("count", Value::Number(view.password_min))]);
            }
            Self::PasswordSimple => "register-error-password-simple",
            Self::UsernameInvalid => "register-error-username",
        };
        frame.t(key).to_owned()
    }
}

#[derive(Template)]
#[template(path = "register.html")]
struct Page<'a> {
    view: &'a Register<'a>,
    frame: &'a Frame<'a>,
    general: Vec<String>,
    email: Vec<String>,
    username: Vec<String>,
    password: Vec<String>,
}

/// Renders the registration page.
#[must_use]
pub fn register(view: &Register<'_>, frame: &Frame<'_>) -> String {
    let of = |field: Option<RegisterField>| {
        view.errors.iter().filter(|error| error.field() == field).map(|error| error.words(view, frame)).collect()
    };
    render(&Page {
        view,
        frame,
        general: of(None),
        email: of(Some(RegisterField::Email)),
        username: of(Some(RegisterField::Username)),
        password: of(Some(RegisterField::Password)),
    })
}
