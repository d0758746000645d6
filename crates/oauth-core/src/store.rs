//! The repository ports: one method is one use case is one atomic step.
//!
//! Reads return snapshots, "not found" is `Ok(None)`. Writes are guarded: a write that may happen once reports [`Commit`].
//! Everything that is written, times and audit events included, is in the argument; stores add nothing.

use std::future::Future;

use thiserror::Error;

use crate::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord},
    client::{Client, ClientSecret},
    ids::{AccessTokenId, ClientKey, GrantId, KeyId, LegacyTokenId, ScopeKey, SessionId, TenantId, UserId},
    legacy::{LegacyRotation, LegacyTokenSnapshot},
    pkce::CodeProof,
    redirect::RedirectUri,
    scope::ScopeSet,
    session::{AuthenticationMethod, Session},
    subject::Subject,
    time::Timestamp,
    token::TokenHash,
};

/// What became of a guarded write.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is durable.
    Applied,
    /// The row changed since the snapshot was read, and nothing was written. Load and decide again.
    Lost,
}

/// What kind of trouble a store had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Too much contention or too long a queue; try again: 503.
    Busy,
    /// A unique value is taken; the name says which (`clients.client_id`, `users.email` ..).
    Conflict(&'static str),
    /// A row cannot be read.
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        key: String,
    },
    /// No connection, no disk, an unknown outcome: 503.
    Unavailable,
}

/// A store could not do what was asked.
#[derive(Debug, Error)]
#[error("{kind:?}")]
pub struct StoreError {
    /// What kind of trouble.
    pub kind: StoreErrorKind,
    /// The cause, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error without a cause.
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    pub fn caused(kind: StoreErrorKind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(source.into()) }
    }
}

/// What a user allowed a client; codes and refresh tokens hang on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who allowed it.
    pub user: UserId,
    /// To whom.
    pub client: ClientKey,
    /// The user's tenant at that time.
    pub tenant: Option<TenantId>,
    /// The session it came from.
    pub session: Option<SessionId>,
    /// What was allowed.
    pub scope: ScopeSet,
    /// The audiences asked for by `resource` (RFC 8707).
    pub resources: Vec<String>,
    /// When the user had signed in: `auth_time`.
    pub authenticated_at: Timestamp,
    /// How: `amr`.
    pub methods: Vec<AuthenticationMethod>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A grant with what decides whether it still counts.
#[derive(Clone, Debug)]
pub struct GrantSnapshot {
    /// The grant.
    pub grant: Grant,
    /// Its account.
    pub subject: Subject,
    /// Whether its session is alive as far as the row tells (`ended_at` is empty), and until when.
    pub session: Option<SessionEnd>,
    /// Whether the `jti` that was asked about is revoked.
    pub token_revoked: bool,
}

/// When a grant's session ends or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEnd {
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
    /// When it ends without use.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

impl SessionEnd {
    /// Whether the session is alive.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now < self.idle_expires_at
    }
}

/// An authorization code with everything its redemption depends on.
#[derive(Clone, Debug)]
pub struct CodeSnapshot {
    /// Its hash.
    pub hash: TokenHash,
    /// Where the user was sent.
    pub redirect_uri: RedirectUri,
    /// What the client has to prove.
    pub proof: CodeProof,
    /// The `nonce` for the ID token.
    pub nonce: Option<String>,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was redeemed, if it was.
    pub used_at: Option<Timestamp>,
    /// Its grant, account and session.
    pub grant: GrantSnapshot,
}

/// A refresh token to be written; it hangs on the grant of the code or token it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefreshToken {
    /// Its hash.
    pub hash: TokenHash,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The spent `jti` of a client assertion (RFC 7523 3): recorded until `expires_at`, so that it works once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentAssertion {
    /// Whose.
    pub client: ClientKey,
    /// SHA-256 of the `jti`.
    pub jti: TokenHash,
    /// Until when it must be remembered.
    pub expires_at: Timestamp,
}

/// The redemption of a code: applies only while the code is unused and its grant not revoked (and the assertion unspent).
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The code.
    pub code: TokenHash,
    /// Its grant.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
    /// The refresh token that is issued, if one is.
    pub refresh: Option<NewRefreshToken>,
    /// The client assertion that is spent with it.
    pub assertion: Option<SpentAssertion>,
}

/// A refresh token with everything its use depends on.
#[derive(Clone, Debug)]
pub struct RefreshSnapshot {
    /// Its hash.
    pub hash: TokenHash,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used, if it was.
    pub used_at: Option<Timestamp>,
    /// Its successor, if it was used.
    pub successor: Option<Successor>,
    /// Its grant, account and session.
    pub grant: GrantSnapshot,
}

/// What followed a used refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its clear text sealed under a key derived from the predecessor, while it is kept.
    pub sealed: Option<Vec<u8>>,
    /// When the successor itself was used, if it was.
    pub used_at: Option<Timestamp>,
}

/// The use of a refresh token: applies only while it is unused and its grant not revoked (and the assertion unspent).
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The token that was presented.
    pub spent: TokenHash,
    /// Its grant.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
    /// The token that follows it.
    pub next: NewRefreshToken,
    /// The next token's clear text sealed for the bearer of the spent one; empty when the window is off.
    pub sealed_next: Option<Vec<u8>>,
    /// The client assertion that is spent with it.
    pub assertion: Option<SpentAssertion>,
}

/// Why a grant was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// By an administrator.
    Administrator,
    /// The client asked for it (RFC 7009).
    Client,
    /// A code or refresh token was presented twice.
    Replay,
    /// The user signed out.
    SignedOut,
    /// The user withdrew it or changed the password.
    User,
}

impl RevocationReason {
    /// The text in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Client => "client",
            Self::Replay => "replay",
            Self::SignedOut => "signed_out",
            Self::User => "user",
        }
    }
}

/// A revocation; a second one changes nothing.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// The grant.
    pub grant: GrantId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
    /// What the log says, written only if the grant was alive.
    pub audit: Option<AuditEvent>,
}

/// A single access token that ends before its `exp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedAccessToken {
    /// Its `jti`.
    pub jti: AccessTokenId,
    /// When it was revoked.
    pub at: Timestamp,
    /// Its `exp`: until then it must be remembered.
    pub expires_at: Timestamp,
}

/// A code to be written, with its new grant and the consent that the user gave with it.
#[derive(Clone, Debug)]
pub struct NewAuthorization {
    /// The new grant; applies only while its session is not ended.
    pub grant: Grant,
    /// The code's hash.
    pub code: TokenHash,
    /// Where the user is sent.
    pub redirect_uri: RedirectUri,
    /// What the client has to prove.
    pub proof: CodeProof,
    /// The `nonce`.
    pub nonce: Option<String>,
    /// When the code expires.
    pub expires_at: Timestamp,
    /// The consent to remember, if the user was asked: replaces what was remembered for this user and client.
    pub consent: Option<ScopeSet>,
    /// What the log says.
    pub audit: Option<AuditEvent>,
}

/// What an authorization request needs to know of the browser and its user.
#[derive(Clone, Debug)]
pub struct AuthorizeSnapshot {
    /// The session behind the cookie, ended or not.
    pub session: Option<Session>,
    /// The scopes that its user has allowed this client before.
    pub consent: ScopeSet,
}

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
