//! The arguments of an import, and those that a plan has of them.

use std::path::PathBuf;

use authly_cutover::profile::rules::Inactive;
use clap::{Args, ValueEnum};

use super::{BackArgs, Intent, SourceArgs};

/// Which rows, and how.
#[derive(Debug, Args)]
pub(crate) struct Choices {
    /// Only people of this tenant
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// At most so many rows of the source, in the order of their keys
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Only rows that changed since the last finished import, or while it ran
    #[arg(long)]
    pub(crate) since_watermark: bool,
    /// Put a strong hash around weak digests at once, not only at a sign-in
    #[arg(long)]
    pub(crate) wrap_weak: bool,
    /// What switched off accounts become: `disabled` or `pending`
    ///
    /// They are switched off in the source. Pending ones may switch themselves on by verifying their address. It holds for later
    /// imports of that source too, until another word is said; accounts that are here already stay as they are. If not given, the
    /// profile says (`disabled`, unless it is authly).
    #[arg(long, value_enum, value_name = "AS", hide_possible_values = true)]
    pub(crate) inactive_as: Option<InactiveAs>,
}

/// What accounts become that are switched off in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InactiveAs {
    /// They stay switched off
    Disabled,
    /// They may switch themselves on by verifying their address
    Pending,
}

impl From<InactiveAs> for Inactive {
    fn from(said: InactiveAs) -> Self {
        match said {
            InactiveAs::Disabled => Self::Disabled,
            InactiveAs::Pending => Self::PendingVerification,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) choices: Choices,
    #[command(flatten)]
    pub(crate) back: BackArgs,
    #[command(flatten)]
    pub(crate) intent: Intent,
    /// Refuse if the source has changed since this plan was made
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// The most rows of a batch, which is written as a whole
    ///
    /// Into SQLite go as many at a time as fit into 4 ms, so that sign-ins hardly wait; into PostgreSQL at a gentle pace 100.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) batch: u32,
    /// At most so many rows a second, to spare the source
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_rate: Option<u32>,
    /// `gentle`, while nobody else needs a processor, or `full`
    ///
    /// Gently it works in pieces of some milliseconds, and looks before each whether somebody else wants a processor. While people
    /// sign in it rests besides, so that they do not notice: 100,000 rows take some minutes then. With a database on another machine
    /// it rests for a fifth of the time instead, and for three quarters while people sign in. At full pace it never waits, and its
    /// pieces are larger: for when nobody signs in.
    #[arg(long, value_enum, value_name = "PACE", hide_possible_values = true, default_value_t = Effort::Gentle)]
    pub(crate) pace: Effort,
    /// How far it gives way to other work on this machine, 0 to 19
    ///
    /// 0 is not at all, 19 is wherever somebody else wants the processor.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u8).range(0..=19))]
    pub(crate) nice: u8,
    /// Threads that wrap weak digests; if not given, one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) workers: Option<u8>,
    /// At a row that waits: `stop`, or `quarantine` it
    ///
    /// A row that waits for a decision is set aside and the import goes on, or the import stops before it.
    #[arg(long, value_enum, value_name = "ACT", hide_possible_values = true, default_value_t = AtError::Quarantine)]
    pub(crate) on_error: AtError,
}

/// What happens at a row that waits for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AtError {
    /// The import stops before it
    Stop,
    /// It is set aside, and the import goes on
    Quarantine,
}

/// How hard an import or a rollback works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Effort {
    /// In small pieces, while nobody else needs a processor
    Gentle,
    /// As fast as it can
    Full,
}
