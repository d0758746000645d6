//! Metrics for Prometheus (S003-55): counters per endpoint, made once at start so that a request only adds.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use oauth_core::endpoint::Endpoint;

/// Upper bounds of the duration buckets in microseconds.
const BOUNDS: [u64; 10] = [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    endpoints: Vec<EndpointMetrics>,
    /// Authorization requests that ended with a code.
    pub authorizations_succeeded: AtomicU64,
    /// Authorization requests that ended with an error.
    pub authorizations_failed: AtomicU64,
    /// Access tokens of the old kind that were accepted.
    pub legacy_access: AtomicU64,
    /// API keys of the old system that were accepted.
    pub legacy_api_keys: AtomicU64,
    /// Refresh tokens of the old kind that were accepted.
    pub legacy_refresh: AtomicU64,
    logins: Mutex<BTreeMap<(&'static str, String), Logins>>,
    /// By provider and result; both come from settings and code, never from requests.
    upstreams: Mutex<BTreeMap<(String, &'static str), u64>>,
}

/// Sign-ins by one door into one tenant.
#[derive(Clone, Copy, Debug, Default)]
struct Logins {
    succeeded: u64,
    failed: u64,
}

/// The most tenants that have a label of their own; those that come later share one.
const TENANTS: usize = 100;

/// The label of the tenants that share one; a short name never looks like it.
pub(crate) const OTHERS: &str = "_other";

#[derive(Debug, Default)]
struct EndpointMetrics {
    get: AtomicU64,
    post: AtomicU64,
    other: AtomicU64,
    by_class: [AtomicU64; 5],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        Self {
            endpoints: (0..=Endpoint::ALL.len()).map(|_| EndpointMetrics::default()).collect(),
            authorizations_succeeded: AtomicU64::default(),
            authorizations_failed: AtomicU64::default(),
            legacy_access: AtomicU64::default(),
            legacy_api_keys: AtomicU64::default(),
            legacy_refresh: AtomicU64::default(),
            logins: Mutex::default(),
            upstreams: Mutex::default(),
        }
    }

    /// Counts one answered request; paths that are no endpoints share the last row.
    pub fn request(&self, endpoint: Option<Endpoint>, method: &Method, status: StatusCode, elapsed: Duration) {
        let row = endpoint.map_or(Endpoint::ALL.len(), |endpoint| endpoint as usize);
        let Some(row) = self.endpoints.get(row) else { return };
        let by_method = match *method {
            Method::GET => &row.get,
            Method::POST => &row.post,
            _ => &row.other,
        };
        add(by_method, 1);
        if let Some(class) = row.by_class.get(usize::from(status.as_u16() / 100).saturating_sub(1)) {
            add(class, 1);
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = row.buckets.get(bucket) {
            add(bucket, 1);
        }
        add(&row.micros, micros);
    }

    /// Counts a credential of the old kind that was accepted as a bearer's: an access token is a JWT, an API key is not.
    pub fn legacy_bearer(&self, token: &str) {
        add(if token.contains('.') { &self.legacy_access } else { &self.legacy_api_keys }, 1);
    }

    /// Counts a sign-in by its door and the short name of its tenant, which is empty where there is none.
    pub fn login(&self, door: &'static str, tenant: &str, success: bool) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |tenant: &str| logins.keys().any(|(_, name)| name == tenant);
        let named = logins.keys().map(|(_, name)| name).collect::<BTreeSet<_>>().len();
        let tenant = if tenant.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)) {
            tenant
        } else {
            OTHERS
        };
        let label = if tenant.is_empty() || named < TENANTS || known(tenant) { tenant } else { OTHERS };
        let row = logins.entry((door, label.to_owned())).or_default();
        if success {
            row.succeeded += 1;
        } else {
            row.failed += 1;
        }
    }

    /// Counts what became of a sign-in with an upstream provider.
    pub fn upstream(&self, provider: &str, result: &'static str) {
        let mut counted = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.entry((provider.to_owned(), result)).or_default() += 1;
    }

    /// The text exposition format; `extra` is appended (gauges of the store and the pools).
    pub fn render(&self, extra: &str) -> String {
        let mut text = String::with_capacity(16 * 1024);
        let names = Endpoint::ALL.iter().map(|endpoint| endpoint.path()).chain(["other"]);
        let rows: Vec<(&str, &EndpointMetrics)> = names.zip(&self.endpoints).collect();
        let _ = writeln!(text, "# HELP authly_requests_total Requests answered.\n# TYPE authly_requests_total counter");
        for (path, row) in &rows {
            for (method, count) in [("GET", &row.get), ("POST", &row.post), ("other", &row.other)] {
                if read(count) > 0 {
                    let _ = writeln!(
                        text,
                        "authly_requests_total{{endpoint=\"{path}\",method=\"{method}\"}} {}",
                        read(count)
                    );
                }
            }
        }
        let _ = writeln!(
            text,
            "# HELP authly_responses_total Answers by status class.\n# TYPE authly_responses_total counter"
        );
        for (path, row) in &rows {
            for (class, count) in (1..).zip(&row.by_class).filter(|(_, count)| read(count) > 0) {
                let _ =
                    writeln!(text, "authly_responses_total{{endpoint=\"{path}\",class=\"{class}xx\"}} {}", read(count));
            }
        }
        histogram(&mut text, &rows);
        let _ = writeln!(
            text,
            "# HELP authly_oauth_authorizations_total Authorization requests by result.\n\
             # TYPE authly_oauth_authorizations_total counter\n\
             authly_oauth_authorizations_total{{result=\"success\"}} {}\n\
             authly_oauth_authorizations_total{{result=\"error\"}} {}",
            read(&self.authorizations_succeeded),
            read(&self.authorizations_failed)
        );
        let _ = writeln!(
            text,
            "# HELP authly_logins_total Sign-ins by method and tenant.\n# TYPE authly_logins_total counter"
        );
        for ((door, tenant), row) in self.logins.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (result, count) in [("success", row.succeeded), ("failure", row.failed)] {
                let _ = writeln!(
                    text,
                    "authly_logins_total{{method=\"{door}\",tenant=\"{tenant}\",result=\"{result}\"}} {count}"
                );
            }
        }
        let upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if !upstreams.is_empty() {
            let name = "authly_upstream_sign_ins_total";
            let _ =
                writeln!(text, "# HELP {name} Sign-ins with an upstream provider by result.\n# TYPE {name} counter");
            for ((provider, result), count) in upstreams.iter() {
                let _ = writeln!(text, "{name}{{provider=\"{provider}\",result=\"{result}\"}} {count}");
            }
        }
        drop(upstreams);
        let _ = writeln!(
            text,
            "# HELP authly_legacy_tokens_accepted_total Tokens of the old kind that were accepted.\n\
             # TYPE authly_legacy_tokens_accepted_total counter\n\
             authly_legacy_tokens_accepted_total{{use=\"access\"}} {}\n\
             authly_legacy_tokens_accepted_total{{use=\"api_key\"}} {}\n\
             authly_legacy_tokens_accepted_total{{use=\"refresh\"}} {}",
            read(&self.legacy_access),
            read(&self.legacy_api_keys),
            read(&self.legacy_refresh)
        );
        text.push_str(extra);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn histogram(text: &mut String, rows: &[(&str, &EndpointMetrics)]) {
    let name = "authly_request_duration_seconds";
    let _ = writeln!(text, "# HELP {name} Time to answer.\n# TYPE {name} histogram");
    for (path, row) in rows {
        let mut sum = 0;
        let total: u64 = row.buckets.iter().map(read).sum();
        if total == 0 {
            continue;
        }
        for (bound, count) in BOUNDS.iter().zip(&row.buckets) {
            sum += read(count);
            let seconds = Duration::from_micros(*bound).as_secs_f64();
            let _ = writeln!(text, "{name}_bucket{{endpoint=\"{path}\",le=\"{seconds}\"}} {sum}");
        }
        let _ = writeln!(text, "{name}_bucket{{endpoint=\"{path}\",le=\"+Inf\"}} {total}");
        let seconds = Duration::from_micros(read(&row.micros)).as_secs_f64();
        let _ =
            writeln!(text, "{name}_sum{{endpoint=\"{path}\"}} {seconds}\n{name}_count{{endpoint=\"{path}\"}} {total}");
    }
}

/// Adds to a counter.
pub fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_ins_are_told_by_tenant_and_the_number_of_labels_is_bounded() {
        let metrics = Metrics::new();
        metrics.login("page", "", true);
        for number in 0..TENANTS + 50 {
            metrics.login("json_login", &format!("t{number}"), false);
        }
        metrics.login("json_login", "t1", true);
        let text = metrics.render("");
        for line in [
            "authly_logins_total{method=\"page\",tenant=\"\",result=\"success\"} 1",
            "authly_logins_total{method=\"json_login\",tenant=\"t1\",result=\"success\"} 1",
            "authly_logins_total{method=\"json_login\",tenant=\"_other\",result=\"failure\"} 51",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::new();
        metrics.request(Some(Endpoint::Token), &Method::POST, StatusCode::OK, Duration::from_millis(3));
        metrics.request(None, &Method::GET, StatusCode::NOT_FOUND, Duration::from_secs(9));
        let text = metrics.render("# end\n");
        for line in [
            "authly_requests_total{endpoint=\"/auth/token\",method=\"POST\"} 1",
            "authly_responses_total{endpoint=\"other\",class=\"4xx\"} 1",
            "authly_request_duration_seconds_bucket{endpoint=\"/auth/token\",le=\"0.0025\"} 0",
            "authly_request_duration_seconds_bucket{endpoint=\"/auth/token\",le=\"0.005\"} 1",
            "authly_request_duration_seconds_count{endpoint=\"other\"} 1",
            "# end",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
