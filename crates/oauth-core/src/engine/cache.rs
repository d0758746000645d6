//! What is remembered between requests: things that are expensive to compute and follow from their key alone.
//!
//! Nothing here decides whether a token is still good; revocation is looked up at every use.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::token::TokenHash;

/// A bounded map from the SHA-256 of something to what was made of it.
pub(crate) struct Cache<T> {
    shards: Vec<Mutex<HashMap<TokenHash, T>>>,
    limit: usize,
}

impl<T: Clone> Cache<T> {
    const SHARDS: usize = 16;

    /// An empty cache of about `limit` entries.
    pub(crate) fn new(limit: usize) -> Self {
        Self { shards: (0..Self::SHARDS).map(|_| Mutex::default()).collect(), limit: limit.div_ceil(Self::SHARDS) }
    }

    /// What was made of the thing with that hash.
    pub(crate) fn get(&self, key: &TokenHash) -> Option<T> {
        self.shard(key)?.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers; where there is no room, entries that are not `useful` any more go first and then every other one.
    pub(crate) fn put(&self, key: TokenHash, value: T, useful: impl Fn(&T) -> bool) {
        let Some(shard) = self.shard(&key) else { return };
        let mut entries = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.limit {
            entries.retain(|_, value| useful(value));
        }
        if entries.len() >= self.limit {
            let mut odd = false;
            entries.retain(|_, _| {
                odd = !odd;
                odd
            });
        }
        entries.insert(key, value);
    }

    fn shard(&self, key: &TokenHash) -> Option<&Mutex<HashMap<TokenHash, T>>> {
        let [first, ..] = key.bytes();
        self.shards.get(usize::from(*first) % Self::SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_forgets_what_is_useless_first() {
        let cache = Cache::new(160);
        for number in 0u32..2_000 {
            cache.put(TokenHash::of(&number.to_be_bytes()), number, |number| number % 2 == 0);
        }
        let held: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(held <= 160, "{held}");
        assert_eq!(cache.get(&TokenHash::of(&1_999u32.to_be_bytes())), Some(1_999));
    }
}
