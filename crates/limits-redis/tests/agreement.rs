//! Redis and this process judge alike.

mod support;

use std::{sync::Arc, time::Duration};

use oauth_core::{
    limit::{LocalLimiter, Rate, RateLimiter as _, Verdict},
    time::Timestamp,
};
use proptest::{prelude::*, test_runner::TestRunner};
use support::Redis;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// Requests for keys, at times that go forward and sometimes back.
fn sequence() -> impl Strategy<Value = (Rate, Vec<(u8, i64)>)> {
    let rate = (1..6u32, prop_oneof![1..5_000_000u64, Just(8_571_428), 1..40u64])
        .prop_map(|(burst, micros)| Rate { burst, every: Duration::from_nanos(micros * 1_000 + 571) });
    let step = (0..3u8, prop_oneof![Just(0), 0..10_000_000i64, -2_000_000..0i64, 0..50i64]);
    (rate, prop::collection::vec(step, 1..60))
}

#[test]
fn any_sequence_of_requests_is_judged_alike() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let redis = Redis::any();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&sequence(), |(rate, steps)| {
        runtime.block_on(async {
            let (local, shared) = (LocalLimiter::new(), redis.limiter().await);
            let mut now = START.micros();
            for (index, (key, step)) in steps.into_iter().enumerate() {
                now += step;
                let (key, now) = (format!("key {key}"), Timestamp::from_micros(now));
                let expected = local.take_now(&key, rate, now);
                prop_assert_eq!(shared.take(&key, rate, now).await, expected, "request {}", index);
            }
            prop_assert_eq!(shared.metrics().local, 0, "Redis answered everything");
            Ok(())
        })
    });
    outcome.expect("agreement");
}

#[tokio::test]
async fn nodes_share_their_buckets() {
    let redis = Redis::any();
    let prefix = support::prefix();
    let nodes = [redis.limiter_with(prefix.clone()).await, redis.limiter_with(prefix).await];
    let rate = Rate::per_minute(6);
    for index in 0..6 {
        assert_eq!(nodes[index % 2].take("account", rate, START).await, Verdict::Allowed);
    }
    for node in &nodes {
        assert_eq!(node.take("account", rate, START).await, Verdict::Limited(Duration::from_secs(10)));
        assert_eq!(node.take("another", rate, START).await, Verdict::Allowed);
    }
}

#[tokio::test]
async fn many_requests_at_once_pass_exactly_as_often_as_the_burst_allows() {
    let redis = Redis::any();
    let prefix = support::prefix();
    let nodes = [Arc::new(redis.limiter_with(prefix.clone()).await), Arc::new(redis.limiter_with(prefix).await)];
    let rate = Rate::per_minute(10);
    let tasks: Vec<_> = (0..100)
        .map(|index| {
            let node = nodes[index % 2].clone();
            tokio::spawn(async move { node.take("account", rate, START).await })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += usize::from(task.await.expect("no panic") == Verdict::Allowed);
    }
    assert_eq!(passed, 10);
}
