//! Policies, and facts for the finalize gate.

use std::collections::BTreeMap;

use authly_cutover::{
    policy::{Policy, PolicyScope},
    store::TimedFact,
};
use oauth_core::{
    audit::AuditEvent,
    ids::UserId,
    policy::Policies,
    store::{Commit, StoreError},
    time::Timestamp,
};
use tokio_postgres::types::Json;

use crate::{
    catalog::{PUT_SETTING, finish},
    db::{Db, Gate, Params},
    error::unavailable,
    value::{At, Reader},
};

/// Those of the installation and of tenants are settings of the catalog, so that servers hold them in memory.
const SHARED: &str = "SELECT name, value FROM settings WHERE starts_with(name, 'sign_in_policy')";
/// That of an account stands with the account.
const ONE: &str = "SELECT sign_in_policy FROM users WHERE id = $1 AND sign_in_policy IS NOT NULL";
const PUT: &str = "UPDATE users SET sign_in_policy = $2 WHERE id = $1";

/// Those of the installation and of tenants.
pub(super) async fn shared(db: &Db) -> Result<BTreeMap<PolicyScope, Policy>, StoreError> {
    let rows = db.read(SHARED, &[]).await?;
    let setting = |row| {
        let mut row = Reader::new(row, "settings", &"-");
        Ok::<(String, String), StoreError>((row.take("name")?, row.take("value")?))
    };
    let policies = Policies::read(&rows.iter().map(setting).collect::<Result<_, _>>()?);
    let tenants = policies.tenants.into_iter().map(|(tenant, policy)| (PolicyScope::Tenant(tenant), policy));
    Ok(policies.installation.map(|policy| (PolicyScope::Installation, policy)).into_iter().chain(tenants).collect())
}

pub(super) async fn of_account(db: &Db, user: UserId) -> Result<Option<Policy>, StoreError> {
    let row = db.read_one(ONE, &[&user.uuid()]).await?;
    let read = |row| Reader::new(row, "users", &user).take::<Json<Policy>>("sign_in_policy");
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
    let tenant = match scope {
        PolicyScope::Installation => None,
        PolicyScope::Tenant(tenant) => Some(tenant),
        PolicyScope::Account(user) => {
            steps.change(PUT, &[&user.uuid(), &policy.map(Json)]).await?;
            return Ok(finish(steps, audit).await?);
        }
    };
    let value = serde_json::to_string(&policy).map_err(|error| unavailable(error.to_string()))?;
    steps.change(PUT_SETTING, &[&Policies::setting(tenant), &value, &At(audit.at)]).await?;
    Ok(finish(steps, audit).await?)
}

const PUT_FACT: &str = "
    INSERT INTO migration_facts (name, at, detail) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail";

const CONFIRM: &str = "UPDATE tenants SET confirmed_at = $2, confirmed_by = $3 WHERE id = $1";

pub(super) async fn put_fact(db: &Db, fact: TimedFact, audit: AuditEvent) -> Result<(), StoreError> {
    let (name, at) = (fact.name(), At(fact.at()));
    let mut client = db.client().await?;
    let steps = db.begin(&mut client).await?;
    match &fact {
        TimedFact::TenantConfirmed { tenant, by, .. } => {
            let params: Params<'_> = &[&tenant.uuid(), &at, by];
            steps.change(CONFIRM, params).await?;
        }
        fact => {
            let detail = fact.detail().map_err(|error| unavailable(error.to_string()))?;
            steps.change(PUT_FACT, &[&name.as_ref(), &at, &detail]).await?;
        }
    }
    Ok(finish(steps, audit).await?)
}

const FACTS: &str = "SELECT name, at, detail FROM migration_facts ORDER BY name";

pub(super) async fn facts(db: &Db) -> Result<Vec<TimedFact>, StoreError> {
    let rows = db.read(FACTS, &[]).await?;
    let read = |row| {
        let mut row = Reader::new(row, "migration_facts", &"-");
        let (name, at): (&str, Timestamp) = (row.take("name")?, row.at("at")?);
        Ok(TimedFact::read(name, at, row.take("detail")?))
    };
    let known: Result<Vec<Option<TimedFact>>, StoreError> = rows.iter().map(read).collect();
    Ok(known?.into_iter().flatten().collect())
}

const FORGET_FACT: &str = "DELETE FROM migration_facts WHERE name = $1";

pub(super) async fn forget_fact(db: &Db, name: &str, audit: AuditEvent) -> Result<Commit, StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin(&mut client).await?;
    if steps.change(FORGET_FACT, &[&name]).await? == 0 {
        return Ok(Commit::Lost);
    }
    finish(steps, audit).await?;
    Ok(Commit::Applied)
}
