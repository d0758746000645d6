//! What is written into the application's own table, where an operator asks for it.

use clap::Args;

use super::{Intent, SourceArgs};

/// The heading of options about the application's own table.
const APPLICATION: &str = "The application's own table";

/// Whether the application's own table is kept in step.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct BackArgs {
    /// Keep the columns of `[write_back]` in the application's own table in step: missing ones are added, nothing is taken away
    #[arg(long, help_heading = APPLICATION)]
    pub(crate) write_back: bool,
    /// The address with a user who may write; that of the source if not given
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "AUTHLY_WRITE_BACK",
        hide_env_values = true,
        help_heading = APPLICATION
    )]
    pub(crate) write_to: Option<String>,
}

/// Bring the application's own table into step.
#[derive(Clone, Debug, Args)]
pub(crate) struct WriteBackArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) intent: Intent,
    /// The address with a user who may write; that of the source if not given
    #[arg(long, value_name = "ADDRESS", env = "AUTHLY_WRITE_BACK", hide_env_values = true)]
    pub(crate) write_to: Option<String>,
}

/// Which application's table a rollback writes back to.
#[derive(Clone, Debug, Args)]
pub(crate) struct RollbackBackArgs {
    #[command(flatten)]
    pub(crate) back: BackArgs,
    /// The profile that the accounts were imported with; needed by --write-back
    #[arg(long, value_name = "NAME|FILE", help_heading = APPLICATION, requires = "write_back")]
    pub(crate) profile: Option<String>,
    /// The source's name, if it has one of its own
    #[arg(long, value_name = "NAME", help_heading = APPLICATION, requires = "write_back")]
    pub(crate) source_name: Option<String>,
    /// The application's database
    #[arg(long, value_name = "ADDRESS", env = "AUTHLY_SOURCE", hide_env_values = true, help_heading = APPLICATION)]
    pub(crate) source: Option<String>,
}

impl RollbackBackArgs {
    /// The source whose table is written, if one is to be.
    pub(crate) fn source(&self) -> Option<Result<SourceArgs, &'static str>> {
        let of = |profile: &String| SourceArgs {
            profile: profile.clone(),
            source: self.source.clone(),
            source_name: self.source_name.clone(),
        };
        let named = self.profile.as_ref().map(of);
        self.back.write_back.then(|| named.ok_or("--write-back needs --profile, which names the columns"))
    }
}
