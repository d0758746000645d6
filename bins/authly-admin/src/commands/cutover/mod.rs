//! `authly-admin migrate import` and what belongs to it.

mod bench;
mod checklist;
mod columns;
mod finalize;
mod import;
mod installation;
mod invite;
mod link;
mod look;
mod parts;
mod plan;
mod quarantine;
mod rehearsal;
mod rollback;
pub(crate) mod switches;
mod ticker;
mod verify;
mod watch;
mod write_back;

use authly_admin_cases::migrate::{self, MigrateError, Pace};
use authly_config::Settings;
use authly_cutover::{inspect::Part, store::Lacks};
use authly_runtime::{
    Trouble, priority,
    store::{self, Database},
};
use serde_json::{Value, json};

use self::{bench::Bench, rehearsal::Stage};
use crate::{
    args::{ApiKeysCommand, CutoverCommand, Effort, TokensCommand, WhomArgs},
    commands::{assess::NAME_A_TENANT, source, support_bundle::part},
    console::Console,
    failure::Failure,
};

pub(crate) async fn run<D: Database>(
    command: CutoverCommand,
    settings: &Settings,
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    match command {
        CutoverCommand::Import(arguments) => {
            let mut settings = settings.clone();
            settings.passwords.hash_threads = arguments.workers.map(usize::from).or(settings.passwords.hash_threads);
            let settings = &settings;
            if arguments.intent.writes() {
                let steps = store::bring_up_to_date(settings, database).await?;
                let bench = bench::open(settings, database, bench::Keys::Needed).await?;
                // The store is open: whoever waits for its one writer must not wait for a thread that gives way.
                priority::give_way(arguments.nice);
                return import::run(&bench, *arguments, steps, settings, console).await;
            }
            // A dry run makes neither a store nor a key.
            match rehearsal::stage(settings, database, &arguments.source).await? {
                Stage::Store(bench) => {
                    priority::give_way(arguments.nice);
                    import::run(&bench, *arguments, Vec::new(), settings, console).await
                }
                Stage::Nothing(rehearsal, steps) => {
                    import::run(&*rehearsal, *arguments, steps, settings, console).await
                }
            }
        }
        CutoverCommand::Plan(arguments) => match rehearsal::stage(settings, database, &arguments.source).await? {
            Stage::Store(bench) => plan::run(&bench, *arguments, Vec::new(), settings, console).await,
            Stage::Nothing(rehearsal, steps) => plan::run(&*rehearsal, *arguments, steps, settings, console).await,
        },
        CutoverCommand::Status { tenant, limit, watch } => {
            let bench = match read(settings, database).await {
                Ok(bench) => bench,
                // How far the installation is can be told without a store.
                Err(failure) => return installation::without_a_store(database, failure, console).await,
            };
            let looks = look::Looks { settings, database, bench: &bench, tenant: tenant.as_deref(), limit };
            match watch {
                true => watch::status(&looks, console).await,
                false => look::status(&looks, console).await,
            }
        }
        CutoverCommand::Progress { days, tenant } => {
            look::progress(&read(settings, database).await?, tenant.as_deref(), days, console).await
        }
        CutoverCommand::Pending { old_hash, tenant, limit, csv } => {
            let form = if csv { look::Form::Csv } else { look::Form::AsAsked };
            let lacks = if old_hash { Lacks::OwnHash } else { Lacks::Completion };
            look::pending(&read(settings, database).await?, lacks, tenant.as_deref(), limit, form, console).await
        }
        CutoverCommand::Quarantine(command) => {
            let bench = read_or_open(settings, database, command.only_reads(), bench::Keys::Useless).await?;
            quarantine::run(&bench, command, console).await
        }
        CutoverCommand::Rollback(arguments) => {
            let dry = !arguments.intent.writes();
            let bench = read_or_open(settings, database, dry, bench::Keys::Needed).await?;
            rollback::run(&bench, *arguments, settings, console).await
        }
        CutoverCommand::Tokens(TokensCommand::Import(arguments)) => {
            let dry = !arguments.intent.writes();
            let bench = read_or_open(settings, database, dry, bench::Keys::Useless).await?;
            parts::run(&bench, Part::Tokens, *arguments, settings, console).await
        }
        CutoverCommand::ApiKeys(ApiKeysCommand::Import(arguments)) => {
            let dry = !arguments.intent.writes();
            let bench = read_or_open(settings, database, dry, bench::Keys::Useless).await?;
            parts::run(&bench, Part::ApiKeys, *arguments, settings, console).await
        }
        CutoverCommand::WriteBack(arguments) => {
            let dry = !arguments.intent.writes();
            let bench = read_or_open(settings, database, dry, bench::Keys::Useless).await?;
            write_back::run(&bench, *arguments, settings, console).await
        }
        CutoverCommand::Verify(arguments) => {
            // It notes what it found, and makes nothing.
            verify::run(&read(settings, database).await?, &arguments, settings, console).await
        }
        CutoverCommand::Link { row, subject, profile, source } => {
            if let Some(of) = source::optional(profile, source, Some(row.source_name.clone()))? {
                link::must_be_there(&of, &row, settings).await?;
                let bench = open(settings, database, bench::Keys::Needed).await?;
                return link::link(&bench, &row, &subject, link::Row::Found, console).await;
            }
            let bench = open(settings, database, bench::Keys::Needed).await?;
            link::link(&bench, &row, &subject, link::Row::NotLookedFor, console).await
        }
        CutoverCommand::Unlink(row) => {
            let bench = open(settings, database, bench::Keys::Useless).await?;
            link::unlink(&bench, &row, console).await
        }
        CutoverCommand::Invite(arguments) => {
            let bench = for_letters(settings, database, &arguments.whom).await?;
            invite::run(&bench, invite::Ask::Invite(arguments.letter), arguments.whom, settings, console).await
        }
        CutoverCommand::Remind(whom) => {
            let bench = for_letters(settings, database, &whom).await?;
            invite::run(&bench, invite::Ask::Remind, *whom, settings, console).await
        }
        CutoverCommand::Checklist { command: None } => {
            let bench = read(settings, database).await?;
            checklist::run(settings, database, &bench, console).await
        }
        CutoverCommand::Checklist { command: Some(command) } => {
            let bench = open(settings, database, bench::Keys::Useless).await?;
            checklist::confirm(&bench, command, console).await
        }
        CutoverCommand::Finalize(command) => finalize::run(command, settings, database, console).await,
    }
}

/// How hard something works.
const fn pace(effort: Effort) -> Pace {
    match effort {
        Effort::Gentle => Pace::Gentle,
        Effort::Full => Pace::Full,
    }
}

/// The tools for letters: they are sealed where they are written.
async fn for_letters<D: Database>(
    settings: &Settings,
    database: &D,
    whom: &WhomArgs,
) -> Result<Bench<D::Store>, Failure> {
    if whom.intent.writes() {
        open(settings, database, bench::Keys::Needed).await
    } else {
        read(settings, database).await
    }
}

/// The tools for a command that only looks, or for one that writes.
async fn read_or_open<D: Database>(
    settings: &Settings,
    database: &D,
    only_reads: bool,
    keys: bench::Keys,
) -> Result<Bench<D::Store>, Failure> {
    match (only_reads, keys) {
        (false, keys) => open(settings, database, keys).await,
        (true, bench::Keys::Needed) => read_with(settings, database, bench::Keys::IfThere).await,
        (true, keys) => read_with(settings, database, keys).await,
    }
}

/// The tools over the store, which is brought up to date first.
async fn open<D: Database>(settings: &Settings, database: &D, keys: bench::Keys) -> Result<Bench<D::Store>, Failure> {
    store::bring_up_to_date(settings, database).await?;
    bench::open(settings, database, keys).await
}

/// What a bundle for support says about the migration: how far it is, its last runs, the steps, and what is open.
pub(crate) async fn support<D: Database>(settings: &Settings, database: &D) -> Value {
    let bench = match read(settings, database).await {
        Ok(bench) => bench,
        Err(failure) => return part::<()>(Err(failure)),
    };
    let told = |what| move |error| part::<()>(Err(stopped(what)(error)));
    let around = checklist::surroundings(settings, database, &bench).await;
    let steps = match around {
        Ok(around) => migrate::checklist(&bench, &around)
            .await
            .map_or_else(told("cannot compute the checklist"), |list| json!(list)),
        Err(failure) => part::<()>(Err(failure)),
    };
    let status = migrate::status(&bench, None, migrate::OAuthSwitch::On).await;
    json!({
        "overall": status.map_or_else(told("cannot tell where the migration stands"), |status| json!(status.overall)),
        "runs": migrate::runs(&bench, None, 20).await.map_or_else(told("cannot list the runs"), |runs| json!(runs)),
        "conditions": migrate::gate(&bench).await.map_or_else(told("cannot judge the gate"), |gate| json!(gate)),
        "steps": steps,
    })
}

/// The tools for commands that only look: they neither make a store nor change one.
async fn read<D: Database>(settings: &Settings, database: &D) -> Result<Bench<D::Store>, Failure> {
    read_with(settings, database, bench::Keys::Useless).await
}

async fn read_with<D: Database>(
    settings: &Settings,
    database: &D,
    keys: bench::Keys,
) -> Result<Bench<D::Store>, Failure> {
    store::must_be_up_to_date(settings, database).await?;
    bench::open(settings, database, keys).await
}

/// Turns what stopped a migration into words; `what` is what could not be done.
fn stopped(what: &'static str) -> impl FnOnce(MigrateError) -> Failure {
    move |error| {
        let remedy = match &error {
            MigrateError::Busy { .. } => "wait for its end, or 30 seconds after its last sign of life, and try again",
            MigrateError::Fenced => "`authly-admin migrate status` shows the run",
            MigrateError::Hashes(_) => "try again in a moment",
            MigrateError::Ledger(_) => "set the SECRET_ENCRYPTION_KEY that the import ran with",
            MigrateError::NoTenant { .. } => NAME_A_TENANT,
            MigrateError::NotFound { what: "tenant", .. } => {
                "`authly-admin migrate status` lists the tenants that are here"
            }
            MigrateError::NotFound { what: "waiting row", .. } => {
                "`authly-admin migrate quarantine list` shows all that wait"
            }
            MigrateError::NotFound { what: "link", .. } => {
                "check --source-name and --source-id; the row may be unlinked already"
            }
            MigrateError::NotFound { what: "run", .. } => {
                "`authly-admin migrate status --output json` shows the last one"
            }
            MigrateError::NotFound { .. } => "check the name",
            MigrateError::NotImported { .. } => {
                "name an account as `authly-admin user list --contains TEXT` shows it, or import the row first"
            }
            MigrateError::Over(_) => "`authly-admin migrate finalize undo` takes that back first",
            MigrateError::Refused(_) | MigrateError::Step(_) => "",
            MigrateError::Source(_) => {
                "check the source and the profile; what is written so far stays, and the next run goes on"
            }
            MigrateError::Store(_) => {
                "check that the database answers, and `authly-admin migrate schema status`; the next run goes on"
            }
        };
        Trouble::new(what, error, remedy).into()
    }
}
