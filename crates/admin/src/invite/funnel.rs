//! How far invitations came: sent, opened, completed; by tenant.

use authly_directory::{
    invite::{InvitationFigures, InvitationRepository as _},
    services::DirectoryServices,
};
use serde::Serialize;

use crate::{Admin, AdminError};

/// The invitations of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    /// The tenant's short name; `None` for accounts without a tenant.
    pub tenant: Option<String>,
    /// Accounts whose letter is on its way.
    pub queued: u64,
    /// Accounts that a mail server has accepted a letter to.
    pub sent: u64,
    /// Accounts whose owner followed the link.
    pub opened: u64,
    /// Accounts that got a letter and have signed in by OAuth.
    pub completed: u64,
    /// Accounts whose newest letter was refused for good.
    pub failed: u64,
    /// Accounts whose newest letter may or may not have arrived.
    pub unknown: u64,
    /// Letters that were accepted, reminders among them.
    pub letters: u64,
}

impl From<InvitationFigures> for Funnel {
    fn from(figures: InvitationFigures) -> Self {
        Self {
            tenant: figures.slug,
            queued: figures.queued,
            sent: figures.sent,
            opened: figures.opened,
            completed: figures.completed,
            failed: figures.failed,
            unknown: figures.unknown,
            letters: figures.letters,
        }
    }
}

impl<V: DirectoryServices> Admin<V> {
    /// How far the invitations of each tenant came, by short name; tenants without any are left out.
    pub async fn invitation_funnel(&self) -> Result<Vec<Funnel>, AdminError> {
        let figures = self.services.accounts().invitation_figures().await?;
        Ok(figures.into_iter().map(Funnel::from).collect())
    }
}
