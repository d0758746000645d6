//! What an installation still lacks, in plain words, each with what to do about it.

use std::time::Duration;

use authly_directory::{services::DirectoryServices, store::AccountCounts};
use oauth_core::{
    catalog::{CatalogRecords, SwitchOverrides},
    time::Timestamp,
};
use serde::Serialize;

use crate::{Admin, AdminError, backup::BackupRecord, client::MIGRATION_TEST_CLIENT, status::Status};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// It works, and should be better.
    Warning,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub found: String,
    /// What to do.
    pub to_do: String,
}

impl Finding {
    /// Something that does not work.
    pub fn error(found: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { severity: Severity::Error, found: found.into(), to_do: to_do.into() }
    }

    /// Something that should be better.
    pub fn warning(found: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, found: found.into(), to_do: to_do.into() }
    }
}

/// What the settings say that no store knows.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// The environment's word on the switches.
    pub overrides: SwitchOverrides,
    /// Whether requests are limited by rate.
    pub limited: bool,
    /// Whether this is production.
    pub production: bool,
}

/// What is known of a store whose schema is up to date.
#[derive(Clone, Debug)]
pub struct StoreFacts {
    /// Its numbers; the OAuth switch as it is in force.
    pub status: Status,
    /// The newest backup that was verified.
    pub backup: Option<BackupRecord>,
    /// Whether the client that migrations are tried with is in use.
    pub test_client: bool,
    /// Whether requests are limited by rate.
    pub limited: bool,
    /// Whether this is production.
    pub production: bool,
}

impl<V: DirectoryServices> Admin<V> {
    /// What a store lacks with this catalog, which needs no tenants, and so many accounts.
    pub async fn findings(
        &self,
        records: &CatalogRecords,
        counts: AccountCounts,
        ground: Ground,
    ) -> Result<Vec<Finding>, AdminError> {
        let facts = StoreFacts {
            status: self.status_of(records, ground.overrides, counts).await?,
            backup: BackupRecord::last_in(records),
            test_client: records
                .clients
                .iter()
                .any(|client| client.id.as_str() == MIGRATION_TEST_CLIENT && client.is_active()),
            limited: ground.limited,
            production: ground.production,
        };
        Ok(examine(&facts, self.now()))
    }
}

/// A backup older than that is too old.
const BACKUP_AGE: Duration = Duration::from_secs(7 * 86_400);

/// What a store lacks.
pub fn examine(facts: &StoreFacts, now: Timestamp) -> Vec<Finding> {
    let status = &facts.status;
    let mut findings = Vec::new();
    if status.signing_keys.is_empty() {
        let to_do = "start the server once, or run `authly-admin keys rotate --alg ES256`";
        findings.push(Finding::warning("there are no signing keys yet", to_do));
    }
    if status.users == 0 {
        let to_do = "`authly-admin user create --email ADDRESS --admin`, or ADMIN_EMAIL and ADMIN_PASSWORD_FILE at the server's first start";
        findings.push(Finding::warning("there are no users", to_do));
    }
    match (status.oauth_enabled, status.active_clients) {
        (false, _) => findings.push(Finding::warning(
            "OAuth is off: /authorize and discovery answer 404",
            "`authly-admin migrate oauth enable` when you are ready; remove OAUTH_ENABLED=false where it is set",
        )),
        (true, 0) => {
            findings.push(Finding::warning("OAuth is on, and no client is in use", "`authly-admin client create`"));
        }
        _ => {}
    }
    if facts.test_client && facts.production {
        let to_do = "`authly-admin client delete migration-test-client` when the migration has been tried";
        findings.push(Finding::warning("the client that migrations are tried with is in use in production", to_do));
    }
    if !facts.limited {
        findings.push(Finding::warning("requests are not limited by rate", "set RATE_LIMIT_ENABLED=true"));
    }
    let made = facts.backup.as_ref().and_then(BackupRecord::created);
    match made.map(|at| now.since(at)) {
        None => findings
            .push(Finding::warning("no verified backup is known", "`authly-admin backup create --dir DIR`, each day")),
        Some(age) if age > BACKUP_AGE => findings.push(Finding::warning(
            format!("the last verified backup is {} days old", age.as_secs() / 86_400),
            "`authly-admin backup create --dir DIR`, each day",
        )),
        Some(_) => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> StoreFacts {
        let now = Timestamp::from_seconds(1_700_000_000);
        StoreFacts {
            status: Status {
                oauth_enabled: true,
                active_clients: 1,
                signing_keys: vec!["ES256 a".to_owned()],
                users: 1,
                ..status()
            },
            backup: Some(BackupRecord {
                file: "a.dump".to_owned(),
                sha256: String::new(),
                created_at: now.to_rfc3339(),
                verified_at: now.to_rfc3339(),
            }),
            test_client: true,
            limited: true,
            production: false,
        }
    }

    fn status() -> Status {
        Status {
            oauth_enabled: false,
            legacy_login_enabled: true,
            shared_with_older_program: false,
            active_clients: 0,
            clients: 0,
            unreadable: Vec::new(),
            scopes: 0,
            tenants: 0,
            signing_keys: Vec::new(),
            users: 0,
            active_users: 0,
            locked_users: 0,
            users_locked_by_failures: 0,
            unverified_users: 0,
        }
    }

    #[test]
    fn a_sound_store_has_nothing_to_do_and_each_lack_is_one_thing() {
        let now = Timestamp::from_seconds(1_700_000_000);
        assert_eq!(examine(&sound(), now), []);
        let lacks: [fn(&mut StoreFacts); 7] = [
            |facts| facts.status.signing_keys.clear(),
            |facts| facts.status.users = 0,
            |facts| facts.status.oauth_enabled = false,
            |facts| facts.status.active_clients = 0,
            |facts| facts.production = true,
            |facts| facts.limited = false,
            |facts| facts.backup = None,
        ];
        for (number, lack) in lacks.iter().enumerate() {
            let mut facts = sound();
            lack(&mut facts);
            assert_eq!(examine(&facts, now).len(), 1, "{number}");
        }
        let later = now.plus(Duration::from_secs(8 * 86_400));
        assert!(examine(&sound(), later)[0].found.contains("8 days old"));
    }
}
