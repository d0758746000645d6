//! Counted uses.

use authly_directory::usage::{UseKey, UseRepository, Uses, Way};
use oauth_core::{
    ids::{ClientKey, TenantId},
    store::StoreError,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    store::PgStore,
    value::{At, Reader},
};

/// In order of the key, so that two servers that write at once do not wait for each other in a ring.
const ADD: &str = "
    INSERT INTO client_uses (day, way, client_id, tenant_id, uses, last_at)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::uuid[], $4::uuid[], $5::bigint[], $6::timestamptz[])
        AS u (day, way, client_id, tenant_id, uses, last_at)
     ORDER BY u.day, u.way, u.client_id, u.tenant_id
    ON CONFLICT (day, way, client_id, tenant_id) DO UPDATE
       SET uses = client_uses.uses + excluded.uses, last_at = greatest(client_uses.last_at, excluded.last_at)";

const FROM: &str = "
    SELECT way, client_id, tenant_id, day, uses, last_at
      FROM client_uses
     WHERE day >= $1
     ORDER BY way COLLATE \"C\", client_id, tenant_id, day";

impl UseRepository for PgStore {
    async fn add_uses(&self, uses: Vec<Uses>) -> Result<(), StoreError> {
        let days: Vec<i32> = uses.iter().map(|uses| i32::try_from(uses.key.day).unwrap_or(i32::MAX)).collect();
        let ways: Vec<&str> = uses.iter().map(|uses| uses.key.way.as_str()).collect();
        let clients: Vec<Uuid> = uses.iter().map(|uses| uses.key.client.map_or(Uuid::nil(), ClientKey::uuid)).collect();
        let tenants: Vec<Uuid> = uses.iter().map(|uses| uses.key.tenant.map_or(Uuid::nil(), TenantId::uuid)).collect();
        let counts: Vec<i64> = uses.iter().map(|uses| i64::try_from(uses.count).unwrap_or(i64::MAX)).collect();
        let last: Vec<At> = uses.iter().map(|uses| At(uses.last_at)).collect();
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        steps.change(ADD, &[&days, &ways, &clients, &tenants, &counts, &last]).await?;
        Ok(steps.commit().await?)
    }

    async fn uses(&self, from_day: u32) -> Result<Vec<Uses>, StoreError> {
        let from = i32::try_from(from_day).unwrap_or(i32::MAX);
        self.db().read(FROM, &[&from]).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Uses, StoreError> {
    let mut row = Reader::new(row, "client_uses", &"-");
    let way = row.parse("way", Way::parse)?;
    let client: Uuid = row.take("client_id")?;
    let tenant: Uuid = row.take("tenant_id")?;
    let key = UseKey {
        way,
        client: (!client.is_nil()).then(|| ClientKey::from_uuid(client)),
        tenant: (!tenant.is_nil()).then(|| TenantId::from_uuid(tenant)),
        day: row.parse("day", |day: i32| u32::try_from(day).ok())?,
    };
    Ok(Uses { key, count: row.parse("uses", |uses: i64| u64::try_from(uses).ok())?, last_at: row.at("last_at")? })
}
