//! Rows that wait for a decision.

use authly_cutover::{
    board::WaitingAsk,
    outcome::ReasonCode,
    run::RunId,
    source::{SourceId, SourceName},
    store::{PenEntry, PenKind, ResolutionWrite},
};
use oauth_core::{ids::TenantId, time::Timestamp};
use rusqlite::params;

use super::batch::{from_json, json};
use crate::{cursor::Cursor, db::Db, error::Outcome};

macro_rules! pen_query {
    ($rest:literal) => {
        concat!(
            "SELECT source, source_id, kind, reason, label, tenant_id, run, at, resolution, resolved_at FROM migration_pen ",
            $rest
        )
    };
}

const BY_KEY: &str = pen_query!("WHERE source = ?1 AND source_id = ?2");
const PAGE: &str = pen_query!(
    "WHERE (source, source_id) > (?1, ?2) AND (?3 IS NULL OR source = ?3) AND (?4 OR resolution IS NULL) \
     ORDER BY source, source_id LIMIT ?5"
);

fn read(row: &mut Cursor<'_>) -> Outcome<PenEntry> {
    Ok(PenEntry {
        source: row.parse("migration_pen.source", SourceName::parse)?,
        source_id: row.parse("migration_pen.source_id", SourceId::parse)?,
        kind: row.parse("migration_pen.kind", PenKind::parse)?,
        reason: row.parse("migration_pen.reason", from_json)?,
        label: row.value("migration_pen.label")?,
        tenant: row.id_opt("migration_pen.tenant_id", TenantId::from_uuid)?,
        run: row.id("migration_pen.run", RunId::from_uuid)?,
        at: row.time("migration_pen.at")?,
        resolution: row.parse_opt("migration_pen.resolution", from_json)?,
        resolved_at: row.time_opt("migration_pen.resolved_at")?,
    })
}

pub(super) fn by_key(db: Db<'_>, source: &SourceName, id: &SourceId) -> Outcome<Option<PenEntry>> {
    db.one(BY_KEY, [source.as_str(), id.as_str()], read)
}

pub(super) fn page(
    db: Db<'_>,
    source: Option<&SourceName>,
    resolved_too: bool,
    after: Option<&(SourceName, SourceId)>,
    limit: u32,
) -> Outcome<Vec<PenEntry>> {
    let (after_source, after_id) = after.map_or(("", ""), |(source, id)| (source.as_str(), id.as_str()));
    db.all(PAGE, params![after_source, after_id, source.map(SourceName::as_str), resolved_too, limit], read)
}

const OPEN: &str = pen_query!(
    "WHERE (source, source_id) > (?1, ?2) AND resolution IS NULL AND (?3 IS NULL OR tenant_id = ?3) \
     AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR json_extract(reason, '$.code') = ?5) \
     ORDER BY source, source_id LIMIT ?6"
);

pub(super) fn open_rows(db: Db<'_>, ask: &WaitingAsk) -> Outcome<Vec<PenEntry>> {
    let after = ask.after.as_ref();
    let (after_source, after_id) = after.map_or(("", ""), |(source, id)| (source.as_str(), id.as_str()));
    let tenant = ask.tenant.map(TenantId::uuid);
    let (kind, reason) = (ask.kind.map(PenKind::as_str), ask.reason.map(ReasonCode::as_str));
    db.all(OPEN, params![after_source, after_id, tenant, kind, reason, ask.limit], read)
}

/// A decision outlives the same finding, and not another one.
const PUT: &str = "INSERT INTO migration_pen (source, source_id, kind, reason, label, tenant_id, run, at, resolution, \
                   resolved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
                   ON CONFLICT (source, source_id) DO UPDATE SET \
                     resolution = CASE WHEN kind = excluded.kind AND reason = excluded.reason THEN resolution \
                                       ELSE excluded.resolution END, \
                     resolved_at = CASE WHEN kind = excluded.kind AND reason = excluded.reason THEN resolved_at \
                                        ELSE excluded.resolved_at END, \
                     kind = excluded.kind, reason = excluded.reason, label = excluded.label, \
                     tenant_id = excluded.tenant_id, run = excluded.run, at = excluded.at";

pub(super) fn put(db: Db<'_>, entry: &PenEntry) -> Outcome<()> {
    db.run(
        PUT,
        params![
            entry.source.as_str(),
            entry.source_id.as_str(),
            entry.kind.as_str(),
            json(&entry.reason)?,
            entry.label,
            entry.tenant.map(TenantId::uuid),
            entry.run.uuid(),
            entry.at.micros(),
            entry.resolution.as_ref().map(json).transpose()?,
            entry.resolved_at.map(Timestamp::micros),
        ],
    )?;
    Ok(())
}

const REMOVE: &str = "DELETE FROM migration_pen WHERE source = ?1 AND source_id = ?2";

pub(super) fn remove(db: Db<'_>, source: &SourceName, id: &SourceId) -> Outcome<()> {
    db.run(REMOVE, [source.as_str(), id.as_str()]).map(drop)
}

const RESOLVE: &str = "UPDATE migration_pen SET resolution = ?3, resolved_at = CASE WHEN ?3 IS NULL THEN NULL ELSE ?4 END \
                       WHERE source = ?1 AND source_id = ?2";

/// Whether the row waits at all.
pub(super) fn resolve(db: Db<'_>, write: &ResolutionWrite, at: Timestamp) -> Outcome<bool> {
    let resolution = write.resolution.as_ref().map(json).transpose()?;
    let row = params![write.source.as_str(), write.source_id.as_str(), resolution, at.micros()];
    Ok(db.run(RESOLVE, row)? > 0)
}
