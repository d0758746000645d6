//! A letter in words: subject, plain text, and HTML that says the same.

use askama::Template;
use authly_directory::mail::letter::{Invitation, Letter, MailKind, OwnWords};
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
            Self::Account(MailKind::Announcement) => "announcement",
            Self::Account(MailKind::Invitation) => "invitation",
            Self::Account(MailKind::PasswordChanged) => "changed",
            Self::Account(MailKind::Reminder) => "reminder",
            Self::Account(MailKind::SetPassword) => "set-password",
            Self::Account(MailKind::VerifyAddress) => "verify",
            Self::Test => "test",
        }
    }

    /// Where the button leads.
    const fn path(self) -> &'static str {
        match self {
            Self::Account(MailKind::AddressKnown | MailKind::PasswordChanged) => Endpoint::SignIn.path(),
            Self::Account(MailKind::Announcement | MailKind::Invitation | MailKind::Reminder) => {
                Endpoint::Invitation.path()
            }
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
    /// Stands before the text.
    hello: Option<String>,
    text: String,
    /// Stand between the text and the button, a line each.
    steps: Vec<String>,
    /// The same where there is no button.
    steps_by_link: Vec<String>,
    button: String,
    url: String,
    until: Option<String>,
    /// Stand below the link, a line each.
    more: Vec<More>,
    plain: String,
    stranger: String,
    cause: String,
    causes: Vec<String>,
}

/// A line that names an address: what stands before it, the address, and what stands behind it.
struct More {
    before: String,
    address: String,
    /// Where the address leads; none where it is not known to be one.
    target: Option<String>,
    after: String,
}

impl More {
    fn of(catalogue: &Catalogue, key: &str, name: &'static str, value: &str) -> Self {
        let (line, address) = (catalogue.text(key, &[(name, value)]), plain(value));
        let (before, after) = line.split_once(&address).unwrap_or((line.as_str(), ""));
        let address = if before.len() == line.len() { String::new() } else { address };
        Self { before: before.to_owned(), target: target(&address), after: after.to_owned(), address }
    }

    fn line(&self) -> String {
        format!("{}{}{}", self.before, self.address, self.after)
    }
}

/// Where an address leads that is one of the web or of mail.
fn target(address: &str) -> Option<String> {
    if ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Some(address.to_owned());
    }
    // What a `mailto:` link reads as more than an address (RFC 6068 2) makes none.
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    let (local, host) = address.split_once('@')?;
    (!local.is_empty() && host.contains('.') && address.chars().all(plain)).then(|| format!("mailto:{address}"))
}

#[derive(Template)]
#[template(path = "own.html")]
struct OwnPage<'a> {
    subject: &'a str,
    lines: Vec<&'a str>,
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
    let url = url(occasion, letter, site);
    let invitation = letter.invitation.as_ref();
    if let Some(own) = invitation.and_then(|invitation| invitation.words.as_ref()) {
        return own_words(own);
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
        hello: invitation
            .and_then(|invitation| invitation.name.as_ref())
            .map(|name| catalogue.text("hello", &[("name", name)])),
        text: match invitation {
            Some(Invitation { sets_password: true, .. }) if occasion != Occasion::Account(MailKind::Announcement) => {
                catalogue.text("invitation-no-password", &[("product", &product), ("account", &account)])
            }
            _ => say("text"),
        },
        steps: steps(occasion, invitation, catalogue, &product, "invitation-step-open"),
        steps_by_link: steps(occasion, invitation, catalogue, &product, "invitation-step-link"),
        button: say("button"),
        stranger: say("stranger"),
        until: letter.link.as_ref().map(|(_, until)| catalogue.text("link-until", &[("until", &minute(*until))])),
        more: invitation.map(|invitation| more(invitation, catalogue)).unwrap_or_default(),
        plain: catalogue.text("link-plain", &[]),
        cause: if invitation.is_some() {
            catalogue.text("cause-administrator", &[("product", &product)])
        } else {
            catalogue.text("cause", &[])
        },
        product,
        url,
        causes,
    };
    let text = text(&words);
    // Writing to a string cannot fail, and the template holds nothing else that can.
    let html = Page { words: &words }.render().unwrap_or_default();
    Rendered { subject: words.subject, text, html }
}

/// Where the button leads.
pub fn url(occasion: Occasion, letter: &Letter, site: &Site) -> String {
    let url = site.issuer.url(occasion.path());
    match &letter.link {
        Some((token, _)) => format!("{url}?token={}", token.expose()),
        None => url,
    }
}

/// The three steps of an invitation (S001-54); `first` is what the first is called.
fn steps(
    occasion: Occasion,
    invitation: Option<&Invitation>,
    catalogue: &Catalogue,
    product: &str,
    first: &str,
) -> Vec<String> {
    if !matches!(occasion, Occasion::Account(MailKind::Invitation | MailKind::Reminder)) {
        return Vec::new();
    }
    let sets = invitation.is_some_and(|invitation| invitation.sets_password);
    let second = if sets { "invitation-step-set" } else { "invitation-step-sign-in" };
    let keys = [first, second, "invitation-step-done"];
    keys.map(|key| catalogue.text(key, &[("product", product)])).into()
}

/// What stands below the link of an invitation.
fn more(invitation: &Invitation, catalogue: &Catalogue) -> Vec<More> {
    let line = |key, name, value: &str| More::of(catalogue, key, name, value);
    let mut lines = Vec::new();
    lines.extend(invitation.ends.map(|ends| line("ends", "until", &day(ends))));
    lines.extend(invitation.guide.as_ref().map(|guide| line("guide", "url", guide)));
    lines.extend(invitation.integration_guide.as_ref().map(|guide| line("integration-guide", "url", guide)));
    lines.extend(invitation.support.as_ref().map(|support| line("support", "support", support)));
    lines
}

/// The operator's own words. Without HTML of their own the text stands in the page as it is.
fn own_words(own: &OwnWords) -> Rendered {
    let subject = plain(&own.subject);
    let html = own.html.clone().unwrap_or_else(|| {
        OwnPage { subject: &subject, lines: own.text.lines().collect() }.render().unwrap_or_default()
    });
    Rendered { subject, text: own.text.clone(), html }
}

/// The plain text: what the mail is about, the link on a line of its own, and what to do otherwise.
fn text(words: &Words) -> String {
    let mut parts: Vec<String> = words.hello.iter().chain([&words.text]).cloned().collect();
    if !words.steps_by_link.is_empty() {
        parts.push(words.steps_by_link.join("\n"));
    }
    parts.push(words.url.clone());
    parts.extend(words.until.clone());
    if !words.more.is_empty() {
        parts.push(words.more.iter().map(More::line).collect::<Vec<_>>().join("\n"));
    }
    parts.push(words.stranger.clone());
    let mut cause = vec![words.cause.clone()];
    cause.extend(words.causes.iter().map(|line| format!("  {line}")));
    parts.push(cause.join("\n"));
    parts.push(format!("-- \n{}\n", words.product));
    parts.join("\n\n")
}

/// An instant to the day, the same in every language.
pub fn day(at: Timestamp) -> String {
    at.to_offset().format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// An instant to the minute, the same in every language.
fn minute(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset().format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_web_or_to_a_mailbox_and_to_nothing_else() {
        assert_eq!(target("https://help.example.com/a?b=c").as_deref(), Some("https://help.example.com/a?b=c"));
        assert_eq!(target("help+it@example.com").as_deref(), Some("mailto:help+it@example.com"));
        for other in ["", "room 12", "help@desk", "@example.com", "a@example.com?bcc=b@example.com", "javascript:a@b.c"]
        {
            assert_eq!(target(other), None, "{other}");
        }
    }

    #[test]
    fn a_line_reads_the_same_with_its_link() {
        for catalogue in Catalogue::all() {
            let more = More::of(catalogue, "support", "support", "help@example.com");
            assert_eq!(more.line(), catalogue.text("support", &[("support", "help@example.com")]));
            assert_eq!((more.address.as_str(), more.target.is_some()), ("help@example.com", true));
            let line = More::of(catalogue, "ends", "until", "");
            assert_eq!(line.line(), catalogue.text("ends", &[("until", "")]));
        }
    }
}
