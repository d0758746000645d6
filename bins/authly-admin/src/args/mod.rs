//! The command line, as clap reads it. Every command shows two examples.

mod backup;
mod client;
mod client_fields;
mod config;
mod cutover;
mod finalize;
mod group;
mod hash;
mod import;
mod intent;
mod invite;
mod keys;
mod mail;
mod migrate;
mod parts;
mod read;
mod scope;
mod source;
mod support;
mod sync;
mod tenant;
mod user;
mod user_link;
mod write_back;

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Parser, Subcommand, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser},
};

pub(crate) use self::{
    backup::BackupCommand,
    client::ClientCommand,
    client_fields::{CreateClient, UpdateClient},
    config::ConfigCommand,
    cutover::{
        ChecklistCommand, CutoverCommand, Decision, LinkArgs, PlanArgs, QuarantineCommand, RollbackArgs, RowArgs,
        VerifyArgs,
    },
    finalize::{FinalizeCommand, WaiveArgs},
    group::{GroupCommand, MemberCommand},
    hash::HashCommand,
    import::{AtError, Choices, Effort, ImportArgs},
    intent::Intent,
    invite::{InviteArgs, LetterChoice, WhomArgs},
    keys::{KeyAlgorithm, KeysCommand},
    mail::{Dropped, MailCommand, OutboxCommand, Retried, StateChoice},
    migrate::{MigrateCommand, OAuthCommand, SchemaCommand, View},
    parts::{ApiKeyCommand, ApiKeysCommand, PartArgs, TokensCommand},
    scope::{Choice, ScopeCommand},
    source::{AssessArgs, ExportArgs, ProfileCommand, SourceArgs, VerifyPasswordArgs},
    support::SupportBundleArgs,
    sync::SyncArgs,
    tenant::{Idp, ModeChoice, PolicyCommand, TenantCommand, TenantsCommand},
    user::{CreateUser, UpdateUser, UserCommand},
    user_link::{LinkCommand, RemoveLink},
    write_back::{BackArgs, RollbackBackArgs, WriteBackArgs},
};

/// Administers an Authly installation: clients, scopes, users, tenants, keys, mails, backups and the migration.
#[derive(Debug, Parser)]
#[command(
    name = "authly-admin",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "It works on the server's own store (DATABASE_URL, or the configuration file), also beside a running server, \
        which sees a change within a second.\n\nExamples:\n  \
        authly-admin status\n  \
        DATABASE_URL=sqlite://authly-data/authly.db authly-admin client list --output json\n\n\
        Exit codes: 0 done, 1 failed, refused or cancelled, 2 partly done, 3 a gate refused, 10 a check found errors, \
        11 a check found warnings only, 64 wrong usage. With --output json standard output holds the result alone, and each \
        line of standard error is an object: warning, progress, question, and in the last line of a command that failed error, \
        with exit_code, message, why, and hint where there is one. At a terminal progress and questions stay text."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of options that every command has.
const COMMON: &str = "Common options";

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT", help_heading = COMMON)]
    pub(crate) output: Format,
    /// The configuration file (TOML), as AUTHLY_CONFIG names it
    #[arg(long, global = true, value_name = "FILE", help_heading = COMMON)]
    pub(crate) config: Option<PathBuf>,
    /// Do not ask before something is removed
    #[arg(long, short = 'y', global = true, help_heading = COMMON)]
    pub(crate) yes: bool,
    /// A log that `migrate` commands write to
    #[arg(long, global = true, value_name = "FILE", env = "MIGRATION_LOG", hide = true, value_parser = path_or_none())]
    pub(crate) migration_log: Option<PathBuf>,
    /// What the environment that is migrated is called
    #[arg(long, global = true, value_name = "NAME", env = "MIGRATION_ENV", hide = true)]
    pub(crate) migration_env: Option<String>,
}

/// A path that may be empty: a variable that is set to nothing is not set.
pub(crate) fn path_or_none() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

impl Format {
    /// What the command line asks for, whether the rest of it can be read or not.
    pub(crate) fn asked_for(arguments: impl Iterator<Item = OsString>) -> Self {
        let words: Vec<OsString> = arguments.take_while(|word| word != "--").collect();
        let after = words.windows(2).any(|two| matches!(two, [name, value] if name == "--output" && value == "json"));
        if after || words.iter().any(|word| word == "--output=json") { Self::Json } else { Self::Table }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what runs here: version, store, schema, switches and numbers
    #[command(after_help = "Examples:\n  authly-admin status\n  authly-admin status --output json")]
    Status,
    /// Tell what is still to do, in plain words
    #[command(
        after_help = "It looks at settings, schema and store, and changes nothing. Exits with 0 when nothing is left, with 10 \
        when something does not work, with 11 when something should be better.\n\nExamples:\n  \
        authly-admin doctor\n  authly-admin doctor --output json"
    )]
    Doctor,
    /// Gather what somebody who helps has to know, in one file without secrets
    #[command(
        after_help = "Settings, schema, findings of `doctor`, numbers, and how far a migration is, with its last runs and what \
        is open. It changes nothing, and works when something is broken: what cannot be had says why.\n\nExamples:\n  \
        authly-admin support-bundle\n  authly-admin support-bundle --out bundle.json --log /var/log/authly.log"
    )]
    SupportBundle(SupportBundleArgs),
    /// Register and change clients
    #[command(subcommand, arg_required_else_help = true)]
    Client(ClientCommand),
    /// Create and change scopes
    #[command(subcommand, arg_required_else_help = true)]
    Scope(ScopeCommand),
    /// Create and change users
    #[command(subcommand, arg_required_else_help = true)]
    User(UserCommand),
    /// Create and change tenants
    #[command(subcommand, arg_required_else_help = true)]
    Tenant(TenantCommand),
    /// Create and change groups, and say who is in them
    #[command(subcommand, arg_required_else_help = true)]
    Group(GroupCommand),
    /// Show and revoke API keys of an older program
    #[command(subcommand, arg_required_else_help = true)]
    ApiKey(ApiKeyCommand),
    /// Make, show and rotate keys
    #[command(subcommand, arg_required_else_help = true)]
    Keys(KeysCommand),
    /// Try the mail settings, and look after mails that wait or failed
    #[command(subcommand, arg_required_else_help = true)]
    Mail(MailCommand),
    /// Check and show the configuration
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// Make, verify and put back backups of the store
    #[command(subcommand, arg_required_else_help = true)]
    Backup(BackupCommand),
    /// Measure password hashes
    #[command(subcommand, arg_required_else_help = true)]
    Hash(HashCommand),
    /// Move from passwords to OAuth 2.1: the schema, accounts of other systems, progress, and the way back
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Environment: MIGRATION_ENV, how reports, log and questions call what is migrated (in `production`, what writes \
        asks first); MIGRATION_LOG, a file that keeps a log; DRY_RUN=true, and nothing is written; BACKUP_LOCATION, the folder of \
        `backup create`."
    )]
    Migrate(MigrateCommand),
    /// Print a script that completes commands in a shell
    #[command(
        alias = "completions",
        after_help = "Examples:\n  \
        authly-admin completion bash > /etc/bash_completion.d/authly-admin\n  \
        authly-admin completion zsh > ~/.zfunc/_authly-admin"
    )]
    Completion {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print a page of the reference in Markdown
    #[command(hide = true)]
    Reference {
        /// The page
        #[arg(value_enum)]
        page: Page,
    },
}

impl Command {
    /// Whether it only looks at the store. Such a command never makes one, and never changes one.
    pub(crate) const fn only_reads(&self) -> bool {
        match self {
            Self::Status => true,
            Self::Client(command) => matches!(command, ClientCommand::List | ClientCommand::Show { .. }),
            Self::Scope(command) => matches!(command, ScopeCommand::List | ScopeCommand::Show { .. }),
            Self::User(command) => matches!(
                command,
                UserCommand::List { .. } | UserCommand::Show { .. } | UserCommand::Link(LinkCommand::List { .. })
            ),
            Self::ApiKey(command) => matches!(command, ApiKeyCommand::List { .. }),
            Self::Keys(command) => matches!(command, KeysCommand::List),
            Self::Mail(command) => {
                matches!(command, MailCommand::Outbox(OutboxCommand::List { .. } | OutboxCommand::Show { .. }))
            }
            Self::Tenant(command) => matches!(command, TenantCommand::List { .. } | TenantCommand::Show { .. }),
            Self::Group(command) => matches!(
                command,
                GroupCommand::List { .. }
                    | GroupCommand::Show { .. }
                    | GroupCommand::Member(MemberCommand::List { .. })
            ),
            _ => false,
        }
    }
}

/// A page of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    Configuration,
    Endpoints,
    Errors,
    Cli,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_format_is_known_of_a_command_line_that_is_wrong() {
        let asked = |line: &str| Format::asked_for(line.split(' ').map(OsString::from));
        for line in ["authly-admin --output json nothing", "authly-admin client --output=json --nothing"] {
            assert_eq!(asked(line), Format::Json, "{line}");
        }
        for line in ["authly-admin status", "authly-admin --output table --json", "authly-admin x -- --output json"] {
            assert_eq!(asked(line), Format::Table, "{line}");
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_a_screen() {
        fn look(command: &mut clap::Command) {
            let help = command.clone().term_width(100).render_help().to_string();
            assert!(help.lines().count() <= 48, "{} lines:\n{help}", help.lines().count());
            command.get_subcommands_mut().for_each(look);
        }
        let mut root = Cli::command();
        root.build();
        look(&mut root);
    }

    #[test]
    fn every_command_shows_two_examples() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.is_hide_set() {
                return;
            }
            if command.get_subcommands().next().is_none() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.matches("\n  ").count() >= 2, "{path} shows fewer than two examples:\n{help}");
                let example = |line: &&str| line.starts_with("  ");
                let wide = help.lines().filter(example).find(|line| line.len() > 98);
                assert_eq!(wide, None, "{path}: a line that wraps cannot be copied");
            }
            command.get_subcommands().for_each(|inner| look(inner, &path));
        }
        look(&Cli::command(), "");
    }

    /// The words of a line as a shell reads them, without what it does with files.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
        for c in line.split(['<', '>', '|']).next().unwrap().chars() {
            match c {
                '"' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                ' ' if !quoted => words.extend(word.take()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    #[test]
    fn every_example_can_be_typed() {
        fn look(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.replace(" \\\n   ", "").lines().filter(|line| line.starts_with("  ")) {
                let Some((_, arguments)) = line.split_once("authly-admin ") else { panic!("{line}") };
                let read = Cli::command().no_binary_name(true).try_get_matches_from(words(arguments));
                if let Err(error) = read {
                    panic!("{line}\n{error}");
                }
            }
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }
}
