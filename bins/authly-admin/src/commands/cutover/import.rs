//! `authly-admin migrate import`.

use authly_admin_cases::migrate::{
    self, Foreseeing, ImportOptions, ImportReport, OnError, Stop, Stopped, Tools, Unwritten,
};
use authly_config::Settings;
use authly_cutover::{
    outcome::Outcome,
    profile::rules::{Inactive, Profile, Target},
    words::count,
};
use authly_runtime::Trouble;
use authly_sources::Access;
use serde_json::json;

use super::{
    bench, pace, plan, stopped,
    ticker::{self, Ticker},
    write_back::{self, Application},
};
use crate::{
    args::{AtError, Choices, ImportArgs},
    commands::source,
    console::Console,
    environment,
    failure::{Code, Failure},
    journal::{self, Level},
};

/// What could not be done.
const WHAT: &str = "cannot import";

pub(super) async fn run<T: Tools>(
    tools: &T,
    arguments: ImportArgs,
    schema_steps: Vec<String>,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let execute = arguments.intent.writes();
    if execute {
        console.agree_in_production("import accounts")?;
    }
    let access = if execute { Access::Write } else { Access::Read };
    let application = match arguments.back.write_back {
        true => {
            let write_to = arguments.back.write_to.as_deref();
            Some(match access {
                Access::Read => Application::rehearse(&arguments.source, write_to, settings).await?,
                Access::Write => Application::prepare(&arguments.source, write_to, access, settings).await?,
            })
        }
        false => None,
    };
    let (mut opened, name) = source::open(&arguments.source, settings).await?;
    may_choose(&arguments.choices, &opened.profile().profile)?;
    if let Some(file) = &arguments.plan {
        let head = plan::Head::of(tools, &mut opened, &name, &arguments.choices).await.map_err(stopped(WHAT))?;
        agree(&plan::read(file)?, &head)?;
    }
    let to_be_made = !execute && !schema_steps.is_empty();
    let options = ImportOptions {
        execute,
        batch: arguments.batch,
        max_rate: arguments.max_rate,
        pace: pace(arguments.pace),
        on_error: match arguments.on_error {
            AtError::Stop => OnError::Stop,
            AtError::Quarantine => OnError::Quarantine,
        },
        schema_steps,
        ..options(&arguments.choices)
    };
    let mut ticker = Ticker::new(console);
    let stop = ticker::stop_on_signal(console);
    let profile = opened.profile().clone();
    let mut opened = Unwritten::new(opened, tools, &profile.profile, name.clone()).await.map_err(stopped(WHAT))?;
    let (report, back) = match application {
        None => {
            let report = migrate::import(tools, &mut opened, &profile, name, &options, &stop, &mut ticker).await;
            (report.map_err(stopped(WHAT))?, None)
        }
        Some(application) => {
            let mut hears = Foreseeing::new(&mut ticker, execute);
            let report = migrate::import(tools, &mut opened, &profile, name.clone(), &options, &stop, &mut hears).await;
            let (report, foreseen) = (report.map_err(stopped(WHAT))?, hears.end());
            // What is committed is written there, even if the import was asked to stop.
            drop(opened);
            let back = application.keep_in_step(tools, &name, &foreseen, &Stop::default(), &mut ticker).await?;
            (report, Some(back))
        }
    };
    ticker.end();
    let report = true_of(report, &profile.profile);
    match &back {
        Some(back) if console.is_json() => console.item(&write_back::beside(&report, back))?,
        _ => tell(&report, console)?,
    }
    if let Some(back) = back.as_ref().filter(|_| !console.is_json()) {
        console.note(if execute {
            "Written into the application's own table:"
        } else {
            "To be written into the application's own table:"
        });
        write_back::tell(back, console)?;
    }
    if to_be_made {
        tell_of_steps(settings, console);
    }
    match arguments.intent.why_not("import") {
        Some(why) => console.note(&why),
        None => bench::tell_of_key(settings, console),
    }
    code(&report)?;
    back.as_ref().map_or(Ok(()), write_back::code)
}

/// Says who applies the steps of the schema that the report names.
pub(super) fn tell_of_steps(settings: &Settings, console: Console) {
    console.note(match settings.store.migrate_on_start {
        true => "There is no store yet: `import --execute` makes it first.",
        false => "There is no store yet: `authly-admin migrate schema up` makes it, before anything is imported.",
    });
}

/// What the command line chooses for plan and import alike.
pub(super) fn options(choices: &Choices) -> ImportOptions {
    ImportOptions {
        limit: choices.limit,
        since_watermark: choices.since_watermark,
        wrap_weak: choices.wrap_weak,
        tenant: choices.tenant.clone(),
        inactive_as: choices.inactive_as.map(Inactive::from),
        environment: environment::name().map(str::to_owned),
        ..ImportOptions::default()
    }
}

/// Refuses what has no meaning for this profile: in place nobody's status changes.
pub(super) fn may_choose(choices: &Choices, profile: &Profile) -> Result<(), Failure> {
    if choices.inactive_as.is_none() || profile.target != Target::InPlace {
        return Ok(());
    }
    let why =
        format!("by the profile {} accounts are adopted in place, and nobody's status changes there", profile.name);
    Err(Failure::usage(Trouble::new("--inactive-as decides nothing here", why, "leave it out")))
}

/// The report without what does not happen in place.
pub(super) fn true_of(report: ImportReport, profile: &Profile) -> ImportReport {
    let inactive_as = report.inactive_as.filter(|_| profile.target != Target::InPlace);
    ImportReport { inactive_as, ..report }
}

/// Whether the plan was made of this source, by this profile.
fn agree(plan: &plan::Head, now: &plan::Head) -> Result<(), Failure> {
    let refuse = |why: &str| {
        let remedy = "make a new plan with `authly-admin migrate plan`, and look at what it says";
        Err(Failure::from(Trouble::new("did not import", why, remedy)))
    };
    if plan.source != now.source || plan.profile != now.profile {
        return refuse("the plan was made of another source, or by another profile");
    }
    if plan.digest != now.digest {
        return refuse("the source has changed since the plan was made");
    }
    if plan.inactive_as.is_some_and(|planned| Some(planned) != now.inactive_as) {
        return refuse("the plan says something else about accounts that are switched off; --inactive-as decides");
    }
    Ok(())
}

/// That the outcomes add up to the rows of the source.
fn equation(report: &ImportReport) -> String {
    let terms: Vec<String> = Outcome::ALL
        .iter()
        .filter_map(|outcome| Some((outcome.as_str(), *report.outcomes.get(outcome.as_str())?)))
        .filter(|(_, rows)| *rows > 0)
        .map(|(outcome, rows)| format!("{rows} {outcome}"))
        .collect();
    let terms = if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") };
    format!("{terms} = {} of {} of the source", report.rows, count(report.source_rows, "row", "rows"))
}

/// Prints the report: what happened, and that it adds up.
pub(super) fn tell(report: &ImportReport, console: Console) -> Result<(), Failure> {
    let equation = equation(report);
    journal::write(Level::Info, &equation);
    if console.is_json() {
        return console.item(report);
    }
    let rows: Vec<_> = Outcome::ALL
        .iter()
        .map(|outcome| json!({ "outcome": outcome.as_str(), "rows": report.outcomes.get(outcome.as_str()) }))
        .collect();
    console.list(&rows, &[("Outcome", "outcome"), ("Rows", "rows")], "")?;
    console.raw(&equation)?;
    let mut more = serde_json::Map::new();
    let mut add = |name: &str, value: serde_json::Value| {
        let nothing = value.is_null()
            || value.as_u64() == Some(0)
            || value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        if !nothing {
            more.insert(name.to_owned(), value);
        }
    };
    add("environment", json!(report.environment));
    add("schema_steps", json!(report.schema_steps));
    add("reasons", json!(report.reasons));
    add("schemes", json!(report.schemes));
    add("administrators", json!(report.administrators));
    add("verified", json!(report.verified));
    add("unmapped_roles", json!(report.unmapped_roles));
    add("left_out", json!(report.left_out));
    add("names_given", json!(report.names_given));
    add("new_tenants", some_of(&report.new_tenants));
    add("new_groups", some_of(&report.new_groups));
    add("tenant_collisions", json!(report.tenant_collisions));
    add("stopped", json!(report.stopped));
    add("run", json!(report.run));
    if !more.is_empty() {
        console.item(&more)?;
    }
    if report.resumed {
        console.note("It went on where an earlier process ended; the counts include what that one did.");
    }
    if report.inactive_as == Some(Inactive::PendingVerification) && report.reasons.contains_key("inactive") {
        console.note(
            "Accounts that are switched off in the source become pending: whoever verifies the address switches it on. \
             `--inactive-as disabled` keeps them switched off.",
        );
    }
    if report.names_given > 0 {
        console.note(&format!(
            "User names are unique everywhere, and several tenants have one: {} one with the tenant's short name, as the \
             profile's `shared_name` says. Their people sign in with their addresses; `authly-admin migrate plan` lists the names.",
            count(report.names_given, "account gets", "accounts get")
        ));
    }
    if report.needs_decisions() > 0 {
        console.note(match report.run {
            Some(_) => "Rows wait for a decision: `authly-admin migrate quarantine list` shows them.",
            None => "Rows will wait for a decision: `authly-admin migrate quarantine list` shows them after the run.",
        });
    }
    Ok(())
}

/// The first of many names, for people; programs get all of them.
fn some_of(names: &[String]) -> serde_json::Value {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = names.iter().take(SHOWN).cloned().collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more; --output json lists them", names.len() - SHOWN));
    }
    json!(shown)
}

/// The exit code of a report (C-40).
pub(super) fn code(report: &ImportReport) -> Result<(), Failure> {
    if report.reconciles == Some(false) {
        return Err(Trouble::new(
            "the counts do not add up",
            format!(
                "{} an outcome, and the source has {}",
                count(report.rows, "row has", "rows have"),
                report.source_rows
            ),
            "the source changed while it was read, or between two parts of a resumed import: run the import once more",
        )
        .into());
    }
    match &report.stopped {
        Some(Stopped::Asked) => {
            let remedy = "the same command goes on where this one stopped";
            Err(Trouble::new("the import was stopped", "somebody asked for it", remedy).into())
        }
        Some(Stopped::Row { .. }) => Err(Failure::silent(Code::Partly)),
        _ if report.needs_decisions() > 0 => Err(Failure::silent(Code::Partly)),
        _ => Ok(()),
    }
}
