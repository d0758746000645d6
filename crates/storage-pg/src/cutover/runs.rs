//! Runs: one at a time for each source, under a lease whose fence keeps out who lost it.

use authly_cutover::{
    digest::Digest,
    run::{Begun, Lease, Run, RunId, RunKind, RunPlan, RunState, Turn},
    source::{SourceId, SourceName},
    store::{Progress, RunEnd},
};
use oauth_core::{
    store::{Commit, StoreError, StoreErrorKind},
    time::Timestamp,
};
use tokio_postgres::{Row, types::Json};

use super::{signed, unsigned};
use crate::{
    audit::AuditParams,
    codes::commit,
    db::{Db, Gate, LOCK_GATE, Params, Statement, Steps, Unknown},
    value::{At, Reader, at},
};

macro_rules! run_query {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, source, profile, profile_digest, options, source_rows, state, fence, started_at, heartbeat_at,
                    finished_at, checkpoint, last_seq, counters, watermark, note
               FROM migration_runs ",
            $rest
        )
    };
}

const BY_ID: &str = run_query!("WHERE id = $1");
const NEWEST: &str = run_query!("WHERE $1::text IS NULL OR source = $1 ORDER BY id DESC LIMIT $2");
const LAST: &str = run_query!("WHERE source = $1 ORDER BY id DESC LIMIT 1 FOR UPDATE");

fn read(row: &Row) -> Result<Run, StoreError> {
    let mut row = Reader::new(row, "migration_runs", &"-");
    let plan = RunPlan {
        id: RunId::from_uuid(row.take("id")?),
        kind: row.parse("kind", RunKind::parse)?,
        source: row.parse("source", SourceName::parse)?,
        profile: row.take("profile")?,
        profile_digest: row.parse("profile_digest", |bytes: &[u8]| bytes.try_into().ok().map(Digest::from_bytes))?,
        options: row.take::<Json<_>>("options")?.0,
        source_rows: row.take::<Option<i64>>("source_rows")?.map(unsigned),
    };
    Ok(Run {
        plan,
        state: row.parse("state", RunState::parse)?,
        fence: row.take("fence").map(unsigned)?,
        started_at: row.at("started_at")?,
        heartbeat_at: row.at("heartbeat_at")?,
        finished_at: row.maybe_at("finished_at")?,
        checkpoint: row.take::<Option<&str>>("checkpoint")?.and_then(SourceId::parse),
        last_seq: row.take("last_seq").map(unsigned)?,
        counters: row.take::<Json<_>>("counters")?.0,
        watermark: row.maybe_at("watermark")?,
        note: row.take("note")?,
    })
}

pub(super) async fn by_id(db: &Db, run: RunId) -> Result<Option<Run>, StoreError> {
    db.read_one(BY_ID, &[&run.uuid()]).await?.as_ref().map(read).transpose()
}

pub(super) async fn newest(db: &Db, source: Option<&SourceName>, limit: u32) -> Result<Vec<Run>, StoreError> {
    let source = source.map(SourceName::as_str);
    db.read(NEWEST, &[&source, &i64::from(limit)]).await?.iter().map(read).collect()
}

const RESUME: &str = "
    UPDATE migration_runs SET state = 'running', fence = fence + 1, heartbeat_at = $2, finished_at = NULL, note = NULL
     WHERE id = $1";

const ABANDON: &str = "UPDATE migration_runs SET state = 'stopped', finished_at = $2 WHERE id = $1";

const START: &str = "
    INSERT INTO migration_runs (id, kind, source, profile, profile_digest, options, source_rows, state, fence, started_at,
                                heartbeat_at, last_seq, counters)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', 1, $8, $8, 0, '{}')";

/// Two that begin at once both see no run; the index on running ones lets one start, and the other looks again.
pub(super) async fn begin(
    db: &Db,
    plan: RunPlan,
    now: Timestamp,
    stale_before: Timestamp,
) -> Result<Begun, StoreError> {
    match begin_once(db, &plan, now, stale_before).await {
        Err(error) if matches!(error.kind, StoreErrorKind::Conflict(_)) => {
            begin_once(db, &plan, now, stale_before).await
        }
        begun => begun,
    }
}

async fn begin_once(db: &Db, plan: &RunPlan, now: Timestamp, stale_before: Timestamp) -> Result<Begun, StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin(&mut client).await?;
    let last = steps.run(LAST, &[&plan.source.as_str()]).await?.first().map(read).transpose()?;
    if let Some(last) = last {
        let key: Params<'_> = &[&last.plan.id.uuid(), &At(now)];
        match last.turn(plan, stale_before) {
            Turn::Busy => return Ok(Begun::Busy(last)),
            Turn::Resume => {
                steps.change(RESUME, key).await?;
                steps.commit().await?;
                return Ok(Begun::Resumed(last.resumed(now)));
            }
            Turn::Abandon => {
                steps.change(ABANDON, key).await?;
            }
            Turn::Start => {}
        }
    }
    let params: Params<'_> = &[
        &plan.id.uuid(),
        &plan.kind.as_str(),
        &plan.source.as_str(),
        &plan.profile,
        &plan.profile_digest.bytes().as_slice(),
        &Json(&plan.options),
        &plan.source_rows.map(signed),
        &At(now),
    ];
    steps.change(START, params).await?;
    steps.commit().await?;
    Ok(Begun::Started(Run::started(plan.clone(), now)))
}

const HELD: &str = "SELECT source FROM migration_runs WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE";

/// The source of the run, if the lease still counts; it cannot be taken over until the end of the step.
pub(super) async fn held(steps: &Steps<'_>, lease: Lease) -> Result<Option<SourceName>, StoreError> {
    source_of(&steps.run(HELD, &[&lease.run.uuid(), &signed(lease.fence)]).await?, lease)
}

/// The same behind a gate, in one go.
pub(super) async fn held_behind(steps: &Steps<'_>, gate: Gate, lease: Lease) -> Result<Option<SourceName>, StoreError> {
    let (name, run, fence) = (gate.name(), lease.run.uuid(), signed(lease.fence));
    let script: [Statement<'_>; 2] = [(LOCK_GATE, vec![&name]), (HELD, vec![&run, &fence])];
    let answers = steps.run_all(&script).await?;
    source_of(answers.last().map(Vec::as_slice).unwrap_or_default(), lease)
}

fn source_of(rows: &[Row], lease: Lease) -> Result<Option<SourceName>, StoreError> {
    let read = |row| Reader::new(row, "migration_runs", &lease.run).parse("source", SourceName::parse);
    rows.first().map(read).transpose()
}

const RENEW: &str = "
    WITH renewed AS (UPDATE migration_runs SET heartbeat_at = $3 WHERE id = $1 AND fence = $2 AND state = 'running'
                     RETURNING 1)
    SELECT count(*) FROM renewed";

pub(super) async fn renew(db: &Db, lease: Lease, now: Timestamp) -> Result<Commit, StoreError> {
    let params: Params<'_> = &[&lease.run.uuid(), &signed(lease.fence), &At(now)];
    Ok(commit(db.write(RENEW, params, Unknown::Repeat).await?))
}

const ADVANCE: &str = "
    UPDATE migration_runs
       SET heartbeat_at = $2, checkpoint = COALESCE($3, checkpoint), last_seq = $4, counters = $5, watermark = $6
     WHERE id = $1";

pub(super) async fn advance(
    steps: &Steps<'_>,
    lease: Lease,
    progress: &Progress,
    now: Timestamp,
) -> Result<(), StoreError> {
    let params: Params<'_> = &[
        &lease.run.uuid(),
        &At(now),
        &progress.checkpoint.as_ref().map(SourceId::as_str),
        &signed(progress.last_seq),
        &Json(&progress.counters),
        &at(progress.watermark),
    ];
    steps.change(ADVANCE, params).await?;
    Ok(())
}

const FINISH: &str = "
    WITH ended AS (
      UPDATE migration_runs SET state = $3, heartbeat_at = $4, finished_at = $4, note = $5
       WHERE id = $1 AND fence = $2 AND state = 'running'
      RETURNING 1
    ), audit AS (
      INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
      SELECT $6::uuid, $7::timestamptz, $8::text, $9::uuid, $10::uuid, $11::text, $12::jsonb
        FROM ended WHERE $6::uuid IS NOT NULL
    )
    SELECT count(*) FROM ended";

pub(super) async fn finish(db: &Db, lease: Lease, end: RunEnd) -> Result<Commit, StoreError> {
    let audit = AuditParams::from(end.audit);
    let params: Params<'_> = &[
        &lease.run.uuid(),
        &signed(lease.fence),
        &end.state.as_str(),
        &At(end.at),
        &end.note,
        &audit.id,
        &audit.at,
        &audit.kind,
        &audit.user,
        &audit.client,
        &audit.address,
        &audit.detail,
    ];
    Ok(commit(db.write(FINISH, params, Unknown::Report).await?))
}
