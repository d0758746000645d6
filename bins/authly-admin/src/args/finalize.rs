//! `authly-admin migrate finalize`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Idp, WriteBackArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum FinalizeCommand {
    /// Show every condition with what was measured; exits with 3 while one is not met
    #[command(after_help = "Examples:\n  authly-admin migrate finalize check\n  \
        authly-admin migrate finalize check --waive waived.txt --output json")]
    Check(WaiveArgs),
    /// Close the old doors for good: accounts that completed are on OAuth alone, old tokens go into an archive
    #[command(
        after_help = "Shows what will happen and asks for the word yes. Exits with 3, and changes nothing, while a condition is not \
        met. The old JSON doors then answer 410 and the password grant unsupported_grant_type, on all nodes within a second; \
        pages stay. Ctrl-C or a crash loses nothing: the same command goes on.\n\nExamples:\n  \
        authly-admin migrate finalize execute\n  \
        authly-admin migrate finalize execute --waive waived.txt --grace-days 90 --yes"
    )]
    Execute {
        #[command(flatten)]
        waive: WaiveArgs,
        /// How many days what is removed is kept for `undo`
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=3_650))]
        grace_days: u32,
        /// Where people sign in: at a provider elsewhere, those with an id there keep no password here
        #[arg(long, value_enum, default_value_t = Idp::Authly)]
        idp: Idp,
    },
    /// Take it back: tokens, accounts and doors are as they were before, until the archive is purged
    #[command(after_help = "Tokens of people who set a new password since stay dead.\n\nExamples:\n  \
        authly-admin migrate finalize undo\n  authly-admin migrate finalize undo --yes")]
    Undo,
    /// Drop what the application's own table keeps for passwords and for the migration; shown only, unless --execute
    #[command(
        after_help = "For profiles with `[write_back]`, in PostgreSQL, once `finalize execute` is done. The statements are shown; what \
        stands in the columns goes into the archive first, sealed. The application itself must not need the columns any more: \
        switch its own sign-in by password off before. Refused where the columns could not be brought back as they were \
        (something else depends on them, SQLite). The database's user must own the table; \
        AUTHLY_SOURCE or --source says where it is.\n\nExamples:\n  \
        authly-admin migrate finalize drop-columns --profile tenants\n  \
        authly-admin migrate finalize drop-columns --profile tenants --execute"
    )]
    DropColumns(Box<WriteBackArgs>),
    /// Bring them back: columns, values, rules, indexes and rights as they were
    #[command(
        after_help = "Before `finalize undo`, and until the archive is purged. Rows that came since have what a new row has. \
        AUTHLY_SOURCE or --source says where the database is.\n\n\
        Examples:\n  \
        authly-admin migrate finalize restore-columns --source-name tenants\n  \
        authly-admin migrate finalize restore-columns --source-name tenants --yes --output json"
    )]
    RestoreColumns {
        /// What the source is called
        #[arg(long, value_name = "NAME")]
        source_name: String,
        /// The application's database, with the user who owns the table
        #[arg(long, value_name = "ADDRESS", env = "AUTHLY_SOURCE", hide_env_values = true)]
        source: Option<String>,
        /// The same; goes before --source
        #[arg(long, value_name = "ADDRESS", env = "AUTHLY_WRITE_BACK", hide_env_values = true)]
        write_to: Option<String>,
    },
    /// Delete for good what was removed; refused with 3 before the grace period is over
    #[command(
        after_help = "Examples:\n  authly-admin migrate finalize purge\n  authly-admin migrate finalize purge --yes --output json"
    )]
    Purge,
    /// Write down what becomes of accounts that are switched off or deleted and never completed
    #[command(
        after_help = "They stay as they are: the decision is yours, and the gate only asks that there is one.\n\nExamples:\n  \
        authly-admin migrate finalize decide-inactive \"stay switched off\"\n  \
        authly-admin migrate finalize decide-inactive \"left the company; kept for the records\""
    )]
    DecideInactive {
        /// What becomes of them, in a line
        decision: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WaiveArgs {
    /// Accounts for which nobody waits: in each line the key of a row, an e-mail address or an id, and why
    #[arg(long, value_name = "FILE")]
    pub(crate) waive: Option<PathBuf>,
}
