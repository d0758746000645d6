//! The legacy tokens in memory.

use super::{
    MemoryStore, conflict,
    tables::{LegacyRow, Tables},
};
use crate::{
    ids::{ApiKeyId, LegacyTokenId, UserId},
    legacy::{LegacyRotation, LegacyTokenSnapshot, LegacyTokenType, NewLegacyPair, api_key::ApiKeySnapshot},
    store::{Commit, LegacyTokenRepository, StoreError},
    time::Timestamp,
    token::TokenHash,
};

impl LegacyTokenRepository for MemoryStore {
    async fn legacy_token(&self, id: &LegacyTokenId) -> Result<Option<LegacyTokenSnapshot>, StoreError> {
        let tables = self.lock();
        Ok(tables.legacy_tokens.get(id).and_then(|row| {
            Some(LegacyTokenSnapshot {
                id: id.clone(),
                kind: row.kind,
                expires_at: row.expires_at,
                invalidated: row.invalidated,
                bound_to_client: false,
                account: tables.account(row.user)?,
            })
        }))
    }

    async fn rotate_legacy(&self, write: LegacyRotation) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        if tables.legacy_tokens.get(&write.spent).is_none_or(|row| row.invalidated) {
            return Ok(Commit::Lost);
        }
        tables.check_pair(&write.pair)?;
        if let Some(row) = tables.legacy_tokens.get_mut(&write.spent) {
            row.invalidated = true;
        }
        tables.insert_pair(&write.pair);
        if let Some(family) = tables.legacy_families.get(&write.spent).cloned() {
            tables.legacy_families.insert(write.pair.refresh.clone(), family);
        }
        Ok(Commit::Applied)
    }

    async fn invalidate_legacy(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        if let Some(row) = self.lock().legacy_tokens.get_mut(id) {
            row.invalidated = true;
        }
        Ok(())
    }

    async fn end_legacy_family(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let Some(family) = tables.legacy_families.get(id).cloned() else { return Ok(()) };
        let members: Vec<LegacyTokenId> =
            tables.legacy_families.iter().filter(|(_, of)| **of == family).map(|(id, _)| id.clone()).collect();
        for member in members {
            if let Some(row) = tables.legacy_tokens.get_mut(&member) {
                row.invalidated = true;
            }
        }
        Ok(())
    }

    async fn api_key(&self, hash: TokenHash) -> Result<Option<ApiKeySnapshot>, StoreError> {
        let tables = self.lock();
        let found = tables.api_keys.values().find(|key| key.hash == hash);
        Ok(found.and_then(|key| Some(ApiKeySnapshot { key: key.clone(), account: tables.account(key.user)? })))
    }

    async fn note_api_key(&self, key: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        if let Some(key) = self.lock().api_keys.get_mut(&key) {
            key.uses += 1;
            key.last_used_at = key.last_used_at.max(Some(at));
        }
        Ok(())
    }
}

impl MemoryStore {
    /// Puts an imported token in, as the older program knew it.
    pub fn put_legacy_token(
        &self,
        id: LegacyTokenId,
        (user, kind): (UserId, LegacyTokenType),
        (expires_at, invalidated): (Timestamp, bool),
        family: Option<&str>,
    ) {
        let mut tables = self.lock();
        tables.legacy_tokens.insert(id.clone(), LegacyRow { user, kind, expires_at, invalidated });
        if let Some(family) = family {
            tables.legacy_families.insert(id, family.to_owned());
        }
    }
}

impl Tables {
    pub(super) fn check_pair(&self, pair: &NewLegacyPair) -> Result<(), StoreError> {
        let taken = |id| self.legacy_tokens.contains_key(id);
        if taken(&pair.access) || taken(&pair.refresh) || pair.access == pair.refresh {
            return Err(conflict("tokens.jti"));
        }
        Ok(())
    }

    pub(super) fn insert_pair(&mut self, pair: &NewLegacyPair) {
        let row = |kind, expires_at| LegacyRow { user: pair.user, kind, expires_at, invalidated: false };
        let access = row(LegacyTokenType::Access, pair.access_expires_at);
        let refresh = row(LegacyTokenType::Refresh, pair.refresh_expires_at);
        self.legacy_tokens.insert(pair.access.clone(), access);
        self.legacy_tokens.insert(pair.refresh.clone(), refresh);
    }
}
