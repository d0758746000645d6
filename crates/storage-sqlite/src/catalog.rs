//! The catalog: revision, settings, tenants; clients, scopes and keys have files of their own.

use oauth_core::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord, TenantRecord},
    client::{Client, ClientSecret},
    ids::{ClientKey, KeyId, ScopeKey, TenantId},
    store::{CatalogRepository, Commit, StoreError},
    time::Timestamp,
};
use rusqlite::params;

use crate::{
    SqliteStore, audit, client_row,
    cursor::Cursor,
    db::{Db, consistently},
    error::Outcome,
    keys, scopes,
};

impl CatalogRepository for SqliteStore {
    async fn revision(&self) -> Result<i64, StoreError> {
        self.read(revision)
    }

    async fn load_catalog(&self) -> Result<CatalogRecords, StoreError> {
        self.read_long(|db| {
            consistently(db, |db| Ok(CatalogRecords { tenants: db.all(TENANTS, [], tenant)?, ..all_but_tenants(db)? }))
        })
        .await
    }

    async fn load_without_tenants(&self) -> Result<CatalogRecords, StoreError> {
        self.read_long(|db| consistently(db, all_but_tenants)).await
    }

    async fn create_client(&self, client: &Client, audit: AuditEvent) -> Result<(), StoreError> {
        let client = client.clone();
        self.write(move |db| {
            client_row::insert(db, &client)?;
            changed(db, Some(&audit))
        })
        .await
    }

    async fn update_client(&self, client: &Client, audit: AuditEvent) -> Result<Commit, StoreError> {
        let client = client.clone();
        self.write(move |db| if_changed(db, client_row::update(db, &client)?, Some(&audit))).await
    }

    async fn delete_client(&self, client: ClientKey, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| if_changed(db, client_row::delete(db, client)?, Some(&audit))).await
    }

    async fn upgrade_client_secret(&self, client: ClientKey, secret: ClientSecret) -> Result<(), StoreError> {
        self.write(move |db| if_changed(db, client_row::add_secret(db, client, &secret)?, None).map(drop)).await
    }

    async fn put_scope(&self, scope: &ScopeRecord, audit: AuditEvent) -> Result<(), StoreError> {
        let scope = scope.clone();
        self.write(move |db| {
            scopes::put(db, &scope)?;
            changed(db, Some(&audit))
        })
        .await
    }

    async fn delete_scope(&self, scope: ScopeKey, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| if_changed(db, scopes::delete(db, scope)?, Some(&audit))).await
    }

    async fn insert_key(
        &self,
        key: &SigningKeyRecord,
        retire_until: Timestamp,
        audit: AuditEvent,
    ) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |db| {
            keys::insert(db, &key, audit.at, retire_until)?;
            changed(db, Some(&audit))
        })
        .await
    }

    async fn set_key_state(
        &self,
        key: &KeyId,
        state: KeyState,
        at: Timestamp,
        remove_at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let key = key.clone();
        self.write(move |db| if_changed(db, keys::set_state(db, &key, state, at, remove_at)?, Some(&audit))).await
    }

    async fn delete_key(&self, key: &KeyId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let key = key.clone();
        self.write(move |db| if_changed(db, keys::delete(db, &key)?, Some(&audit))).await
    }

    async fn reseal_key(&self, key: &KeyId, sealed: Vec<u8>) -> Result<Commit, StoreError> {
        let key = key.clone();
        self.write(move |db| if_changed(db, keys::reseal(db, &key, &sealed)?, None)).await
    }

    async fn put_setting(&self, name: &str, value: &str, audit: AuditEvent) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |db| put_setting(db, &name, &value, &audit)).await
    }
}

const REVISION: &str = "SELECT number FROM revision";

fn revision(db: Db<'_>) -> Outcome<i64> {
    Ok(db.one(REVISION, [], |cursor| cursor.value("revision.number"))?.unwrap_or_default())
}

const RAISE: &str = "UPDATE revision SET number = number + 1";

/// Notes a change of the catalog.
pub(crate) fn changed(db: Db<'_>, event: Option<&AuditEvent>) -> Outcome<()> {
    db.run(RAISE, [])?;
    audit::write_if(db, event)
}

/// Notes a change if rows were changed.
pub(crate) fn if_changed(db: Db<'_>, rows: usize, event: Option<&AuditEvent>) -> Outcome<Commit> {
    if rows == 0 {
        return Ok(Commit::Lost);
    }
    changed(db, event)?;
    Ok(Commit::Applied)
}

fn all_but_tenants(db: Db<'_>) -> Outcome<CatalogRecords> {
    let setting = |cursor: &mut Cursor<'_>| Ok((cursor.value("settings.name")?, cursor.value("settings.value")?));
    let (clients, unreadable) = client_row::all(db)?;
    Ok(CatalogRecords {
        revision: revision(db)?,
        clients,
        scopes: scopes::all(db)?,
        unreadable,
        keys: keys::all(db)?,
        tenants: Vec::new(),
        settings: db.all(SETTINGS, [], setting)?.into_iter().collect(),
    })
}

const SETTINGS: &str = "SELECT name, value FROM settings";

const PUT_SETTING: &str = "INSERT INTO settings (name, value) VALUES (?1, ?2) \
                           ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Creates or replaces a setting.
pub(crate) fn put_setting(db: Db<'_>, name: &str, value: &str, event: &AuditEvent) -> Outcome<()> {
    db.run(PUT_SETTING, [name, value])?;
    changed(db, Some(event))
}

const TENANTS: &str = "SELECT id, slug, name, active, legacy_login FROM tenants ORDER BY id";

fn tenant(cursor: &mut Cursor<'_>) -> Outcome<TenantRecord> {
    Ok(TenantRecord {
        id: cursor.id("tenants.id", TenantId::from_uuid)?,
        slug: cursor.value("tenants.slug")?,
        name: cursor.value("tenants.name")?,
        active: cursor.value("tenants.active")?,
        legacy_login: cursor.value("tenants.legacy_login")?,
    })
}

const PUT_TENANT: &str = "INSERT INTO tenants (id, slug, name, active, legacy_login, created_at, updated_at) \
                          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, \
                          name = excluded.name, active = excluded.active, legacy_login = excluded.legacy_login, \
                          updated_at = excluded.updated_at";

/// Creates or changes a tenant.
pub(crate) fn put_tenant(db: Db<'_>, tenant: &TenantRecord, at: Timestamp, event: &AuditEvent) -> Outcome<()> {
    let TenantRecord { id, slug, name, active, legacy_login } = tenant;
    db.run(PUT_TENANT, params![id.uuid(), slug, name, active, legacy_login, at.micros()])?;
    changed(db, Some(event))
}
