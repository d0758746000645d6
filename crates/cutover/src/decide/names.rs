//! The names of a row in the form in which they must be unique, and what an operator made of them.

use std::borrow::Cow;

use authly_directory::identifier::EmailAddress;
pub(crate) use authly_directory::identifier::fold;

use crate::{
    outcome::{Flaw, Reason, ReasonCode},
    person::Person,
    store::Resolution,
};

/// The most bytes of an e-mail address or user name (C-19).
pub(crate) const MAX: usize = 255;

/// Whether it is an e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    EmailAddress::parse(text).is_some()
}

/// The names of a row, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) email: String,
    pub(crate) username: String,
}

impl Names {
    pub(crate) fn of(person: &Person) -> Self {
        let email = person.email.as_deref().filter(|email| email.len() <= MAX).map(fold).unwrap_or_default();
        let username = username(person).filter(|name| name.len() <= MAX).map(fold).unwrap_or_default();
        Self { email, username }
    }

    /// Each name once.
    pub(crate) fn folded(&self) -> impl Iterator<Item = &str> {
        let second = (self.username != self.email).then_some(self.username.as_str());
        [Some(self.email.as_str()), second].into_iter().flatten().filter(|name| !name.is_empty())
    }
}

/// The user name that the account gets: its own, else the e-mail address (C-19).
pub(crate) fn username(person: &Person) -> Option<&str> {
    person.username.as_deref().or(person.email.as_deref())
}

/// The person with the names that an operator gave it.
pub fn resolve<'a>(person: &'a Person, resolution: Option<&Resolution>) -> Cow<'a, Person> {
    match resolution {
        Some(Resolution::Rename { email, username }) => {
            let mut person = person.clone();
            person.flaws.retain(|flaw| !is_mended(flaw, email.is_some(), username.is_some()));
            person.email = email.clone().or(person.email);
            person.username = username.clone().or(person.username);
            Cow::Owned(person)
        }
        Some(Resolution::KeepBoth) => {
            let mut person = person.clone();
            let mark = mark(&person);
            if let Some((local, domain)) = person.email.as_deref().and_then(|email| email.rsplit_once('@')) {
                person.email = Some(format!("{}+{mark}@{domain}", cut(local, 48)));
            }
            if let Some(username) = &person.username {
                person.username = Some(format!("{}-{mark}", cut(username, 240)));
            }
            Cow::Owned(person)
        }
        Some(Resolution::Drop | Resolution::Merge { .. }) | None => Cow::Borrowed(person),
    }
}

/// Whether the address is verified: the source has shown that for its own, and nobody for one that an operator gave.
pub(super) fn is_verified(person: &Person, resolution: Option<&Resolution>) -> bool {
    let given = matches!(resolution, Some(Resolution::Rename { email: Some(_), .. } | Resolution::KeepBoth));
    person.is_verified && !given
}

/// The flaws of a row that waits which a decision leaves as they are: the next import would set the row aside for them again.
pub fn left_unmended(reason: &Reason, resolution: &Resolution) -> Vec<Flaw> {
    if reason.code != ReasonCode::Flawed || *resolution == Resolution::Drop {
        return Vec::new();
    }
    let told = reason.detail.get("flaws").cloned().unwrap_or_default();
    let mut flaws: Vec<Flaw> = serde_json::from_value(told).unwrap_or_default();
    if let Resolution::Rename { email, username } = resolution {
        flaws.retain(|flaw| !is_mended(flaw, email.is_some(), username.is_some()));
    }
    flaws
}

/// Whether a new address or a new user name takes the flaw away.
fn is_mended(flaw: &Flaw, email: bool, username: bool) -> bool {
    (email && (flaw.column == "email" || is_about_email(flaw.kind))) || (username && is_about_username(flaw.kind))
}

const fn is_about_email(kind: crate::outcome::FlawKind) -> bool {
    use crate::outcome::FlawKind::{EmailInvalid, EmailMissing, EmailTooLong};
    matches!(kind, EmailInvalid | EmailMissing | EmailTooLong)
}

const fn is_about_username(kind: crate::outcome::FlawKind) -> bool {
    use crate::outcome::FlawKind::{UsernameInvalid, UsernameTooLong};
    matches!(kind, UsernameInvalid | UsernameTooLong)
}

/// A few letters that tell the row from others, the same each time.
fn mark(person: &Person) -> String {
    let digest = crate::digest::Digest::of([person.id.as_str().as_bytes()]).to_string();
    digest.chars().take(8).collect()
}

fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
