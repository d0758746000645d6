//! What a mail is about. It waits in the outbox sealed: it may hold a link, and a store knows no secret.

use oauth_core::{
    ids::{MailId, UserId},
    services::{Purpose, Sealer},
    time::Timestamp,
    token::OpaqueToken,
};
use serde::{Deserialize, Serialize};

use crate::identifier::EmailAddress;

/// The kinds of mails; the text is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// Somebody registered with an address that has an account already (C-41).
    AddressKnown,
    /// Tells that signing in changes, and what stays (S002-44).
    Announcement,
    /// Invites to sign in the new way (S001-54).
    Invitation,
    /// The password was changed: for the case that it was not its owner.
    PasswordChanged,
    /// Reminds of an invitation (S001-53).
    Reminder,
    /// A link to set a password.
    SetPassword,
    /// A link to verify the address.
    VerifyAddress,
}

impl MailKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::AddressKnown,
        Self::Announcement,
        Self::Invitation,
        Self::PasswordChanged,
        Self::Reminder,
        Self::SetPassword,
        Self::VerifyAddress,
    ];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddressKnown => "address_known",
            Self::Announcement => "announcement",
            Self::Invitation => "invitation",
            Self::PasswordChanged => "password_changed",
            Self::Reminder => "reminder",
            Self::SetPassword => "set_password",
            Self::VerifyAddress => "verify_address",
        }
    }

    /// Reads the stable text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who caused a mail, as its reader can recognize it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// Where the request came from.
    pub address: Option<String>,
    /// What the browser is, in words.
    pub browser: Option<String>,
    /// The language that was asked for, as a tag.
    pub locale: String,
}

/// What a mail says, beside its kind.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What the account's owner knows it by.
    pub account: String,
    /// Who caused it.
    pub visitor: Visitor,
    /// When that was.
    pub at: Timestamp,
    /// The token of the link and the end of its life.
    pub link: Option<(OpaqueToken, Timestamp)>,
    /// What an invitation says beside.
    pub invitation: Option<Invitation>,
}

/// What an invitation says (S001-54, S002-44).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// What the reader is called.
    pub name: Option<String>,
    /// When signing in by password alone ends.
    pub ends: Option<Timestamp>,
    /// The address of a guide for people.
    pub guide: Option<String>,
    /// The address of a guide for those who built something on the API.
    pub integration_guide: Option<String>,
    /// Whom to ask.
    pub support: Option<String>,
    /// Whether the reader must set a password.
    pub sets_password: bool,
    /// The words, where the operator brought their own.
    pub words: Option<OwnWords>,
}

/// A letter in the operator's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWords {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML; made from the text where there is none.
    pub html: Option<String>,
}

/// How a letter is written down before it is sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    account: String,
    visitor: Visitor,
    at: Timestamp,
    token: Option<String>,
    until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invitation: Option<Invitation>,
}

impl Letter {
    /// Seals the letter of the mail with that id.
    pub fn seal(&self, mail: MailId, sealer: &impl Sealer) -> Vec<u8> {
        let written = Written {
            account: self.account.clone(),
            visitor: self.visitor.clone(),
            at: self.at,
            token: self.link.as_ref().map(|(token, _)| token.expose().to_owned()),
            until: self.link.as_ref().map(|(_, until)| *until),
            invitation: self.invitation.clone(),
        };
        let clear = serde_json::to_vec(&written).unwrap_or_default();
        sealer.seal(Purpose::AtRest, &context(mail), &clear)
    }

    /// Opens a letter; nothing if it was sealed for another mail or under another key.
    pub fn open(sealed: &[u8], mail: MailId, sealer: &impl Sealer) -> Option<Self> {
        let clear = sealer.open(Purpose::AtRest, &context(mail), sealed).ok()?;
        let written: Written = serde_json::from_slice(clear.expose()).ok()?;
        let token = written.token.as_deref().and_then(OpaqueToken::presented);
        Some(Self {
            account: written.account,
            visitor: written.visitor,
            at: written.at,
            link: token.zip(written.until),
            invitation: written.invitation,
        })
    }
}

fn context(mail: MailId) -> Vec<u8> {
    [b"mail".as_slice(), mail.uuid().as_bytes()].concat()
}

/// A mail to be queued.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Its id.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// Where it goes.
    pub to: EmailAddress,
    /// The account concerned.
    pub user: Option<UserId>,
    /// The sealed [`Letter`].
    pub sealed: Vec<u8>,
    /// When it was written.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, at};
    use oauth_core::services::Services as _;

    #[test]
    fn a_letter_opens_for_its_own_mail_only() {
        let world = World::new();
        let world = world.services();
        let (sealer, random) = (world.sealer(), world.random());
        let [mail, other] = [(); 2].map(|()| MailId::generate(at(0), random));
        let token = OpaqueToken::generate(random);
        let letter = Letter {
            account: "ada".into(),
            visitor: Visitor { locale: "de".into(), ..Visitor::default() },
            at: at(1),
            link: Some((token.clone(), at(2))),
            invitation: Some(Invitation { name: Some("Ada".into()), ..Invitation::default() }),
        };
        let sealed = letter.seal(mail, sealer);
        let opened = Letter::open(&sealed, mail, sealer).unwrap();
        assert_eq!((opened.account, opened.visitor, opened.at), (letter.account, letter.visitor, at(1)));
        assert_eq!(opened.invitation, letter.invitation);
        let (read, until) = opened.link.unwrap();
        assert_eq!((read.expose(), until), (token.expose(), at(2)));
        assert!(Letter::open(&sealed, other, sealer).is_none());
        assert!(Letter::open(b"?", mail, sealer).is_none());
    }

    #[test]
    fn a_printed_letter_shows_no_token() {
        let world = World::new();
        let world = world.services();
        let token = OpaqueToken::generate(world.random());
        let letter = Letter {
            account: String::new(),
            visitor: Visitor::default(),
            at: at(0),
            link: Some((token.clone(), at(1))),
            invitation: None,
        };
        assert!(!format!("{letter:?}").contains(token.expose()));
    }

    #[test]
    fn kinds_are_read_back() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(MailKind::parse("spam"), None);
    }
}
