//! A mail as a message (RFC 5322): headers that nothing from outside can add to, a text part and an HTML part.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use oauth_core::{ids::MailId, time::Timestamp};
use thiserror::Error;

use crate::{catalogue::plain, courier::Outgoing, render::Rendered};

/// Why there is no message.
#[derive(Debug, Error)]
pub enum Uncomposed {
    /// An address is none that mail can be sent to.
    #[error("no mail can be sent to or from this address: {0}")]
    Address(#[from] lettre::address::AddressError),
    /// The message cannot be built.
    #[error("the message cannot be built: {0}")]
    Message(#[from] lettre::error::Error),
}

/// Who mails come from.
#[derive(Clone, Debug)]
pub struct Sender {
    mailbox: Mailbox,
}

impl Sender {
    /// The sender with that address and name.
    pub fn new(address: &str, name: &str) -> Result<Self, Uncomposed> {
        let name = plain(name);
        let name = Some(name).filter(|name| !name.trim().is_empty());
        Ok(Self { mailbox: Mailbox::new(name, address.parse::<Address>()?) })
    }

    /// The address.
    pub fn address(&self) -> &Address {
        &self.mailbox.email
    }

    /// The message of a mail: the same `Message-ID` and date at every attempt.
    pub fn compose(&self, id: MailId, to: &str, rendered: &Rendered, at: Timestamp) -> Result<Outgoing, Uncomposed> {
        let recipient: Address = to.parse()?;
        let since = u64::try_from(at.seconds()).unwrap_or(0);
        // The same bytes at every attempt.
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("part-{}", id.uuid().simple()))
            .singlepart(SinglePart::plain(rendered.text.clone()))
            .singlepart(SinglePart::html(rendered.html.clone()));
        let message = Message::builder()
            .from(self.mailbox.clone())
            .to(Mailbox::new(None, recipient.clone()))
            .subject(plain(&rendered.subject))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(since))
            .message_id(Some(format!("<{id}@{}>", self.mailbox.email.domain())))
            // RFC 3834 5: no machine answers to this, and no absence note is sent.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(parts)?;
        Ok(Outgoing { id, from: self.mailbox.email.clone(), to: recipient, bytes: message.formatted(), at })
    }
}
