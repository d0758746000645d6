//! What is remembered of rows that were written into an application's own table.

use std::collections::BTreeMap;

use authly_cutover::{
    source::{SourceId, SourceName},
    write_back::{WriteBackRepository, Written},
};
use oauth_core::{store::StoreError, time::Timestamp};
use rusqlite::params;

use super::batch::{from_json, json};
use crate::{SqliteStore, cursor::Cursor, db::Db, error::Outcome};

const BY_ROW: &str =
    "SELECT source_id, before, promised FROM migration_write_back WHERE source = ?1 AND source_id = ?2";

const PUT: &str = "INSERT INTO migration_write_back (source, source_id, before, promised, at) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (source, source_id) DO UPDATE SET before = excluded.before, promised = excluded.promised, \
                     at = excluded.at";

const FORGET: &str = "DELETE FROM migration_write_back WHERE source = ?1 AND source_id = ?2";

const COUNT: &str = "SELECT source, count(*) FROM migration_write_back GROUP BY source";

impl WriteBackRepository for SqliteStore {
    async fn written(&self, source: &SourceName, rows: &[SourceId]) -> Result<Vec<Written>, StoreError> {
        let (source, rows) = (source.clone(), rows.to_vec());
        self.read_long(move |db| {
            let found: Outcome<Vec<Option<Written>>> = rows.iter().map(|row| by_row(db, &source, row)).collect();
            Ok(found?.into_iter().flatten().collect())
        })
        .await
    }

    async fn promise(&self, source: &SourceName, rows: Vec<Written>, at: Timestamp) -> Result<(), StoreError> {
        let source = source.clone();
        self.write(move |db| rows.iter().try_for_each(|row| promise(db, &source, row.clone(), at))).await
    }

    async fn forget(&self, source: &SourceName, rows: &[SourceId]) -> Result<(), StoreError> {
        let (source, rows) = (source.clone(), rows.to_vec());
        self.write(move |db| rows.iter().try_for_each(|row| db.run(FORGET, [source.as_str(), row.as_str()]).map(drop)))
            .await
    }

    async fn written_rows(&self) -> Result<BTreeMap<SourceName, u64>, StoreError> {
        self.read_long(|db| {
            let rows = db.all(COUNT, [], |row| {
                let source = row.parse("migration_write_back.source", SourceName::parse)?;
                Ok((source, u64::try_from(row.value::<i64>("count")?).unwrap_or_default()))
            })?;
            Ok(rows.into_iter().collect())
        })
        .await
    }
}

fn by_row(db: Db<'_>, source: &SourceName, row: &SourceId) -> Outcome<Option<Written>> {
    db.one(BY_ROW, [source.as_str(), row.as_str()], read)
}

fn read(row: &mut Cursor<'_>) -> Outcome<Written> {
    Ok(Written {
        source_id: row.parse("migration_write_back.source_id", SourceId::parse)?,
        before: row.parse("migration_write_back.before", from_json)?,
        promised: row.parse("migration_write_back.promised", from_json)?,
    })
}

/// What stood in a column before the first write stays.
fn promise(db: Db<'_>, source: &SourceName, row: Written, at: Timestamp) -> Outcome<()> {
    let mut kept = by_row(db, source, &row.source_id)?.unwrap_or_else(|| Written {
        source_id: row.source_id.clone(),
        before: BTreeMap::new(),
        promised: BTreeMap::new(),
    });
    for (track, cell) in row.before {
        kept.before.entry(track).or_insert(cell);
    }
    kept.promised.extend(row.promised);
    let values =
        params![source.as_str(), kept.source_id.as_str(), json(&kept.before)?, json(&kept.promised)?, at.micros()];
    db.run(PUT, values).map(drop)
}
