//! The imported API keys in memory.

use super::MemoryStore;
use crate::{
    audit::AuditEvent,
    ids::{ApiKeyId, UserId},
    legacy::api_key::ApiKey,
    store::{ApiKeyRepository, Commit, StoreError},
    time::Timestamp,
};

impl MemoryStore {
    /// Puts a key in, whatever was there before.
    pub fn put_api_key(&self, key: ApiKey) {
        self.lock().api_keys.insert(key.id, key);
    }

    /// Revokes all keys of an account.
    pub fn end_api_keys(&self, user: UserId, at: Timestamp) {
        let mut tables = self.lock();
        let theirs = tables.api_keys.values_mut().filter(|key| key.user == user && key.revoked_at.is_none());
        theirs.for_each(|key| key.revoked_at = Some(at));
    }
}

impl ApiKeyRepository for MemoryStore {
    async fn api_keys(&self, after: Option<ApiKeyId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        let tables = self.lock();
        let behind = |key: &&ApiKey| after.is_none_or(|after| key.id > after);
        Ok(tables.api_keys.values().filter(behind).take(limit as usize).cloned().collect())
    }

    async fn revoke_api_key(&self, key: ApiKeyId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        match tables.api_keys.get_mut(&key).filter(|key| key.revoked_at.is_none()) {
            Some(key) => key.revoked_at = Some(audit.at),
            None => return Ok(Commit::Lost),
        }
        tables.audit.push(audit);
        Ok(Commit::Applied)
    }
}
