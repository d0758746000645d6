//! The suite that every store passes: one named case for each promise of the ports.
//!
//! A store's tests say how a fresh, empty store is made, and get a `#[test]` for every case:
//!
//! ```text
//! async fn fresh() -> (MyStore, Guard) { .. } // the guard lives as long as the case: a folder, a database
//! authly_storage_contract::suite!(fresh);
//! ```
//!
//! A backend's name never stands here; where stores may differ, the suite is silent.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a case fails by panicking")]

pub mod accounts;
pub mod clients;
pub mod codes;
pub mod crowd;
pub mod cutover;
pub mod grants;
pub mod invite;
pub mod keys;
pub mod legacy;
pub mod mail;
pub mod outbox;
pub mod passwords;
pub mod pause;
pub mod purge;
pub mod refresh;
pub mod scopes;
pub mod sessions;
pub mod sign_in;
mod suite;
pub mod tenants;
pub mod uniqueness;
pub mod upstream;
pub mod usage;
mod world;

use authly_directory::{
    invite::InvitationRepository, mail::store::MailRepository, store::AccountRepository, tenant::TenantRepository,
    upstream::UpstreamRepository, usage::UseRepository,
};
use oauth_core::store::{ApiKeyRepository, CatalogRepository, PauseRepository, Store};

pub use self::{cutover::instants, world::World};

/// A store with every port.
pub trait WholeStore:
    Store
    + ApiKeyRepository
    + CatalogRepository
    + AccountRepository
    + InvitationRepository
    + MailRepository
    + PauseRepository
    + TenantRepository
    + UpstreamRepository
    + UseRepository
{
}

impl<S> WholeStore for S where
    S: Store
        + ApiKeyRepository
        + CatalogRepository
        + AccountRepository
        + InvitationRepository
        + MailRepository
        + PauseRepository
        + TenantRepository
        + UpstreamRepository
        + UseRepository
{
}

/// Runs one case on a runtime of its own: called by what [`suite!`] expands to.
pub fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(case);
}
