//! `authly-admin migrate rollback`.

use authly_admin_cases::{
    AdminError,
    migrate::{Foreseen, RollbackOptions, RollbackScope},
};
use authly_config::Settings;
use authly_cutover::{rollback::Later, run::RunId, store::CutoverStore};
use authly_directory::identifier::Identifier;
use authly_runtime::{AnyStore, Trouble};
use authly_sources::Access;
use oauth_core::{ids::UserId, services::Services as _};
use serde_json::json;

use super::{
    Bench, pace, ticker,
    write_back::{self, Application},
};
use crate::{
    args::RollbackArgs,
    commands::source,
    console::Console,
    environment,
    failure::{Code, Failure, refused},
};

/// What a dry run says of the application's own table.
const WITH_IT: &str = "With --execute the application's own table follows: the rows of accounts that are taken back say again what \
                       they said before, but for columns that the application changed itself since.";

pub(super) async fn run<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    arguments: RollbackArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let execute = arguments.intent.writes();
    let back = match arguments.back.source() {
        Some(source) => {
            let source = source.map_err(|why| Failure::usage(Trouble::new("cannot write back", why, "")))?;
            Some((source::name(&source, &source::profile(&source.profile)?)?, source))
        }
        None => None,
    };
    let scope = scope(bench, &arguments).await?;
    let later = if arguments.force { Later::Overwrite } else { Later::Keep };
    if execute {
        let later = if arguments.force { "is overwritten" } else { "stays" };
        let warning = format!("What their owners changed since {later}. A dry run (without --execute) tells which.");
        console.agree(&format!("take back {}", meant(&arguments)), &warning)?;
    }
    let options = RollbackOptions { scope, execute, later, pace: pace(arguments.pace), by: None };
    let (stop, mut ticker) = (ticker::stop_on_signal(console), ticker::Ticker::new(console));
    ticker.counts("accounts");
    let report = options.take_back(bench, &stop, &mut ticker).await;
    ticker.end();
    let report = report.map_err(super::stopped("cannot take accounts back"))?;
    let results: serde_json::Map<String, serde_json::Value> = report
        .results
        .iter()
        .filter_map(|(result, count)| Some((json!(result).as_str()?.to_owned(), json!(count))))
        .collect();
    let mut told = json!({
        "dry_run": report.dry_run,
        "accounts": results,
        "left_alone": report.left_alone,
        "changed_later": report.conflict_count,
        "conflicts": report.conflicts,
        "waiting_cleared": report.waiting_cleared,
        "stopped": report.stopped,
    });
    if let (Some(told), Some(name)) = (told.as_object_mut(), environment::name()) {
        told.insert("environment".to_owned(), json!(name));
    }
    console.item(&told)?;
    if report.results.is_empty() && report.left_alone + report.waiting_cleared == 0 && !report.stopped {
        console.note("There is nothing to take back: no migration wrote anything of it, or it was taken back before.");
    }
    if let Some(why) = arguments.intent.why_not("take them back") {
        console.note(&why);
    }
    let mut stopped = report.stopped;
    match back {
        Some((name, source)) if execute => {
            let write_to = arguments.back.back.write_to.as_deref();
            let application = Application::prepare(&source, write_to, Access::Write, settings).await?;
            let mut ticker = ticker::Ticker::new(console);
            let written = application.keep_in_step(bench, &name, &Foreseen::default(), &stop, &mut ticker).await?;
            ticker.end();
            console.note("Written into the application's own table:");
            write_back::tell(&written, console)?;
            stopped |= written.stopped;
        }
        Some((_, source)) => {
            Application::rehearse(&source, arguments.back.back.write_to.as_deref(), settings).await?;
            console.note(WITH_IT);
        }
        None => write_back::remind(bench, console).await?,
    }
    if stopped {
        let remedy = "the same command goes on where this one stopped";
        return Err(Trouble::new("the rollback was stopped", "somebody asked for it", remedy).into());
    }
    if report.conflict_count > 0 && !arguments.force { Err(Failure::silent(Code::Partly)) } else { Ok(()) }
}

/// What is taken back, for whoever is asked.
fn meant(arguments: &RollbackArgs) -> String {
    match (&arguments.run, &arguments.tenant, &arguments.user) {
        (Some(run), _, _) => format!("what the run {run} wrote"),
        (_, Some(tenant), _) => format!("the accounts of the tenant {tenant}"),
        (_, _, Some(user)) => format!("the account {user}"),
        _ => "every account".to_owned(),
    }
}

async fn scope<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    arguments: &RollbackArgs,
) -> Result<RollbackScope, Failure> {
    if let Some(run) = &arguments.run {
        return RunId::parse(run).map(RollbackScope::Run).ok_or_else(|| {
            let remedy = "`authly-admin migrate status --output json` shows the last one";
            Failure::usage(Trouble::new("cannot read --run", format!("{run:?} is no id of a run"), remedy))
        });
    }
    if let Some(tenant) = &arguments.tenant {
        return Ok(RollbackScope::Tenant(tenant.clone()));
    }
    match &arguments.user {
        Some(user) => Ok(RollbackScope::User(find(bench, user).await?)),
        None => Ok(RollbackScope::All),
    }
}

/// The one account that a name or id means.
pub(super) async fn find<S: AnyStore + CutoverStore>(bench: &Bench<S>, name: &str) -> Result<UserId, Failure> {
    if let Some(id) = UserId::parse(name) {
        return Ok(id);
    }
    let none = || AdminError::NotFound { what: "user", name: name.to_owned() };
    let identifier = Identifier::parse(name).map_err(|_| refused("cannot find the account")(none()))?;
    let found = bench.live().store().find_accounts(&identifier).await;
    let found = found.map_err(|error| refused("cannot find the account")(error.into()))?;
    match found.as_slice() {
        [one] => Ok(one.subject.id),
        [] => Err(refused("cannot find the account")(none())),
        _ => {
            Err(Trouble::new("cannot find the account", format!("{name:?} means several"), "name it by its id").into())
        }
    }
}
