//! What is remembered of rows that were written into an application's own table.

use std::collections::BTreeMap;

use authly_cutover::{
    source::{SourceId, SourceName},
    write_back::{WriteBackRepository, Written},
};
use oauth_core::{store::StoreError, time::Timestamp};
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Json};

use super::unsigned;
use crate::{
    db::Unknown,
    store::PgStore,
    value::{At, Reader},
};

const BY_ROWS: &str =
    "SELECT source_id, before, promised FROM migration_write_back WHERE source = $1 AND source_id = ANY($2)";

/// What stood in a column before the first write stays.
const PROMISE: &str = "
    WITH done AS (
        INSERT INTO migration_write_back AS m (source, source_id, before, promised, at)
        SELECT $1, w.source_id, w.before, w.promised, $3
          FROM jsonb_to_recordset($2) AS w(source_id text, before jsonb, promised jsonb)
         ORDER BY w.source_id
        ON CONFLICT (source, source_id) DO UPDATE
           SET before = excluded.before || m.before, promised = m.promised || excluded.promised, at = excluded.at
        RETURNING 1)
    SELECT count(*) FROM done";

const FORGET: &str = "
    WITH done AS (DELETE FROM migration_write_back WHERE source = $1 AND source_id = ANY($2) RETURNING 1)
    SELECT count(*) FROM done";

const COUNT: &str = "SELECT source, count(*) AS count FROM migration_write_back GROUP BY source";

impl WriteBackRepository for PgStore {
    async fn written(&self, source: &SourceName, rows: &[SourceId]) -> Result<Vec<Written>, StoreError> {
        let ids: Vec<&str> = rows.iter().map(SourceId::as_str).collect();
        self.db().read(BY_ROWS, &[&source.as_str(), &ids]).await?.iter().map(read).collect()
    }

    async fn promise(&self, source: &SourceName, rows: Vec<Written>, at: Timestamp) -> Result<(), StoreError> {
        let row = |row: &Written| json!({ "source_id": row.source_id, "before": row.before, "promised": row.promised });
        let rows = Json(Value::Array(rows.iter().map(row).collect()));
        self.db().write(PROMISE, &[&source.as_str(), &rows, &At(at)], Unknown::Repeat).await?;
        Ok(())
    }

    async fn forget(&self, source: &SourceName, rows: &[SourceId]) -> Result<(), StoreError> {
        let ids: Vec<&str> = rows.iter().map(SourceId::as_str).collect();
        self.db().write(FORGET, &[&source.as_str(), &ids], Unknown::Repeat).await?;
        Ok(())
    }

    async fn written_rows(&self) -> Result<BTreeMap<SourceName, u64>, StoreError> {
        let rows = self.db().read(COUNT, &[]).await?;
        let one = |row: &Row| {
            let mut row = Reader::new(row, "migration_write_back", &"-");
            Ok((row.parse("source", SourceName::parse)?, unsigned(row.take("count")?)))
        };
        rows.iter().map(one).collect()
    }
}

fn read(row: &Row) -> Result<Written, StoreError> {
    let mut row = Reader::new(row, "migration_write_back", &"-");
    Ok(Written {
        source_id: row.parse("source_id", SourceId::parse)?,
        before: row.take::<Json<_>>("before")?.0,
        promised: row.take::<Json<_>>("promised")?.0,
    })
}
