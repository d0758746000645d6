//! `authly-admin hash`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum HashCommand {
    /// Measure this machine, and propose parameters for new password hashes
    #[command(
        after_help = "Run it on the machine of the server, while that is idle. Existing hashes verify as before, and are \
        made anew at the next sign-in.\n\nExamples:\n  \
        authly-admin hash calibrate\n  authly-admin hash calibrate --target-ms 60 --output json"
    )]
    Calibrate {
        /// How long one hash may take
        #[arg(long, value_name = "MS", default_value_t = 80, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        target_ms: u64,
    },
}
