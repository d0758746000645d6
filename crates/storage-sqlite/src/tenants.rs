//! Tenants, groups and memberships.

use authly_directory::{
    account::Account,
    tenant::{Confirmation, Group, GroupCreation, GroupRole, Members, Removal, Tenant, TenantGroup, TenantRepository},
};
use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    ids::{GroupId, TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};
use rusqlite::params;

use crate::{SqliteStore, accounts, audit, catalog, cursor::Cursor, db::Db, error::Outcome};

impl TenantRepository for SqliteStore {
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.read_long(|db| db.all(TENANTS, [], tenant)).await
    }

    async fn confirm_tenant(
        &self,
        tenant: TenantId,
        confirmation: Option<Confirmation>,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let (by, when) = confirmation.map(|said| (said.by, said.at.micros())).unzip();
            let rows = db.run(CONFIRM, params![tenant.uuid(), by, when, at.micros()])?;
            catalog::if_changed(db, rows, Some(&audit))
        })
        .await
    }

    async fn delete_tenant(&self, tenant: TenantId, at: Timestamp, audit: AuditEvent) -> Result<Removal, StoreError> {
        self.write(move |db| remove_tenant(db, tenant, at, &audit)).await
    }

    async fn tenant_groups(&self, tenant: Option<TenantId>) -> Result<Vec<TenantGroup>, StoreError> {
        self.read_long(move |db| db.all(MAPPINGS, [tenant.map(TenantId::uuid)], mapping)).await
    }

    async fn groups(&self, tenant: Option<TenantId>) -> Result<Vec<Group>, StoreError> {
        self.read_long(move |db| db.all(GROUPS, [tenant.map(TenantId::uuid)], group)).await
    }

    async fn create_groups(&self, write: GroupCreation) -> Result<(), StoreError> {
        self.write(move |db| {
            let at = write.at.micros();
            for new in &write.groups {
                let of = new.tenant.map(TenantId::uuid);
                db.run(NEW_GROUP, params![new.id.uuid(), of, new.name, new.description, at])?;
            }
            for own in &write.mappings {
                let role = own.role.as_str();
                db.run(PUT_MAPPING, params![own.tenant.uuid(), own.provider, own.group, own.name, role, at])?;
            }
            audit::write(db, &write.audit)
        })
        .await
    }

    async fn describe_group(
        &self,
        group: GroupId,
        description: String,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let rows = db.run(DESCRIBE, params![group.uuid(), description, at.micros()])?;
            if_any(db, rows, &audit)
        })
        .await
    }

    async fn delete_group(&self, group: GroupId, members: Members, audit: AuditEvent) -> Result<Removal, StoreError> {
        self.write(move |db| {
            let count = db.one(COUNT_MEMBERS, [group.uuid()], |row| row.value::<i64>("group_members.user_id"))?;
            let count = u64::try_from(count.unwrap_or(0)).unwrap_or(0);
            if count > 0 && members == Members::Protect {
                return Ok(Removal::HasMembers(count));
            }
            db.run(DROP_GROUP_MAPPINGS, params![TenantGroup::OWN, group.to_string()])?;
            if db.run(DROP_GROUP, [group.uuid()])? == 0 {
                return Ok(Removal::Unknown);
            }
            audit::write(db, &audit)?;
            Ok(Removal::Removed { members: count })
        })
        .await
    }

    async fn add_member(&self, group: GroupId, user: UserId, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let rows = db.run(JOIN, [group.uuid(), user.uuid()])?;
            if_any(db, rows, &audit)
        })
        .await
    }

    async fn remove_member(&self, group: GroupId, user: UserId, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let rows = db.run(LEAVE, [group.uuid(), user.uuid()])?;
            if_any(db, rows, &audit)
        })
        .await
    }

    async fn group_members(
        &self,
        group: GroupId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        self.read_long(move |db| {
            let after = after.map(UserId::uuid);
            let found = db.all(accounts::MEMBERS, params![group.uuid(), after, limit], accounts::read)?;
            Ok(found.into_iter().map(|found| found.account).collect())
        })
        .await
    }
}

const TENANTS: &str = "SELECT t.id, t.slug, t.name, t.active, t.legacy_login, t.confirmed_by, t.confirmed_at, \
                       t.deleted_at, t.created_at, t.updated_at, \
                       (SELECT count(*) FROM users u WHERE u.tenant_id = t.id AND u.status <> 'deleted'), \
                       (SELECT count(*) FROM groups g WHERE g.tenant_id = t.id) FROM tenants t ORDER BY t.slug";

fn tenant(cursor: &mut Cursor<'_>) -> Outcome<Tenant> {
    let record = TenantRecord {
        id: cursor.id("tenants.id", TenantId::from_uuid)?,
        slug: cursor.value("tenants.slug")?,
        name: cursor.value("tenants.name")?,
        active: cursor.value("tenants.active")?,
        legacy_login: cursor.value("tenants.legacy_login")?,
    };
    let by: Option<String> = cursor.value("tenants.confirmed_by")?;
    let confirmed_at = cursor.time_opt("tenants.confirmed_at")?;
    Ok(Tenant {
        record,
        confirmed: by.zip(confirmed_at).map(|(by, at)| Confirmation { by, at }),
        deleted_at: cursor.time_opt("tenants.deleted_at")?,
        created_at: cursor.time("tenants.created_at")?,
        updated_at: cursor.time("tenants.updated_at")?,
        members: number(cursor, "users.tenant_id")?,
        groups: number(cursor, "groups.tenant_id")?,
    })
}

fn number(cursor: &mut Cursor<'_>, column: &'static str) -> Outcome<u64> {
    Ok(u64::try_from(cursor.value::<i64>(column)?).unwrap_or(0))
}

const CONFIRM: &str = "UPDATE tenants SET confirmed_by = ?2, confirmed_at = ?3, updated_at = ?4 \
                       WHERE id = ?1 AND deleted_at IS NULL";

const IS_THERE: &str = "SELECT 1 FROM tenants WHERE id = ?1 AND deleted_at IS NULL";

const COUNT_ACCOUNTS: &str = "SELECT count(*), ifnull(sum(status <> 'deleted'), 0) FROM users WHERE tenant_id = ?1";

const HAS_CLIENTS: &str = "SELECT 1 FROM clients WHERE tenant_id = ?1";

const DROP_MAPPINGS: &str = "DELETE FROM tenant_groups WHERE tenant_id = ?1";

const DROP_GROUPS: &str = "DELETE FROM groups WHERE tenant_id = ?1";

const CLOSE_CLIENTS: &str = "UPDATE clients SET is_active = 0, updated_at = ?2 WHERE tenant_id = ?1 AND is_active = 1";

const BURY: &str = "UPDATE tenants SET active = 0, deleted_at = ?2, updated_at = ?2 WHERE id = ?1";

const DROP: &str = "DELETE FROM tenants WHERE id = ?1";

fn remove_tenant(db: Db<'_>, tenant: TenantId, at: Timestamp, event: &AuditEvent) -> Outcome<Removal> {
    let id = tenant.uuid();
    if !db.exists(IS_THERE, [id])? {
        return Ok(Removal::Unknown);
    }
    let counts = |row: &mut Cursor<'_>| Ok((number(row, "users.tenant_id")?, number(row, "users.status")?));
    let (all, alive) = db.one(COUNT_ACCOUNTS, [id], counts)?.unwrap_or_default();
    if alive > 0 {
        return Ok(Removal::HasMembers(alive));
    }
    db.run(DROP_MAPPINGS, [id])?;
    db.run(DROP_GROUPS, [id])?;
    if all > 0 || db.exists(HAS_CLIENTS, [id])? {
        db.run(CLOSE_CLIENTS, params![id, at.micros()])?;
        db.run(BURY, params![id, at.micros()])?;
    } else {
        db.run(DROP, [id])?;
    }
    catalog::changed(db, Some(event))?;
    Ok(Removal::Removed { members: 0 })
}

const MAPPINGS: &str = "SELECT tenant_id, provider, group_id, group_name, role FROM tenant_groups \
                        WHERE ?1 IS NULL OR tenant_id = ?1 ORDER BY tenant_id, provider, group_id";

pub(crate) fn mapping(cursor: &mut Cursor<'_>) -> Outcome<TenantGroup> {
    Ok(TenantGroup {
        tenant: cursor.id("tenant_groups.tenant_id", TenantId::from_uuid)?,
        provider: cursor.value("tenant_groups.provider")?,
        group: cursor.value("tenant_groups.group_id")?,
        name: cursor.value("tenant_groups.group_name")?,
        role: cursor.parse("tenant_groups.role", GroupRole::parse)?,
    })
}

const PUT_MAPPING: &str = "INSERT INTO tenant_groups (tenant_id, provider, group_id, group_name, role, created_at) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tenant_id, provider, group_id) \
                           DO UPDATE SET group_name = excluded.group_name, role = excluded.role";

const GROUPS: &str = "SELECT g.id, g.tenant_id, g.name, g.description, g.created_at, \
                      (SELECT count(*) FROM group_members m WHERE m.group_id = g.id) FROM groups g \
                      WHERE ?1 IS NULL OR g.tenant_id = ?1 ORDER BY g.name, g.id";

fn group(cursor: &mut Cursor<'_>) -> Outcome<Group> {
    Ok(Group {
        id: cursor.id("groups.id", GroupId::from_uuid)?,
        tenant: cursor.id_opt("groups.tenant_id", TenantId::from_uuid)?,
        name: cursor.value("groups.name")?,
        description: cursor.value("groups.description")?,
        created_at: cursor.time("groups.created_at")?,
        members: number(cursor, "group_members.user_id")?,
    })
}

const NEW_GROUP: &str = "INSERT INTO groups (id, tenant_id, name, description, created_at, updated_at) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?5)";

const DESCRIBE: &str = "UPDATE groups SET description = ?2, updated_at = ?3 WHERE id = ?1";

const COUNT_MEMBERS: &str = "SELECT count(*) FROM group_members WHERE group_id = ?1";

const DROP_GROUP_MAPPINGS: &str = "DELETE FROM tenant_groups WHERE provider = ?1 AND group_id = ?2";

const DROP_GROUP: &str = "DELETE FROM groups WHERE id = ?1";

/// A group of a tenant takes that tenant's accounts alone; who is in it already stays.
const JOIN: &str = "INSERT INTO group_members (user_id, group_id) SELECT u.id, g.id FROM groups g, users u \
                    WHERE g.id = ?1 AND u.id = ?2 AND u.status <> 'deleted' \
                    AND (g.tenant_id IS NULL OR g.tenant_id = u.tenant_id) \
                    ON CONFLICT (user_id, group_id) DO UPDATE SET group_id = excluded.group_id";

const LEAVE: &str = "DELETE FROM group_members WHERE group_id = ?1 AND user_id = ?2";

/// Ends memberships in groups of another tenant than the account's.
pub(crate) fn settle_groups(db: Db<'_>, user: UserId) -> Outcome<()> {
    db.run(SETTLE, [user.uuid()]).map(drop)
}

const SETTLE: &str = "DELETE FROM group_members WHERE user_id = ?1 AND group_id IN (SELECT g.id FROM groups g \
                      JOIN users u ON u.id = ?1 WHERE g.tenant_id IS NOT NULL AND g.tenant_id IS NOT u.tenant_id)";

fn if_any(db: Db<'_>, rows: usize, event: &AuditEvent) -> Outcome<Commit> {
    if rows > 0 {
        audit::write(db, event)?;
    }
    Ok(accounts::commit(rows))
}
