//! `authly-admin mail`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// The state of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateChoice {
    Queued,
    Sending,
    Sent,
    Unknown,
    Failed,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Send a mail now, to try the settings
    #[command(after_help = "Examples:\n  \
        authly-admin mail test --to ada@example.com\n  \
        authly-admin mail test --to ada@example.com --outbox /tmp/mails")]
    Test {
        /// Where it goes
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// Write it into this folder as an .eml file instead
        #[arg(long, value_name = "DIR")]
        outbox: Option<PathBuf>,
        /// The language, as a tag
        #[arg(long, default_value = "en", value_name = "TAG")]
        language: String,
    },
    /// Look after the mails that wait, failed, or may or may not have arrived
    #[command(subcommand, arg_required_else_help = true)]
    Outbox(OutboxCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List mails, newest first
    #[command(
        after_help = "Examples:\n  authly-admin mail outbox list\n  authly-admin mail outbox list --state unknown --output json"
    )]
    List {
        /// Only those in this state
        #[arg(long, value_enum)]
        state: Option<StateChoice>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show a mail; its content, which may hold a link, is not shown
    #[command(after_help = "Examples:\n  \
        authly-admin mail outbox show 0193a1b2-0000-7000-8000-000000000000\n  \
        authly-admin mail outbox show 0193a1b2-0000-7000-8000-000000000000 --output json")]
    Show {
        /// Its id
        id: String,
    },
    /// Queue mails again; one that is unknown may then arrive twice, under the same Message-ID
    #[command(
        after_help = "Nothing is queued where one of the ids is unknown. Exits with 2 where some stayed as they were.\n\nExamples:\n  \
        authly-admin mail outbox retry 0193a1b2-0000-7000-8000-000000000000\n  \
        authly-admin mail outbox retry --state failed"
    )]
    Retry {
        #[command(flatten)]
        which: Which<Retried>,
    },
    /// Remove mails, after a question; what was not sent then never is
    #[command(
        after_help = "Nothing is removed where one of the ids is unknown; `list` shows what would be. An account whose invitation is \
        removed unsent may be invited again. Exits with 2 where some stayed as they were.\n\nExamples:\n  \
        authly-admin mail outbox drop 0193a1b2-0000-7000-8000-000000000000\n  \
        authly-admin mail outbox drop --state failed --yes"
    )]
    Drop {
        #[command(flatten)]
        which: Which<Dropped>,
    },
}

/// Which mails.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Which<S: ValueEnum + Send + Sync + 'static> {
    /// Their ids
    #[arg(value_name = "ID", required_unless_present = "state", conflicts_with = "state")]
    pub(crate) ids: Vec<String>,
    /// All that are in this state
    #[arg(long, value_enum)]
    pub(crate) state: Option<S>,
}

/// The states in which a mail can be queued again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Retried {
    Queued,
    Unknown,
    Failed,
}

/// The states in which a mail can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dropped {
    Queued,
    Sent,
    Unknown,
    Failed,
}
