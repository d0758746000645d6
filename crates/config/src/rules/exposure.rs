//! Who can reach the listener, and over what: development stays on loopback, plain http behind a declared proxy.

use super::Facts;
use crate::problem::Problem;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Problem> {
    let listener = &facts.settings.listener;
    let loopback = listener.address.ip().to_canonical().is_loopback();
    let development = facts.settings.server.environment.is_development();
    let address = facts.name("listener.address");
    let mut problems = Vec::new();
    if development && !loopback {
        let what = "development mode, which holds while ENVIRONMENT is not set, only listens on loopback";
        let hint = "set ENVIRONMENT=production, or listen on 127.0.0.1";
        problems.push(Problem::error("ENVIRONMENT", what, hint).and(address.clone()));
    }
    let plain = listener.tls.is_none() && listener.trusted_proxies.is_empty();
    if !development && !loopback && plain && !half_tls(facts) {
        let what = "plain http is open to the network, and no proxy in front of it is declared";
        let hint = "name the proxy's network in AUTHLY_TRUSTED_PROXIES, or set AUTHLY_TLS_CERT and AUTHLY_TLS_KEY";
        let problem = Problem::error(address, what, hint).and("AUTHLY_TRUSTED_PROXIES");
        problems.push(Problem { severity: facts.severity(), ..problem });
    }
    if let Some(everybody) = listener.trusted_proxies.iter().find(|network| network.prefix() == 0) {
        let what = format!("holds {everybody}: anybody can claim any address, so limits and networks protect nothing");
        let problem = Problem::error(facts.name("listener.trusted_proxies"), what, "name the proxies only");
        problems.push(Problem { severity: facts.severity(), ..problem });
    }
    if facts.settings.admin.networks.iter().any(|network| network.prefix() == 0) {
        let what = "opens the administration to everybody";
        problems.push(Problem::warning(facts.name("admin.networks"), what, "name the administrators' networks only"));
    }
    problems.extend(tls_pair(facts));
    problems.extend(hosts(facts));
    problems
}

fn half_tls(facts: &Facts<'_>) -> bool {
    facts.given("listener.tls_certificate") != facts.given("listener.tls_key")
}

/// A certificate and its key are set together.
fn tls_pair(facts: &Facts<'_>) -> Option<Problem> {
    let (set, missing) = match (facts.given("listener.tls_certificate"), facts.given("listener.tls_key")) {
        (true, false) => ("listener.tls_certificate", "listener.tls_key"),
        (false, true) => ("listener.tls_key", "listener.tls_certificate"),
        _ => return None,
    };
    let (set, missing) = (facts.name(set), facts.name(missing));
    let what = format!("is not set, but {set} is");
    Some(Problem::error(missing, what, "set both or neither").and(set))
}

/// The issuer's own host must be allowed, or every request of a client that follows the metadata is refused.
fn hosts(facts: &Facts<'_>) -> Option<Problem> {
    if !facts.read("listener.allowed_hosts") || facts.values.failed("issuer.url") {
        return None;
    }
    let issuer = &facts.settings.issuer.url;
    let with_port = format!("{}:{}", issuer.host(), issuer.port());
    let allowed = &facts.settings.listener.allowed_hosts;
    if allowed.iter().any(|host| host == issuer.host() || *host == with_port) {
        return None;
    }
    // In production an issuer that is not set is reported already.
    let declared = facts.settings.issuer.declared;
    let what = format!("does not hold the issuer's host {}", issuer.host());
    let problem = Problem::error(facts.name("listener.allowed_hosts"), what, "add it, or correct AUTHLY_ISSUER");
    let known = declared || !facts.settings.server.environment.is_production();
    known.then(|| problem.and(facts.name("issuer.url")))
}
