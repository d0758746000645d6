//! The limiter: Redis while it answers, this process otherwise.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use oauth_core::{
    limit::{LocalLimiter, Rate, RateLimiter, Verdict},
    secret::Secret,
    time::Timestamp,
};
use redis::aio::MultiplexedConnection;
use thiserror::Error;
use tokio::time::timeout;

use crate::{
    bucket::{Numbers, Take},
    link::Link,
};

/// How the limiter asks.
#[derive(Clone, Debug)]
pub struct LimiterSettings {
    /// How long a request waits for Redis.
    pub timeout: Duration,
    /// What the keys begin with; installations that share a Redis need different ones.
    pub prefix: String,
}

impl Default for LimiterSettings {
    fn default() -> Self {
        Self { timeout: Duration::from_millis(50), prefix: "authly:limit:".to_owned() }
    }
}

/// `REDIS_URL` is not a Redis URL; it may hold a password and is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a Redis URL: redis://host:port/db, rediss:// for TLS or unix:///path is expected")]
pub struct RedisUrlInvalid;

/// A reading of the limiter's counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimiterMetrics {
    /// Whether Redis is connected.
    pub up: bool,
    /// Requests that Redis judged.
    pub shared: u64,
    /// Requests that this process judged alone.
    pub local: u64,
    /// Answers of Redis that did not come in time, or were errors.
    pub failures: u64,
}

/// Token buckets in Redis.
pub struct RedisLimiter {
    link: Link,
    script: Arc<Take>,
    local: LocalLimiter,
    settings: LimiterSettings,
    late_in_a_row: AtomicU32,
    shared_count: AtomicU64,
    local_count: AtomicU64,
    failure_count: AtomicU64,
}

impl RedisLimiter {
    /// So many late answers one after the other, and the connection is given up: a Redis that hangs must not cost every
    /// request the timeout.
    const LATE_LIMIT: u32 = 3;

    /// Starts to connect, and limits from now on; a Redis that is down is no reason not to start.
    ///
    /// Must be called on the runtime that the connection shall live on.
    pub fn start(url: &Secret<String>, settings: LimiterSettings) -> Result<Self, RedisUrlInvalid> {
        let client = redis::Client::open(url.expose().as_str()).map_err(|_| RedisUrlInvalid)?;
        let script = Arc::new(Take::new());
        Ok(Self {
            link: Link::start(client, script.clone()),
            script,
            local: LocalLimiter::new(),
            settings,
            late_in_a_row: AtomicU32::new(0),
            shared_count: AtomicU64::new(0),
            local_count: AtomicU64::new(0),
            failure_count: AtomicU64::new(0),
        })
    }

    /// Reads the counters.
    pub fn metrics(&self) -> LimiterMetrics {
        LimiterMetrics {
            up: *self.link.watch().borrow(),
            shared: self.shared_count.load(Ordering::Relaxed),
            local: self.local_count.load(Ordering::Relaxed),
            failures: self.failure_count.load(Ordering::Relaxed),
        }
    }

    /// Waits until Redis is connected (`true`) or given up (`false`).
    pub async fn until(&self, up: bool) {
        // The sender lives as long as the limiter.
        let _ = self.link.watch().wait_for(|now| *now == up).await;
    }

    /// Redis' verdict, if it gives one in time.
    async fn shared(&self, mut connection: MultiplexedConnection, take: &Numbers) -> Option<Verdict> {
        match timeout(self.settings.timeout, self.script.run(&mut connection, take)).await {
            Ok(Ok(verdict)) => {
                self.late_in_a_row.store(0, Ordering::Relaxed);
                return Some(verdict);
            }
            Ok(Err(_)) => self.link.give_up(),
            Err(_) => {
                if self.late_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= Self::LATE_LIMIT {
                    self.late_in_a_row.store(0, Ordering::Relaxed);
                    self.link.give_up();
                }
            }
        }
        self.failure_count.fetch_add(1, Ordering::Relaxed);
        None
    }
}

impl RateLimiter for RedisLimiter {
    async fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Verdict {
        let local = self.local.take_now(key, rate, now);
        let numbers = Numbers::new(&self.settings.prefix, key, rate, now);
        if let Some((connection, numbers)) = self.link.connection().zip(numbers)
            && let Some(verdict) = self.shared(connection, &numbers).await
        {
            self.shared_count.fetch_add(1, Ordering::Relaxed);
            return verdict;
        }
        self.local_count.fetch_add(1, Ordering::Relaxed);
        local
    }
}

impl std::fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLimiter").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}
