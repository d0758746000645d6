//! `authly-admin migrate plan`: a dry run with the outcome of every row.

use std::path::Path;

use authly_admin_cases::migrate::{self, MigrateError, Tools, Unwritten};
use authly_config::Settings;
use authly_cutover::{
    digest::Digest,
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
use crate::{args::PlanArgs, commands::source, console::Console, failure::Failure};

/// What a plan was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The source's name.
    pub(super) source: String,
    /// A digest of the profile.
    pub(super) profile: Digest,
    /// A digest of everything that the source gave.
    pub(super) digest: Digest,
}

impl Head {
    /// What a plan of this source is made of.
    pub(super) async fn of(source: &mut OpenSource, name: &SourceName) -> Result<Self, MigrateError> {
        let written = serde_json::to_vec(&source.profile().profile).unwrap_or_default();
        let digest = source.digest().await?;
        Ok(Self { source: name.to_string(), profile: Digest::of([written.as_slice()]), digest })
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
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    const WHAT: &str = "cannot plan the import";
    let (mut opened, name) = source::open(&arguments.source, settings).await?;
    let head = Head::of(&mut opened, &name).await.map_err(stopped(WHAT))?;
    let options = import::options(&arguments.choices);
    let mut ticker = Ticker::new(true);
    let stop = ticker::stop_on_signal();
    let profile = opened.profile().clone();
    let mut opened = Unwritten::new(opened, tools, &profile.profile, name.clone()).await.map_err(stopped(WHAT))?;
    let report = migrate::import(tools, &mut opened, &profile, name, &options, &stop, &mut ticker).await;
    ticker.end();
    let report = report.map_err(stopped(WHAT))?;
    let rows = ticker.rows.take().unwrap_or_default();
    if let Some(file) = &arguments.out {
        let whole = json!({
            "source": head.source,
            "profile": head.profile,
            "digest": head.digest,
            "report": report.without_times(),
            "rows": rows,
        });
        write(file, &whole)?;
        import::tell(&report, console)?;
        console.note(&format!(
            "The plan is in {}. `authly-admin migrate import --plan` imports only if the source is still the same.",
            file.display()
        ));
    } else {
        let columns = [("Row", "source_id"), ("Known as", "label"), ("Outcome", "outcome"), ("Why", "reason")];
        console.list(&rows, &columns, "The source has no rows.")?;
    }
    import::code(&report)
}

/// Writes a file that appears when it is whole. It names people, and is for its owner alone.
fn write(file: &Path, plan: &serde_json::Value) -> Result<(), Failure> {
    let written = private_file::replace(file, |out| {
        serde_json::to_writer(&mut *out, plan)?;
        out.write_all(b"\n")
    });
    Ok(written.map_err(|error| Trouble::new(format!("cannot write {}", file.display()), error, ""))?)
}
