//! The repository port of links and mails: one method is one use case is one atomic step.

use std::future::Future;

use oauth_core::{
    audit::AuditEvent,
    ids::{LeaseId, MailId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
    token::TokenHash,
};

use super::{
    letter::NewMail,
    link::{AddressProof, EmailLink, LinkKind, LinkSnapshot},
    outbox::{HeldMail, Hold, MailState, OutboxEntry, OutboxQuery, Resend, Settlement},
};
use crate::password::StoredHash;

/// A link to be kept, and the mail that carries it.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The link.
    pub link: EmailLink,
    /// The mail; none where an administrator hands the link over.
    pub mail: Option<NewMail>,
    /// What the log says.
    pub audit: AuditEvent,
}

/// Uses a link: applies only while it is unused and has not expired, and the account still has the address.
#[derive(Clone, Debug)]
pub struct LinkUse {
    /// The hash of its token.
    pub token: TokenHash,
    /// Whose it is.
    pub user: UserId,
    /// The account's address as of the snapshot.
    pub address: String,
    /// When.
    pub at: Timestamp,
    /// What the log says.
    pub audit: AuditEvent,
}

/// What becomes of an account's API keys when its password is set by a link (C-32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeys {
    /// They end with the password: somebody else may have had it, and the keys with it.
    End,
    /// They stay: there was no password to have, because it could not be carried over.
    Keep,
}

impl ApiKeys {
    /// The word in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::End => "ended",
            Self::Keep => "kept",
        }
    }
}

/// A password that is set by link.
#[derive(Clone, Debug)]
pub struct LinkedPassword {
    /// What the link must be good for: setting a password, verifying the address, or following an invitation, which is then opened, too.
    pub kind: LinkKind,
    /// The use of the link.
    pub link: LinkUse,
    /// What it says about the address. It applies only while the address is verified, or not, as this was decided upon.
    pub proof: AddressProof,
    /// The hash by the policy.
    pub hash: StoredHash,
    /// The hash for an older program, where the database is shared with one.
    pub older_hash: Option<StoredHash>,
    /// What becomes of the account's API keys.
    pub api_keys: ApiKeys,
    /// The mail that tells the owner.
    pub notice: Option<NewMail>,
}

/// Links and the outbox.
pub trait MailRepository: Send + Sync {
    /// Keeps a link and queues its mail.
    fn issue_link(&self, write: NewLink) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The link with that token and its account; reading uses nothing up.
    fn link(&self, token: TokenHash) -> impl Future<Output = Result<Option<LinkSnapshot>, StoreError>> + Send;
    /// Uses a link to verify the account's address; an account that waited for that is active from then on.
    fn verify_address(&self, write: LinkUse) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Uses a link to set a password. In the same step: every other link to set one is used up, failures and `reset_required`
    /// are cleared, all sessions and legacy tokens of the account end, and its grants are revoked, with its API keys if the write says
    /// so. Where it proves the address, that is verified: links to verify it are used up too, and what the account consented to is
    /// forgotten if the proof says so.
    fn set_password_by_link(&self, write: LinkedPassword) -> impl Future<Output = Result<Commit, StoreError>> + Send;

    /// Queues a mail that carries no link.
    fn queue_mail(
        &self,
        mail: NewMail,
        audit: Option<AuditEvent>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Takes mails that are due, oldest first: those that nobody holds, or whose lease has run out.
    fn hold_mails(&self, hold: Hold) -> impl Future<Output = Result<Vec<HeldMail>, StoreError>> + Send;
    /// Says that the content is about to be handed over; applies only while the mail is queued and the lease lasts.
    fn begin_transmission(
        &self,
        mail: MailId,
        lease: LeaseId,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Writes down what came of an attempt. The content of a mail that is sent is wiped; who got an invitation is then invited.
    fn settle_mail(&self, write: Settlement) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Gives back what is held and was not begun.
    fn release_mails(&self, lease: LeaseId) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Settles mails whose sender was lost while it handed them over; returns how many rows changed.
    fn sweep_mails(&self, now: Timestamp, resend: Resend) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Mails, newest first.
    fn list_mails(&self, query: OutboxQuery) -> impl Future<Output = Result<Vec<OutboxEntry>, StoreError>> + Send;
    /// One mail.
    fn mail(&self, mail: MailId) -> impl Future<Output = Result<Option<OutboxEntry>, StoreError>> + Send;
    /// How many mails are in each state.
    fn count_mails(&self) -> impl Future<Output = Result<Vec<(MailState, u64)>, StoreError>> + Send;
    /// When the oldest mail was queued that still waits.
    fn oldest_mail(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;
    /// Queues a mail again that is queued, failed or unknown; `Lost` for every other.
    fn retry_mail(
        &self,
        mail: MailId,
        now: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Removes a mail, unless it is being handed over just now.
    fn drop_mail(&self, mail: MailId, audit: AuditEvent) -> impl Future<Output = Result<Commit, StoreError>> + Send;
}
