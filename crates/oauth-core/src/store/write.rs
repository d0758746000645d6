//! What a store writes: everything that stands in the rows, times and audit events included.

use super::snapshot::Grant;
use crate::{
    audit::AuditEvent,
    ids::{AccessTokenId, ClientKey, GrantId},
    pkce::CodeProof,
    redirect::RedirectUri,
    scope::ScopeSet,
    time::Timestamp,
    token::TokenHash,
};

    fn delete_scope(
        &self,
        scope: ScopeKey,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Stores a new key; when it is current, the key of its algorithm that was current is retired (`remove_at` as given).
    fn insert_key(
        &self,
        key: &SigningKeyRecord,

        retire_until: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Changes a key's state; making it current retires the current key of its algorithm (`remove_at` as given).
    fn set_key_state(
        &self,
        key: &KeyId,
        state: KeyState,
        at: Timestamp,
        remove_at: Timestamp,
        audit: AuditEvent,

    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Removes a retired key.
    fn delete_key(&self, key: &KeyId, audit: AuditEvent) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Replaces the sealed private half of a key (rewrap under a new encryption key).
    fn reseal_key(&self, key: &KeyId, sealed: Vec<u8>) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Creates or replaces a setting (JSON text).
    fn put_setting(
        &self,
        name: &str,
        value: &str,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How many rows a cleaning step removed.

    pub tokens_before: Timestamp,
    /// The most rows to remove of each kind.
    pub limit: u32,
}

/// Removal of what has expired, in small batches. A refresh token goes only when its whole family has expired, so that a replay
/// is still seen as one.
pub trait MaintenanceRepository: Send + Sync {
    /// Removes one batch of each kind.
    fn purge(&self, order: PurgeOrder) -> impl Future<Output = Result<Purged, StoreError>> + Send;
    /// Whether the store answers.
    fn ping(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The whole store as the engine sees it.
pub trait Store: GrantRepository + SessionRepository + LegacyTokenRepository + MaintenanceRepository + 'static {}

impl<S: GrantRepository + SessionRepository + LegacyTokenRepository + MaintenanceRepository + 'static> Store for S {}










