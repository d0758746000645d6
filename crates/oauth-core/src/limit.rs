//! Token buckets as a pure function: the generic cell rate algorithm, one number per key.
//!
//! The same arithmetic runs in memory here and in Redis in its own crate, so that both behave alike.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::Future,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::Mutex,
    time::Duration,
};

use crate::time::Timestamp;

/// How fast a bucket refills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests that may come at once.
    pub burst: u32,
    /// Time in which one request is earned back.
    pub every: Duration,
}

impl Rate {
    /// So many requests a minute, with as many at once.
    pub fn per_minute(requests: u32) -> Self {
        let requests = requests.max(1);
        Self { burst: requests, every: Duration::from_secs(60) / requests }
    }

    /// Another burst.
    #[must_use]
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, every: self.every }
    }
}

/// What a bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Try again after this time: 429 with `Retry-After`.
    Limited(Duration),
}

/// Takes one request from the bucket whose state is `full_at`, the instant at which it is full again.
///
/// Returns the verdict and the state to keep.
pub fn take(rate: Rate, full_at: Option<Timestamp>, now: Timestamp) -> (Verdict, Timestamp) {
    let base = full_at.map_or(now, |at| at.max(now));
    let next = base.plus(rate.every);
    let allowed_until = now.plus(rate.every.saturating_mul(rate.burst));
    if next > allowed_until { (Verdict::Limited(next.since(allowed_until)), base) } else { (Verdict::Allowed, next) }
}

/// Token buckets by key, wherever their states are kept.
pub trait RateLimiter: Send + Sync {
    /// Takes one request from the bucket of `key`.
    fn take(&self, key: &str, rate: Rate, now: Timestamp) -> impl Future<Output = Verdict> + Send;
}

/// Buckets in this process: sharded maps that forget full buckets.
pub struct LocalLimiter {
    shards: Vec<Mutex<HashMap<u64, Timestamp>>>,
    hasher: RandomState,
}

impl LocalLimiter {
    /// The most keys that one shard remembers, whoever asks from however many addresses; beyond that the buckets that would be full again
    /// soonest are forgotten.
    const SHARD_LIMIT: usize = 16_384;

    /// An empty limiter.
    pub fn new() -> Self {
        Self { shards: (0..16).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// What the bucket of `key` would say, without taking anything: for limits on failures, which are only known afterwards.
    pub fn peek_now(&self, key: &(impl Hash + ?Sized), rate: Rate, now: Timestamp) -> Verdict {
        let hash = self.hasher.hash_one(key);
        let shard = usize::try_from(hash % 16).ok().and_then(|index| self.shards.get(index));
        let Some(shard) = shard else { return Verdict::Allowed };
        let states = shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        take(rate, states.get(&hash).copied(), now).0
    }

    /// Takes one request from the bucket of `key`.
    pub fn take_now(&self, key: &(impl Hash + ?Sized), rate: Rate, now: Timestamp) -> Verdict {
        let hash = self.hasher.hash_one(key);
        let index = usize::try_from(hash % 16).unwrap_or(0);
        let Some(shard) = self.shards.get(index) else { return Verdict::Allowed };
        let mut states = shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if states.len() >= Self::SHARD_LIMIT {
            states.retain(|_, full_at| *full_at > now);
            if states.len() >= Self::SHARD_LIMIT {
                forget_half(&mut states);
            }
        }
        let (verdict, state) = take(rate, states.get(&hash).copied(), now);
        states.insert(hash, state);
        verdict
    }

    /// Puts back what [`take_now`](Self::take_now) took: for what is charged before anybody can know whether it counts.
    pub fn give_back_now(&self, key: &(impl Hash + ?Sized), rate: Rate, now: Timestamp) {
        let hash = self.hasher.hash_one(key);
        let shard = usize::try_from(hash % 16).ok().and_then(|index| self.shards.get(index));
        let Some(shard) = shard else { return };
        let mut states = shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Entry::Occupied(mut state) = states.entry(hash) {
            let before = state.get().minus(rate.every);
            if before > now {
                state.insert(before);
            } else {
                state.remove();
            }
        }
    }
}

/// Half at once, so that a flood of keys does not make each request walk through all of them.
fn forget_half(states: &mut HashMap<u64, Timestamp>) {
    let mut ends: Vec<Timestamp> = states.values().copied().collect();
    let middle = ends.len() / 2;
    if middle < ends.len() {
        let median = *ends.select_nth_unstable(middle).1;
        states.retain(|_, full_at| *full_at > median);
    }
}

impl Default for LocalLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl RateLimiter for LocalLimiter {
    async fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Verdict {
        self.take_now(key, rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 5, every: Duration::from_secs(6) };

    #[test]
    fn a_burst_passes_and_then_one_request_each_interval() {
        let limiter = LocalLimiter::new();
        let start = Timestamp::from_seconds(1_000);
        for _ in 0..5 {
            assert_eq!(limiter.take_now("a", RATE, start), Verdict::Allowed);
        }
        assert_eq!(limiter.take_now("a", RATE, start), Verdict::Limited(Duration::from_secs(6)));
        assert_eq!(limiter.take_now("b", RATE, start), Verdict::Allowed);
        let later = start.plus(Duration::from_secs(6));
        assert_eq!(limiter.take_now("a", RATE, later), Verdict::Allowed);
        assert!(matches!(limiter.take_now("a", RATE, later), Verdict::Limited(_)));
    }

    #[test]
    fn a_look_at_a_bucket_takes_nothing() {
        let (limiter, now) = (LocalLimiter::new(), Timestamp::from_seconds(1_000));
        for _ in 0..5 {
            assert_eq!(limiter.peek_now("a", RATE, now), Verdict::Allowed);
            assert_eq!(limiter.take_now("a", RATE, now), Verdict::Allowed);
        }
        assert_eq!(limiter.peek_now("a", RATE, now), Verdict::Limited(Duration::from_secs(6)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let (limiter, now) = (LocalLimiter::new(), Timestamp::from_seconds(1_000));
        for _ in 0..20 {
            assert_eq!(limiter.take_now("a", RATE, now), Verdict::Allowed);
            limiter.give_back_now("a", RATE, now);
        }
        limiter.give_back_now("a", RATE, now);
        for _ in 0..5 {
            assert_eq!(limiter.take_now("a", RATE, now), Verdict::Allowed, "a full bucket is no more than full");
        }
        assert!(matches!(limiter.take_now("a", RATE, now), Verdict::Limited(_)));
        limiter.give_back_now("a", RATE, now);
        assert_eq!(limiter.take_now("a", RATE, now), Verdict::Allowed);
        assert!(matches!(limiter.take_now("a", RATE, now), Verdict::Limited(_)));
    }

    /// However many keys somebody has, and however empty they leave each bucket.
    #[test]
    fn a_flood_of_keys_is_bounded_and_the_emptiest_buckets_are_remembered() {
        let (limiter, now) = (LocalLimiter::new(), Timestamp::from_seconds(1_000));
        while limiter.take_now("guessed", RATE, now) == Verdict::Allowed {}
        let all = 16 * LocalLimiter::SHARD_LIMIT;
        for key in 0..2 * all {
            limiter.take_now(&key, RATE, now);
            limiter.take_now(&key, RATE, now);
        }
        let kept: usize = limiter.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= all, "{kept}");
        assert!(matches!(limiter.peek_now("guessed", RATE, now), Verdict::Limited(_)));
    }

    #[test]
    fn a_refused_request_costs_nothing() {
        let now = Timestamp::from_seconds(1_000);
        let full = take(RATE, Some(now.plus(Duration::from_secs(30))), now);
        assert_eq!(full, (Verdict::Limited(Duration::from_secs(6)), now.plus(Duration::from_secs(30))));
    }
}
