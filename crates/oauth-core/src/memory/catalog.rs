//! Clients, scopes, keys and settings in memory.

use super::{MemoryStore, conflict, tables::Tables};
use crate::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord},
    client::{Client, ClientSecret},
    ids::{ClientKey, KeyId, ScopeKey},
    store::{CatalogRepository, Commit, StoreError},
    time::Timestamp,
};

impl CatalogRepository for MemoryStore {
    async fn revision(&self) -> Result<i64, StoreError> {
        Ok(self.lock().revision)
    }

    async fn load_catalog(&self) -> Result<CatalogRecords, StoreError> {
        let tables = self.lock();
        Ok(CatalogRecords {
            revision: tables.revision,
            clients: tables.clients.values().cloned().collect(),
            scopes: tables.scopes.values().cloned().collect(),
            keys: tables.keys.values().cloned().collect(),
            tenants: tables.tenants.values().cloned().collect(),
            settings: tables.settings.clone(),
            unreadable: Vec::new(),
        })
    }

    async fn create_client(&self, client: &Client, audit: AuditEvent) -> Result<(), StoreError> {
        let mut tables = self.lock();
        tables.check_client(client)?;
        if tables.clients.contains_key(&client.key) {
            return Err(conflict("clients.key"));
        }
        tables.clients.insert(client.key, client.clone());
        tables.changed(audit);
        Ok(())
    }

    async fn update_client(&self, client: &Client, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        if !tables.clients.contains_key(&client.key) {
            return Ok(Commit::Lost);
        }
        tables.check_client(client)?;
        tables.clients.insert(client.key, client.clone());
        tables.changed(audit);
        Ok(Commit::Applied)
    }

    async fn delete_client(&self, client: ClientKey, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        if tables.clients.remove(&client).is_none() {
            return Ok(Commit::Lost);
        }
        let Tables { grants, codes, refresh_tokens, consents, assertions, .. } = &mut *tables;
        grants.retain(|_, row| row.grant.client != client);
        codes.retain(|_, row| grants.contains_key(&row.grant));
        refresh_tokens.retain(|_, row| grants.contains_key(&row.grant));
        consents.retain(|(_, theirs), _| *theirs != client);
        assertions.retain(|(theirs, _), _| *theirs != client);
        tables.changed(audit);
        Ok(Commit::Applied)
    }

    async fn upgrade_client_secret(&self, client: ClientKey, secret: ClientSecret) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let Some(row) = tables.clients.get_mut(&client) else { return Ok(()) };
        if row.secrets.iter().all(|known| known.hash != secret.hash) {
            row.secrets.push(secret);
            tables.changed(None);
        }
        Ok(())
    }

    async fn put_scope(&self, scope: &ScopeRecord, audit: AuditEvent) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let known = tables.scopes.values().find(|known| known.name == scope.name).map(|known| known.key);
        let key = known.unwrap_or(scope.key);
        tables.scopes.insert(key, ScopeRecord { key, ..scope.clone() });
        tables.changed(audit);
        Ok(())
    }

    async fn delete_scope(&self, scope: ScopeKey, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        let Some(removed) = tables.scopes.remove(&scope) else { return Ok(Commit::Lost) };
        for client in tables.clients.values_mut() {
            client.scopes = client.scopes.without(removed.name.as_str());
        }
        tables.changed(audit);
        Ok(Commit::Applied)
    }

    async fn insert_key(
        &self,
        key: &SigningKeyRecord,
        retire_until: Timestamp,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        let mut tables = self.lock();
        if tables.keys.contains_key(&key.id) {
            return Err(conflict("signing_keys.kid"));
        }
        if key.state == KeyState::Current {
            tables.retire_current(&key.algorithm, audit.at, retire_until);
        }
        tables.keys.insert(key.id.clone(), key.clone());
        tables.changed(audit);
        Ok(())
    }

    async fn set_key_state(
        &self,
        key: &KeyId,
        state: KeyState,
        at: Timestamp,
        remove_at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        let Some(known) = tables.keys.get(key) else { return Ok(Commit::Lost) };
        if state == KeyState::Current && known.state != KeyState::Current {
            let algorithm = known.algorithm.clone();
            tables.retire_current(&algorithm, at, remove_at);
        }
        if let Some(row) = tables.keys.get_mut(key) {
            enter(row, state, at, remove_at);
        }
        tables.changed(audit);
        Ok(Commit::Applied)
    }

    async fn delete_key(&self, key: &KeyId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        if tables.keys.get(key).is_none_or(|row| row.state != KeyState::Retired) {
            return Ok(Commit::Lost);
        }
        tables.keys.remove(key);
        tables.changed(audit);
        Ok(Commit::Applied)
    }

    async fn reseal_key(&self, key: &KeyId, sealed: Vec<u8>) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        let Some(row) = tables.keys.get_mut(key) else { return Ok(Commit::Lost) };
        row.sealed_private_jwk = sealed;
        tables.changed(None);
        Ok(Commit::Applied)
    }

    async fn put_setting(&self, name: &str, value: &str, audit: AuditEvent) -> Result<(), StoreError> {
        let mut tables = self.lock();
        tables.settings.insert(name.to_owned(), value.to_owned());
        tables.changed(audit);
        Ok(())
    }
}

impl Tables {
    fn check_client(&self, client: &Client) -> Result<(), StoreError> {
        if self.clients.values().any(|other| other.id == client.id && other.key != client.key) {
            return Err(conflict("clients.client_id"));
        }
        Ok(())
    }

    fn retire_current(&mut self, algorithm: &str, at: Timestamp, remove_at: Timestamp) {
        let current = |row: &&mut SigningKeyRecord| row.algorithm == algorithm && row.state == KeyState::Current;
        self.keys.values_mut().filter(current).for_each(|row| enter(row, KeyState::Retired, at, remove_at));
    }
}

/// Brings a key into a state, with the times that belong to it.
fn enter(key: &mut SigningKeyRecord, state: KeyState, at: Timestamp, remove_at: Timestamp) {
    match state {
        KeyState::Current if key.state == KeyState::Current => {}
        KeyState::Current => (key.activated_at, key.retired_at, key.remove_at) = (Some(at), None, None),
        KeyState::Next => (key.activated_at, key.retired_at, key.remove_at) = (None, None, None),
        KeyState::Retired => (key.retired_at, key.remove_at) = (Some(at), Some(remove_at)),
    }
    key.state = state;
}
