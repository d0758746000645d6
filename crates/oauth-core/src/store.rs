//! The repository ports: one method is one use case is one atomic step.
//!
//! Reads return snapshots, "not found" is `Ok(None)`. Writes are guarded: a write that may happen once reports [`Commit`].
//! Everything that is written, times and audit events included, is in the argument; stores add nothing.

mod api_key;
mod outcome;
mod pause;
mod snapshot;
mod write;

use std::future::Future;

pub use self::{
    api_key::ApiKeyRepository,
    outcome::{Commit, StoreError, StoreErrorKind},
    pause::{PauseRepository, Paused},
    snapshot::{AuthorizeSnapshot, CodeSnapshot, Grant, GrantSnapshot, RefreshSnapshot, SessionEnd, Successor},
    write::{
        NewAuthorization, NewRefreshToken, PurgeOrder, Purged, Redemption, Revocation, RevocationReason,
        RevokedAccessToken, Rotation, SpentAssertion,
    },
};
use crate::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord},
    client::{Client, ClientSecret},
    ids::{AccessTokenId, ApiKeyId, ClientKey, GrantId, KeyId, LegacyTokenId, ScopeKey, SessionId, UserId},
    legacy::{LegacyRotation, LegacyTokenSnapshot, api_key::ApiKeySnapshot},
    session::Session,
    time::Timestamp,
    token::TokenHash,
};

/// Codes, refresh tokens and the grants they hang on.
pub trait GrantRepository: Send + Sync {
    /// The code with that hash.
    fn code(&self, code: TokenHash) -> impl Future<Output = Result<Option<CodeSnapshot>, StoreError>> + Send;
    /// Redeems a code.
    fn redeem_code(&self, write: Redemption) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// The refresh token with that hash.
    fn refresh(&self, token: TokenHash) -> impl Future<Output = Result<Option<RefreshSnapshot>, StoreError>> + Send;
    /// Uses a refresh token.
    fn rotate_refresh(&self, write: Rotation) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Revokes a grant with all that hangs on it.
    fn revoke_grant(&self, write: Revocation) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The grant with that id, and whether the access token `jti` is revoked.
    fn grant(
        &self,
        grant: GrantId,
        jti: AccessTokenId,
    ) -> impl Future<Output = Result<Option<GrantSnapshot>, StoreError>> + Send;
    /// Revokes one access token; a second time changes nothing.
    fn revoke_access_token(&self, write: RevokedAccessToken) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Whether an access token without a grant (client_credentials) is revoked.
    fn access_token_revoked(&self, jti: AccessTokenId) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Spends a client assertion by itself; `Lost` if it was spent before.
    fn spend_assertion(&self, write: SpentAssertion) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// What an authorization request depends on.
    fn authorize_snapshot(
        &self,
        session: Option<TokenHash>,
        client: ClientKey,
    ) -> impl Future<Output = Result<AuthorizeSnapshot, StoreError>> + Send;
    /// Writes a code with its grant.
    fn issue_code(&self, write: NewAuthorization) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// The grants of a user that are not revoked, newest first, for the account page and administration.
    fn grants_of(&self, user: UserId) -> impl Future<Output = Result<Vec<Grant>, StoreError>> + Send;
    /// Forgets a consent and revokes the user's grants for that client.
    fn withdraw_consent(
        &self,
        user: UserId,
        client: ClientKey,
        at: Timestamp,
        audit: Option<AuditEvent>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Browser sessions.
pub trait SessionRepository: Send + Sync {
    /// The session behind a cookie, ended or not.
    fn session(&self, token: TokenHash) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;
    /// Notes that a session was seen; applies only while it is not ended.
    fn touch_session(
        &self,
        session: SessionId,
        at: Timestamp,
        idle_expires_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Ends a session and revokes every grant that came from it; a second time changes nothing.
    fn end_session(
        &self,
        session: SessionId,
        at: Timestamp,
        reason: RevocationReason,
        audit: Option<AuditEvent>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Ends all sessions of a user but `keep`, with their grants; returns how many.
    fn end_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        at: Timestamp,
        reason: RevocationReason,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// The sessions of a user that are not ended, newest first.
    fn sessions_of(&self, user: UserId) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;
}

/// The legacy table `tokens`.
pub trait LegacyTokenRepository: Send + Sync {
    /// The token with that `jti`.
    fn legacy_token(
        &self,
        id: &LegacyTokenId,
    ) -> impl Future<Output = Result<Option<LegacyTokenSnapshot>, StoreError>> + Send;
    /// Spends a refresh token and records the next pair; applies only while it is not invalidated.
    fn rotate_legacy(&self, write: LegacyRotation) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Invalidates one token; a second time changes nothing.
    fn invalidate_legacy(&self, id: &LegacyTokenId) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Invalidates every token of the family that the token is of, if the older program kept families.
    fn end_legacy_family(&self, id: &LegacyTokenId) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The API key with that hash.
    fn api_key(&self, hash: TokenHash) -> impl Future<Output = Result<Option<ApiKeySnapshot>, StoreError>> + Send;
    /// Counts a use of an API key.
    fn note_api_key(&self, key: ApiKeyId, at: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Clients, scopes, keys, tenants and settings. Every write raises the revision in the same step.
pub trait CatalogRepository: Send + Sync {
    /// A number that is different after every change; cheap, asked once a second.
    fn revision(&self) -> impl Future<Output = Result<i64, StoreError>> + Send;
    /// Everything.
    fn load_catalog(&self) -> impl Future<Output = Result<CatalogRecords, StoreError>> + Send;
    /// Everything but tenants, for who needs none: there may be many thousands of them.
    fn load_without_tenants(&self) -> impl Future<Output = Result<CatalogRecords, StoreError>> + Send {
        async { Ok(CatalogRecords { tenants: Vec::new(), ..self.load_catalog().await? }) }
    }
    /// Registers a client with its secrets; `Conflict("clients.client_id")` if the identifier is taken.
    fn create_client(&self, client: &Client, audit: AuditEvent) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Replaces a client's registration, its secrets included; `Lost` if it does not exist.
    fn update_client(
        &self,
        client: &Client,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Removes a client with its grants; `Lost` if it does not exist.
    fn delete_client(
        &self,
        client: ClientKey,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Adds the fast hash of an imported secret at its first use; the imported hash stays for the older program.
    fn upgrade_client_secret(
        &self,
        client: ClientKey,
        secret: ClientSecret,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Creates or replaces a scope by name.
    fn put_scope(&self, scope: &ScopeRecord, audit: AuditEvent) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Removes a scope; `Lost` if it does not exist.
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
