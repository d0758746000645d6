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
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    catalog::{finish, finish_if},
    db::{Gate, Params, Steps},
    error::Trouble,
    rows,
    store::PgStore,
    value::{At, Reader},
};

const TENANTS: &str = "
    SELECT t.id, t.slug, t.name, t.is_active, t.legacy_login, t.confirmed_by, t.confirmed_at, t.deleted_at, t.created_at,
           t.updated_at, COALESCE(u.members, 0), COALESCE(g.groups, 0)
      FROM tenants t
      LEFT JOIN (SELECT tenant_id, count(*) AS members FROM users WHERE status <> 'deleted' GROUP BY tenant_id) u
             ON u.tenant_id = t.id
      LEFT JOIN (SELECT tenant_id, count(*) AS groups FROM groups GROUP BY tenant_id) g ON g.tenant_id = t.id
     ORDER BY t.slug COLLATE \"C\"";

const CONFIRM: &str = "
    UPDATE tenants SET confirmed_by = $2, confirmed_at = $3, updated_at = $4 WHERE id = $1 AND deleted_at IS NULL";

const LOCK_TENANT: &str = "SELECT id FROM tenants WHERE id = $1 AND deleted_at IS NULL FOR UPDATE";

const COUNT_ACCOUNTS: &str = "
    SELECT count(*), count(*) FILTER (WHERE status <> 'deleted') FROM users WHERE tenant_id = $1";

const HAS_CLIENTS: &str = "SELECT id FROM clients WHERE tenant_id = $1 LIMIT 1";

const DROP_MAPPINGS: &str = "DELETE FROM tenant_groups WHERE tenant_id = $1";

const DROP_GROUPS: &str = "DELETE FROM groups WHERE tenant_id = $1";

const CLOSE_CLIENTS: &str = "
    UPDATE clients SET is_active = FALSE, updated_at = $2 WHERE tenant_id = $1 AND is_active IS NOT FALSE";

const BURY: &str = "UPDATE tenants SET is_active = FALSE, deleted_at = $2, updated_at = $2 WHERE id = $1";

const DROP: &str = "DELETE FROM tenants WHERE id = $1";

const MAPPINGS: &str = "
    SELECT tenant_id, provider, group_id, group_name, role
      FROM tenant_groups
     WHERE $1::uuid IS NULL OR tenant_id = $1
     ORDER BY tenant_id, provider COLLATE \"C\", group_id COLLATE \"C\"";

const PUT_MAPPING: &str = "
    INSERT INTO tenant_groups (tenant_id, provider, group_id, group_name, role, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, provider, group_id) DO UPDATE SET group_name = excluded.group_name, role = excluded.role";

const GROUPS: &str = "
    SELECT g.id, g.tenant_id, g.name, g.description, g.created_at,
           (SELECT count(*) FROM group_members m WHERE m.group_id = g.id)
      FROM groups g
     WHERE $1::uuid IS NULL OR g.tenant_id = $1
     ORDER BY g.name COLLATE \"C\", g.id";

const NEW_GROUP: &str = "
    INSERT INTO groups (id, tenant_id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)";

const DESCRIBE: &str = "UPDATE groups SET description = $2, updated_at = $3 WHERE id = $1";

const LOCK_GROUP: &str = "SELECT id FROM groups WHERE id = $1 FOR UPDATE";

const COUNT_MEMBERS: &str = "SELECT count(*) FROM group_members WHERE group_id = $1";

const DROP_GROUP_MAPPINGS: &str = "DELETE FROM tenant_groups WHERE provider = $1 AND group_id = $2";

const DROP_GROUP: &str = "DELETE FROM groups WHERE id = $1";

/// A group of a tenant takes that tenant's accounts alone; who is in it already stays. The account is locked, so that it does not
/// move to another tenant meanwhile.
const JOIN: &str = "
    WITH account AS (
      SELECT id, tenant_id FROM users WHERE id = $2 AND status <> 'deleted' FOR UPDATE
    )
    INSERT INTO group_members (user_id, group_id)
    SELECT a.id, g.id FROM groups g, account a
     WHERE g.id = $1 AND (g.tenant_id IS NULL OR g.tenant_id = a.tenant_id)
    ON CONFLICT (user_id, group_id) DO UPDATE SET group_id = excluded.group_id";

const LEAVE: &str = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2";

const MEMBERS: &str = concat!(
    "SELECT ",
    rows::account_columns!(),
    " FROM group_members m JOIN users u ON u.id = m.user_id LEFT JOIN tenants t ON t.id = u.tenant_id
      WHERE m.group_id = $1 AND ($2::uuid IS NULL OR u.id > $2)
      ORDER BY u.id
      LIMIT $3"
);

/// Ends memberships in groups of another tenant than the account's.
pub(crate) const SETTLE_GROUPS: &str = "
    DELETE FROM group_members m USING groups g, users u
     WHERE m.user_id = $1 AND u.id = $1 AND g.id = m.group_id AND g.tenant_id IS NOT NULL
       AND g.tenant_id IS DISTINCT FROM u.tenant_id";

impl TenantRepository for PgStore {
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.db().read(TENANTS, &[]).await?.iter().map(tenant).collect()
    }

    async fn confirm_tenant(
        &self,
        tenant: TenantId,
        confirmation: Option<Confirmation>,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let (by, when) = confirmation.map(|said| (said.by, At(said.at))).unzip();
        let changed = steps.change(CONFIRM, &[&tenant.uuid(), &by, &when, &At(at)]).await?;
        finish_if(changed, steps, audit).await
    }

    async fn delete_tenant(&self, tenant: TenantId, at: Timestamp, audit: AuditEvent) -> Result<Removal, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut connection).await?;
        let id = tenant.uuid();
        if steps.run(LOCK_TENANT, &[&id]).await?.is_empty() {
            return Ok(Removal::Unknown);
        }
        let counted = steps.run(COUNT_ACCOUNTS, &[&id]).await?;
        let count = |column| counted.first().map_or(Ok(0), |row| row.try_get::<_, i64>(column)).map_err(Trouble::from);
        let (all, alive) = (count(0)?, count(1)?);
        if alive > 0 {
            return Ok(Removal::HasMembers(u64::try_from(alive).unwrap_or(0)));
        }
        steps.change(DROP_MAPPINGS, &[&id]).await?;
        steps.change(DROP_GROUPS, &[&id]).await?;
        if all > 0 || !steps.run(HAS_CLIENTS, &[&id]).await?.is_empty() {
            steps.change(CLOSE_CLIENTS, &[&id, &At(at)]).await?;
            steps.change(BURY, &[&id, &At(at)]).await?;
        } else {
            steps.change(DROP, &[&id]).await?;
        }
        finish(steps, audit).await?;
        Ok(Removal::Removed { members: 0 })
    }

    async fn tenant_groups(&self, tenant: Option<TenantId>) -> Result<Vec<TenantGroup>, StoreError> {
        let found = self.db().read(MAPPINGS, &[&tenant.map(TenantId::uuid)]).await?;
        found.iter().map(mapping).collect()
    }

    async fn groups(&self, tenant: Option<TenantId>) -> Result<Vec<Group>, StoreError> {
        self.db().read(GROUPS, &[&tenant.map(TenantId::uuid)]).await?.iter().map(group).collect()
    }

    async fn create_groups(&self, write: GroupCreation) -> Result<(), StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        let at = At(write.at);
        for new in &write.groups {
            let of = new.tenant.map(TenantId::uuid);
            steps.change(NEW_GROUP, &[&new.id.uuid(), &of, &new.name, &new.description, &at]).await?;
        }
        for own in &write.mappings {
            let params: Params<'_> =
                &[&own.tenant.uuid(), &own.provider, &own.group, &own.name, &own.role.as_str(), &at];
            steps.change(PUT_MAPPING, params).await?;
        }
        Ok(finish(steps, write.audit).await?)
    }

    async fn describe_group(
        &self,
        group: GroupId,
        description: String,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        self.alter_group(DESCRIBE, &[&group.uuid(), &description, &At(at)], audit).await
    }

    async fn delete_group(&self, group: GroupId, members: Members, audit: AuditEvent) -> Result<Removal, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        let id = group.uuid();
        if steps.run(LOCK_GROUP, &[&id]).await?.is_empty() {
            return Ok(Removal::Unknown);
        }
        let count = members_of(&steps, id).await?;
        if count > 0 && members == Members::Protect {
            return Ok(Removal::HasMembers(count));
        }
        steps.change(DROP_GROUP_MAPPINGS, &[&TenantGroup::OWN, &group.to_string()]).await?;
        steps.change(DROP_GROUP, &[&id]).await?;
        finish(steps, audit).await?;
        Ok(Removal::Removed { members: count })
    }

    async fn add_member(&self, group: GroupId, user: UserId, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.alter_group(JOIN, &[&group.uuid(), &user.uuid()], audit).await
    }

    async fn remove_member(&self, group: GroupId, user: UserId, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.alter_group(LEAVE, &[&group.uuid(), &user.uuid()], audit).await
    }

    async fn group_members(
        &self,
        group: GroupId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let params: Params<'_> = &[&group.uuid(), &after.map(UserId::uuid), &i64::from(limit)];
        let found = self.db().read(MEMBERS, params).await?;
        found.iter().map(|row| rows::account(&mut Reader::new(row, "users", &"-"))).collect()
    }
}

impl PgStore {
    async fn alter_group(
        &self,
        sql: &'static str,
        params: Params<'_>,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        let changed = steps.change(sql, params).await?;
        finish_if(changed, steps, audit).await
    }
}

async fn members_of(steps: &Steps<'_>, group: Uuid) -> Result<u64, Trouble> {
    let counted = steps.run(COUNT_MEMBERS, &[&group]).await?;
    let count = counted.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn tenant(row: &Row) -> Result<Tenant, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "tenants", &key);
    let record = TenantRecord {
        id: TenantId::from_uuid(row.take("id")?),
        slug: row.take("slug")?,
        name: row.take("name")?,
        active: row.take("is_active")?,
        legacy_login: row.take("legacy_login")?,
    };
    let by: Option<String> = row.take("confirmed_by")?;
    let confirmed_at = row.maybe_at("confirmed_at")?;
    Ok(Tenant {
        record,
        confirmed: by.zip(confirmed_at).map(|(by, at)| Confirmation { by, at }),
        deleted_at: row.maybe_at("deleted_at")?,
        created_at: row.at("created_at")?,
        updated_at: row.at("updated_at")?,
        members: number(&mut row)?,
        groups: number(&mut row)?,
    })
}

fn number(row: &mut Reader<'_>) -> Result<u64, StoreError> {
    row.parse("id", |count: i64| u64::try_from(count).ok())
}

pub(crate) fn mapping(row: &Row) -> Result<TenantGroup, StoreError> {
    let mut row = Reader::new(row, "tenant_groups", &"-");
    Ok(TenantGroup {
        tenant: TenantId::from_uuid(row.take("tenant_id")?),
        provider: row.take("provider")?,
        group: row.take("group_id")?,
        name: row.take("group_name")?,
        role: row.parse("role", GroupRole::parse)?,
    })
}

fn group(row: &Row) -> Result<Group, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "groups", &key);
    Ok(Group {
        id: GroupId::from_uuid(row.take("id")?),
        tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
        name: row.take("name")?,
        description: row.take("description")?,
        created_at: row.at("created_at")?,
        members: number(&mut row)?,
    })
}
