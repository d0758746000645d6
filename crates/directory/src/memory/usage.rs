//! Counted uses in memory.

use oauth_core::store::StoreError;

use super::MemoryDirectory;
use crate::usage::{UseRepository, Uses};

impl UseRepository for MemoryDirectory {
    async fn add_uses(&self, uses: Vec<Uses>) -> Result<(), StoreError> {
        self.reachable()?;
        let mut people = self.lock();
        for new in uses {
            let row = people.uses.entry(new.key).or_insert((0, new.last_at));
            *row = (row.0.saturating_add(new.count), row.1.max(new.last_at));
        }
        Ok(())
    }

    async fn uses(&self, from_day: u32) -> Result<Vec<Uses>, StoreError> {
        let people = self.lock();
        let rows = people.uses.iter().filter(|(key, _)| key.day >= from_day);
        Ok(rows.map(|(key, (count, last_at))| Uses { key: *key, count: *count, last_at: *last_at }).collect())
    }
}
