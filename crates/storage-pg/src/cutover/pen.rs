//! Rows that wait for a decision.

use authly_cutover::{
    board::WaitingAsk,
    outcome::ReasonCode,
    run::RunId,
    source::{SourceId, SourceName},
    store::{PenEntry, PenKind, ResolutionWrite},
};
use oauth_core::{ids::TenantId, store::StoreError, time::Timestamp};
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::instant;
use crate::{
    db::{Db, Params, Steps},
    value::{At, Reader},
};

macro_rules! pen_query {
    ($rest:literal) => {
        concat!(
            "SELECT source, source_id, kind, reason, label, tenant_id, run, at, resolution, resolved_at
               FROM migration_pen WHERE ",
            $rest
        )
    };
}

/// The entries of the rows `$2` of the source `$1`.
pub(super) const BY_KEYS: &str = pen_query!("source = $1 AND source_id = ANY($2)");
const PAGE: &str = pen_query!(
    "(source, source_id) > ($1, $2) AND ($3::text IS NULL OR source = $3) AND ($4 OR resolution IS NULL)
     ORDER BY source, source_id LIMIT $5"
);

fn read(row: &Row) -> Result<PenEntry, StoreError> {
    let mut row = Reader::new(row, "migration_pen", &"-");
    Ok(PenEntry {
        source: row.parse("source", SourceName::parse)?,
        source_id: row.parse("source_id", SourceId::parse)?,
        kind: row.parse("kind", PenKind::parse)?,
        reason: row.take::<Json<_>>("reason")?.0,
        label: row.take("label")?,
        tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
        run: RunId::from_uuid(row.take("run")?),
        at: row.at("at")?,
        resolution: row.take::<Option<Json<_>>>("resolution")?.map(|resolution| resolution.0),
        resolved_at: row.maybe_at("resolved_at")?,
    })
}

pub(super) async fn by_key(db: &Db, source: &SourceName, id: &SourceId) -> Result<Option<PenEntry>, StoreError> {
    db.read_one(BY_KEYS, &[&source.as_str(), &[id.as_str()].as_slice()]).await?.as_ref().map(read).transpose()
}

pub(super) fn read_all(rows: &[Row]) -> Result<Vec<PenEntry>, StoreError> {
    rows.iter().map(read).collect()
}

pub(super) async fn page(
    db: &Db,
    source: Option<&SourceName>,
    resolved_too: bool,
    after: Option<&(SourceName, SourceId)>,
    limit: u32,
) -> Result<Vec<PenEntry>, StoreError> {
    let (after_source, after_id) = after.map_or(("", ""), |(source, id)| (source.as_str(), id.as_str()));
    let source = source.map(SourceName::as_str);
    let params: Params<'_> = &[&after_source, &after_id, &source, &resolved_too, &i64::from(limit)];
    db.read(PAGE, params).await?.iter().map(read).collect()
}

const OPEN: &str = pen_query!(
    "(source, source_id) > ($1, $2) AND resolution IS NULL AND ($3::uuid IS NULL OR tenant_id = $3)
     AND ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR reason->>'code' = $5)
     ORDER BY source, source_id LIMIT $6"
);

pub(super) async fn open_rows(db: &Db, ask: &WaitingAsk) -> Result<Vec<PenEntry>, StoreError> {
    let after = ask.after.as_ref();
    let (after_source, after_id) = after.map_or(("", ""), |(source, id)| (source.as_str(), id.as_str()));
    let tenant = ask.tenant.map(TenantId::uuid);
    let (kind, reason) = (ask.kind.map(PenKind::as_str), ask.reason.map(ReasonCode::as_str));
    let params: Params<'_> = &[&after_source, &after_id, &tenant, &kind, &reason, &i64::from(ask.limit)];
    db.read(OPEN, params).await?.iter().map(read).collect()
}

/// A decision outlives the same finding, and not another one.
const PUT: &str = concat!(
    "INSERT INTO migration_pen AS p (source, source_id, kind, reason, label, tenant_id, run, at, resolution, resolved_at)
     SELECT w.source, w.source_id, w.kind, w.reason, w.label, w.tenant_id, w.run, ",
    instant!("w.at"),
    ", w.resolution, ",
    instant!("w.resolved_at"),
    " FROM jsonb_to_recordset($1)
           AS w(source text, source_id text, kind text, reason jsonb, label text, tenant_id uuid, run uuid, at bigint,
                resolution jsonb, resolved_at bigint)
     ON CONFLICT (source, source_id) DO UPDATE
        SET resolution = CASE WHEN p.kind = excluded.kind AND p.reason = excluded.reason THEN p.resolution
                              ELSE excluded.resolution END,
            resolved_at = CASE WHEN p.kind = excluded.kind AND p.reason = excluded.reason THEN p.resolved_at
                               ELSE excluded.resolved_at END,
            kind = excluded.kind, reason = excluded.reason, label = excluded.label, tenant_id = excluded.tenant_id,
            run = excluded.run, at = excluded.at"
);

pub(super) async fn put(steps: &Steps<'_>, entries: &[PenEntry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let row = |entry: &PenEntry| {
        // What is not there must be SQL's NULL and not the JSON value: the key is left out.
        let mut row = json!({
            "source": entry.source,
            "source_id": entry.source_id,
            "kind": entry.kind.as_str(),
            "reason": entry.reason,
            "label": entry.label,
            "tenant_id": entry.tenant.map(TenantId::uuid),
            "run": entry.run.uuid(),
            "at": entry.at.micros(),
            "resolved_at": entry.resolved_at.map(Timestamp::micros),
        });
        if let (Some(members), Some(resolution)) = (row.as_object_mut(), &entry.resolution) {
            members.insert("resolution".to_owned(), json!(resolution));
        }
        row
    };
    steps.change(PUT, &[&Json(Value::Array(entries.iter().map(row).collect()))]).await?;
    Ok(())
}

const SETTLE: &str = "DELETE FROM migration_pen WHERE source = $1 AND source_id = ANY($2)";

pub(super) async fn settle(steps: &Steps<'_>, source: &SourceName, ids: &[SourceId]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        let ids: Vec<&str> = ids.iter().map(SourceId::as_str).collect();
        steps.change(SETTLE, &[&source.as_str(), &ids]).await?;
    }
    Ok(())
}

const RESOLVE: &str = "
    UPDATE migration_pen SET resolution = $3, resolved_at = CASE WHEN $3::jsonb IS NOT NULL THEN $4::timestamptz END
     WHERE source = $1 AND source_id = $2";

/// Whether the row waits at all.
pub(super) async fn resolve(steps: &Steps<'_>, write: &ResolutionWrite, at: Timestamp) -> Result<bool, StoreError> {
    let resolution = write.resolution.as_ref().map(Json);
    let params: Params<'_> = &[&write.source.as_str(), &write.source_id.as_str(), &resolution, &At(at)];
    Ok(steps.change(RESOLVE, params).await? > 0)
}
