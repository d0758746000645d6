//! What a batch depends on, and the batch itself: everything or nothing.

use std::collections::{BTreeMap, HashSet};

use authly_cutover::{
    source::SourceId,
    store::{
        BatchCommit, BatchWrite, LinkWrite, NewGroup, NewTenant, SnapshotAsk, TargetGroup, TargetSnapshot, TargetTenant,
    },
};
use authly_failpoint::{Place, reached};
use oauth_core::{
    ids::{GroupId, TenantId, UserId},
    store::{StoreError, StoreErrorKind},
};
use serde_json::{Value, json};
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::{
    account::{self, target_query},
    account_write, ledger,
    line::{Lines, LinkLines},
    links, pen, runs,
};
use crate::{
    audit::{AuditParams, RECORD},
    db::{Db, Gate, Params, Statement, Steps, TRIES},
    value::{At, Reader},
};

const BY_NAMES: &str = target_query!(
    "u.id = ANY(ARRAY(SELECT n.id FROM unnest($1::text[]) AS w(name), LATERAL
                (SELECT e.id FROM users e WHERE lower(e.email) = w.name
                 UNION ALL SELECT e.id FROM users e WHERE lower(e.username) = w.name) n))"
);

const BY_SUBJECTS: &str = target_query!("u.external_subject = ANY($1)");

const BY_IDS: &str = target_query!("u.id = ANY($1)");

/// The numbers of their parameters, too.
#[cfg(test)]
pub(super) const PLANNED: [(&str, usize); 6] =
    [(BY_IDS, 1), (BY_NAMES, 1), (BY_SUBJECTS, 1), (links::OF_ROWS, 2), (links::OF_USERS, 1), (pen::BY_KEYS, 2)];

pub(super) async fn snapshot(db: &Db, ask: &SnapshotAsk) -> Result<TargetSnapshot, StoreError> {
    let source = ask.source.as_str();
    let ids: Vec<&str> = ask.rows.iter().map(|row| row.source_id.as_str()).collect();
    let names: Vec<&str> = ask.rows.iter().flat_map(|row| row.names.iter().map(String::as_str)).collect();
    let subjects: Vec<&str> = ask.rows.iter().filter_map(|row| row.external_subject.as_deref()).collect();
    let users: Vec<Uuid> = ask
        .rows
        .iter()
        .filter_map(|row| row.user)
        .chain(subjects.iter().filter_map(|text| UserId::parse(text)))
        .map(UserId::uuid)
        .collect();

    let mut client = db.client().await?;
    let steps = db.begin_snapshot(&mut client).await?;
    let mut script: Vec<Statement<'_>> =
        vec![(links::OF_ROWS, vec![&source, &ids]), (pen::BY_KEYS, vec![&source, &ids])];
    let questions: [(&'static str, bool, Vec<&(dyn ToSql + Sync)>); 3] = [
        (BY_IDS, users.is_empty(), vec![&users]),
        (BY_NAMES, names.is_empty(), vec![&names]),
        (BY_SUBJECTS, subjects.is_empty(), vec![&subjects]),
    ];
    script.extend(questions.into_iter().filter(|(_, nothing, _)| !nothing).map(|(sql, _, params)| (sql, params)));
    let answers = steps.run_all(&script).await?;
    let mut answers = answers.into_iter();
    let mut found = TargetSnapshot {
        links: links::read_all(&answers.next().unwrap_or_default())?,
        pen: pen::read_all(&answers.next().unwrap_or_default())?,
        ..Default::default()
    };
    let mut accounts = BTreeMap::new();
    for row in answers.flatten() {
        let account = account::read(&row)?;
        accounts.insert(account.user, account);
    }
    // A row may be the account of another than its id says.
    let linked = found.links.iter().map(|link| link.user).filter(|user| !accounts.contains_key(user));
    let linked: Vec<Uuid> = linked.map(UserId::uuid).collect();
    if !linked.is_empty() {
        for row in steps.run(BY_IDS, &[&linked]).await? {
            let account = account::read(&row)?;
            accounts.insert(account.user, account);
        }
    }
    if !accounts.is_empty() {
        let others: Vec<Uuid> = accounts.keys().map(|user| user.uuid()).collect();
        let known: HashSet<SourceId> = found.links.iter().map(|link| link.source_id.clone()).collect();
        let others = links::of_users(&steps, &others).await?;
        found
            .links
            .extend(others.into_iter().filter(|link| link.source != ask.source || !known.contains(&link.source_id)));
    }
    steps.commit().await?;
    found.accounts = accounts.into_values().collect();
    Ok(found)
}

const TENANTS: &str = "SELECT id, slug, name, is_active FROM tenants WHERE deleted_at IS NULL ORDER BY slug";
const GROUPS: &str = "SELECT id, tenant_id, name FROM groups ORDER BY id";

pub(super) async fn tenants(db: &Db) -> Result<(Vec<TargetTenant>, Vec<TargetGroup>), StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin_snapshot(&mut client).await?;
    let tenants = steps.run(TENANTS, &[]).await?;
    let groups = steps.run(GROUPS, &[]).await?;
    steps.commit().await?;
    let tenants = tenants.iter().map(|row| {
        let mut row = Reader::new(row, "tenants", &"-");
        Ok(TargetTenant {
            id: TenantId::from_uuid(row.take("id")?),
            slug: row.take("slug")?,
            name: row.take("name")?,
            active: row.take("is_active")?,
        })
    });
    let groups = groups.iter().map(|row| {
        let mut row = Reader::new(row, "groups", &"-");
        Ok(TargetGroup {
            id: GroupId::from_uuid(row.take("id")?),
            tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
            name: row.take("name")?,
        })
    });
    Ok((tenants.collect::<Result<_, StoreError>>()?, groups.collect::<Result<_, StoreError>>()?))
}

/// Writes a batch; again, whole, where another transaction came in between.
pub(super) async fn commit(db: &Db, write: &BatchWrite) -> Result<BatchCommit, StoreError> {
    let mut tries = 1;
    loop {
        match once(db, write).await {
            // A deadlock or a short lock of a sign-in: nothing of the batch is there.
            Err(error) if matches!(error.kind, StoreErrorKind::Busy) && tries < TRIES => tries += 1,
            Err(error) if matches!(error.kind, StoreErrorKind::Conflict(_)) => return Ok(BatchCommit::Lost),
            done => return done,
        }
    }
}

async fn once(db: &Db, write: &BatchWrite) -> Result<BatchCommit, StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin(&mut client).await?;
    let done = apply(&steps, write).await?;
    if done == BatchCommit::Applied {
        reached(Place::BatchWritten);
        steps.commit().await?;
    }
    Ok(done)
}

/// A batch need not outlive an outage of power by itself: its checkpoint goes with its rows, and the next run does again what was
/// lost. The end of a run waits for the disk, and so do the sign-ins in between, whose log comes behind.
const LATER: &str = "SELECT set_config('synchronous_commit', 'off', TRUE)";

async fn apply(steps: &Steps<'_>, write: &BatchWrite) -> Result<BatchCommit, StoreError> {
    let Some(source) = runs::held_behind(steps, Gate::Accounts, write.lease).await? else {
        return Ok(BatchCommit::Fenced);
    };
    create_tenants(steps, write).await?;
    reached(Place::GroupsWritten);
    let accounts = account_write::Script::of(write);
    let put = write.links.iter().filter_map(|one| if let LinkWrite::Put(link) = one { Some(link) } else { None });
    let (put, lines) = (LinkLines::of(put), Lines::of(&write.ledger));
    let mut script: Vec<Statement<'_>> = vec![(LATER, vec![])];
    let guards = accounts.statements(&mut script);
    links::statements(&put, &mut script);
    ledger::statements(&lines, &mut script);
    if !guards.hold(&steps.run_all(&script).await?) {
        return Ok(BatchCommit::Lost);
    }
    for one in &write.links {
        if let LinkWrite::Remove { source, source_id } = one {
            links::remove(steps, source, source_id).await?;
        }
    }
    pen::put(steps, &write.pen).await?;
    pen::settle(steps, &source, &write.settled).await?;
    for resolution in &write.resolutions {
        if !pen::resolve(steps, resolution, write.at).await? {
            return Ok(BatchCommit::Lost);
        }
    }
    for event in &write.audit {
        let audit = AuditParams::from(event.clone());
        let params: Params<'_> =
            &[&audit.id, &audit.at, &audit.kind, &audit.user, &audit.client, &audit.address, &audit.detail];
        steps.change(RECORD, params).await?;
    }
    runs::advance(steps, write.lease, &write.progress, write.at).await?;
    Ok(BatchCommit::Applied)
}

const NEW_TENANTS: &str = "
    INSERT INTO tenants (id, slug, name, is_active, legacy_login, created_at, updated_at)
    SELECT w.id, w.slug, w.name, w.active, TRUE, $2::timestamptz, $2::timestamptz
      FROM jsonb_to_recordset($1) AS w(id uuid, slug text, name text, active boolean)";

const NEW_GROUPS: &str = "
    INSERT INTO groups (id, tenant_id, name, description, created_at, updated_at)
    SELECT w.id, w.tenant_id, w.name, w.description, $2::timestamptz, $2::timestamptz
      FROM jsonb_to_recordset($1) AS w(id uuid, tenant_id uuid, name text, description text)";

/// As many rows as one parameter holds: tenants come all at once, and there may be ten thousand with their groups.
const AT_ONCE: usize = 1_000;

async fn create_tenants(steps: &Steps<'_>, write: &BatchWrite) -> Result<(), StoreError> {
    for part in write.tenants.chunks(AT_ONCE) {
        let row =
            |one: &NewTenant| json!({"id": one.id.uuid(), "slug": one.slug, "name": one.name, "active": one.active});
        let rows = part.iter().map(row).collect();
        steps.change(NEW_TENANTS, &[&Json(Value::Array(rows)), &At(write.at)]).await?;
    }
    for part in write.groups.chunks(AT_ONCE) {
        let row = |one: &NewGroup| {
            let tenant = one.tenant.map(TenantId::uuid);
            json!({"id": one.id.uuid(), "tenant_id": tenant, "name": one.name, "description": one.description})
        };
        let rows = part.iter().map(row).collect();
        steps.change(NEW_GROUPS, &[&Json(Value::Array(rows)), &At(write.at)]).await?;
    }
    Ok(())
}
