//! What production needs and what it refuses. Each missing setting is a line of its own.

use super::Facts;
use crate::problem::Problem;
use crate::words::LogLevel;

/// What must be set, and what to do about it.
const REQUIRED: [(&str, &str); 6] = [
    ("store.database_url", "name the database: postgresql://user:password@host/name"),
    ("legacy.access_secret", "use the secret of before, or the one that `authly-admin keys generate` prints"),
    ("legacy.refresh_secret", "use the secret of before, or the one that `authly-admin keys generate` prints"),
    ("keys.encryption_key", "`authly-admin keys generate` prints one; keep a copy"),
    ("listener.allowed_hosts", "name the hosts under which the server is reached"),
    ("issuer.url", "name the address by which people reach the server: https://auth.example.com"),
];

pub(super) fn check(facts: &Facts<'_>) -> Vec<Problem> {
    let settings = facts.settings;
    if !settings.server.environment.is_production() {
        return elsewhere(facts);
    }
    let mut problems: Vec<Problem> = REQUIRED
        .into_iter()
        .filter(|(key, _)| !facts.filled(key))
        .map(|(key, hint)| Problem::error(facts.name(key), "is not set, and production needs it", hint))
        .collect();
    if settings.oauth.enabled == Some(true) && !facts.filled("listener.cors_origins") {
        let what = "is not set, and production needs it when OAuth is enabled";
        let hint = "name the origins of browser applications, as in https://app.example.com";
        problems.push(Problem::error(facts.name("listener.cors_origins"), what, hint));
    }
    if facts.read("issuer.url") && !settings.issuer.url.is_https() {
        let hint = "production is reached by https, by AUTHLY_TLS_CERT or by a proxy in front";
        problems.push(Problem::error(facts.name("issuer.url"), "is not https", hint));
    }
    if settings.server.debug {
        let what = "is on, which production refuses";
        problems.push(Problem::error(facts.name("server.debug"), what, "unset it"));
    }
    problems.extend(doubtful(facts));
    problems
}

/// What production puts up with, but not in silence.
fn doubtful(facts: &Facts<'_>) -> Vec<Problem> {
    let settings = facts.settings;
    let mut problems = Vec::new();
    if !settings.limits.enabled {
        let what = "is off, so passwords can be guessed at full speed";
        problems.push(Problem::warning(facts.name("limits.enabled"), what, "switch it on"));
    }
    if matches!(settings.logging.level, LogLevel::Debug | LogLevel::Trace) {
        let what = "logs more than production needs";
        problems.push(Problem::warning(facts.name("logging.level"), what, "use info"));
    }
    problems
}

/// What an installation that is neither production nor development should know.
fn elsewhere(facts: &Facts<'_>) -> Vec<Problem> {
    let settings = facts.settings;
    let mut problems = Vec::new();
    if settings.server.environment.is_development() {
        return problems;
    }
    if !facts.given("keys.encryption_key") {
        let what = "is not set: the key is kept in a file of the data folder, which other nodes do not share";
        let hint = "`authly-admin keys generate` prints one";
        problems.push(Problem::warning(facts.name("keys.encryption_key"), what, hint));
    }
    if facts.read("issuer.url") && !settings.issuer.url.is_https() && !settings.issuer.url.is_loopback() {
        let what = "is not https, which many clients refuse";
        problems.push(Problem::warning(facts.name("issuer.url"), what, "use https"));
    }
    problems
}
