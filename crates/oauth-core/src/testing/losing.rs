//! A store that loses races on purpose, or fails, and otherwise is the one in memory.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord},
    client::{Client, ClientSecret},
    ids::{AccessTokenId, ApiKeyId, ClientKey, GrantId, KeyId, LegacyTokenId, ScopeKey, SessionId, UserId},
    legacy::{LegacyRotation, LegacyTokenSnapshot, api_key::ApiKeySnapshot},
    memory::MemoryStore,
    session::Session,
    store::*,
    time::Timestamp,
    token::TokenHash,
};

/// What happens to the guarded writes of the token endpoint.
pub(crate) enum Fate {
    /// Nobody interferes.
    Fair,
    /// Somebody else writes the very same thing first, with these tokens of their own.
    Beaten,
    /// The write is lost and nothing shows why.
    Unlucky,
    /// The store cannot be reached.
    Down,
}

/// The store in memory under a fate.
pub(crate) struct LosingStore {
    inner: MemoryStore,
    pub(crate) fate: Mutex<Fate>,
    /// How many times the store was asked for anything.
    pub(crate) trips: AtomicUsize,
}

impl LosingStore {
    pub(crate) fn new(inner: MemoryStore, fate: Fate) -> Self {
        Self { inner, fate: Mutex::new(fate), trips: AtomicUsize::new(0) }
    }

    pub(crate) fn set(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
    }

    fn trip(&self) -> Result<(), StoreError> {
        self.trips.fetch_add(1, Ordering::SeqCst);
        match *self.fate.lock().unwrap() {
            Fate::Down => Err(StoreError::new(StoreErrorKind::Unavailable)),
            Fate::Fair | Fate::Beaten | Fate::Unlucky => Ok(()),
        }
    }

    fn is_unlucky(&self) -> bool {
        matches!(*self.fate.lock().unwrap(), Fate::Unlucky)
    }

    fn is_beaten(&self) -> bool {
        matches!(*self.fate.lock().unwrap(), Fate::Beaten)
    }
}

/// Another token than ours, as a competitor would have made it.
fn rival(token: &NewRefreshToken) -> NewRefreshToken {
    NewRefreshToken { hash: TokenHash::of(token.hash.bytes()), ..token.clone() }
}

macro_rules! delegate {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)+) => {$(
        async fn $name(&self, $($arg: $type),*) -> Result<$out, StoreError> {
            self.trip()?;
            self.inner.$name($($arg),*).await
        }
    )+};
}

impl GrantRepository for LosingStore {
    async fn redeem_code(&self, write: Redemption) -> Result<Commit, StoreError> {
        self.trip()?;
        if self.is_unlucky() {
            return Ok(Commit::Lost);
        }
        if self.is_beaten() {
            let other = Redemption { refresh: write.refresh.as_ref().map(rival), assertion: None, ..write.clone() };
            assert_eq!(self.inner.redeem_code(other).await?, Commit::Applied);
        }
        self.inner.redeem_code(write).await
    }

    async fn rotate_refresh(&self, write: Rotation) -> Result<Commit, StoreError> {
        self.trip()?;
        if self.is_unlucky() {
            return Ok(Commit::Lost);
        }
        if self.is_beaten() {
            let other = Rotation { next: rival(&write.next), assertion: None, ..write.clone() };
            assert_eq!(self.inner.rotate_refresh(other).await?, Commit::Applied);
        }
        self.inner.rotate_refresh(write).await
    }

    async fn issue_code(&self, write: NewAuthorization) -> Result<Commit, StoreError> {
        self.trip()?;
        if self.is_unlucky() {
            return Ok(Commit::Lost);
        }
        if let Some(session) = write.grant.session.filter(|_| self.is_beaten()) {
            self.inner.end_session(session, write.grant.created_at, RevocationReason::SignedOut, None).await?;
        }
        self.inner.issue_code(write).await
    }

    delegate! {
        code(code: TokenHash) -> Option<CodeSnapshot>;
        refresh(token: TokenHash) -> Option<RefreshSnapshot>;
        revoke_grant(write: Revocation) -> ();
        grant(grant: GrantId, jti: AccessTokenId) -> Option<GrantSnapshot>;
        revoke_access_token(write: RevokedAccessToken) -> ();
        access_token_revoked(jti: AccessTokenId) -> bool;
        spend_assertion(write: SpentAssertion) -> Commit;
        authorize_snapshot(session: Option<TokenHash>, client: ClientKey) -> AuthorizeSnapshot;
        grants_of(user: UserId) -> Vec<Grant>;
        withdraw_consent(user: UserId, client: ClientKey, at: Timestamp, audit: Option<AuditEvent>) -> ();
    }
}

impl SessionRepository for LosingStore {
    delegate! {
        session(token: TokenHash) -> Option<Session>;
        touch_session(session: SessionId, at: Timestamp, idle_expires_at: Timestamp) -> ();
        end_session(session: SessionId, at: Timestamp, reason: RevocationReason, audit: Option<AuditEvent>) -> ();
        end_sessions_of(user: UserId, keep: Option<SessionId>, at: Timestamp, reason: RevocationReason) -> u64;
        sessions_of(user: UserId) -> Vec<Session>;
    }
}

impl LegacyTokenRepository for LosingStore {
    async fn rotate_legacy(&self, write: LegacyRotation) -> Result<Commit, StoreError> {
        self.trip()?;
        if self.is_beaten() {
            self.inner.invalidate_legacy(&write.spent).await?;
        }
        if self.is_unlucky() { Ok(Commit::Lost) } else { self.inner.rotate_legacy(write).await }
    }

    delegate! {
        legacy_token(id: &LegacyTokenId) -> Option<LegacyTokenSnapshot>;
        invalidate_legacy(id: &LegacyTokenId) -> ();
        end_legacy_family(id: &LegacyTokenId) -> ();
        api_key(hash: TokenHash) -> Option<ApiKeySnapshot>;
        note_api_key(key: ApiKeyId, at: Timestamp) -> ();
    }
}

impl CatalogRepository for LosingStore {
    delegate! {
        revision() -> i64;
        load_catalog() -> CatalogRecords;
        create_client(client: &Client, audit: AuditEvent) -> ();
        update_client(client: &Client, audit: AuditEvent) -> Commit;
        delete_client(client: ClientKey, audit: AuditEvent) -> Commit;
        upgrade_client_secret(client: ClientKey, secret: ClientSecret) -> ();
        put_scope(scope: &ScopeRecord, audit: AuditEvent) -> ();
        delete_scope(scope: ScopeKey, audit: AuditEvent) -> Commit;
        insert_key(key: &SigningKeyRecord, retire_until: Timestamp, audit: AuditEvent) -> ();
        set_key_state(key: &KeyId, state: KeyState, at: Timestamp, remove_at: Timestamp, audit: AuditEvent) -> Commit;
        delete_key(key: &KeyId, audit: AuditEvent) -> Commit;
        reseal_key(key: &KeyId, sealed: Vec<u8>) -> Commit;
        put_setting(name: &str, value: &str, audit: AuditEvent) -> ();
    }
}

impl MaintenanceRepository for LosingStore {
    delegate! {
        purge(order: PurgeOrder) -> Purged;
        ping() -> ();
    }
}
