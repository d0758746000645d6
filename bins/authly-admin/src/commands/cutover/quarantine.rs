//! `authly-admin migrate quarantine`.

use authly_admin_cases::migrate::{self, Quarantined, Tools as _, WaitingRows};
use authly_cutover::{
    source::{SourceId, SourceName},
    store::{CutoverStore, Resolution},
};
use authly_runtime::{AnyStore, Trouble};

use super::{Bench, rollback::find, stopped};
use crate::{
    args::{Decision, QuarantineCommand, RowArgs},
    console::{Column, Console},
    failure::Failure,
};

const COLUMNS: &[Column] = &[
    ("Source", "source"),
    ("Row", "source_id"),
    ("Known as", "label"),
    ("Kind", "kind"),
    ("Why", "reason"),
    ("Detail", "detail"),
    ("Decided", "resolution"),
];

pub(super) async fn run<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    command: QuarantineCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        QuarantineCommand::List { source_name: name, tenant, resolved, limit } => {
            let source = name.as_deref().map(source_name).transpose()?;
            let ask = WaitingRows { source, tenant, resolved_too: resolved };
            let rows = migrate::waiting(bench, &ask, None, limit).await;
            let rows = rows.map_err(stopped("cannot list the rows"))?;
            console.list(&rows, COLUMNS, "No row waits.")?;
            if u32::try_from(rows.len()).is_ok_and(|count| count == limit) {
                console.note("There may be more: raise --limit.");
            }
            Ok(())
        }
        QuarantineCommand::Show(row) => {
            let (source, id) = locate(bench, &row).await?;
            console.item(&migrate::show(bench, &source, &id).await.map_err(stopped("cannot show the row"))?)
        }
        QuarantineCommand::Resolve { row, decision } => {
            let (source, id) = locate(bench, &row).await?;
            let resolution = resolution(bench, decision).await?;
            let decided = migrate::resolve(bench, &source, &id, resolution).await;
            told(&decided.map_err(stopped("cannot decide about the row"))?, console)
        }
        QuarantineCommand::Retry(row) => {
            let (source, id) = locate(bench, &row).await?;
            let opened = migrate::retry(bench, &source, &id).await;
            told(&opened.map_err(stopped("cannot open the row again"))?, console)
        }
    }
}

fn told(row: &Quarantined, console: Console) -> Result<(), Failure> {
    console.item(row)?;
    let what = heeded_by(&row.source);
    console.note(&format!("The next `authly-admin migrate {what} --execute` heeds it."));
    Ok(())
}

/// The command that reads the rows of a source; tokens and API keys stand behind the name of the source that they hang on.
fn heeded_by(source: &str) -> &'static str {
    match source {
        source if source.ends_with("-tokens") => "tokens import",
        source if source.ends_with("-api-keys") => "api-keys import",
        _ => "import",
    }
}

async fn resolution<S: AnyStore + CutoverStore>(bench: &Bench<S>, decision: Decision) -> Result<Resolution, Failure> {
    Ok(match decision {
        Decision { drop: true, .. } => Resolution::Drop,
        Decision { keep_both: true, .. } => Resolution::KeepBoth,
        Decision { merge: Some(user), .. } => Resolution::Merge { user: find(bench, &user).await? },
        Decision { rename_email: email, rename_username: username, .. } => Resolution::Rename { email, username },
    })
}

/// The one row that waits under that key.
async fn locate<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    row: &RowArgs,
) -> Result<(SourceName, SourceId), Failure> {
    let what = "cannot find the row";
    let id = SourceId::parse(&row.row).ok_or_else(|| {
        Failure::usage(Trouble::new(what, format!("{:?} is no key of a row", row.row), "`quarantine list` shows them"))
    })?;
    if let Some(name) = &row.source_name {
        return Ok((source_name(name)?, id));
    }
    let runs = bench.target().runs(None, u32::from(u16::MAX)).await;
    let runs = runs.map_err(|error| stopped(what)(error.into()))?;
    let mut sources: Vec<SourceName> = runs.into_iter().map(|run| run.plan.source).collect();
    sources.sort();
    sources.dedup();
    let mut found = Vec::new();
    for source in sources {
        let entry = bench.target().pen_entry(&source, &id).await.map_err(|error| stopped(what)(error.into()))?;
        found.extend(entry.map(|entry| entry.source));
    }
    match found.as_slice() {
        [one] => Ok((one.clone(), id)),
        [] => {
            let remedy = "`authly-admin migrate quarantine list` shows all that wait";
            Err(Trouble::new(what, format!("no row {id} waits"), remedy).into())
        }
        several => {
            let names: Vec<&str> = several.iter().map(SourceName::as_str).collect();
            let why = format!("several sources have a row {id} that waits: {}", names.join(", "));
            Err(Failure::usage(Trouble::new(what, why, "name the source with --source-name")))
        }
    }
}

fn source_name(name: &str) -> Result<SourceName, Failure> {
    SourceName::parse(name).ok_or_else(|| {
        Failure::usage(Trouble::new(
            "cannot read --source-name",
            format!("{name:?} is no name of a source"),
            "check it",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_names_the_command_that_heeds_it() {
        let named = ["shop", "shop-tokens", "shop-api-keys"].map(heeded_by);
        assert_eq!(named, ["import", "tokens import", "api-keys import"]);
    }
}
