//! One bucket in Redis: its key, its script and the script's answer.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    limit::{Rate, Verdict},
    time::Timestamp,
};
use redis::{RedisResult, Script, aio::MultiplexedConnection};
use sha2::{Digest as _, Sha256};

/// [`oauth_core::limit::take`] in microseconds: the same sums in the same order.
///
/// Returns zero, or the time after which a request is earned back. A full bucket is forgotten ten seconds later, so that
/// a node whose clock is behind does not find it full too early.
const TAKE: &str = r"
local now, every, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]))
local base = now
if full_at and full_at > now then base = full_at end
local next_at = base + every
if next_at > now + horizon then return next_at - now - horizon end
redis.call('SET', KEYS[1], string.format('%.0f', next_at), 'PX', math.ceil((next_at - now) / 1000) + 10000)
return 0
";

/// Beyond this a double, which is what a script counts in, is not exact.
const EXACT: i64 = 1 << 52;

/// The script, hashed once.
pub(crate) struct Take(Script);

impl Take {
    pub(crate) fn new() -> Self {
        Self(Script::new(TAKE))
    }

    /// Puts the script into Redis, so that the first request need not.
    pub(crate) async fn load(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        self.0.load_async(connection).await.map(|_| ())
    }

    /// Takes one request.
    pub(crate) async fn run(&self, connection: &mut MultiplexedConnection, take: &Numbers) -> RedisResult<Verdict> {
        let mut call = self.0.key(&take.key);
        let call = call.arg(take.now).arg(take.every).arg(take.horizon);
        let wait: u64 = call.invoke_async(connection).await?;
        Ok(if wait == 0 { Verdict::Allowed } else { Verdict::Limited(Duration::from_micros(wait)) })
    }
}

/// The arguments of one call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    key: String,
    now: i64,
    every: i64,
    horizon: i64,
}

impl Numbers {
    /// The arguments; `None` when a script cannot count that far.
    pub(crate) fn new(prefix: &str, key: &str, rate: Rate, now: Timestamp) -> Option<Self> {
        let micros = |time: Duration| i64::try_from(time.as_micros()).ok();
        let (every, horizon) = (micros(rate.every)?, micros(rate.every.saturating_mul(rate.burst))?);
        let latest = now.micros().checked_add(horizon)?.checked_add(every)?;
        let exact = now.micros() >= 0 && latest < EXACT;
        exact.then(|| Self { key: redis_key(prefix, key), now: now.micros(), every, horizon })
    }
}

/// Keys name people and their addresses: Redis sees digests.
fn redis_key(prefix: &str, key: &str) -> String {
    let digest = Sha256::digest(key);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_sees_no_names() {
        let rate = Rate::per_minute(10);
        let numbers =
            Numbers::new("authly:", "account alice@example.com", rate, Timestamp::from_seconds(1)).expect("exact");
        assert!(numbers.key.starts_with("authly:") && !numbers.key.contains("alice"), "{}", numbers.key);
        assert_eq!((numbers.now, numbers.every, numbers.horizon), (1_000_000, 6_000_000, 60_000_000));
    }

    #[test]
    fn numbers_that_a_script_cannot_count_are_left_to_the_process() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let rate = |burst, seconds| Rate { burst, every: Duration::from_secs(seconds) };
        assert!(Numbers::new("", "k", rate(u32::MAX, 1), now).is_none());
        assert!(Numbers::new("", "k", rate(1, u64::MAX), now).is_none());
        assert!(Numbers::new("", "k", rate(5, 6), Timestamp::from_seconds(-1)).is_none());
        assert!(Numbers::new("", "k", rate(5, 6), Timestamp::from_micros(i64::MAX)).is_none());
        assert!(Numbers::new("", "k", rate(1_000_000, 60), now).is_some());
    }
}
