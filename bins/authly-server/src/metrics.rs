//! Gauges of the pools, beside the counters of the HTTP side.

use std::fmt::Write as _;

use authly_directory::services::DirectoryServices as _;
use authly_runtime::{AnyStore, Live};
use authly_seal::SystemClock;
use oauth_core::services::Clock as _;

/// The text that `/metrics` appends.
pub(crate) fn render<S: AnyStore>(live: &Live<S>) -> String {
    let pool = live.hash_pool().metrics();
    let mut text = String::new();
    let mut gauge = |name: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    gauge("authly_password_hashes_total", "counter", "New password hashes made.", &pool.hashes);
    gauge(
        "authly_password_refused_total",
        "counter",
        "Password hashes refused because the queue was full.",
        &pool.refused,
    );
    gauge("authly_password_waiting", "gauge", "Password hashes that wait for a thread.", &pool.waiting);
    gauge(
        "authly_password_failure_floor_seconds",
        "gauge",
        "Time that every refused password takes.",
        &pool.failure_floor.as_secs_f64(),
    );
    if let Some(redis) = live.limiter().redis_metrics() {
        gauge("authly_limits_redis_up", "gauge", "Whether the shared limits are connected.", &u8::from(redis.up));
        gauge("authly_limits_shared_total", "counter", "Requests that Redis judged.", &redis.shared);
        gauge("authly_limits_local_total", "counter", "Requests that this process judged alone.", &redis.local);
        gauge("authly_limits_failures_total", "counter", "Answers of Redis that were late or errors.", &redis.failures);
    }
    if let Some(mails) = live.mail_gauges() {
        text.push_str(&crate::mail_metrics::render(&mails, SystemClock.now()));
    }
    text
}
