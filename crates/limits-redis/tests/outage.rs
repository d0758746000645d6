//! A Redis that is down, dies or hangs: nobody waits long, nobody gets in for free, and the metrics tell.

mod support;

use std::time::{Duration, Instant};

use authly_limits_redis::{LimiterSettings, RedisLimiter, RedisUrlInvalid};
use oauth_core::{
    limit::{Rate, RateLimiter as _, Verdict},
    secret::Secret,
    time::Timestamp,
};
use support::{Redis, connected};
use tokio::net::TcpListener;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

async fn passes(limiter: &RedisLimiter, key: &str, requests: usize) -> usize {
    let mut passed = 0;
    for _ in 0..requests {
        passed += usize::from(limiter.take(key, Rate::per_minute(5), START).await == Verdict::Allowed);
    }
    passed
}

#[tokio::test]
async fn without_redis_this_process_limits_alone_and_at_once() {
    let url = {
        let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Secret::new(format!("redis://{}/0", nobody.local_addr().expect("an address")))
    };
    // The quickest of three, since a busy machine adds what it likes.
    let mut took = Vec::new();
    for _ in 0..3 {
        let limiter = RedisLimiter::start(&url, LimiterSettings::default()).expect("a Redis URL");
        let start = Instant::now();
        assert_eq!(passes(&limiter, "account", 50).await, 5);
        took.push(start.elapsed());
        let metrics = limiter.metrics();
        assert_eq!((metrics.up, metrics.shared, metrics.local), (false, 0, 50));
    }
    assert!(took.iter().any(|took| *took < Duration::from_millis(500)), "{took:?}");
}

#[tokio::test]
async fn a_redis_that_dies_gives_nobody_a_fresh_burst_and_is_used_again_when_it_is_back() {
    let mut redis = Redis::own();
    let limiter = redis.limiter().await;
    assert_eq!(passes(&limiter, "account", 3).await, 3);
    assert_eq!(limiter.metrics().shared, 3);

    redis.kill();
    assert_eq!(passes(&limiter, "account", 20).await, 2, "three of five were taken before");
    connected(&limiter, false).await;
    let metrics = limiter.metrics();
    assert!(!metrics.up && metrics.failures >= 1 && metrics.local == 20, "{metrics:?}");

    redis.revive();
    connected(&limiter, true).await;
    let before = limiter.metrics().shared;
    assert_eq!(passes(&limiter, "somebody else", 20).await, 5);
    assert_eq!(limiter.metrics().shared, before + 20);
}

#[tokio::test]
async fn a_redis_that_forgot_the_script_is_given_it_again() {
    let redis = Redis::own();
    let limiter = redis.limiter().await;
    let client = redis::Client::open(redis.url().expose().as_str()).expect("a Redis URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut connection).await.expect("flushed");
    assert_eq!(passes(&limiter, "account", 20).await, 5);
    assert_eq!(limiter.metrics().local, 0);
}

#[tokio::test]
async fn a_bucket_is_forgotten_soon_after_it_is_full() {
    let redis = Redis::own();
    let limiter = redis.limiter().await;
    let rate = Rate { burst: 5, every: Duration::from_secs(6) };
    for _ in 0..3 {
        assert_eq!(limiter.take("account", rate, START).await, Verdict::Allowed);
    }
    let client = redis::Client::open(redis.url().expose().as_str()).expect("a Redis URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("keys");
    assert_eq!(keys.len(), 1);
    let left: i64 = redis::cmd("PTTL").arg(&keys[0]).query_async(&mut connection).await.expect("a number");
    assert!((20_000..=28_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_redis_that_hangs_costs_a_few_timeouts_and_no_more() {
    let redis = Redis::own();
    let settings = LimiterSettings { prefix: support::prefix(), ..LimiterSettings::default() };
    let limiter = RedisLimiter::start(&redis.url(), settings).expect("a Redis URL");
    connected(&limiter, true).await;
    assert_eq!(passes(&limiter, "account", 1).await, 1);

    redis.signal("STOP");
    let start = Instant::now();
    assert_eq!(passes(&limiter, "account", 100).await, 4);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let metrics = limiter.metrics();
    assert!(!metrics.up, "{metrics:?}");
    assert!((1..=5).contains(&metrics.failures), "{metrics:?}");

    redis.signal("CONT");
    connected(&limiter, true).await;
    let before = limiter.metrics().shared;
    let deadline = Instant::now() + Duration::from_secs(20);
    while limiter.metrics().shared == before {
        assert!(Instant::now() < deadline, "Redis is back and nobody asks it");
        passes(&limiter, "somebody else", 1).await;
    }
}

#[tokio::test]
async fn a_url_of_another_kind_is_refused_without_repeating_it() {
    for url in ["", "http://localhost", "postgresql://u:secret@localhost/db", "localhost:6379"] {
        let refused = RedisLimiter::start(&Secret::new(url.to_owned()), LimiterSettings::default());
        let error = refused.err().unwrap_or_else(|| panic!("{url} was taken"));
        assert_eq!(error, RedisUrlInvalid);
        assert!(!error.to_string().contains("secret"));
    }
}
