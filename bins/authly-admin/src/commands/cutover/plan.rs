//! `authly-admin migrate plan`: a dry run with the outcome of every row.

use std::path::Path;

use authly_admin_cases::migrate::{self, ImportOptions, ImportReport, MigrateError, Tools, Unwritten};
use authly_config::Settings;
use authly_cutover::{
    batch::RowReport,
    digest::Digest,
    profile::rules::Inactive,
    source::{Source as _, SourceName},
};
use authly_runtime::{Trouble, private_file};
use authly_sources::OpenSource;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    import, stopped,
    ticker::{self, Ticker},
};
use crate::{
    args::{Choices, PlanArgs},
    commands::source,
    console::{Column, Console},
    failure::Failure,
};

/// What a plan was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The source's name.
    pub(super) source: String,
    /// A digest of the profile.
    pub(super) profile: Digest,
    /// A digest of everything that the source gave.
    pub(super) digest: Digest,
    /// What becomes of accounts that are switched off in the source.
    #[serde(default)]
    pub(super) inactive_as: Option<Inactive>,
}

impl Head {
    /// What a plan of this source is made of.
    pub(super) async fn of<T: Tools>(
        tools: &T,
        source: &mut OpenSource,
        name: &SourceName,
        choices: &Choices,
    ) -> Result<Self, MigrateError> {
        let profile = source.profile().profile.clone();
        let written = serde_json::to_vec(&profile).unwrap_or_default();
        let said = migrate::inactive_as(tools, name, choices.inactive_as.map(Inactive::from)).await?;
        Ok(Self {
            source: name.to_string(),
            profile: Digest::of([written.as_slice()]),
            digest: source.digest().await?,
            inactive_as: Some(said.unwrap_or(profile.users.inactive)),
        })
    }
}

/// The head of a plan.
pub(super) fn read(file: &Path) -> Result<Head, Failure> {
    let remedy = "name a file that `authly-admin migrate plan --out` wrote";
    let what = || format!("cannot read the plan {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| Trouble::caused(what(), &error, remedy))?;
    Ok(serde_json::from_str(&text).map_err(|error| Trouble::caused(what(), &error, remedy))?)
}

pub(super) async fn run<T: Tools>(
    tools: &T,
    arguments: PlanArgs,
    schema_steps: Vec<String>,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    const WHAT: &str = "cannot plan the import";
    let (mut opened, name) = source::open(&arguments.source, settings).await?;
    import::may_choose(&arguments.choices, &opened.profile().profile)?;
    let head = Head::of(tools, &mut opened, &name, &arguments.choices).await.map_err(stopped(WHAT))?;
    let to_be_made = !schema_steps.is_empty();
    let options = ImportOptions { schema_steps, ..import::options(&arguments.choices) };
    let mut ticker = Ticker::keeping_rows(console);
    let stop = ticker::stop_on_signal(console);
    let profile = opened.profile().clone();
    let mut opened = Unwritten::new(opened, tools, &profile.profile, name.clone()).await.map_err(stopped(WHAT))?;
    let report = migrate::import(tools, &mut opened, &profile, name, &options, &stop, &mut ticker).await;
    ticker.end();
    let report = import::true_of(report.map_err(stopped(WHAT))?, &profile.profile);
    let rows = ticker.rows.take().unwrap_or_default();
    let plan = Plan { head, report: report.without_times(), rows };
    match &arguments.out {
        Some(file) => {
            write(file, &plan)?;
            import::tell(&report, console)?;
            console.note(&format!(
                "The plan is in {}. `authly-admin migrate import --plan` imports only if the source is still the same.",
                file.display()
            ));
        }
        None if console.is_json() => console.document(&plan)?,
        None => {
            console.list(&plan.rows, columns(&report), "The source has no rows.")?;
            console.item(&json!({
                "schema_steps": report.schema_steps,
                "new_tenants": report.new_tenants,
                "new_groups": report.new_groups,
                "tenant_collisions": report.tenant_collisions,
            }))?;
        }
    }
    if to_be_made {
        import::tell_of_steps(settings, console);
    }
    import::code(&report)
}

const ROWS: &[Column] = &[("Row", "source_id"), ("Known as", "label"), ("Outcome", "outcome"), ("Why", "reason")];

const NAMED_ROWS: &[Column] = &[
    ("Row", "source_id"),
    ("Known as", "label"),
    ("User name", "username"),
    ("Outcome", "outcome"),
    ("Why", "reason"),
];

/// What is told of each row: user names where some are given.
const fn columns(report: &ImportReport) -> &'static [Column] {
    if report.names_given > 0 { NAMED_ROWS } else { ROWS }
}

/// The whole plan: what comes first, and the outcome of every row.
#[derive(Serialize)]
struct Plan {
    #[serde(flatten)]
    head: Head,
    report: ImportReport,
    rows: Vec<RowReport>,
}

/// Writes a file that appears when it is whole. It names people, and is for its owner alone.
fn write(file: &Path, plan: &Plan) -> Result<(), Failure> {
    let written = private_file::replace(file, |out| {
        serde_json::to_writer(&mut *out, plan)?;
        out.write_all(b"\n")
    });
    Ok(written.map_err(|error| Trouble::new(format!("cannot write {}", file.display()), error, ""))?)
}
