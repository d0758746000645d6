//! What a batch depends on, and the batch itself: everything or nothing.

use std::collections::{BTreeMap, BTreeSet};

use authly_cutover::store::{
    BatchCommit, BatchWrite, LinkWrite, NewGroup, NewTenant, SnapshotAsk, TargetGroup, TargetSnapshot, TargetTenant,
};
use authly_failpoint::{Place, reached};
use oauth_core::{
    ids::{GroupId, TenantId, UserId},
    store::StoreErrorKind,
    time::Timestamp,
};
use rusqlite::params;

use super::{account, ledger, links, pen, runs};
use crate::{audit, catalog, db::Db, error::Outcome};

pub(super) fn snapshot(db: Db<'_>, ask: &SnapshotAsk) -> Outcome<TargetSnapshot> {
    let mut accounts = BTreeMap::new();
    let mut found = TargetSnapshot::default();
    for row in &ask.rows {
        let own = links::by_row(db, &ask.source, &row.source_id)?;
        let mut meant = Vec::new();
        let linked = own.iter().map(|link| link.user);
        let users: BTreeSet<UserId> = linked.chain(row.user).filter(|user| !accounts.contains_key(user)).collect();
        for user in users {
            meant.append(&mut account::by_id(db, user)?);
        }
        for name in &row.names {
            meant.append(&mut account::by_name(db, name)?);
        }
        if let Some(subject) = &row.external_subject {
            meant.append(&mut account::by_subject(db, subject)?);
            if let Some(user) = UserId::parse(subject) {
                meant.append(&mut account::by_id(db, user)?);
            }
        }
        accounts.extend(meant.into_iter().map(|account| (account.user, account)));
        // Links of accounts that are gone are not found by the account.
        found.links.extend(own.into_iter().filter(|link| !accounts.contains_key(&link.user)));
        found.pen.extend(pen::by_key(db, &ask.source, &row.source_id)?);
    }
    for user in accounts.keys() {
        found.links.append(&mut links::of_user(db, *user)?);
    }
    found.accounts = accounts.into_values().collect();
    Ok(found)
}

const TENANTS: &str = "SELECT id, slug, name, active FROM tenants WHERE deleted_at IS NULL ORDER BY slug";
const GROUPS: &str = "SELECT id, tenant_id, name FROM groups ORDER BY id";

pub(super) fn tenants(db: Db<'_>) -> Outcome<(Vec<TargetTenant>, Vec<TargetGroup>)> {
    let tenants = db.all(TENANTS, [], |row| {
        Ok(TargetTenant {
            id: row.id("tenants.id", TenantId::from_uuid)?,
            slug: row.value("tenants.slug")?,
            name: row.value("tenants.name")?,
            active: row.value("tenants.active")?,
        })
    })?;
    let groups = db.all(GROUPS, [], |row| {
        Ok(TargetGroup {
            id: row.id("groups.id", GroupId::from_uuid)?,
            tenant: row.id_opt("groups.tenant_id", TenantId::from_uuid)?,
            name: row.value("groups.name")?,
        })
    })?;
    Ok((tenants, groups))
}

/// Writes a batch. What was written before a guard failed is taken back to the savepoint.
pub(super) fn commit(db: Db<'_>, write: &BatchWrite) -> Outcome<BatchCommit> {
    db.run("SAVEPOINT batch", [])?;
    let done = apply(db, write).or_else(|fault| match fault.0.kind {
        StoreErrorKind::Conflict(_) => Ok(BatchCommit::Lost),
        _ => Err(fault),
    });
    match done {
        Ok(BatchCommit::Applied) => reached(Place::BatchWritten),
        _ => db.run("ROLLBACK TO batch", []).map(drop)?,
    }
    db.run("RELEASE batch", [])?;
    done
}

fn apply(db: Db<'_>, write: &BatchWrite) -> Outcome<BatchCommit> {
    let Some(source) = runs::held(db, write.lease)? else { return Ok(BatchCommit::Fenced) };
    write.tenants.iter().try_for_each(|tenant| create_tenant(db, tenant, write.at))?;
    write.groups.iter().try_for_each(|group| create_group(db, group, write.at))?;
    reached(Place::GroupsWritten);
    if !account::write(db, write)? {
        return Ok(BatchCommit::Lost);
    }
    for link in &write.links {
        match link {
            LinkWrite::Put(link) => links::put(db, link)?,
            LinkWrite::Remove { source, source_id } => links::remove(db, source, source_id)?,
        }
    }
    write.pen.iter().try_for_each(|entry| pen::put(db, entry))?;
    write.settled.iter().try_for_each(|id| pen::remove(db, &source, id))?;
    for resolution in &write.resolutions {
        if !pen::resolve(db, resolution, write.at)? {
            return Ok(BatchCommit::Lost);
        }
    }
    write.ledger.iter().try_for_each(|item| ledger::add(db, item))?;
    write.audit.iter().try_for_each(|event| audit::write(db, event))?;
    runs::advance(db, write.lease, &write.progress, write.at)?;
    if !write.tenants.is_empty() {
        catalog::changed(db, None)?;
    }
    Ok(BatchCommit::Applied)
}

const NEW_TENANT: &str = "INSERT INTO tenants (id, slug, name, active, legacy_login, created_at, updated_at) \
                          VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5)";

fn create_tenant(db: Db<'_>, tenant: &NewTenant, at: Timestamp) -> Outcome<()> {
    db.run(NEW_TENANT, params![tenant.id.uuid(), tenant.slug, tenant.name, tenant.active, at.micros()]).map(drop)
}

const NEW_GROUP: &str = "INSERT INTO groups (id, tenant_id, name, description, created_at, updated_at) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?5)";

fn create_group(db: Db<'_>, group: &NewGroup, at: Timestamp) -> Outcome<()> {
    let tenant = group.tenant.map(TenantId::uuid);
    db.run(NEW_GROUP, params![group.id.uuid(), tenant, group.name, group.description, at.micros()]).map(drop)
}

/// A value of ours that does not become JSON, or the other way round.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(crate::cursor::unwritable)
}

/// A reader of JSON text, for [`Cursor::parse`](crate::cursor::Cursor::parse).
pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A number that a store keeps signed.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
