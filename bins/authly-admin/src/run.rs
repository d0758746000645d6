//! From a parsed command line to the command: with the store, with the settings alone, or with nothing.

use std::{path::PathBuf, sync::Arc};

use authly_config::{Problem, Report, Settings};
use authly_runtime::{
    AnyStore, Live, Trouble, development,
    keys::{self, Missing, Sealer},
    live,
    store::{self, Database, Visitor},
    uniqueness,
};
use clap::CommandFactory as _;
use serde_json::Value;

use crate::{
    args::{Cli, Command, Global, KeysCommand, MailCommand, MigrateCommand, UserCommand},
    commands,
    console::Console,
    environment,
    failure::{Failure, refused},
    journal::{self, Level},
    reference,
};

/// Runs the command; what a migration does stands in its log, where there is one.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    if !matches!(cli.command, Command::Migrate(_)) {
        return command(cli);
    }
    environment::enter(cli.global.migration_env.as_deref());
    let log = cli.global.migration_log.as_ref().filter(|log| !log.as_os_str().is_empty());
    let Some(log) = log else { return command(cli) };
    journal::open(log)?;
    let name = name(std::env::args());
    let place = environment::name().map(|place| format!(" in {place}")).unwrap_or_default();
    journal::write(Level::Info, &format!("{name}: begins{place}"));
    let done = command(cli);
    match &done {
        Ok(()) => journal::write(Level::Info, &format!("{name}: done")),
        Err(failure) => journal::write(failure.level(), &format!("{name}: ends with {}", failure.in_a_line())),
    }
    done
}

/// The words of the command, without options: an address may hold a password.
fn name(arguments: impl Iterator<Item = String>) -> String {
    let (mut command, mut words) = (Cli::command(), Vec::new());
    for word in arguments.skip(1) {
        if let Some(inner) = command.find_subcommand(&word).cloned() {
            (command, words) = (inner, [words, vec![word]].concat());
        }
    }
    words.join(" ")
}

fn command(cli: Cli) -> Result<(), Failure> {
    let console = Console { format: cli.global.output, yes: cli.global.yes };
    match cli.command {
        Command::Completion { shell } => commands::completion::run(shell, console),
        Command::Reference { page } => console.raw(&reference::page(page)),
        Command::Hash(command) => runtime()?.block_on(commands::hash::run(command, console)),
        Command::Keys(KeysCommand::Generate { out }) => commands::keys::generate(out.as_deref(), console),
        Command::Config(command) => commands::config::run(&report(&cli.global), &command, console),
        command => {
            let (settings, doubts) = settings(&cli.global)?;
            let config = cli.global.config.clone();
            let configuration = serde_json::to_value(report(&cli.global).rows()).unwrap_or_default();
            runtime()?.block_on(store::visit(
                &settings,
                Task { command, console, settings: &settings, configuration, config, doubts },
            ))?
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Trouble::caused("cannot start", &error, "").into())
}

fn report(global: &Global) -> Report {
    let file = global.config.as_ref().map(|path| ("AUTHLY_CONFIG".to_owned(), path.display().to_string()));
    authly_config::from_process_with(file).judged(authly_runtime::upstream::objections)
}

/// The settings, as the server has them.
fn settings(global: &Global) -> Result<(Settings, Vec<Problem>), Failure> {
    let (settings, doubts) = report(global).into_result().map_err(|invalid| {
        let remedy = "correct them; `authly-admin config check` tells whether anything is left";
        Trouble::new("cannot use the configuration", invalid, remedy)
    })?;
    if settings.admin.cli_enabled {
        return Ok((settings, doubts));
    }
    let remedy = "use the admin API, or set ADMIN_CLI_ENABLED=true for this command";
    Err(Trouble::new("will not work on this store", "ADMIN_CLI_ENABLED is false", remedy).into())
}

/// A command that needs the store.
struct Task<'a> {
    command: Command,
    console: Console,
    settings: &'a Settings,
    /// Every setting with its origin, secrets masked.
    configuration: Value,
    /// The configuration file, as `--config` names it.
    config: Option<PathBuf>,
    /// What is doubtful about the settings.
    doubts: Vec<Problem>,
}

impl Visitor for Task<'_> {
    type Output = Result<(), Failure>;

    async fn visit<D: Database>(self, database: D) -> Self::Output {
        let Self { command, console, settings, configuration, config, doubts } = self;
        let command = match command {
            // Nothing is read or written: this works before there is a store.
            Command::Mail(MailCommand::Test { to, outbox, language }) => {
                return commands::mail::test(settings, &to, outbox, language, console).await;
            }
            Command::Backup(command) => {
                let file = config.or_else(|| std::env::var_os(authly_config::CONFIG_FILE).map(PathBuf::from));
                let configuration = commands::backup::Configuration { settings: configuration, file };
                return commands::backup::run(command, settings, configuration, &database, console).await;
            }
            Command::SupportBundle(arguments) => {
                return commands::support_bundle::run(arguments, settings, configuration, &doubts, &database, console)
                    .await;
            }
            Command::Doctor => return commands::doctor::run(settings, &doubts, &database, console).await,
            Command::Migrate(MigrateCommand::Validate { url }) => {
                return commands::validate::run(settings, &database, url, config, console).await;
            }
            Command::Migrate(command) => {
                return commands::migrate::run(command, settings, &database, console).await;
            }
            other => other,
        };
        if command.only_reads() {
            store::must_be_up_to_date(settings, &database).await?;
        } else {
            store::bring_up_to_date(settings, &database).await?;
        }
        let live = services(settings, database.open().await?, &command).await?;
        let admin = live::admin(settings, &live);
        if matches!(command, Command::User(_)) && !command.only_reads() {
            uniqueness::settle(settings, &admin).await?;
        }
        match command {
            Command::Status => commands::status::run(&admin, settings, &database, console).await,
            Command::Client(command) => commands::client::run(&admin, command, console).await,
            Command::Scope(command) => commands::scope::run(&admin, command, console).await,
            Command::User(UserCommand::ResetLink { user }) => {
                commands::mail::reset_link(&admin, settings, &user, console).await
            }
            Command::User(UserCommand::Link(command)) => {
                commands::user_link::run(&admin, settings, command, console).await
            }
            Command::User(command) => commands::user::run(&admin, command, console).await,
            Command::Mail(MailCommand::Outbox(command)) => commands::outbox::run(&admin, command, console).await,
            Command::Mail(MailCommand::Test { .. }) => Ok(()),
            Command::Tenant(command) => commands::tenant::run(&admin, command, console).await,
            Command::Group(command) => commands::group::run(&admin, command, console).await,
            Command::ApiKey(command) => commands::api_key::run(&admin, command, console).await,
            Command::Keys(command) => commands::keys::run(&admin, &live, command, console).await,
            Command::Backup(_)
            | Command::Config(_)
            | Command::Doctor
            | Command::Hash(_)
            | Command::Migrate(_)
            | Command::SupportBundle(_)
            | Command::Completion { .. }
            | Command::Reference { .. } => Ok(()),
        }
    }
}

/// The services that commands need: the same as the server's, on the same store.
///
/// Only commands that seal or open keys ask for the encryption key; the others work on machines that do not have it.
async fn services<S: AnyStore>(settings: &Settings, store: S, command: &Command) -> Result<Arc<Live<S>>, Failure> {
    let records = store.load_without_tenants().await;
    let records = records.map_err(|error| Trouble::caused("cannot read the store", &error, "check DATABASE_URL"))?;
    if let Command::User(UserCommand::Create(_)) = command {
        development::enter_before_the_first_user(settings, &store, &records).await?;
    }
    let sealer = match command {
        Command::Keys(KeysCommand::Import { .. } | KeysCommand::Rotate { .. } | KeysCommand::Rewrap) => {
            let missing = if records.keys.is_empty() { Missing::Make } else { Missing::Refuse };
            let sealer = keys::sealer(settings, missing)?;
            keys::check(&sealer, &records.keys)?;
            sealer
        }
        _ => keys::useless_sealer(),
    };
    administration(settings, store, sealer, records.scopes.is_empty() && !command.only_reads()).await
}

/// The services for the commands that bring a store into shape.
pub(crate) async fn services_without_keys<S: AnyStore>(settings: &Settings, store: S) -> Result<Arc<Live<S>>, Failure> {
    administration(settings, store, keys::useless_sealer(), true).await
}

/// The services over a store that is taken as it is.
pub(crate) fn services_as_they_are<S: AnyStore>(settings: &Settings, store: S) -> Result<Arc<Live<S>>, Failure> {
    Ok(Arc::new(Live::for_administration(settings, store, keys::useless_sealer())?))
}

/// The default scopes come with the tables, so that clients can be registered before the server's first start.
async fn administration<S: AnyStore>(
    settings: &Settings,
    store: S,
    sealer: Sealer,
    seed: bool,
) -> Result<Arc<Live<S>>, Failure> {
    let live = Arc::new(Live::for_administration(settings, store, sealer)?);
    if seed {
        let seeded = live::admin(settings, &live).seed_scopes().await;
        seeded.map_err(refused("cannot create the default scopes"))?;
    }
    Ok(live)
}
