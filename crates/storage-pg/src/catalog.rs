//! The catalog: read as of one instant, changed one writer after the other. Triggers raise its revision.

use futures_util::future::try_join5;
use oauth_core::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord, TenantRecord},
    client::{Client, ClientSecret},
    ids::{ClientKey, KeyId, ScopeKey, TenantId},
    scope::Scope,
    store::{CatalogRepository, Commit, StoreError},
    time::Timestamp,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    audit::{AuditParams, RECORD},
    clients,
    codes::commit,
    db::{Gate, Steps},
    error::Trouble,
    keys,
    store::PgStore,
    value::{At, Reader},
};

const REVISION: &str = "SELECT revision FROM revisions WHERE name = 'catalog'";

const SCOPES: &str = "
    SELECT id, scope_name, COALESCE(description, ''), COALESCE(is_default, FALSE), COALESCE(is_active, TRUE)
      FROM scopes ORDER BY scope_name";

const TENANTS: &str = "SELECT id, slug, name, is_active, legacy_login FROM tenants ORDER BY slug";

const SETTINGS: &str = "SELECT name, value FROM settings";

const PUT_SCOPE: &str = "
    INSERT INTO scopes (id, scope_name, description, is_default, is_active, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (scope_name) DO UPDATE
       SET description = excluded.description, is_default = excluded.is_default, is_active = excluded.is_active,
           updated_at = excluded.updated_at";

const DELETE_SCOPE: &str = "DELETE FROM scopes WHERE id = $1 RETURNING scope_name";

const FORGET_SCOPE: &str = "
    UPDATE clients SET other_scopes = array_remove(other_scopes, $1::text) WHERE $1::text = ANY(other_scopes)";

pub(crate) const PUT_SETTING: &str = "
    INSERT INTO settings (name, value, updated_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";

const PUT_TENANT: &str = "
    INSERT INTO tenants (id, slug, name, is_active, legacy_login, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (id) DO UPDATE
       SET slug = excluded.slug, name = excluded.name, is_active = excluded.is_active,
           legacy_login = excluded.legacy_login, updated_at = excluded.updated_at";

impl CatalogRepository for PgStore {
    async fn revision(&self) -> Result<i64, StoreError> {
        revision(self.db().read_one(REVISION, &[]).await?.as_ref())
    }

    async fn load_catalog(&self) -> Result<CatalogRecords, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_snapshot(&mut client).await?;
        let tenants = steps.run(TENANTS, &[]).await?.iter().map(tenant).collect::<Result<_, _>>()?;
        let records = CatalogRecords { tenants, ..all_but_tenants(&steps).await? };
        steps.commit().await?;
        Ok(records)
    }

    async fn load_without_tenants(&self) -> Result<CatalogRecords, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_snapshot(&mut client).await?;
        let records = all_but_tenants(&steps).await?;
        steps.commit().await?;
        Ok(records)
    }

    async fn create_client(&self, client: &Client, audit: AuditEvent) -> Result<(), StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        clients::insert(&steps, client).await?;
        Ok(finish(steps, audit).await?)
    }

    async fn update_client(&self, client: &Client, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let changed = clients::replace(&steps, client).await?;
        finish_if(changed, steps, audit).await
    }

    async fn delete_client(&self, client: ClientKey, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let changed = clients::remove(&steps, client).await?;
        finish_if(changed, steps, audit).await
    }

    async fn upgrade_client_secret(&self, client: ClientKey, secret: ClientSecret) -> Result<(), StoreError> {
        self.settle(
            clients::UPGRADE_SECRET,
            &[
                &client.uuid(),
                &secret.hash.bytes().as_slice(),
                &At(secret.created_at),
                &crate::value::at(secret.expires_at),
            ],
        )
        .await
    }

    async fn put_scope(&self, scope: &ScopeRecord, audit: AuditEvent) -> Result<(), StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let (name, at) = (scope.name.as_str(), At(audit.at));
        let params: crate::db::Params<'_> =
            &[&scope.key.uuid(), &name, &scope.description, &scope.is_default, &scope.is_active, &at];
        steps.change(PUT_SCOPE, params).await?;
        Ok(finish(steps, audit).await?)
    }

    async fn delete_scope(&self, scope: ScopeKey, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let removed = steps.run(DELETE_SCOPE, &[&scope.uuid()]).await?;
        if let Some(row) = removed.first() {
            let name: String = Reader::new(row, "scopes", &scope.uuid()).take("scope_name")?;
            steps.change(FORGET_SCOPE, &[&name]).await?;
        }
        finish_if(u64::from(!removed.is_empty()), steps, audit).await
    }

    async fn insert_key(
        &self,
        key: &SigningKeyRecord,
        retire_until: Timestamp,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        keys::insert(&steps, key, audit.at, retire_until).await?;
        Ok(finish(steps, audit).await?)
    }

    async fn set_key_state(
        &self,
        key: &KeyId,
        state: KeyState,
        at: Timestamp,
        remove_at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let changed = keys::set_state(&steps, key, state, at, remove_at).await?;
        finish_if(changed, steps, audit).await
    }

    async fn delete_key(&self, key: &KeyId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let changed = steps.change(keys::DELETE, &[&key.0]).await?;
        finish_if(changed, steps, audit).await
    }

    async fn reseal_key(&self, key: &KeyId, sealed: Vec<u8>) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let changed = steps.change(keys::RESEAL, &[&key.0, &sealed]).await?;
        steps.commit().await?;
        Ok(commit(changed))
    }

    async fn put_setting(&self, name: &str, value: &str, audit: AuditEvent) -> Result<(), StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        steps.change(PUT_SETTING, &[&name, &value, &At(audit.at)]).await?;
        Ok(finish(steps, audit).await?)
    }
}

/// All is asked at once.
async fn all_but_tenants(steps: &Steps<'_>) -> Result<CatalogRecords, StoreError> {
    let rows = async |sql| Ok(steps.run(sql, &[]).await?);
    let asked = try_join5(rows(REVISION), rows(SCOPES), rows(SETTINGS), clients::load(steps), keys::load(steps));
    let (found, scope_rows, setting_rows, (clients, mut unreadable), keys) = asked.await?;
    let revision = revision(found.first())?;
    let (mut scopes, mut left_out) = (Vec::new(), Vec::new());
    for row in &scope_rows {
        scopes.extend(clients::readable(scope(row), row, &mut left_out)?);
    }
    let settings = setting_rows.iter().map(setting).collect::<Result<_, _>>()?;
    unreadable.append(&mut left_out);
    Ok(CatalogRecords { revision, clients, scopes, keys, tenants: Vec::new(), settings, unreadable })
}

impl PgStore {
    pub(crate) async fn write_tenant(
        &self,
        tenant: &TenantRecord,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let params: crate::db::Params<'_> =
            &[&tenant.id.uuid(), &tenant.slug, &tenant.name, &tenant.active, &tenant.legacy_login, &At(at)];
        steps.change(PUT_TENANT, params).await?;
        Ok(finish(steps, audit).await?)
    }
}

/// Writes the event and makes everything durable.
pub(crate) async fn finish(steps: Steps<'_>, audit: AuditEvent) -> Result<(), Trouble> {
    let audit = AuditParams::from(audit);
    let params: crate::db::Params<'_> =
        &[&audit.id, &audit.at, &audit.kind, &audit.user, &audit.client, &audit.address, &audit.detail];
    steps.change(RECORD, params).await?;
    steps.commit().await
}

/// The same if something was changed; otherwise nothing is written.
pub(crate) async fn finish_if(changed: u64, steps: Steps<'_>, audit: AuditEvent) -> Result<Commit, StoreError> {
    if changed == 0 {
        return Ok(Commit::Lost);
    }
    finish(steps, audit).await?;
    Ok(Commit::Applied)
}

fn revision(row: Option<&Row>) -> Result<i64, StoreError> {
    let missing = || crate::error::unavailable("the table revisions has no row for the catalog");
    Reader::new(row.ok_or_else(missing)?, "revisions", &"catalog").take("revision")
}

fn scope(row: &Row) -> Result<ScopeRecord, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "scopes", &key);
    Ok(ScopeRecord {
        key: ScopeKey::from_uuid(row.take("id")?),
        name: row.parse("scope_name", |name: &str| Scope::parse(name).ok())?,
        description: row.take("description")?,
        is_default: row.take("is_default")?,
        is_active: row.take("is_active")?,
    })
}

fn tenant(row: &Row) -> Result<TenantRecord, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "tenants", &key);
    Ok(TenantRecord {
        id: TenantId::from_uuid(row.take("id")?),
        slug: row.take("slug")?,
        name: row.take("name")?,
        active: row.take("is_active")?,
        legacy_login: row.take("legacy_login")?,
    })
}

fn setting(row: &Row) -> Result<(String, String), StoreError> {
    let mut row = Reader::new(row, "settings", &"-");
    Ok((row.take("name")?, row.take("value")?))
}
