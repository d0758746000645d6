//! Settings that do not fit together, or have no effect without another.

use std::time::Duration;

use super::Facts;
use crate::problem::Problem;
use crate::settings::Mail;
use crate::words::{MailEncryption, PasswordHash};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = mail(facts);
    problems.extend(lifetimes(facts));
    problems.extend(hashing(facts));
    problems.extend(first_administrator(facts));
    problems
}

fn mail(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let server = facts.settings.mail.as_ref().and_then(Mail::server);
    if server.is_some_and(|server| server.encryption == MailEncryption::None && !is_own_machine(&server.host)) {
        let what = "would hand over links that open accounts without protection";
        problems.push(Problem::error(facts.name("mail.encryption"), what, "use starttls or tls"));
    }
    if facts.given("mail.outbox") {
        if facts.given("mail.host") {
            let what = "has no effect: AUTHLY_MAIL_OUTBOX takes every mail";
            problems.push(Problem::warning(facts.name("mail.host"), what, "use one of them"));
        }
    } else if facts.given("mail.host") {
        if !facts.given("mail.from_email") {
            let what = "is not set, but SMTP_HOST is";
            let hint = "name the sender of mails: no-reply@example.com";
            problems.push(Problem::error(facts.name("mail.from_email"), what, hint));
        }
        let (user, password) = (facts.given("mail.username"), facts.given("mail.password"));
        if user != password {
            let (set, missing) =
                if user { ("mail.username", "mail.password") } else { ("mail.password", "mail.username") };
            let what = format!("is not set, but {} is, and neither is used alone", facts.name(set));
            problems.push(Problem::warning(facts.name(missing), what, "set both or neither"));
        }
    } else {
        for key in ["mail.username", "mail.password", "mail.from_email", "mail.encryption", "mail.ca_certificate"] {
            if facts.given(key) {
                problems.push(Problem::warning(facts.name(key), "has no effect without SMTP_HOST", "set SMTP_HOST"));
            }
        }
        if facts.settings.accounts.registration && !facts.settings.server.environment.is_development() {
            let what = "is on, but no mail can be sent, so addresses of new accounts are not verified";
            problems.push(Problem::warning(facts.name("accounts.registration"), what, "set SMTP_HOST"));
        }
    }
    problems
}

/// Whether a host is this machine by its very name.
fn is_own_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn lifetimes(facts: &Facts<'_>) -> Vec<Problem> {
    let (tokens, sessions) = (&facts.settings.tokens, &facts.settings.sessions);
    let mut problems = Vec::new();
    if tokens.code_lifetime > Duration::from_secs(600) {
        let what = "lets codes live longer than the ten minutes that RFC 6749 recommends";
        problems.push(Problem::warning(facts.name("tokens.code_lifetime"), what, "ten minutes at most"));
    }
    let mut shorter = |longer: (&'static str, Duration), shorter: (&'static str, Duration)| {
        if longer.1 < shorter.1 {
            let what = format!("is shorter than {}, which then never counts", facts.name(shorter.0));
            problems.push(Problem::warning(facts.name(longer.0), what, "make it longer").and(facts.name(shorter.0)));
        }
    };
    if let Some(absolute) = tokens.refresh_absolute_lifetime {
        let sliding = ("tokens.refresh_lifetime", tokens.refresh_lifetime);
        shorter(("tokens.refresh_absolute_lifetime", absolute), sliding);
    }
    let idle = ("sessions.idle_lifetime", sessions.idle_lifetime);
    shorter(("sessions.absolute_lifetime", sessions.absolute_lifetime), idle);
    let absolute = ("sessions.absolute_lifetime", sessions.absolute_lifetime);
    shorter(("sessions.remember_lifetime", sessions.remember_lifetime), absolute);
    if tokens.refresh_lifetime < tokens.access_lifetime {
        let what = "is shorter than the lifetime of access tokens";
        let problem = Problem::warning(facts.name("tokens.refresh_lifetime"), what, "make it longer");
        problems.push(problem.and(facts.name("tokens.access_lifetime")));
    }
    problems
}

/// More memory times passes would not be verified: one sign-in must not cost a second.
const ARGON_WORK_KIB: u64 = 256 * 1_024;

/// Argon2 itself needs 8 KiB a lane (RFC 9106 3.1); what is weaker than 19 MiB and two passes, or bcrypt 10, is doubtful.
fn hashing(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    match facts.settings.passwords.hash {
        PasswordHash::Argon2id { memory_kib, passes, lanes } => {
            if u64::from(memory_kib) < u64::from(lanes) * 8 {
                let what = "is less than 8 KiB for each lane";
                problems.push(Problem::error(facts.name("passwords.argon_memory"), what, "the default is 19456"));
            }
            if u64::from(memory_kib) * u64::from(passes) > ARGON_WORK_KIB {
                let what = format!("times {} is more than 262144 KiB", facts.name("passwords.argon_passes"));
                let problem = Problem::error(facts.name("passwords.argon_memory"), what, "the default is 19456 and 2");
                problems.push(problem.and(facts.name("passwords.argon_passes")));
            }
            if u64::from(memory_kib) * u64::from(passes) < 19_456 * 2 {
                let what = "makes password hashes that are cheap to guess";
                let problem =
                    Problem::warning(facts.name("passwords.argon_memory"), what, "the default is 19456 and 2");
                problems.push(problem.and(facts.name("passwords.argon_passes")));
            }
        }
        PasswordHash::Bcrypt { cost } if cost < 10 => {
            let what = "makes password hashes that are cheap to guess";
            problems.push(Problem::warning(
                facts.name("passwords.bcrypt_cost"),
                what,
                "10 at least; the default is 12",
            ));
        }
        PasswordHash::Bcrypt { .. } => {}
    }
    problems
}

fn first_administrator(facts: &Facts<'_>) -> Option<Problem> {
    let (set, missing) = match (facts.given("admin.email"), facts.given("admin.password")) {
        (true, false) => ("admin.email", "admin.password"),
        (false, true) => ("admin.password", "admin.email"),
        _ => return None,
    };
    let what = format!("is not set, but {} is: no administrator is made of one alone", facts.name(set));
    Some(Problem::warning(facts.name(missing), what, "set both or neither"))
}
