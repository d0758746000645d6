//! Counted uses.

use authly_directory::usage::{UseKey, UseRepository, Uses, Way};
use oauth_core::{
    ids::{ClientKey, TenantId},
    store::StoreError,
};
use rusqlite::params;
use uuid::Uuid;

use crate::{SqliteStore, cursor::Cursor, error::Outcome};

/// Nobody is 16 zero bytes, so that the key is whole.
const ADD: &str = "INSERT INTO client_uses (day, way, client, tenant_id, uses, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (day, way, client, tenant_id) DO UPDATE SET uses = uses + excluded.uses, \
                   last_at = max(last_at, excluded.last_at)";

const FROM: &str = "SELECT way, client, tenant_id, day, uses, last_at FROM client_uses WHERE day >= ?1 \
                    ORDER BY way, client, tenant_id, day";

impl UseRepository for SqliteStore {
    async fn add_uses(&self, uses: Vec<Uses>) -> Result<(), StoreError> {
        self.write(move |db| {
            for Uses { key, count, last_at } in &uses {
                let client = key.client.map_or(Uuid::nil(), ClientKey::uuid);
                let tenant = key.tenant.map_or(Uuid::nil(), TenantId::uuid);
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                db.run(ADD, params![key.day, key.way.as_str(), client, tenant, count, last_at.micros()])?;
            }
            Ok(())
        })
        .await
    }

    async fn uses(&self, from_day: u32) -> Result<Vec<Uses>, StoreError> {
        self.read_long(move |db| db.all(FROM, [from_day], read)).await
    }
}

fn read(cursor: &mut Cursor<'_>) -> Outcome<Uses> {
    let way = cursor.parse("client_uses.way", Way::parse)?;
    let client: Uuid = cursor.value("client_uses.client")?;
    let tenant: Uuid = cursor.value("client_uses.tenant_id")?;
    let key = UseKey {
        way,
        client: (!client.is_nil()).then(|| ClientKey::from_uuid(client)),
        tenant: (!tenant.is_nil()).then(|| TenantId::from_uuid(tenant)),
        day: cursor.value("client_uses.day")?,
    };
    let count = u64::try_from(cursor.value::<i64>("client_uses.uses")?).unwrap_or(0);
    Ok(Uses { key, count, last_at: cursor.time("client_uses.last_at")? })
}
