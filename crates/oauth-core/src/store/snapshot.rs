//! What a store reads: snapshots with everything that a decision depends on.

use crate::{
    ids::{ClientKey, GrantId, SessionId, TenantId, UserId},
    pkce::CodeProof,
    redirect::RedirectUri,
    scope::ScopeSet,
    session::{AuthenticationMethod, Session},
    subject::Subject,
    time::Timestamp,
    token::TokenHash,
};

        Self { kind, source: Some(source.into()) }
    }
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
}

/// Clients, scopes, keys, tenants and settings. Every write raises the revision in the same step.
pub trait CatalogRepository: Send + Sync {
    /// A number that is different after every change; cheap, asked once a second.
    fn revision(&self) -> impl Future<Output = Result<i64, StoreError>> + Send;
    /// Everything.
    fn load_catalog(&self) -> impl Future<Output = Result<CatalogRecords, StoreError>> + Send;
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Authorization codes.
    pub codes: u64,
    /// Refresh tokens.
    pub refresh_tokens: u64,
    /// Grants without anything left.
    pub grants: u64,
    /// Sessions.
    pub sessions: u64,
    /// Legacy tokens.
    pub legacy_tokens: u64,
    /// Spent assertions, revoked access tokens, sealed successors and failure counters.
    pub others: u64,
}

/// Which rows may go, and how many at a time.

#[derive(Clone, Copy, Debug)]
pub struct PurgeOrder {
    /// Now, for things that are over at their expiry: assertions, revoked access tokens, failure counters.
    pub now: Timestamp,
    /// Sealed successors of tokens used before this instant are wiped.
    pub successors_before: Timestamp,
    /// Codes that expired before this instant.
    pub codes_before: Timestamp,
    /// Refresh tokens, sessions and legacy tokens that expired before this instant.


