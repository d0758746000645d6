//! Policies, and facts for the finalize gate.

use std::collections::BTreeMap;

use authly_cutover::{
    policy::{Policy, PolicyScope},
    store::TimedFact,
};
use oauth_core::{audit::AuditEvent, ids::UserId, policy::Policies, store::Commit};
use rusqlite::params;

use super::batch::{from_json, json};
use crate::{
    audit, catalog,
    cursor::{Cursor, unwritable},
    db::Db,
    error::Outcome,
};

/// Those of the installation and of tenants are settings of the catalog, so that servers hold them in memory.
const SHARED: &str = "SELECT name, value FROM settings WHERE name GLOB 'sign_in_policy*'";
/// That of an account stands with the account.
const ONE: &str = "SELECT sign_in_policy FROM users WHERE id = ?1 AND sign_in_policy IS NOT NULL";
const PUT: &str = "UPDATE users SET sign_in_policy = ?2 WHERE id = ?1";

/// Those of the installation and of tenants.
pub(super) fn shared(db: Db<'_>) -> Outcome<BTreeMap<PolicyScope, Policy>> {
    let setting = |row: &mut Cursor<'_>| Ok((row.value("settings.name")?, row.value("settings.value")?));
    let policies = Policies::read(&db.all(SHARED, [], setting)?.into_iter().collect());
    let tenants = policies.tenants.into_iter().map(|(tenant, policy)| (PolicyScope::Tenant(tenant), policy));
    Ok(policies.installation.map(|policy| (PolicyScope::Installation, policy)).into_iter().chain(tenants).collect())
}

pub(super) fn of_account(db: Db<'_>, user: UserId) -> Outcome<Option<Policy>> {
    db.one(ONE, [user.uuid()], |row| row.parse("users.sign_in_policy", from_json))
}

pub(super) fn put(db: Db<'_>, scope: PolicyScope, policy: Option<&Policy>, event: &AuditEvent) -> Outcome<()> {
    let tenant = match scope {
        PolicyScope::Installation => None,
        PolicyScope::Tenant(tenant) => Some(tenant),
        PolicyScope::Account(user) => {
            let policy = policy.map(json).transpose()?;
            db.run(PUT, params![user.uuid(), policy])?;
            return audit::write(db, event);
        }
    };
    catalog::put_setting(db, &Policies::setting(tenant), &json(&policy)?, event)
}

const PUT_FACT: &str = "INSERT OR REPLACE INTO migration_facts (name, at, detail) VALUES (?1, ?2, ?3)";
const CONFIRM: &str = "UPDATE tenants SET confirmed_at = ?2, confirmed_by = ?3 WHERE id = ?1";

pub(super) fn put_fact(db: Db<'_>, fact: &TimedFact, event: &AuditEvent) -> Outcome<()> {
    let at = fact.at().micros();
    match fact {
        TimedFact::TenantConfirmed { tenant, by, .. } => db.run(CONFIRM, params![tenant.uuid(), at, by])?,
        fact => db.run(PUT_FACT, params![fact.name().as_ref(), at, fact.detail().map_err(unwritable)?])?,
    };
    audit::write(db, event)
}

const FACTS: &str = "SELECT name, at, detail FROM migration_facts ORDER BY name";

pub(super) fn facts(db: Db<'_>) -> Outcome<Vec<TimedFact>> {
    let known = db.all(FACTS, [], |row| {
        let name: String = row.value("migration_facts.name")?;
        let (at, detail) = (row.time("migration_facts.at")?, row.value::<String>("migration_facts.detail")?);
        Ok(TimedFact::read(&name, at, &detail))
    })?;
    Ok(known.into_iter().flatten().collect())
}

const FORGET_FACT: &str = "DELETE FROM migration_facts WHERE name = ?1";

pub(super) fn forget_fact(db: Db<'_>, name: &str, event: &AuditEvent) -> Outcome<Commit> {
    if db.run(FORGET_FACT, [name])? == 0 {
        return Ok(Commit::Lost);
    }
    audit::write(db, event)?;
    Ok(Commit::Applied)
}
