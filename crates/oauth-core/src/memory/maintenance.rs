//! Removal of what has expired, in memory.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use super::{MemoryStore, tables::Tables};
use crate::{
    ids::GrantId,
    store::{MaintenanceRepository, PurgeOrder, Purged, StoreError},
};

impl MaintenanceRepository for MemoryStore {
    async fn purge(&self, order: PurgeOrder) -> Result<Purged, StoreError> {
        Ok(self.lock().purge(&order))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Tables {
    /// Codes and refresh tokens go first, then the grants that nothing hangs on, then the sessions that no grant came from: a
    /// grant never outlives the session that decides over it.
    fn purge(&mut self, order: &PurgeOrder) -> Purged {
        let limit = order.limit;
        let codes = remove(&mut self.codes, limit, |row| row.expires_at < order.codes_before);
        let live: HashSet<GrantId> = self
            .refresh_tokens
            .values()
            .filter(|row| row.expires_at >= order.tokens_before)
            .map(|row| row.grant)
            .collect();
        let refresh_tokens = remove(&mut self.refresh_tokens, limit, |row| !live.contains(&row.grant));
        let used: HashSet<GrantId> =
            self.codes.values().map(|row| row.grant).chain(self.refresh_tokens.values().map(|row| row.grant)).collect();
        let empty: Vec<GrantId> =
            self.grants.keys().filter(|id| !used.contains(id)).take(as_usize(limit)).copied().collect();
        empty.iter().for_each(|id| drop(self.grants.remove(id)));
        let held: HashSet<_> = self.grants.values().filter_map(|row| row.grant.session).collect();
        let over: Vec<_> = self
            .sessions
            .values()
            .filter(|row| row.begun.expires_at < order.tokens_before && !held.contains(&row.begun.id))
            .map(|row| row.begun.id)
            .take(as_usize(limit))
            .collect();
        over.iter().for_each(|id| drop(self.sessions.remove(id)));
        let legacy_tokens = remove(&mut self.legacy_tokens, limit, |row| row.expires_at < order.tokens_before);
        let assertions = remove(&mut self.assertions, limit, |expires_at| *expires_at <= order.now);
        let revoked = remove(&mut self.revoked_tokens, limit, |expires_at| *expires_at <= order.now);
        let wiped = self
            .refresh_tokens
            .values_mut()
            .filter(|row| row.sealed_successor.is_some())
            .filter(|row| row.used_at.is_some_and(|at| at < order.successors_before))
            .take(as_usize(limit))
            .map(|row| row.sealed_successor = None)
            .count();
        Purged {
            codes,
            refresh_tokens,
            grants: as_u64(empty.len()),
            sessions: as_u64(over.len()),
            legacy_tokens,
            others: assertions + revoked + as_u64(wiped),
        }
    }
}

/// Removes up to `limit` rows that are `over`; returns how many.
fn remove<K: Clone + Eq + Hash, V>(rows: &mut HashMap<K, V>, limit: u32, over: impl Fn(&V) -> bool) -> u64 {
    let keys: Vec<K> =
        rows.iter().filter(|(_, row)| over(row)).take(as_usize(limit)).map(|(key, _)| key.clone()).collect();
    keys.iter().for_each(|key| drop(rows.remove(key)));
    as_u64(keys.len())
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
