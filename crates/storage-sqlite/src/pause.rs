//! OAuth switched off and on, with what hangs on it.

use oauth_core::{
    audit::AuditEvent,
    catalog::CatalogRecords,
    store::{PauseRepository, Paused, StoreError},
};

use crate::{SqliteStore, catalog, db::Db, error::Outcome};

impl PauseRepository for SqliteStore {
    async fn pause_oauth(&self, audit: AuditEvent) -> Result<Paused, StoreError> {
        self.write(move |db| pause(db, &audit)).await
    }

    async fn resume_oauth(&self, audit: AuditEvent) -> Result<Paused, StoreError> {
        self.write(move |db| resume(db, &audit)).await
    }
}

const REMEMBER_CLIENTS: &str = "INSERT INTO paused_clients (client, paused_at) SELECT key, ?1 FROM clients WHERE is_active = 1 \
     ON CONFLICT (client) DO NOTHING";

const SWITCH_CLIENTS_OFF: &str = "UPDATE clients SET is_active = 0 WHERE is_active = 1";

const REMEMBER_TOKENS: &str = "INSERT INTO paused_tokens (jti, paused_at) SELECT jti, ?1 FROM tokens WHERE client_id IS NOT NULL AND invalidated = 0 \
     ON CONFLICT (jti) DO NOTHING";

const INVALIDATE_TOKENS: &str = "UPDATE tokens SET invalidated = 1 WHERE client_id IS NOT NULL AND invalidated = 0";

fn pause(db: Db<'_>, audit: &AuditEvent) -> Outcome<Paused> {
    db.run(REMEMBER_CLIENTS, [audit.at.micros()])?;
    let clients = db.run(SWITCH_CLIENTS_OFF, [])?;
    db.run(REMEMBER_TOKENS, [audit.at.micros()])?;
    let tokens = db.run(INVALIDATE_TOKENS, [])?;
    catalog::put_setting(db, CatalogRecords::OAUTH_ENABLED, "false", audit)?;
    Ok(paused(clients, tokens))
}

const SWITCH_CLIENTS_ON: &str = "UPDATE clients SET is_active = 1 WHERE is_active = 0 AND key IN (SELECT p.client FROM paused_clients p \
      WHERE NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.client = p.client AND a.kind = 'client_changed' \
                           AND a.at >= p.paused_at AND json_extract(a.detail, '$.active') = 0))";

const VALIDATE_TOKENS: &str = "UPDATE tokens SET invalidated = 0 WHERE jti IN (SELECT p.jti FROM paused_tokens p JOIN tokens t ON t.jti = p.jti \
      WHERE NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.user_id = t.user_id AND a.kind = 'password_changed' \
                           AND a.at >= p.paused_at))";

const FORGET_CLIENTS: &str = "DELETE FROM paused_clients";

const FORGET_TOKENS: &str = "DELETE FROM paused_tokens";

fn resume(db: Db<'_>, audit: &AuditEvent) -> Outcome<Paused> {
    let clients = db.run(SWITCH_CLIENTS_ON, [])?;
    let tokens = db.run(VALIDATE_TOKENS, [])?;
    db.run(FORGET_CLIENTS, [])?;
    db.run(FORGET_TOKENS, [])?;
    catalog::put_setting(db, CatalogRecords::OAUTH_ENABLED, "true", audit)?;
    Ok(paused(clients, tokens))
}

fn paused(clients: usize, tokens: usize) -> Paused {
    let count = |rows| u64::try_from(rows).unwrap_or(u64::MAX);
    Paused { clients: count(clients), tokens: count(tokens) }
}
