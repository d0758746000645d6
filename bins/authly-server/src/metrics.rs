//! Gauges of the pools, beside the counters of the HTTP side.

use std::{fmt::Write as _, time::Duration};

use authly_directory::services::DirectoryServices as _;
use authly_passwords::{BOUNDS, Outcome, PoolMetrics};
use authly_runtime::{AnyStore, Live, upgrades::Upgrades};
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
    verifications(&mut text, &pool);
    upgrades(&mut text, live.upgrades());
    let mut gauge = |name: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
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

/// How long verifications took, and how they failed, by the scheme of the stored hash.
fn verifications(text: &mut String, pool: &PoolMetrics) {
    let name = "authly_password_verify_duration_seconds";
    let _ = writeln!(text, "# HELP {name} Time to verify a password, by scheme.\n# TYPE {name} histogram");
    for row in &pool.durations {
        let (scheme, mut sum) = (row.scheme, 0);
        for (bound, count) in BOUNDS.iter().zip(&row.buckets) {
            sum += count;
            let seconds = Duration::from_micros(*bound).as_secs_f64();
            let _ = writeln!(text, "{name}_bucket{{scheme=\"{scheme}\",le=\"{seconds}\"}} {sum}");
        }
        let total: u64 = row.buckets.iter().sum();
        let seconds = Duration::from_micros(row.micros).as_secs_f64();
        let _ = writeln!(text, "{name}_bucket{{scheme=\"{scheme}\",le=\"+Inf\"}} {total}");
        let _ =
            writeln!(text, "{name}_sum{{scheme=\"{scheme}\"}} {seconds}\n{name}_count{{scheme=\"{scheme}\"}} {total}");
    }
    let name = "authly_password_verify_errors_total";
    let _ =
        writeln!(text, "# HELP {name} Passwords that were not verified, by scheme and cause.\n# TYPE {name} counter");
    for row in pool.verifications.iter().filter(|row| row.outcome != Outcome::Match && row.count > 0) {
        let _ = writeln!(text, "{name}{{scheme=\"{}\",kind=\"{}\"}} {}", row.scheme, row.outcome.as_str(), row.count);
    }
}

/// Hashes that were replaced at a sign-in.
fn upgrades(text: &mut String, upgrades: &Upgrades) {
    let name = "authly_password_upgrades_total";
    let _ = writeln!(text, "# HELP {name} Hashes that a sign-in replaced, or was to.\n# TYPE {name} counter");
    for (from, to, result, count) in upgrades.counts() {
        let _ = writeln!(text, "{name}{{from=\"{from}\",to=\"{to}\",result=\"{result}\"}} {count}");
    }
}

#[cfg(test)]
mod tests {
    const RULES: &str = include_str!("../../../deploy/prometheus-rules.yml");

    /// The sources of everything that /metrics tells.
    const EXPORTED: [&str; 4] = [
        include_str!("metrics.rs"),
        include_str!("mail_metrics.rs"),
        include_str!("../../../crates/http-api/src/metrics.rs"),
        include_str!("../../../crates/http-api/src/gauges.rs"),
    ];

    /// The alerts, each with its lines.
    fn alerts() -> Vec<&'static str> {
        RULES.split("      - alert: ").skip(1).collect()
    }

    #[test]
    fn every_metric_that_an_alert_names_is_exported() {
        let mut names = 0;
        for alert in alerts() {
            let expression = alert.split("labels:").next().unwrap_or_default();
            for rest in expression.split("authly_").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let name = format!("authly_{}", name.trim_end_matches("_bucket"));
                // The text of the rules is no source.
                assert!(EXPORTED.iter().any(|source| source.contains(&name)), "nothing exports {name}");
                names += 1;
            }
        }
        assert!(names > 10, "{names}");
    }

    #[test]
    fn every_alert_is_whole() {
        assert!(RULES.contains("\ngroups:\n") && !RULES.contains('\t'));
        let alerts = alerts();
        assert_eq!(alerts.len(), 6);
        for alert in alerts {
            for part in [
                "        expr: ",
                "        for: ",
                "        labels: { severity: ",
                "          summary: ",
                "          action: ",
            ] {
                assert_eq!(alert.matches(part).count(), 1, "{part:?} in {alert}");
            }
            let expression = alert.split("        for: ").next().unwrap_or_default();
            for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
                assert_eq!(expression.matches(open).count(), expression.matches(close).count(), "{alert}");
            }
            assert_eq!(expression.matches('"').count() % 2, 0, "{alert}");
        }
    }
}
