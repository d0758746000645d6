//! `authly-admin migrate`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// The schema of the database
    #[command(subcommand, arg_required_else_help = true)]
    Schema(SchemaCommand),
    /// The OAuth endpoints: on or off, on all nodes within a second
    #[command(subcommand, arg_required_else_help = true)]
    Oauth(OAuthCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Show whether the schema is up to date
    #[command(
        after_help = "Examples:\n  authly-admin migrate schema status\n  authly-admin migrate schema status --output json"
    )]
    Status,
    /// Bring the schema up to date; a database of the program before is adopted with all its data
    #[command(
        after_help = "Examples:\n  authly-admin migrate schema up\n  authly-admin migrate schema up --output json"
    )]
    Up,
    /// Check that the database is fit to be brought up to date, and touch nothing
    #[command(
        after_help = "Examples:\n  authly-admin migrate schema verify\n  authly-admin migrate schema verify --output json"
    )]
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OAuthCommand {
    /// Let the OAuth endpoints answer
    #[command(
        after_help = "Examples:\n  authly-admin migrate oauth enable\n  authly-admin migrate oauth enable --output json"
    )]
    Enable,
    /// Let the OAuth endpoints answer 404; the password login stays
    #[command(
        after_help = "Examples:\n  authly-admin migrate oauth disable\n  authly-admin migrate oauth disable --output json"
    )]
    Disable,
}
