//! Policies, and facts for the finalize gate.

use std::collections::BTreeMap;

use authly_cutover::{
    policy::{Policy, PolicyScope},
    store::TimedFact,
};
use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
    store::StoreError,
};
use tokio_postgres::types::Json;

use crate::{
    catalog::finish,
    db::{Db, Gate, Params},
    value::{At, Reader},
};

const SHARED: &str = "SELECT scope, policy FROM migration_policies WHERE scope NOT LIKE 'account:%'";
const ONE: &str = "SELECT policy FROM migration_policies WHERE scope = $1";
const REMOVE: &str = "DELETE FROM migration_policies WHERE scope = $1";
const RAISE: &str = "UPDATE revisions SET revision = revision + 1 WHERE name = 'catalog'";

const PUT: &str = "
    INSERT INTO migration_policies (scope, policy) VALUES ($1, $2)
    ON CONFLICT (scope) DO UPDATE SET policy = excluded.policy";

fn scope_text(scope: PolicyScope) -> String {
    match scope {
        PolicyScope::Installation => "installation".to_owned(),
        PolicyScope::Tenant(tenant) => format!("tenant:{tenant}"),
        PolicyScope::Account(user) => format!("account:{user}"),
    }
}

fn scope(text: &str) -> Option<PolicyScope> {
    match text.split_once(':') {
        None => (text == "installation").then_some(PolicyScope::Installation),
        Some(("tenant", id)) => TenantId::parse(id).map(PolicyScope::Tenant),
        Some(("account", id)) => UserId::parse(id).map(PolicyScope::Account),
        Some(_) => None,
    }
}

/// Those of the installation and of tenants.
pub(super) async fn shared(db: &Db) -> Result<BTreeMap<PolicyScope, Policy>, StoreError> {
    let rows = db.read(SHARED, &[]).await?;
    let read = |row| {
        let mut row = Reader::new(row, "migration_policies", &"-");
        Ok((row.parse("scope", scope)?, row.take::<Json<Policy>>("policy")?.0))
    };
    rows.iter().map(read).collect()
}

pub(super) async fn of_account(db: &Db, user: UserId) -> Result<Option<Policy>, StoreError> {
    let row = db.read_one(ONE, &[&scope_text(PolicyScope::Account(user))]).await?;
    let read = |row| Reader::new(row, "migration_policies", &user).take::<Json<Policy>>("policy");
    Ok(row.as_ref().map(read).transpose()?.map(|policy| policy.0))
}

pub(super) async fn put(
    db: &Db,
    scope: PolicyScope,
    policy: Option<Policy>,
    audit: AuditEvent,
) -> Result<(), StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin_behind(Gate::Catalog, &mut client).await?;
    let scope = scope_text(scope);
    match policy {
        Some(policy) => steps.change(PUT, &[&scope, &Json(policy)]).await?,
        None => steps.change(REMOVE, &[&scope]).await?,
    };
    steps.change(RAISE, &[]).await?;
    Ok(finish(steps, audit).await?)
}

const PUT_FACT: &str = "
    INSERT INTO migration_facts (name, at, detail) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail";

const CONFIRM: &str = "UPDATE tenants SET confirmed_at = $2, confirmed_by = $3 WHERE id = $1";

pub(super) async fn put_fact(db: &Db, fact: TimedFact, audit: AuditEvent) -> Result<(), StoreError> {
    let name = fact.name();
    let mut client = db.client().await?;
    let steps = db.begin(&mut client).await?;
    let (at, detail) = match fact {
        TimedFact::TenantConfirmed { at, tenant, by } => {
            let params: Params<'_> = &[&tenant.uuid(), &At(at), &by];
            steps.change(CONFIRM, params).await?;
            return Ok(finish(steps, audit).await?);
        }
        TimedFact::BackupVerified { at, place } => (at, place),
        TimedFact::Verified { at, clean } => (at, clean.to_string()),
        TimedFact::InactiveDecided { at, decision } => (at, decision),
        TimedFact::CountingSince { at } => (at, String::new()),
    };
    steps.change(PUT_FACT, &[&name, &At(at), &detail]).await?;
    Ok(finish(steps, audit).await?)
}
