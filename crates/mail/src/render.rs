//! A letter in words: subject, plain text, and HTML that says the same.

use askama::Template;
use authly_directory::mail::letter::{Letter, MailKind};
use oauth_core::{endpoint::Endpoint, settings::Issuer, time::Timestamp};
use time::macros::format_description;

use crate::catalogue::{Catalogue, plain};

/// The installation, as mails name it.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub product: String,
    /// Its issuer, which every link begins with.
    pub issuer: Issuer,
}

/// What a mail is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Something that happened to an account.
    Account(MailKind),
    /// An administrator tests the settings.
    Test,
}

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

impl Occasion {
    /// What the keys of its messages begin with.
    const fn key(self) -> &'static str {
        match self {
            Self::Account(MailKind::AddressKnown) => "known",
            Self::Account(MailKind::PasswordChanged) => "changed",
            Self::Account(MailKind::SetPassword) => "set-password",
            Self::Account(MailKind::VerifyAddress) => "verify",
            Self::Test => "test",
        }
    }

    /// Where the button leads.
    const fn path(self) -> &'static str {
        match self {
            Self::Account(MailKind::AddressKnown | MailKind::PasswordChanged) => Endpoint::SignIn.path(),
            Self::Account(MailKind::SetPassword) => Endpoint::ResetPassword.path(),
            Self::Account(MailKind::VerifyAddress) => Endpoint::VerifyEmail.path(),
            Self::Test => "/",
        }
    }
}

/// All words of a mail.
struct Words {
    language: &'static str,
    product: String,
    subject: String,
    text: String,
    button: String,
    url: String,
    until: Option<String>,
    plain: String,
    stranger: String,
    cause: String,
    causes: Vec<String>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Page<'a> {
    words: &'a Words,
}

/// Renders a letter.
pub fn render(occasion: Occasion, letter: &Letter, site: &Site) -> Rendered {
    let catalogue = Catalogue::of(&letter.visitor.locale);
    let (product, account) = (plain(&site.product), plain(&letter.account));
    let say = |part: &str| {
        let key = format!("{}-{part}", occasion.key());
        catalogue.text(&key, &[("product", &product), ("account", &account)])
    };
    let mut url = site.issuer.url(occasion.path());
    if let Some((token, _)) = &letter.link {
        url = format!("{url}?token={}", token.expose());
    }
    let mut causes = vec![catalogue.text("cause-at", &[("at", &minute(letter.at))])];
    let mut caused = |key, name, value: &Option<String>| {
        causes.extend(value.as_ref().map(|value| catalogue.text(key, &[(name, value)])));
    };
    caused("cause-address", "address", &letter.visitor.address);
    caused("cause-browser", "browser", &letter.visitor.browser);
    let words = Words {
        language: catalogue.tag(),
        subject: say("subject"),
        text: say("text"),
        button: say("button"),
        stranger: say("stranger"),
        until: letter.link.as_ref().map(|(_, until)| catalogue.text("link-until", &[("until", &minute(*until))])),
        plain: catalogue.text("link-plain", &[]),
        cause: catalogue.text("cause", &[]),
        product,
        url,
        causes,
    };
    let text = text(&words);
    // Writing to a string cannot fail, and the template holds nothing else that can.
    let html = Page { words: &words }.render().unwrap_or_default();
    Rendered { subject: words.subject, text, html }
}

/// The plain text: what the mail is about, the link on a line of its own, and what to do otherwise.
fn text(words: &Words) -> String {
    let mut parts = vec![words.text.clone(), words.url.clone()];
    parts.extend(words.until.clone());
    parts.push(words.stranger.clone());
    let mut cause = vec![words.cause.clone()];
    cause.extend(words.causes.iter().map(|line| format!("  {line}")));
    parts.push(cause.join("\n"));
    parts.push(format!("-- \n{}\n", words.product));
    parts.join("\n\n")
}

/// An instant to the minute, the same in every language.
fn minute(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset().format(&format).unwrap_or_default()
}
