//! Secrets must be secrets: examples, repetitions and short ones are named, their values never.

use super::{Facts, weak};
use crate::parse::database::Database;
use crate::parse::masked_url;
use crate::problem::Problem;
use crate::secret::SecretText;
use crate::settings::Mail;

const GENERATE: &str = "`authly-admin keys generate` prints a fresh one";

/// The least number of characters of a secret that signs tokens.
const SIGNING_SECRET: usize = 32;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = signing_secrets(facts);
    problems.extend(passwords(facts));
    problems.extend(keys(facts));
    problems
}

/// The secrets of legacy tokens: whoever guesses one signs in as anybody.
fn signing_secrets(facts: &Facts<'_>) -> Vec<Problem> {
    let legacy = &facts.settings.legacy;
    let mut problems = Vec::new();
    for (key, secret) in
        [("legacy.access_secret", &legacy.access_secret), ("legacy.refresh_secret", &legacy.refresh_secret)]
    {
        let Some(secret) = secret.as_ref().map(SecretText::expose) else { continue };
        if let Some(what) = weak::weakness(secret) {
            problems.push(Problem::error(facts.name(key), what, GENERATE));
        } else if secret.chars().count() < SIGNING_SECRET {
            let what = format!("is shorter than {SIGNING_SECRET} characters");
            let severity = facts.severity();
            problems.push(Problem { severity, ..Problem::error(facts.name(key), what, GENERATE) });
        }
    }
    if let (Some(access), Some(refresh)) = (&legacy.access_secret, &legacy.refresh_secret)
        && access.expose() == refresh.expose()
    {
        let what = "are the same secret, so one kind of token could pass for the other";
        let problem = Problem::warning(facts.name("legacy.access_secret"), what, "use two secrets");
        problems.push(problem.and(facts.name("legacy.refresh_secret")));
    }
    problems
}

/// Passwords of other services, and the first administrator's: examples are refused in production.
fn passwords(facts: &Facts<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut look = |key: &'static str, password: Option<&str>| {
        if password.is_some_and(weak::is_placeholder) {
            found.push(Problem {
                severity: facts.severity(),
                ..Problem::error(
                    facts.name(key),
                    "has an example as its password",
                    "use a password that nobody guesses",
                )
            });
        }
    };
    let settings = facts.settings;
    let inside = |url: &str| {
        let password = masked_url::split(url).ok()?.decoded_password()?;
        String::from_utf8(password).ok()
    };
    if let Database::Postgres(url) = &settings.store.database {
        look("store.database_url", inside(url.expose()).as_deref());
    }
    if let Some(url) = &settings.limits.redis_url {
        look("limits.redis_url", inside(url.expose()).as_deref());
    }
    if let Some(mail) = settings.mail.as_ref().and_then(Mail::server) {
        look("mail.password", mail.password.as_ref().map(SecretText::expose));
    }
    if let Some(first) = &settings.admin.bootstrap {
        look("admin.password", Some(first.password.expose()));
        if first.password.expose().chars().count() < settings.passwords.min_length {
            let what = "is shorter than PASSWORD_MIN_LENGTH allows";
            found.push(Problem::error(facts.name("admin.password"), what, "use a longer one"));
        }
    }
    found
}

fn keys(facts: &Facts<'_>) -> Vec<Problem> {
    let keys = &facts.settings.keys;
    match (&keys.encryption_key, &keys.previous_encryption_key) {
        (Some(now), Some(before)) if now.expose() == before.expose() => {
            let name = facts.name("keys.previous_encryption_key");
            vec![Problem::warning(name, "is the present encryption key", "remove it")]
        }
        (None, Some(_)) => {
            let name = facts.name("keys.previous_encryption_key");
            let what = "has no new key beside it";
            vec![Problem::error(name, what, "set the new key as SECRET_ENCRYPTION_KEY")]
        }
        _ => Vec::new(),
    }
}
