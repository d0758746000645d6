//! Runs: one at a time for each source, under a lease whose fence keeps out who lost it.

use authly_cutover::{
    digest::Digest,
    run::{Begun, Lease, Run, RunId, RunKind, RunPlan, RunState, Turn},
    source::{SourceId, SourceName},
    store::{Progress, RunEnd},
};
use oauth_core::{store::Commit, time::Timestamp};
use rusqlite::params;

use super::batch::{from_json, json, signed, unsigned};
use crate::{accounts::commit, audit, cursor::Cursor, db::Db, error::Outcome};

macro_rules! run_query {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, source, profile, profile_digest, options, source_rows, state, fence, started_at, \
             heartbeat_at, finished_at, checkpoint, last_seq, counters, watermark, note FROM migration_runs ",
            $rest
        )
    };
}

const BY_ID: &str = run_query!("WHERE id = ?1");
const NEWEST: &str = run_query!("WHERE ?1 IS NULL OR source = ?1 ORDER BY id DESC LIMIT ?2");

fn read(row: &mut Cursor<'_>) -> Outcome<Run> {
    let plan = RunPlan {
        id: row.id("migration_runs.id", RunId::from_uuid)?,
        kind: row.parse("migration_runs.kind", RunKind::parse)?,
        source: row.parse("migration_runs.source", SourceName::parse)?,
        profile: row.value("migration_runs.profile")?,
        profile_digest: row.value("migration_runs.profile_digest").map(Digest::from_bytes)?,
        options: row.parse("migration_runs.options", from_json)?,
        source_rows: row.value::<Option<i64>>("migration_runs.source_rows")?.map(unsigned),
    };
    Ok(Run {
        plan,
        state: row.parse("migration_runs.state", RunState::parse)?,
        fence: row.value("migration_runs.fence").map(unsigned)?,
        started_at: row.time("migration_runs.started_at")?,
        heartbeat_at: row.time("migration_runs.heartbeat_at")?,
        finished_at: row.time_opt("migration_runs.finished_at")?,
        checkpoint: row.parse_opt("migration_runs.checkpoint", SourceId::parse)?,
        last_seq: row.value("migration_runs.last_seq").map(unsigned)?,
        counters: row.parse("migration_runs.counters", from_json)?,
        watermark: row.time_opt("migration_runs.watermark")?,
        note: row.value("migration_runs.note")?,
    })
}

pub(super) fn by_id(db: Db<'_>, run: RunId) -> Outcome<Option<Run>> {
    db.one(BY_ID, [run.uuid()], read)
}

pub(super) fn newest(db: Db<'_>, source: Option<&SourceName>, limit: u32) -> Outcome<Vec<Run>> {
    db.all(NEWEST, params![source.map(SourceName::as_str), limit], read)
}

const RESUME: &str = "UPDATE migration_runs SET state = 'running', fence = fence + 1, heartbeat_at = ?2, \
                      finished_at = NULL, note = NULL WHERE id = ?1";

const ABANDON: &str = "UPDATE migration_runs SET state = 'stopped', finished_at = ?2 WHERE id = ?1";

const START: &str = "INSERT INTO migration_runs (id, kind, source, profile, profile_digest, options, source_rows, state, \
                     fence, started_at, heartbeat_at, last_seq, counters) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'running', 1, ?8, ?8, 0, '{}')";

pub(super) fn begin(db: Db<'_>, plan: RunPlan, at: Timestamp, stale_before: Timestamp) -> Outcome<Begun> {
    if let Some(last) = newest(db, Some(&plan.source), 1)?.pop() {
        let key = params![last.plan.id.uuid(), at.micros()];
        match last.turn(&plan, stale_before) {
            Turn::Busy => return Ok(Begun::Busy(last)),
            Turn::Resume => {
                db.run(RESUME, key)?;
                return Ok(Begun::Resumed(last.resumed(at)));
            }
            Turn::Abandon => {
                db.run(ABANDON, key)?;
            }
            Turn::Start => {}
        }
    }
    let (id, digest) = (plan.id.uuid(), plan.profile_digest);
    db.run(
        START,
        params![
            id,
            plan.kind.as_str(),
            plan.source.as_str(),
            plan.profile,
            digest.bytes(),
            json(&plan.options)?,
            plan.source_rows.map(signed),
            at.micros(),
        ],
    )?;
    Ok(Begun::Started(Run::started(plan, at)))
}

const HELD: &str = "SELECT source FROM migration_runs WHERE id = ?1 AND fence = ?2 AND state = 'running'";

/// The source of the run, if the lease still counts.
pub(super) fn held(db: Db<'_>, lease: Lease) -> Outcome<Option<SourceName>> {
    let read = |row: &mut Cursor<'_>| row.parse("migration_runs.source", SourceName::parse);
    db.one(HELD, params![lease.run.uuid(), signed(lease.fence)], read)
}

const RENEW: &str = "UPDATE migration_runs SET heartbeat_at = ?3 WHERE id = ?1 AND fence = ?2 AND state = 'running'";

pub(super) fn renew(db: Db<'_>, lease: Lease, at: Timestamp) -> Outcome<Commit> {
    Ok(commit(db.run(RENEW, params![lease.run.uuid(), signed(lease.fence), at.micros()])?))
}

const ADVANCE: &str = "UPDATE migration_runs SET heartbeat_at = ?2, checkpoint = coalesce(?3, checkpoint), last_seq = ?4, \
                       counters = ?5, watermark = ?6 WHERE id = ?1";

pub(super) fn advance(db: Db<'_>, lease: Lease, progress: &Progress, at: Timestamp) -> Outcome<()> {
    db.run(
        ADVANCE,
        params![
            lease.run.uuid(),
            at.micros(),
            progress.checkpoint.as_ref().map(SourceId::as_str),
            signed(progress.last_seq),
            json(&progress.counters)?,
            progress.watermark.map(Timestamp::micros),
        ],
    )?;
    Ok(())
}

const FINISH: &str = "UPDATE migration_runs SET state = ?3, heartbeat_at = ?4, finished_at = ?4, note = ?5 \
                      WHERE id = ?1 AND fence = ?2 AND state = 'running'";

pub(super) fn finish(db: Db<'_>, lease: Lease, end: &RunEnd) -> Outcome<Commit> {
    let key = (lease.run.uuid(), signed(lease.fence));
    let ended = db.run(FINISH, params![key.0, key.1, end.state.as_str(), end.at.micros(), end.note])?;
    if ended > 0 {
        audit::write_if(db, end.audit.as_ref())?;
    }
    Ok(commit(ended))
}
