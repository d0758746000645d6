//! `authly-admin migrate finalize`.

use std::{fs, path::Path};

use authly_admin_cases::migrate::{self, FinalizePlan, FinalizeTerms, MigrateError, Tools, WaiverLine};
use authly_config::Settings;
use authly_cutover::{
    checklist::Surroundings,
    finalization::{self, Passwords, StepRefused},
    finalize,
    words::{count, moment},
};
use authly_runtime::{Trouble, store::Database};
use serde_json::json;

use super::{
    checklist, columns, open, read, stopped,
    ticker::{self, Ticker},
};
use crate::{
    args::{FinalizeCommand, Idp, WaiveArgs},
    commands::cutover::bench,
    console::{Column, Console},
    failure::{Code, Failure},
};

/// The most bytes of a file of waivers.
const LONGEST: u64 = 16 * 1024 * 1024;

const CONDITIONS: &[Column] = &[("#", "number"), ("Met", "met"), ("Condition", "wants"), ("Found", "found")];

pub(super) async fn run<D: Database>(
    command: FinalizeCommand,
    settings: &Settings,
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    match command {
        FinalizeCommand::Check(waive) => check(&read(settings, database).await?, &waive, console).await,
        FinalizeCommand::Execute { waive, grace_days, idp } => {
            let bench = open(settings, database, bench::Keys::Needed).await?;
            let around = checklist::surroundings(settings, database, &bench).await?;
            let passwords = match idp {
                Idp::Authly => Passwords::Keep,
                Idp::External => Passwords::Remove,
            };
            execute(&bench, &waive, FinalizeTerms { grace_days, passwords }, around, console).await
        }
        FinalizeCommand::DropColumns(arguments) => {
            let bench = open(settings, database, bench::Keys::Needed).await?;
            columns::leave(&bench, &arguments, settings, console).await
        }
        FinalizeCommand::RestoreColumns { source_name, source, write_to } => {
            let bench = open(settings, database, bench::Keys::Needed).await?;
            columns::restore(&bench, &source_name, write_to.or(source).as_deref(), console).await
        }
        FinalizeCommand::Undo => undo(&open(settings, database, bench::Keys::Needed).await?, console).await,
        FinalizeCommand::Purge => purge(&open(settings, database, bench::Keys::Useless).await?, console).await,
        FinalizeCommand::DecideInactive { decision } => {
            let bench = open(settings, database, bench::Keys::Useless).await?;
            migrate::decide_inactive(&bench, &decision).await.map_err(stopped("cannot write the decision"))?;
            console.item(&json!({ "inactive_accounts": decision.trim() }))
        }
    }
}

async fn check<T: Tools>(tools: &T, waive: &WaiveArgs, console: Console) -> Result<(), Failure> {
    let waivers = waivers(waive.waive.as_deref())?;
    let conditions = migrate::gate_with(tools, &waivers).await.map_err(stopped("cannot judge the gate"))?;
    console.list(&conditions, CONDITIONS, "")?;
    let known = migrate::finalization(tools).await.map_err(stopped("cannot tell how the end stands"))?;
    if let Some(at) = known.and_then(|known| known.executed_at) {
        console.note(&format!(
            "The old doors are closed since {}, whatever is measured now; who was waived then is not counted as waived here.",
            moment(at)
        ));
    }
    if finalize::is_open(&conditions) { Ok(()) } else { Err(Failure::silent(Code::Refused)) }
}

async fn execute<T: Tools>(
    tools: &T,
    waive: &WaiveArgs,
    terms: FinalizeTerms,
    around: Surroundings,
    console: Console,
) -> Result<(), Failure> {
    let what = "cannot finalize the migration";
    let waivers = waivers(waive.waive.as_deref())?;
    let plan = migrate::finalize_plan(tools, waivers, terms).await.map_err(ended(what))?;
    if !plan.is_open() {
        return shut(&plan, console);
    }
    tell(&plan, terms.grace_days, console);
    let days = match terms.grace_days {
        0 => "`finalize undo` takes it back until somebody purges what was removed, which may be at once.".to_owned(),
        days => format!(
            "`finalize undo` takes it back; what was removed can be purged after {}.",
            count(days, "day", "days")
        ),
    };
    console.agree("close the old doors for everybody, on all nodes within a second", &days)?;
    let mut ticker = Ticker::new(console);
    let done = migrate::finalize(tools, plan, &ticker::stop_on_signal(console), &mut ticker).await;
    ticker.end();
    let done = match done.map_err(ended(what))? {
        Ok(done) => done,
        Err(plan) => return shut(&plan, console),
    };
    if done.stopped {
        console.item(&done)?;
        let remedy = "the same command goes on where this one stopped; the doors are closed meanwhile";
        return Err(Trouble::new("finalize was stopped", "somebody asked for it", remedy).into());
    }
    let list = migrate::checklist(tools, &around).await.map_err(stopped("cannot compute the checklist"))?;
    if console.is_json() {
        return console.item(&json!({ "finalized": done, "checklist": list }));
    }
    console.item(&done)?;
    checklist::print(&list, console)
}

/// What is not met; nothing was changed.
fn shut(plan: &FinalizePlan, console: Console) -> Result<(), Failure> {
    let unmet: Vec<_> = plan.conditions.iter().filter(|condition| !condition.met).collect();
    console.list(&unmet, CONDITIONS, "")?;
    let names: Vec<_> = unmet.iter().map(|condition| condition.name).collect();
    let trouble = Trouble::new(
        "did not finalize the migration; nothing was changed",
        format!("not met: {}", names.join(", ")),
        "`authly-admin migrate checklist` names the command for each",
    );
    Err(Failure::with(Code::Refused, trouble))
}

fn tell(plan: &FinalizePlan, grace_days: u32, console: Console) {
    let rows: Vec<String> =
        plan.archived.iter().map(|(kind, rows)| format!("{rows} x {}", kind.replace('_', " "))).collect();
    let rows = if rows.is_empty() { "no rows".to_owned() } else { rows.join(" and ") };
    if plan.goes_on {
        console.note("It began before, and goes on; the doors are closed already.");
    }
    console.note(&format!(
        "{} will be on OAuth alone, waived: {}; the archive keeps {rows} for {}.",
        count(plan.accounts, "account", "accounts"),
        plan.waived.len(),
        count(grace_days, "day", "days")
    ));
    if plan.passwords > 0 {
        console.note(&format!(
            "{} at another provider and will have no password here; `finalize undo` brings it back.",
            count(plan.passwords, "account signs in", "accounts sign in")
        ));
    }
    for waived in &plan.waived {
        console.note(&format!("  waived: {} ({}): {}", waived.email, waived.user, waived.reason));
    }
}

async fn undo<T: Tools>(tools: &T, console: Console) -> Result<(), Failure> {
    let what = "cannot take the end of the migration back";
    // Asked before the question, so that nobody agrees to what is refused then.
    let known = migrate::finalization(tools).await.map_err(ended(what))?;
    finalization::may_undo(known).map_err(|refused| ended(what)(refused.into()))?;
    console.agree(
        "open the old doors again, with accounts and tokens as they were",
        "Tokens and API keys of people who set a new password since stay dead.",
    )?;
    let mut ticker = Ticker::new(console);
    let done = migrate::undo(tools, &ticker::stop_on_signal(console), &mut ticker).await;
    ticker.end();
    let done = done.map_err(ended(what))?;
    console.item(&done)?;
    if done.stopped {
        let remedy = "the same command goes on where this one stopped; the doors are closed meanwhile";
        return Err(Trouble::new("the way back was stopped", "somebody asked for it", remedy).into());
    }
    Ok(())
}

async fn purge<T: Tools>(tools: &T, console: Console) -> Result<(), Failure> {
    let what = "cannot purge what was removed";
    migrate::may_purge(tools).await.map_err(ended(what))?;
    console.agree("delete for good what the end of the migration removed", "There is no way back from it.")?;
    let mut ticker = Ticker::new(console);
    let done = migrate::purge(tools, &ticker::stop_on_signal(console), &mut ticker).await;
    ticker.end();
    let done = done.map_err(ended(what))?;
    console.item(&done)?;
    if done.stopped {
        let remedy = "the same command goes on where this one stopped";
        return Err(Trouble::new("the purge was stopped", "somebody asked for it", remedy).into());
    }
    Ok(())
}

/// A step that does not follow is a gate that refuses.
pub(super) fn ended(what: &'static str) -> impl FnOnce(MigrateError) -> Failure {
    move |error| match error {
        MigrateError::Step(refused) => {
            let remedy = match refused {
                StepRefused::NotFinalized => "`authly-admin migrate finalize check` says what is left to do before it",
                StepRefused::Done(_) => "`authly-admin migrate finalize undo` takes it back",
                StepRefused::TooEarly(_) => "try again then",
                StepRefused::Parted { .. } => "`authly-admin migrate finalize restore-columns` brings them back first",
                StepRefused::NotParted(_) | StepRefused::Executing | StepRefused::Purged(_) | StepRefused::Undoing => {
                    ""
                }
            };
            Failure::with(Code::Refused, Trouble::new(what, refused, remedy))
        }
        other => stopped(what)(other),
    }
}

fn waivers(file: Option<&Path>) -> Result<Vec<WaiverLine>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let trouble = |why: String| {
        let remedy = "each line: the key of a row, an e-mail address or an id, and behind it the reason";
        Failure::usage(Trouble::new(format!("cannot read {}", file.display()), why, remedy))
    };
    let size = fs::metadata(file).map_err(|error| trouble(error.to_string()))?.len();
    if size > LONGEST {
        return Err(trouble(format!("it is longer than {LONGEST} bytes")));
    }
    let text = fs::read_to_string(file).map_err(|error| trouble(error.to_string()))?;
    migrate::read_waivers(&text).map_err(|error| trouble(error.to_string()))
}
