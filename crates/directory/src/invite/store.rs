//! The repository port of invitations: one method is one atomic step.

use std::future::Future;

use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};

use super::invitee::Invitee;
use crate::mail::{
    letter::NewMail,
    link::EmailLink,
    outbox::{HeldMail, Hold},
    store::LinkUse,
};

/// Which accounts to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct InviteeAsk {
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// Those behind this one.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u32,
}

/// Who delivers a letter; the text is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Servers, as every mail.
    Servers,
    /// An administrator, as files.
    Files,
}

impl Lane {
    /// The text in stores; servers need none.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Servers => None,
            Self::Files => Some("files"),
        }
    }
}

/// A letter to one person.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The link that it carries.
    pub link: EmailLink,
    /// The letter.
    pub mail: NewMail,
    /// What the log says.
    pub audit: AuditEvent,
}

/// How far the invitations of a tenant are: the funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvitationFigures {
    /// The tenant; `None` for accounts without one.
    pub tenant: Option<TenantId>,
    /// Its short name.
    pub slug: Option<String>,
    /// Accounts whose letter is on its way.
    pub queued: u64,
    /// Accounts of which a mail server has accepted a letter.
    pub sent: u64,
    /// Accounts whose newest letter was refused for good.
    pub failed: u64,
    /// Accounts whose newest letter may or may not have arrived.
    pub unknown: u64,
    /// Accounts whose owner followed the link.
    pub opened: u64,
    /// Accounts that got a letter and have signed in by OAuth.
    pub completed: u64,
    /// Letters that were accepted, reminders among them.
    pub letters: u64,
}

/// Invitations.
pub trait InvitationRepository: Send + Sync {
    /// Accounts that are not deleted, in order of their ids.
    fn invitees(&self, ask: InviteeAsk) -> impl Future<Output = Result<Vec<Invitee>, StoreError>> + Send;
    /// Gives accounts their waves, where they have none; all in one step.
    fn assign_waves(&self, waves: Vec<(UserId, u32)>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Queues letters with their links, all in one step, and says for whom: those who have signed in by OAuth meanwhile get
    /// none, nor do those who have a letter on its way, or got one (or perhaps got one) after `before`. Two that ask at once
    /// never both write to one person. A letter that failed, or may have been lost before, leaves the outbox for the new one.
    fn invite(
        &self,
        letters: Vec<NewInvitation>,
        lane: Lane,
        before: Timestamp,
    ) -> impl Future<Output = Result<Vec<UserId>, StoreError>> + Send;
    /// Takes letters for files that are due, oldest first: those that nobody holds, or whose lease has run out. Servers never
    /// see them. They are settled as all mails are.
    fn hold_files(&self, hold: Hold) -> impl Future<Output = Result<Vec<HeldMail>, StoreError>> + Send;
    /// Uses the link of an invitation: its owner has come, and the address is verified. An account that waited for that is
    /// active from then on.
    fn open_invitation(&self, write: LinkUse) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// How far they are, by tenant, in order of its short name; tenants without invitations are left out.
    fn invitation_figures(&self) -> impl Future<Output = Result<Vec<InvitationFigures>, StoreError>> + Send;
}
