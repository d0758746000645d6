//! OAuth switched off and on in memory.

use super::MemoryStore;
use crate::{
    audit::{AuditEvent, AuditKind},
    catalog::CatalogRecords,
    client::ClientState,
    store::{PauseRepository, Paused, StoreError},
};

impl PauseRepository for MemoryStore {
    async fn pause_oauth(&self, audit: AuditEvent) -> Result<Paused, StoreError> {
        let mut tables = self.lock();
        let mut clients = 0;
        let mut paused = std::mem::take(&mut tables.paused_clients);
        for client in tables.clients.values_mut().filter(|client| client.is_active()) {
            client.state = ClientState::Inactive;
            paused.entry(client.key).or_insert(audit.at);
            clients += 1;
        }
        tables.paused_clients = paused;
        tables.settings.insert(CatalogRecords::OAUTH_ENABLED.to_owned(), "false".to_owned());
        tables.changed(audit);
        Ok(Paused { clients, tokens: 0 })
    }

    async fn resume_oauth(&self, audit: AuditEvent) -> Result<Paused, StoreError> {
        let mut tables = self.lock();
        let mut clients = 0;
        for (key, paused_at) in std::mem::take(&mut tables.paused_clients) {
            let by_hand = |event: &AuditEvent| {
                (event.kind, event.client) == (AuditKind::ClientChanged, Some(key))
                    && event.at >= paused_at
                    && event.detail.get("active").is_some_and(|active| active == false)
            };
            if tables.audit.iter().any(by_hand) {
                continue;
            }
            if let Some(client) = tables.clients.get_mut(&key).filter(|client| !client.is_active()) {
                client.state = ClientState::Active;
                clients += 1;
            }
        }
        tables.settings.insert(CatalogRecords::OAUTH_ENABLED.to_owned(), "true".to_owned());
        tables.changed(audit);
        Ok(Paused { clients, tokens: 0 })
    }
}
