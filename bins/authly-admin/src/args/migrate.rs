//! `authly-admin migrate`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{
    AssessArgs, CutoverCommand, ExportArgs, PolicyCommand, ProfileCommand, TenantsCommand, VerifyPasswordArgs,
};

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// What a source looks like: print a profile, or check one
    #[command(subcommand, arg_required_else_help = true)]
    Profile(ProfileCommand),
    /// Look at every row of a source, and tell what a migration will meet
    #[command(
        after_help = "Reads in one snapshot and writes nothing. Exits with 10 when rows cannot become accounts before somebody \
        decides, with 11 when something would be lost, with 0 otherwise.\n\nExamples:\n  \
        authly-admin migrate assess --profile legacy-users --source sqlite:old.db\n  \
        authly-admin migrate assess --profile tenants --rows email_taken --output json"
    )]
    Assess(AssessArgs),
    /// Ask whether a password verifies against the hash of a row
    #[command(after_help = "A hash that nobody can verify is told apart from a wrong password.\n\nExamples:\n  \
        authly-admin migrate verify-password --profile legacy-users --source sqlite:old.db --source-id 7\n  \
        authly-admin migrate verify-password --profile authly --source-id ID --password-stdin < password")]
    VerifyPassword(VerifyPasswordArgs),
    /// Write the accounts of a source that no identity provider knows, as NDJSON
    #[command(after_help = "In order of tenants and addresses. No account gives no line.\n\nExamples:\n  \
        authly-admin migrate export --profile tenants --source postgresql://reader@db/shop\n  \
        authly-admin migrate export --profile tenants --tenant acme --out acme.ndjson")]
    Export(ExportArgs),
    #[command(flatten)]
    Cutover(CutoverCommand),
    /// Report settings, features, tables and numbers before anything is changed
    #[command(after_help = "No secret is in it: passwords are masked, keys are SET or NOT SET.\n\nExamples:\n  \
        authly-admin migrate audit\n  authly-admin migrate audit --out migration_config_audit.txt")]
    Audit {
        /// Write the report into this file instead
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "migration_config_audit.txt")]
        out: Option<PathBuf>,
        /// Count by this profile's definition of an active account
        #[arg(long, value_name = "NAME|FILE")]
        profile: Option<String>,
        /// Where the tables of the profile are; the configured database if not given
        #[arg(long, value_name = "ADDRESS", env = "AUTHLY_SOURCE", hide_env_values = true)]
        source: Option<String>,
    },
    /// The schema of the database
    #[command(subcommand, arg_required_else_help = true)]
    Schema(SchemaCommand),
    /// Tenants: bring their groups into step, and confirm that one has moved
    #[command(subcommand, arg_required_else_help = true)]
    Tenants(TenantsCommand),
    /// Who still comes by which way, by client or tenant, and since when
    #[command(after_help = "Examples:\n  \
        authly-admin migrate usage\n  \
        authly-admin migrate usage --days 90 --output json")]
    Usage {
        /// The days to look at, today among them
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// Which ways to sign in are open, for everybody or for a tenant
    #[command(subcommand, arg_required_else_help = true)]
    Policy(PolicyCommand),
    /// Create the default scopes and the client that a migration is tried with
    #[command(
        after_help = "The client is `migration-test-client`; its secret is shown once, when it is created.\n\nExamples:\n  \
        authly-admin migrate seed\n  authly-admin migrate seed --output json"
    )]
    Seed,
    /// Try a running server as its clients do, and measure it: people are made for it and removed again
    #[command(
        after_help = "In order: compatibility, OAuth, command line, performance, security. It sends some 300 requests to that \
        address alone, and uses up the sign-in limit of this machine for a minute. Its password grants are counted apart, as `check`: \
        the 30 quiet days before the end go on. Exits with 10 when a part fails.\n\nExamples:\n  \
        authly-admin migrate validate\n  authly-admin migrate validate --url http://127.0.0.1:8000 --output json"
    )]
    Validate {
        /// The server: scheme, host and port [default: the issuer]
        #[arg(long, value_name = "URL", value_parser = server)]
        url: Option<url::Url>,
    },
    /// OAuth with all its clients: on or off, on all nodes within a second
    #[command(subcommand, arg_required_else_help = true)]
    Oauth(OAuthCommand),
}

/// Without a scheme, `localhost:8000` would be an address of the scheme `localhost`.
fn server(text: &str) -> Result<url::Url, String> {
    let parsed = url::Url::parse(text).ok();
    parsed
        .filter(|url| matches!(url.scheme(), "https" | "http"))
        .ok_or_else(|| "write scheme, host and port, as https://auth.example.com or http://127.0.0.1:8000".to_owned())
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
        after_help = "Examples:\n  authly-admin migrate schema up\n  authly-admin migrate schema up --view auth_users"
    )]
    Up {
        /// Make this view too, for applications that know accounts by its names (PostgreSQL)
        #[arg(long, value_enum, value_name = "VIEW")]
        view: Option<View>,
    },
    /// Compare the schema with what it should be, by name and definition, and touch nothing
    #[command(
        after_help = "Before the steps are applied it tells whether the database is fit for them, afterwards every table, \
        column, constraint, index and trigger that is missing, not valid or different. Exits with 0 when all is as it should be, \
        with 11 when steps are pending, with 10 otherwise.\n\nExamples:\n  \
        authly-admin migrate schema verify\n  authly-admin migrate schema verify --output json"
    )]
    Verify,
}

/// A view for other applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum View {
    #[value(name = "auth_users")]
    AuthUsers,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OAuthCommand {
    /// Let the OAuth endpoints answer again, with every client and token as it was
    #[command(
        after_help = "Examples:\n  authly-admin migrate oauth enable\n  authly-admin migrate oauth enable --output json"
    )]
    Enable,
    /// Let the OAuth endpoints answer 404, and switch every client off; the password login stays
    #[command(
        after_help = "Examples:\n  authly-admin migrate oauth disable\n  authly-admin migrate oauth disable --output json"
    )]
    Disable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_with_its_scheme() {
        assert_eq!(server("http://127.0.0.1:8000").unwrap().as_str(), "http://127.0.0.1:8000/");
        for wrong in ["localhost:8000", "auth.example.com", "ftp://a.example", ""] {
            assert!(server(wrong).is_err_and(|why| why.contains("scheme, host and port")), "{wrong}");
        }
    }
}
