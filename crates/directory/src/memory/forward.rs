//! The protocol's ports: everything goes to the store behind the directory.

use oauth_core::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord},
    client::{Client, ClientSecret},
    ids::{AccessTokenId, ApiKeyId, ClientKey, GrantId, KeyId, LegacyTokenId, ScopeKey, SessionId, UserId},
    legacy::{
        LegacyRotation, LegacyTokenSnapshot,
        api_key::{ApiKey, ApiKeySnapshot},
    },
    session::Session,
    store::{
        ApiKeyRepository, AuthorizeSnapshot, CatalogRepository, CodeSnapshot, Commit, Grant, GrantRepository,
        GrantSnapshot, LegacyTokenRepository, MaintenanceRepository, NewAuthorization, PauseRepository, Paused,
        PurgeOrder, Purged, Redemption, RefreshSnapshot, Revocation, RevocationReason, RevokedAccessToken, Rotation,
        SessionRepository, SpentAssertion, StoreError,
    },
    time::Timestamp,
    token::TokenHash,
};

use super::MemoryDirectory;

macro_rules! forward {
    ($port:ident { $(fn $method:ident($($name:ident: $kind:ty),* $(,)?) -> $answer:ty;)+ }) => {
        impl $port for MemoryDirectory {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$answer, StoreError> {
                self.reachable()?;
                self.store.$method($($name),*).await
            })+
        }
    };
}

forward! { GrantRepository {
    fn code(code: TokenHash) -> Option<CodeSnapshot>;
    fn redeem_code(write: Redemption) -> Commit;
    fn refresh(token: TokenHash) -> Option<RefreshSnapshot>;
    fn rotate_refresh(write: Rotation) -> Commit;
    fn revoke_grant(write: Revocation) -> ();
    fn grant(grant: GrantId, jti: AccessTokenId) -> Option<GrantSnapshot>;
    fn revoke_access_token(write: RevokedAccessToken) -> ();
    fn access_token_revoked(jti: AccessTokenId) -> bool;
    fn spend_assertion(write: SpentAssertion) -> Commit;
    fn authorize_snapshot(session: Option<TokenHash>, client: ClientKey) -> AuthorizeSnapshot;
    fn issue_code(write: NewAuthorization) -> Commit;
    fn grants_of(user: UserId) -> Vec<Grant>;
    fn withdraw_consent(user: UserId, client: ClientKey, at: Timestamp, audit: Option<AuditEvent>) -> ();
} }

forward! { SessionRepository {
    fn session(token: TokenHash) -> Option<Session>;
    fn touch_session(session: SessionId, at: Timestamp, idle_expires_at: Timestamp) -> ();
    fn end_session(session: SessionId, at: Timestamp, reason: RevocationReason, audit: Option<AuditEvent>) -> ();
    fn end_sessions_of(user: UserId, keep: Option<SessionId>, at: Timestamp, reason: RevocationReason) -> u64;
    fn sessions_of(user: UserId) -> Vec<Session>;
} }

forward! { LegacyTokenRepository {
    fn legacy_token(id: &LegacyTokenId) -> Option<LegacyTokenSnapshot>;
    fn rotate_legacy(write: LegacyRotation) -> Commit;
    fn invalidate_legacy(id: &LegacyTokenId) -> ();
    fn end_legacy_family(id: &LegacyTokenId) -> ();
    fn api_key(hash: TokenHash) -> Option<ApiKeySnapshot>;
    fn note_api_key(key: ApiKeyId, at: Timestamp) -> ();
} }

forward! { ApiKeyRepository {
    fn api_keys(after: Option<ApiKeyId>, limit: u32) -> Vec<ApiKey>;
    fn revoke_api_key(key: ApiKeyId, audit: AuditEvent) -> Commit;
} }

forward! { CatalogRepository {
    fn revision() -> i64;
    fn load_catalog() -> CatalogRecords;
    fn create_client(client: &Client, audit: AuditEvent) -> ();
    fn update_client(client: &Client, audit: AuditEvent) -> Commit;
    fn delete_client(client: ClientKey, audit: AuditEvent) -> Commit;
    fn upgrade_client_secret(client: ClientKey, secret: ClientSecret) -> ();
    fn put_scope(scope: &ScopeRecord, audit: AuditEvent) -> ();
    fn delete_scope(scope: ScopeKey, audit: AuditEvent) -> Commit;
    fn insert_key(key: &SigningKeyRecord, retire_until: Timestamp, audit: AuditEvent) -> ();
    fn set_key_state(
        key: &KeyId, state: KeyState, at: Timestamp, remove_at: Timestamp, audit: AuditEvent,
    ) -> Commit;
    fn delete_key(key: &KeyId, audit: AuditEvent) -> Commit;
    fn reseal_key(key: &KeyId, sealed: Vec<u8>) -> Commit;
    fn put_setting(name: &str, value: &str, audit: AuditEvent) -> ();
} }

forward! { PauseRepository {
    fn pause_oauth(audit: AuditEvent) -> Paused;
    fn resume_oauth(audit: AuditEvent) -> Paused;
} }

impl MaintenanceRepository for MemoryDirectory {
    async fn purge(&self, order: PurgeOrder) -> Result<Purged, StoreError> {
        let most = usize::try_from(order.limit).unwrap_or(usize::MAX);
        let failures = {
            let mut people = self.lock();
            let over = people.failures.iter().filter(|(_, failures)| failures.is_over(order.now));
            let keys: Vec<_> = over.map(|(key, _)| *key).take(most).collect();
            people.failures.retain(|key, _| !keys.contains(key));
            u64::try_from(keys.len()).unwrap_or(u64::MAX)
        };
        let mails = self.lock().purge_mails(order.tokens_before, most);
        let purged = self.store.purge(order).await?;
        Ok(Purged { others: purged.others + failures + mails, ..purged })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.reachable()
    }
}
