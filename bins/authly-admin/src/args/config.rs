//! `authly-admin config`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Report everything that is wrong with the configuration, at once
    #[command(
        after_help = "Examples:\n  authly-admin config check\n  ENVIRONMENT=production authly-admin config check --output json"
    )]
    Check,
    /// Show every setting, its value and where that came from; secrets never
    #[command(
        after_help = "Examples:\n  authly-admin config show\n  authly-admin config show --redacted --output json"
    )]
    Show {
        /// Hide secrets; they are always hidden, the option says so in scripts
        #[arg(long)]
        redacted: bool,
    },
    /// Print the reference of all settings in Markdown
    #[command(
        after_help = "Examples:\n  authly-admin config reference\n  authly-admin config reference > configuration.md"
    )]
    Reference,
    /// Print a configuration file with every setting at its default
    #[command(after_help = "Examples:\n  authly-admin config example\n  authly-admin config example > authly.toml")]
    Example,
}
