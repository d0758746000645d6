//! `authly-admin doctor`: what is still to do, in plain words.

use authly_admin_cases::{
    Admin,
    client::MIGRATION_TEST_CLIENT,
    doctor::{Finding, Severity, StoreFacts, examine},
    status::Status,
};
use authly_config::{Environment, Problem, Settings};
use authly_directory::services::DirectoryServices;
use authly_runtime::{convert, live, store::Database};
use authly_seal::SystemClock;
use oauth_core::services::Clock as _;

use crate::{
    console::{Column, Console},
    failure::{Code, Failure, refused},
    run,
};

const COLUMNS: &[Column] = &[("Severity", "severity"), ("Found", "found"), ("To do", "to_do")];

/// Looks at settings, schema and store, and changes nothing; `doubts` are the warnings of the configuration.
pub(crate) async fn run<D: Database>(
    settings: &Settings,
    doubts: &[Problem],
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    let mut findings: Vec<Finding> = doubts
        .iter()
        .map(|doubt| Finding::warning(doubt.to_string(), "`authly-admin config check` tells more"))
        .collect();
    findings.extend(look(settings, database).await?);
    findings.sort_by_key(|finding| finding.severity);
    console.list(&findings, COLUMNS, "All is well: nothing is left to do.")?;
    match findings.first().map(|finding| finding.severity) {
        Some(Severity::Error) => Err(Failure::silent(Code::CheckErrors)),
        Some(Severity::Warning) => Err(Failure::silent(Code::CheckWarnings)),
        None => Ok(()),
    }
}

/// Everything that is left to do, unsorted.
pub(super) async fn look<D: Database>(settings: &Settings, database: &D) -> Result<Vec<Finding>, Failure> {
    let report = match database.schema().await {
        Ok(report) => report,
        Err(trouble) => return Ok(vec![Finding::error(format!("{}: {}", trouble.what, trouble.why), trouble.remedy)]),
    };
    let different =
        report.differences.iter().map(|line| Finding::error(line.clone(), "correct it, or name another database"));
    let mut findings: Vec<Finding> = different.collect();
    if !report.pending.is_empty() {
        let found = format!("the schema lacks {}", report.pending.join(", "));
        findings.push(Finding::error(found, "`authly-admin backup create`, then `authly-admin migrate schema up`"));
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    match database.deviations().await {
        Ok(lines) => {
            let remedy = "`authly-admin migrate schema up` builds indexes anew; what it leaves was changed by hand";
            findings.extend(lines.into_iter().map(|line| Finding::error(line, remedy)));
        }
        Err(trouble) => findings.push(Finding::warning(format!("{}: {}", trouble.what, trouble.why), trouble.remedy)),
    }
    let live = run::services_as_they_are(settings, database.open().await?)?;
    let admin = live::admin(settings, &live);
    let status = admin.status(convert::switches(settings)).await.map_err(refused("cannot look at the store"))?;
    findings.extend(of_store(settings, &admin, status).await?);
    Ok(findings)
}

/// What a store lacks whose schema is as it should be.
pub(super) async fn of_store<V: DirectoryServices>(
    settings: &Settings,
    admin: &Admin<V>,
    status: Status,
) -> Result<Vec<Finding>, Failure> {
    let clients = admin.clients().await.map_err(refused("cannot list the clients"))?;
    let facts = StoreFacts {
        status,
        backup: admin.last_verified_backup().await.map_err(refused("cannot look at the store"))?,
        test_client: clients.iter().any(|client| client.client_id == MIGRATION_TEST_CLIENT && client.is_active),
        limited: settings.limits.enabled,
        production: settings.server.environment == Environment::Production,
    };
    Ok(examine(&facts, SystemClock.now()))
}
