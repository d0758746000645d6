//! Policies, and facts for the finalize gate.

use std::collections::BTreeMap;

use authly_cutover::{
    policy::{Policy, PolicyScope},
    store::TimedFact,
};
use oauth_core::{audit::AuditEvent, ids::UserId, policy::Policies};
use rusqlite::params;

use super::batch::{from_json, json};
use crate::{audit, catalog, cursor::Cursor, db::Db, error::Outcome};

/// Those of the installation and of tenants are settings of the catalog, so that servers hold them in memory.
const SHARED: &str = "SELECT name, value FROM settings WHERE name GLOB 'sign_in_policy*'";
const ONE: &str = "SELECT policy FROM migration_policies WHERE scope = ?1";
const PUT: &str = "INSERT OR REPLACE INTO migration_policies (scope, policy) VALUES (?1, ?2)";
const REMOVE: &str = "DELETE FROM migration_policies WHERE scope = ?1";

/// Those of the installation and of tenants.
pub(super) fn shared(db: Db<'_>) -> Outcome<BTreeMap<PolicyScope, Policy>> {
    let setting = |row: &mut Cursor<'_>| Ok((row.value("settings.name")?, row.value("settings.value")?));
    let policies = Policies::read(&db.all(SHARED, [], setting)?.into_iter().collect());
    let tenants = policies.tenants.into_iter().map(|(tenant, policy)| (PolicyScope::Tenant(tenant), policy));
    Ok(policies.installation.map(|policy| (PolicyScope::Installation, policy)).into_iter().chain(tenants).collect())
}

pub(super) fn of_account(db: Db<'_>, user: UserId) -> Outcome<Option<Policy>> {
    db.one(ONE, [account(user)], |row| row.parse("migration_policies.policy", from_json))
}

fn account(user: UserId) -> String {
    format!("account:{user}")
}

pub(super) fn put(db: Db<'_>, scope: PolicyScope, policy: Option<&Policy>, event: &AuditEvent) -> Outcome<()> {
    let tenant = match scope {
        PolicyScope::Installation => None,
        PolicyScope::Tenant(tenant) => Some(tenant),
        PolicyScope::Account(user) => {
            match policy {
                Some(policy) => db.run(PUT, [account(user), json(policy)?])?,
                None => db.run(REMOVE, [account(user)])?,
            };
            return catalog::changed(db, Some(event));
        }
    };
    catalog::put_setting(db, &Policies::setting(tenant), &json(&policy)?, event)
}

const PUT_FACT: &str = "INSERT OR REPLACE INTO migration_facts (name, at, detail) VALUES (?1, ?2, ?3)";
const CONFIRM: &str = "UPDATE tenants SET confirmed_at = ?2, confirmed_by = ?3 WHERE id = ?1";

pub(super) fn put_fact(db: Db<'_>, fact: &TimedFact, event: &AuditEvent) -> Outcome<()> {
    let (at, detail) = match fact {
        TimedFact::TenantConfirmed { at, tenant, by } => {
            db.run(CONFIRM, params![tenant.uuid(), at.micros(), by])?;
            return audit::write(db, event);
        }
        TimedFact::BackupVerified { at, place } => (at, place.clone()),
        TimedFact::Verified { at, clean } => (at, clean.to_string()),
        TimedFact::InactiveDecided { at, decision } => (at, decision.clone()),
        TimedFact::CountingSince { at } => (at, String::new()),
    };
    db.run(PUT_FACT, params![fact.name(), at.micros(), detail])?;
    audit::write(db, event)
}
