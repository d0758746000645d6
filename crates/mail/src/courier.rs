//! Who carries a message: the port, and the choice between its implementations.

use authly_directory::mail::outbox::Attempted;
use lettre::Address;
use oauth_core::{ids::MailId, time::Timestamp};

use crate::{folder::Folder, smtp::Smtp};

/// A message ready to be carried.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The mail's id.
    pub id: MailId,
    /// Whom the mail server tells of failures.
    pub from: Address,
    /// Where it goes.
    pub to: Address,
    /// The whole message.
    pub bytes: Vec<u8>,
    /// When it was written.
    pub at: Timestamp,
}

/// What came of carrying a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It was tried.
    Tried(Attempted),
    /// Nothing was handed over, because the mail may not be begun any more: somebody else has it.
    NotOurs,
    /// Nobody is there to hand anything over to; that is so for every other mail as well.
    NobodyThere(String),
}

/// Carries messages.
pub trait Courier: Send {
    /// Carries one. `begin` is asked in the last instant before the content is handed over, and must say yes.
    fn carry(
        &mut self,
        mail: &Outgoing,
        begin: impl Future<Output = bool> + Send,
    ) -> impl Future<Output = Handed> + Send;
    /// Ends what is open; the courier may be used again.
    fn rest(&mut self) -> impl Future<Output = ()> + Send;
}

/// The courier that the settings name.
#[derive(Debug)]
pub enum AnyCourier {
    /// Files in a folder.
    Folder(Folder),
    /// A mail server.
    Smtp(Box<Smtp>),
}

impl Courier for AnyCourier {
    async fn carry(&mut self, mail: &Outgoing, begin: impl Future<Output = bool> + Send) -> Handed {
        match self {
            Self::Folder(folder) => folder.carry(mail, begin).await,
            Self::Smtp(smtp) => smtp.carry(mail, begin).await,
        }
    }

    async fn rest(&mut self) {
        match self {
            Self::Folder(folder) => folder.rest().await,
            Self::Smtp(smtp) => smtp.rest().await,
        }
    }
}
