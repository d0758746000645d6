//! `authly-admin migrate`: the schema, and the switch of the OAuth endpoints.

use std::sync::Arc;

use authly_config::Settings;
use authly_cutover::store::SchemaFound;
use authly_runtime::{
    Live, live,
    store::{self, Database},
};
use oauth_core::services::Services as _;
use serde_json::json;

use super::{assess, cutover, source, tenant};
use crate::{
    args::{MigrateCommand, OAuthCommand, SchemaCommand, View},
    console::Console,
    failure::{Code, Failure, refused},
    run,
};

pub(crate) async fn run<D: Database>(
    command: MigrateCommand,
    settings: &Settings,
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    match command {
        MigrateCommand::Profile(command) => assess::profile(command, settings, console).await,
        MigrateCommand::Assess(arguments) => assess::assess(arguments, settings, console).await,
        MigrateCommand::VerifyPassword(arguments) => assess::verify_password(arguments, settings, console).await,
        MigrateCommand::Export(arguments) => assess::export(arguments, settings, console).await,
        MigrateCommand::Cutover(command) => cutover::run(command, settings, database, console).await,
        MigrateCommand::Schema(SchemaCommand::Status) => status(database, console).await,
        MigrateCommand::Schema(SchemaCommand::Verify) => verify(settings, database, console).await,
        MigrateCommand::Schema(SchemaCommand::Up { view }) => up(settings, database, view, console).await,
        MigrateCommand::Audit { out, profile, source } => {
            let of = source::optional(profile, source, None)?;
            super::audit::run(settings, database, out.as_deref(), of.as_ref(), console).await
        }
        MigrateCommand::Seed => super::seed::run(settings, database, console).await,
        // Needs the name of the configuration file, and is run before.
        MigrateCommand::Validate { .. } => Ok(()),
        MigrateCommand::Oauth(switch) => {
            oauth(settings, database, matches!(switch, OAuthCommand::Enable), console).await
        }
        MigrateCommand::Tenants(command) => {
            let live = match command.only_reads() {
                true => read(settings, database).await?,
                false => open(settings, database).await?,
            };
            tenant::migrate(&live::admin(settings, &live), command, settings, console).await
        }
        MigrateCommand::Usage { days } => {
            let live = open(settings, database).await?;
            tenant::usage(&live::admin(settings, &live), days, console).await
        }
        MigrateCommand::Policy(command) => {
            let live = open(settings, database).await?;
            tenant::policy(&live::admin(settings, &live), live.store(), command, console).await
        }
    }
}

/// The services over the store for what only looks: it is neither made nor changed.
async fn read<D: Database>(settings: &Settings, database: &D) -> Result<Arc<Live<D::Store>>, Failure> {
    store::must_be_up_to_date(settings, database).await?;
    run::services_as_they_are(settings, database.open().await?)
}

/// The services over the store, which is brought up to date first.
async fn open<D: Database>(settings: &Settings, database: &D) -> Result<Arc<Live<D::Store>>, Failure> {
    store::bring_up_to_date(settings, database).await?;
    run::services_without_keys(settings, database.open().await?).await
}

async fn status<D: Database>(database: &D, console: Console) -> Result<(), Failure> {
    let report = database.schema().await?;
    console.item(&json!({
        "current": report.is_current(),
        "pending": report.pending,
        "differences": report.differences,
    }))?;
    if !report.differences.is_empty() {
        console.note("Nothing will be touched before the differences are gone.");
    } else if !report.pending.is_empty() {
        console.note("`authly-admin migrate schema up` applies what is pending.");
    }
    Ok(())
}

async fn verify<D: Database>(settings: &Settings, database: &D, console: Console) -> Result<(), Failure> {
    let report = database.schema().await?;
    let fit = report.differences.is_empty();
    let complete = report.is_current();
    // What the steps have not made yet cannot be compared with what they make.
    let deviations = if complete { database.deviations().await? } else { Vec::new() };
    console.item(&json!({
        "fit": fit,
        "complete": complete && deviations.is_empty(),
        "differences": report.differences,
        "pending": report.pending,
        "deviations": deviations,
    }))?;
    if complete {
        remember(settings, database, deviations.is_empty(), console).await?;
    }
    if !fit || !deviations.is_empty() {
        return Err(Failure::silent(Code::CheckErrors));
    }
    if complete { Ok(()) } else { Err(Failure::silent(Code::CheckWarnings)) }
}

/// Remembers what was found, for `migrate status` and the checklist; whoever may only read is told that nobody will know.
async fn remember<D: Database>(
    settings: &Settings,
    database: &D,
    clean: bool,
    console: Console,
) -> Result<(), Failure> {
    let live = run::services_as_they_are(settings, database.open().await?)?;
    let found = SchemaFound { clean, step: database.newest_step().to_owned() };
    if let Err(error) = live::admin(settings, &live).remember_schema(live.store(), found).await {
        console.note(&format!("`migrate status` will not know of it: {error}."));
    }
    Ok(())
}

async fn up<D: Database>(
    settings: &Settings,
    database: &D,
    view: Option<View>,
    console: Console,
) -> Result<(), Failure> {
    let report = database.schema().await?;
    if !report.differences.is_empty() {
        return Err(store::unfit(&report).into());
    }
    let applied = database.migrate().await?;
    run::services_without_keys(settings, database.open().await?).await?;
    if let Some(View::AuthUsers) = view {
        database.make_auth_users().await?;
    }
    console.item(&json!({ "applied": applied, "current": database.schema().await?.is_current() }))
}

async fn oauth<D: Database>(settings: &Settings, database: &D, on: bool, console: Console) -> Result<(), Failure> {
    store::bring_up_to_date(settings, database).await?;
    let live = run::services_without_keys(settings, database.open().await?).await?;
    let admin = authly_runtime::live::admin(settings, &live);
    let switched = if on { admin.resume_oauth().await } else { admin.pause_oauth().await };
    let switched = switched.map_err(refused("cannot switch OAuth"))?;
    let environment = settings.oauth.enabled;
    console.item(&json!({
        "oauth_enabled": on,
        "clients_switched": switched.clients,
        "tokens_switched": switched.tokens,
        "environment": environment,
    }))?;
    match environment {
        Some(decided) if decided != on => console.note(&format!(
            "But OAUTH_ENABLED={decided} is set here, and where a server has it, it wins over the stored switch.\n\
             Remove it from the environment or the configuration file of every node."
        )),
        _ => console.note("Every running server follows within a second, unless its environment sets OAUTH_ENABLED."),
    }
    if !on {
        console.note("The clients are off and their tokens refused. `authly-admin migrate oauth enable` restores exactly what was.");
    }
    Ok(())
}
