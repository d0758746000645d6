//! OAuth switched off and on, with what hangs on it.

use oauth_core::{
    audit::AuditEvent,
    catalog::CatalogRecords,
    store::{PauseRepository, Paused, StoreError},
};

use crate::{
    catalog::{PUT_SETTING, finish},
    db::Gate,
    store::PgStore,
    value::At,
};

const REMEMBER_CLIENTS: &str = "
    INSERT INTO paused_clients (client_id, was_active, paused_at)
    SELECT id, is_active, $1 FROM clients WHERE is_active IS NOT FALSE
    ON CONFLICT (client_id) DO NOTHING";

const SWITCH_CLIENTS_OFF: &str = "UPDATE clients SET is_active = FALSE WHERE is_active IS NOT FALSE";

const REMEMBER_TOKENS: &str = "
    INSERT INTO paused_tokens (token_id, was_invalidated, paused_at)
    SELECT id, invalidated, $1 FROM tokens WHERE client_id IS NOT NULL AND invalidated IS NOT TRUE
    ON CONFLICT (token_id) DO NOTHING";

const INVALIDATE_TOKENS: &str =
    "UPDATE tokens SET invalidated = TRUE WHERE client_id IS NOT NULL AND invalidated IS NOT TRUE";

const SWITCH_CLIENTS_ON: &str = "
    UPDATE clients c SET is_active = p.was_active FROM paused_clients p
     WHERE p.client_id = c.id AND c.is_active IS FALSE
       AND NOT EXISTS (SELECT FROM audit_events a
                        WHERE a.client_id = c.id AND a.kind = 'client_changed' AND a.at >= p.paused_at
                          AND a.detail -> 'active' = 'false')";

const VALIDATE_TOKENS: &str = "
    UPDATE tokens t SET invalidated = p.was_invalidated FROM paused_tokens p
     WHERE p.token_id = t.id
       AND NOT EXISTS (SELECT FROM audit_events a
                        WHERE a.user_id = t.user_id AND a.kind = 'password_changed' AND a.at >= p.paused_at)";

const FORGET_CLIENTS: &str = "DELETE FROM paused_clients";

const FORGET_TOKENS: &str = "DELETE FROM paused_tokens";

impl PauseRepository for PgStore {
    async fn pause_oauth(&self, audit: AuditEvent) -> Result<Paused, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let at = At(audit.at);
        steps.change(REMEMBER_CLIENTS, &[&at]).await?;
        let clients = steps.change(SWITCH_CLIENTS_OFF, &[]).await?;
        steps.change(REMEMBER_TOKENS, &[&at]).await?;
        let tokens = steps.change(INVALIDATE_TOKENS, &[]).await?;
        steps.change(PUT_SETTING, &[&CatalogRecords::OAUTH_ENABLED, &"false", &at]).await?;
        finish(steps, audit).await?;
        Ok(Paused { clients, tokens })
    }

    async fn resume_oauth(&self, audit: AuditEvent) -> Result<Paused, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let clients = steps.change(SWITCH_CLIENTS_ON, &[]).await?;
        let tokens = steps.change(VALIDATE_TOKENS, &[]).await?;
        steps.change(FORGET_CLIENTS, &[]).await?;
        steps.change(FORGET_TOKENS, &[]).await?;
        steps.change(PUT_SETTING, &[&CatalogRecords::OAUTH_ENABLED, &"true", &At(audit.at)]).await?;
        finish(steps, audit).await?;
        Ok(Paused { clients, tokens })
    }
}
