//! `authly-admin doctor`: what is still to do, in plain words.

use authly_admin_cases::doctor::{Finding, Ground, Severity};
use authly_config::{Environment, Problem, Settings};
use authly_directory::{services::DirectoryServices as _, store::AccountRepository as _};
use authly_runtime::{Trouble, convert, live, store::Database};
use oauth_core::{
    services::{Clock as _, Services as _},
    store::{CatalogRepository as _, StoreError},
};

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
    let records = live.store().load_without_tenants().await.map_err(|error| unreadable(&error))?;
    let counts = live.accounts().count_accounts(live.clock().now()).await.map_err(|error| unreadable(&error))?;
    let found = live::admin(settings, &live).findings(&records, counts, ground(settings)).await;
    findings.extend(found.map_err(refused("cannot look at the store"))?);
    Ok(findings)
}

/// What the settings say that the store does not know.
pub(super) fn ground(settings: &Settings) -> Ground {
    Ground {
        overrides: convert::switches(settings),
        limited: settings.limits.enabled,
        production: settings.server.environment == Environment::Production,
    }
}

fn unreadable(error: &StoreError) -> Trouble {
    Trouble::caused("cannot read the store", error, "check DATABASE_URL")
}
