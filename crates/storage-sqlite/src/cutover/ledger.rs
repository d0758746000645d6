//! The ledger.

use authly_cutover::{
    ledger::{Action, LedgerAsk, LedgerEntry, LedgerItem, LedgerKey, LedgerScope},
    outcome::Outcome as RowOutcome,
    run::RunId,
    source::{SourceId, SourceName},
};
use oauth_core::ids::{TenantId, UserId};
use rusqlite::params;
use uuid::Uuid;

use super::batch::{from_json, json, signed, unsigned};
use crate::{cursor::Cursor, db::Db, error::Outcome};

macro_rules! ledger_query {
    ($scope:literal) => {
        concat!(
            "SELECT i.run, i.seq, i.source, i.source_id, i.user_id, i.tenant_id, i.action, i.\"before\", i.\"after\", i.outcome, \
             i.reason, i.undoes_run, i.undoes_seq, i.at, \
             EXISTS (SELECT 1 FROM migration_items x WHERE x.undoes_run = i.run AND x.undoes_seq = i.seq) \
             FROM migration_items i WHERE ",
            $scope,
            " AND (?2 IS NULL OR (i.run, i.seq) < (?2, ?3)) AND (NOT ?4 OR i.action NOT IN ('decide', 'note')) \
             ORDER BY i.run DESC, i.seq DESC LIMIT ?5"
        )
    };
}

const ALL: &str = ledger_query!("?1 IS NULL");
const OF_RUN: &str = ledger_query!("i.run = ?1");
const OF_USER: &str = ledger_query!("i.user_id = ?1");
const OF_TENANT: &str =
    ledger_query!("(i.tenant_id = ?1 OR i.user_id IN (SELECT u.id FROM users u WHERE u.tenant_id = ?1))");

macro_rules! found_query {
    ($key:literal) => {
        concat!(
            "SELECT i.run, i.seq, i.source, i.source_id, i.user_id, i.tenant_id, i.action, i.\"before\", i.\"after\", i.outcome, \
             i.reason, i.undoes_run, i.undoes_seq, i.at, \
             EXISTS (SELECT 1 FROM migration_items x WHERE x.undoes_run = i.run AND x.undoes_seq = i.seq) \
             FROM migration_items i WHERE ",
            $key,
            " = ?1 AND (?2 IS NULL OR (i.run, i.seq) < (?2, ?3)) AND (?4 IS NULL OR i.tenant_id = ?4) \
             ORDER BY i.run DESC, i.seq DESC LIMIT ?5"
        )
    };
}

/// Lines by what they are looked for: `?1`, behind `?2` and `?3`, of the tenant `?4`.
pub(super) const FOUND_BY_USER: &str = found_query!("i.user_id");
pub(super) const FOUND_BY_RUN: &str = found_query!("i.run");
pub(super) const FOUND_BY_SOURCE_ID: &str = found_query!("i.source_id");

pub(super) fn page(db: Db<'_>, ask: &LedgerAsk) -> Outcome<Vec<LedgerEntry>> {
    let (sql, scope): (_, Option<Uuid>) = match ask.scope {
        LedgerScope::All => (ALL, None),
        LedgerScope::Run(run) => (OF_RUN, Some(run.uuid())),
        LedgerScope::Tenant(tenant) => (OF_TENANT, Some(tenant.uuid())),
        LedgerScope::User(user) => (OF_USER, Some(user.uuid())),
    };
    let (run, seq) = (ask.before.map(|key| key.run.uuid()), ask.before.map(|key| signed(key.seq)));
    db.all(sql, params![scope, run, seq, ask.changes_only, ask.limit], read)
}

pub(super) fn read(row: &mut Cursor<'_>) -> Outcome<LedgerEntry> {
    let run = row.id("migration_items.run", RunId::from_uuid)?;
    let seq = row.value("migration_items.seq").map(unsigned)?;
    let source = row.parse("migration_items.source", SourceName::parse)?;
    let source_id = row.parse("migration_items.source_id", SourceId::parse)?;
    let user = row.id_opt("migration_items.user_id", UserId::from_uuid)?;
    let tenant = row.id_opt("migration_items.tenant_id", TenantId::from_uuid)?;
    let action = row.parse("migration_items.action", Action::parse)?;
    let before = row.parse("migration_items.before", from_json)?;
    let after = row.parse("migration_items.after", from_json)?;
    let outcome = row.parse_opt("migration_items.outcome", RowOutcome::parse)?;
    let reason = row.parse_opt("migration_items.reason", from_json)?;
    let undoes_run = row.id_opt("migration_items.undoes_run", RunId::from_uuid)?;
    let undoes_seq = row.value::<Option<i64>>("migration_items.undoes_seq")?.map(unsigned);
    let at = row.time("migration_items.at")?;
    let undone = row.value("migration_items.undoes_run")?;
    let undoes = undoes_run.zip(undoes_seq).map(|(run, seq)| LedgerKey { run, seq });
    let key = LedgerKey { run, seq };
    let item = LedgerItem { key, source, source_id, user, tenant, action, before, after, outcome, reason, undoes, at };
    Ok(LedgerEntry { item, undone })
}

const ADD: &str = "INSERT INTO migration_items (run, seq, source, source_id, user_id, tenant_id, action, \"before\", \"after\", \
                   outcome, reason, undoes_run, undoes_seq, at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

pub(super) fn add(db: Db<'_>, item: &LedgerItem) -> Outcome<()> {
    db.run(
        ADD,
        params![
            item.key.run.uuid(),
            signed(item.key.seq),
            item.source.as_str(),
            item.source_id.as_str(),
            item.user.map(UserId::uuid),
            item.tenant.map(TenantId::uuid),
            item.action.as_str(),
            json(&item.before)?,
            json(&item.after)?,
            item.outcome.map(RowOutcome::as_str),
            item.reason.as_ref().map(json).transpose()?,
            item.undoes.map(|key| key.run.uuid()),
            item.undoes.map(|key| signed(key.seq)),
            item.at.micros(),
        ],
    )?;
    Ok(())
}
