//! The ledger.

use authly_cutover::{
    ledger::{Action, LedgerAsk, LedgerEntry, LedgerItem, LedgerKey, LedgerScope},
    outcome::Outcome,
    run::RunId,
    source::{SourceId, SourceName},
};
use oauth_core::{
    ids::{TenantId, UserId},
    store::StoreError,
};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::{line::Lines, signed, unsigned};
use crate::{
    db::{Db, Params, Statement, Steps},
    value::Reader,
};

macro_rules! ledger_query {
    ($scope:literal) => {
        concat!(
            "SELECT i.run, i.seq, i.source, i.source_id, i.user_id, i.tenant_id, i.action, i.before, i.after, i.outcome,
                    i.reason, i.undoes_run, i.undoes_seq, i.at,
                    EXISTS (SELECT 1 FROM migration_items x WHERE x.undoes_run = i.run AND x.undoes_seq = i.seq)
               FROM migration_items i
              WHERE ",
            $scope,
            " AND ($2::uuid IS NULL OR (i.run, i.seq) < ($2, $3)) AND (NOT $4 OR i.action NOT IN ('decide', 'note'))
              ORDER BY i.run DESC, i.seq DESC
              LIMIT $5"
        )
    };
}

const ALL: &str = ledger_query!("$1::uuid IS NULL");
const OF_RUN: &str = ledger_query!("i.run = $1");
const OF_USER: &str = ledger_query!("i.user_id = $1");
const OF_TENANT: &str =
    ledger_query!("(i.tenant_id = $1 OR i.user_id IN (SELECT u.id FROM users u WHERE u.tenant_id = $1))");

macro_rules! found_query {
    ($key:literal) => {
        concat!(
            "SELECT i.run, i.seq, i.source, i.source_id, i.user_id, i.tenant_id, i.action, i.before, i.after, i.outcome,
                    i.reason, i.undoes_run, i.undoes_seq, i.at,
                    EXISTS (SELECT 1 FROM migration_items x WHERE x.undoes_run = i.run AND x.undoes_seq = i.seq)
               FROM migration_items i
              WHERE ",
            $key,
            " = $1 AND ($2::uuid IS NULL OR (i.run, i.seq) < ($2, $3)) AND ($4::uuid IS NULL OR i.tenant_id = $4)
              ORDER BY i.run DESC, i.seq DESC
              LIMIT $5"
        )
    };
}

/// Lines by what they are looked for: `$1`, behind `$2` and `$3`, of the tenant `$4`.
pub(super) const FOUND_BY_USER: &str = found_query!("i.user_id");
pub(super) const FOUND_BY_RUN: &str = found_query!("i.run");
pub(super) const FOUND_BY_SOURCE_ID: &str = found_query!("i.source_id");

pub(super) async fn page(db: &Db, ask: &LedgerAsk) -> Result<Vec<LedgerEntry>, StoreError> {
    let (sql, scope): (_, Option<Uuid>) = match ask.scope {
        LedgerScope::All => (ALL, None),
        LedgerScope::Run(run) => (OF_RUN, Some(run.uuid())),
        LedgerScope::Tenant(tenant) => (OF_TENANT, Some(tenant.uuid())),
        LedgerScope::User(user) => (OF_USER, Some(user.uuid())),
    };
    let (run, seq) = (ask.before.map(|key| key.run.uuid()), ask.before.map(|key| signed(key.seq)));
    let params: Params<'_> = &[&scope, &run, &seq, &ask.changes_only, &i64::from(ask.limit)];
    db.read(sql, params).await?.iter().map(read).collect()
}

pub(super) fn read(row: &Row) -> Result<LedgerEntry, StoreError> {
    let mut row = Reader::new(row, "migration_items", &"-");
    let run = RunId::from_uuid(row.take("run")?);
    let seq = row.take("seq").map(unsigned)?;
    let source = row.parse("source", SourceName::parse)?;
    let source_id = row.parse("source_id", SourceId::parse)?;
    let user = row.take::<Option<Uuid>>("user_id")?.map(UserId::from_uuid);
    let tenant = row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid);
    let action = row.parse("action", Action::parse)?;
    let before = row.take::<Json<_>>("before")?.0;
    let after = row.take::<Json<_>>("after")?.0;
    let outcome = row.take::<Option<&str>>("outcome")?;
    let outcome = outcome.map(|text| Outcome::parse(text).ok_or_else(|| row.corrupt("outcome"))).transpose()?;
    let reason = row.take::<Option<Json<_>>>("reason")?.map(|reason| reason.0);
    let undoes_run = row.take::<Option<Uuid>>("undoes_run")?.map(RunId::from_uuid);
    let undoes_seq = row.take::<Option<i64>>("undoes_seq")?.map(unsigned);
    let at = row.at("at")?;
    let undone = row.take("undoes_run")?;
    let undoes = undoes_run.zip(undoes_seq).map(|(run, seq)| LedgerKey { run, seq });
    let key = LedgerKey { run, seq };
    let item = LedgerItem { key, source, source_id, user, tenant, action, before, after, outcome, reason, undoes, at };
    Ok(LedgerEntry { item, undone })
}

const ADD: &str = "
    INSERT INTO migration_items (run, seq, source, source_id, user_id, tenant_id, action, before, after, outcome, reason,
                                 undoes_run, undoes_seq, at)
    SELECT *
      FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::jsonb[], $9::jsonb[],
                  $10::text[], $11::jsonb[], $12::uuid[], $13::bigint[], $14::timestamptz[])";

/// Adds lines, one statement for all of them.
pub(super) async fn add(steps: &Steps<'_>, items: &[LedgerItem]) -> Result<(), StoreError> {
    let (lines, mut script) = (Lines::of(items), Vec::new());
    statements(&lines, &mut script);
    steps.run_all(&script).await?;
    Ok(())
}

/// The same as part of a script.
pub(super) fn statements<'s>(lines: &'s Lines<'_>, script: &mut Vec<Statement<'s>>) {
    if !lines.is_empty() {
        script.push((ADD, lines.params()));
    }
}
