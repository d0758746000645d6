//! Policies, and facts for the finalize gate.

use std::collections::BTreeMap;

use authly_cutover::{
    policy::{Policy, PolicyScope},
    store::TimedFact,
};
use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
};
use rusqlite::params;

use super::batch::{from_json, json};
use crate::{audit, catalog, db::Db, error::Outcome};

const SHARED: &str = "SELECT scope, policy FROM migration_policies WHERE scope NOT LIKE 'account:%'";
const ONE: &str = "SELECT policy FROM migration_policies WHERE scope = ?1";
const PUT: &str = "INSERT OR REPLACE INTO migration_policies (scope, policy) VALUES (?1, ?2)";
const REMOVE: &str = "DELETE FROM migration_policies WHERE scope = ?1";

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
pub(super) fn shared(db: Db<'_>) -> Outcome<BTreeMap<PolicyScope, Policy>> {
    let all = db.all(SHARED, [], |row| {
        let scope = row.parse("migration_policies.scope", scope)?;
        Ok((scope, row.parse("migration_policies.policy", from_json)?))
    })?;
    Ok(all.into_iter().collect())
}

pub(super) fn of_account(db: Db<'_>, user: UserId) -> Outcome<Option<Policy>> {
    let scope = scope_text(PolicyScope::Account(user));
    db.one(ONE, [scope], |row| row.parse("migration_policies.policy", from_json))
}

pub(super) fn put(db: Db<'_>, scope: PolicyScope, policy: Option<&Policy>, event: &AuditEvent) -> Outcome<()> {
    let scope = scope_text(scope);
    match policy {
        Some(policy) => db.run(PUT, [scope, json(policy)?])?,
        None => db.run(REMOVE, [scope])?,
    };
    catalog::changed(db, Some(event))
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
