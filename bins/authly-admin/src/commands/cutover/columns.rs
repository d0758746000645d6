//! `authly-admin migrate finalize drop-columns` and `restore-columns`.

use authly_admin_cases::migrate::{self, ColumnsReport, Tools};
use authly_config::Settings;
use authly_cutover::{
    parting::{PartPlan, Parting as _},
    source::SourceName,
};
use authly_runtime::Trouble;
use authly_sources::{OpenError, PartTable, SourceAddress};
use serde_json::json;

use super::{finalize::ended, ticker};
use crate::{
    args::WriteBackArgs,
    commands::source,
    console::Console,
    failure::{Code, Failure},
};

/// What could not be done.
const DROP: &str = "cannot drop the application's columns";
const RESTORE: &str = "cannot bring the application's columns back";

pub(super) async fn leave<T: Tools>(
    tools: &T,
    arguments: &WriteBackArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let profile = source::profile(&arguments.source.profile)?;
    let name = source::name(&arguments.source, &profile)?;
    let named = arguments.write_to.as_deref().or(arguments.source.source.as_deref());
    let address = source::address(named, &profile, settings)?;
    migrate::may_drop_columns(tools, &name).await.map_err(ended(DROP))?;
    let mut table = PartTable::open(&address).await.map_err(|error| refused(DROP, &address, &error))?;
    let kept = migrate::kept_columns(tools, &name).await.map_err(ended(DROP))?;
    let plan = match kept {
        // They are gone, and only the record does not say so yet.
        Some(plan) if table.is_parted(&plan).await.map_err(|error| ended(DROP)(error.into()))? => plan,
        _ => table.plan(&profile).await.map_err(|error| refused(DROP, &address, &error))?,
    };
    if let Some(why) = arguments.intent.why_not("drop them") {
        show(&plan, true, console)?;
        console.note(&why);
        return Ok(());
    }
    if !console.is_json() {
        show(&plan, false, console)?;
    }
    let warning = "What stands in them goes into the archive first; `finalize restore-columns` brings it back until that is purged.";
    console.agree(&format!("drop these columns of {} in {address}", plan.table), warning)?;
    let done = migrate::drop_columns(tools, &name, &mut table, &plan, &ticker::stop_on_signal(console)).await;
    tell(&done.map_err(ended(DROP))?, "the columns are not dropped yet", console)
}

pub(super) async fn restore<T: Tools>(
    tools: &T,
    source_name: &str,
    address: Option<&str>,
    console: Console,
) -> Result<(), Failure> {
    let name = SourceName::parse(source_name).ok_or_else(|| {
        let why = format!("{source_name:?} is no name of a source");
        Failure::usage(Trouble::new(RESTORE, why, "--source-name has a-z, 0-9, `_` and `-`, at most 64"))
    })?;
    let plan = migrate::may_restore_columns(tools, &name).await.map_err(ended(RESTORE))?;
    let address = address.ok_or_else(|| {
        let remedy = "add --source ADDRESS, or set AUTHLY_SOURCE, which no list of processes shows";
        Failure::usage(Trouble::new(RESTORE, "the application's database is not named", remedy))
    })?;
    let address = SourceAddress::parse(address).map_err(|error| Failure::usage(source::told(RESTORE, &error)))?;
    let mut table = PartTable::open(&address).await.map_err(|error| refused(RESTORE, &address, &error))?;
    let what = plan.map_or_else(|| "the columns".to_owned(), |plan| format!("the columns of {}", plan.table));
    console.agree(&format!("bring back {what} in {address}"), "Rows that came since have what a new row has.")?;
    let done = migrate::restore_columns(tools, &name, &mut table, &ticker::stop_on_signal(console)).await;
    tell(&done.map_err(ended(RESTORE))?, "the columns are not all back yet", console)
}

/// What would happen to the application's table.
fn show(plan: &PartPlan, dry_run: bool, console: Console) -> Result<(), Failure> {
    let columns: Vec<_> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    let back = [plan.add.as_slice(), &plan.settle].concat();
    console.item(&json!({
        "dry_run": dry_run,
        "table": plan.table,
        "columns": columns,
        "statements": plan.drop,
        "restored_by": back,
    }))
}

fn tell(done: &ColumnsReport, what: &str, console: Console) -> Result<(), Failure> {
    console.item(done)?;
    if done.stopped {
        let remedy = "the same command goes on where this one stopped";
        return Err(Trouble::new(what, "somebody asked to stop", remedy).into());
    }
    if done.left.is_empty() { Ok(()) } else { Err(Failure::silent(Code::Partly)) }
}

/// What cannot be taken back is refused as a gate refuses.
fn refused(what: &str, address: &SourceAddress, error: &OpenError) -> Failure {
    let trouble = source::told(&format!("{what} in {address}"), error);
    match error {
        OpenError::Irreversible(_) => Failure::with(Code::Refused, trouble),
        _ => trouble.into(),
    }
}
