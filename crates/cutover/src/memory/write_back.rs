//! What was written back, in memory.

use std::collections::BTreeMap;

use oauth_core::{store::StoreError, time::Timestamp};

use super::MemoryTarget;
use crate::{
    source::{SourceId, SourceName},
    write_back::{WriteBackRepository, Written},
};

impl WriteBackRepository for MemoryTarget {
    async fn written(&self, source: &SourceName, rows: &[SourceId]) -> Result<Vec<Written>, StoreError> {
        let state = self.lock();
        Ok(rows.iter().filter_map(|row| state.written.get(&(source.clone(), row.clone())).cloned()).collect())
    }

    async fn promise(&self, source: &SourceName, rows: Vec<Written>, _at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.lock();
        for row in rows {
            let key = (source.clone(), row.source_id.clone());
            match state.written.get_mut(&key) {
                Some(known) => {
                    for (track, cell) in row.before {
                        known.before.entry(track).or_insert(cell);
                    }
                    known.promised.extend(row.promised);
                }
                None => {
                    state.written.insert(key, row);
                }
            }
        }
        Ok(())
    }

    async fn forget(&self, source: &SourceName, rows: &[SourceId]) -> Result<(), StoreError> {
        let mut state = self.lock();
        for row in rows {
            state.written.remove(&(source.clone(), row.clone()));
        }
        Ok(())
    }

    async fn written_rows(&self) -> Result<BTreeMap<SourceName, u64>, StoreError> {
        let mut rows = BTreeMap::new();
        for (source, _) in self.lock().written.keys() {
            *rows.entry(source.clone()).or_default() += 1;
        }
        Ok(rows)
    }
}
