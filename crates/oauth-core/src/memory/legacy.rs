//! The legacy tokens in memory.

use super::{
    MemoryStore, conflict,
    tables::{LegacyRow, Tables},
};
use crate::{
    ids::LegacyTokenId,
    legacy::{LegacyRotation, LegacyTokenSnapshot, LegacyTokenType, NewLegacyPair},
    store::{Commit, LegacyTokenRepository, StoreError},
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
        Ok(Commit::Applied)
    }

    async fn invalidate_legacy(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        if let Some(row) = self.lock().legacy_tokens.get_mut(id) {
            row.invalidated = true;
        }
        Ok(())
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
