//! What hangs on imported accounts: tokens and API keys.

use clap::{Args, Subcommand};

use super::{Effort, Intent, SourceArgs};

/// Bring a part of a source in.
#[derive(Clone, Debug, Args)]
pub(crate) struct PartArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) intent: Intent,
    /// The most rows of a batch
    ///
    /// Into SQLite go as many at a time as fit into 4 ms, so that sign-ins hardly wait; into PostgreSQL at a gentle pace 100.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) batch: u32,
    /// `gentle`, while nobody else needs a processor, or `full`
    ///
    /// At full pace it goes on without a rest: for when nobody signs in.
    #[arg(long, value_enum, value_name = "PACE", hide_possible_values = true, default_value_t = Effort::Gentle)]
    pub(crate) pace: Effort,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Bring refresh and access tokens in, by hash or jti, so that nobody is signed out; a dry run, unless --execute is given
    #[command(
        after_help = "The section [tokens] of the profile names the table. Accounts come first: a token whose account is not here waits \
        in quarantine. Dead and expired tokens stay dead, and what rotation keeps together stays together. Exits with 2 where rows \
        wait.\n\nExamples:\n  \
        authly-admin migrate tokens import --profile shop.toml --source postgresql://reader@db/shop\n  \
        authly-admin migrate tokens import --profile shop.toml --source sqlite:shop.db --execute"
    )]
    Import(Box<PartArgs>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeysCommand {
    /// Bring API keys in, hashed; a dry run, unless --execute is given
    #[command(
        after_help = "The section [api_keys] of the profile names the table. Accounts come first: a key whose account is not here waits \
        in quarantine. `authly-admin api-key list` shows what is here, and who still uses it.\n\nExamples:\n  \
        authly-admin migrate api-keys import --profile shop.toml --source postgresql://reader@db/shop\n  \
        authly-admin migrate api-keys import --profile shop.toml --source sqlite:shop.db --execute"
    )]
    Import(Box<PartArgs>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// List API keys of the older program that are still taken
    #[command(after_help = "Examples:\n  authly-admin api-key list\n  authly-admin api-key list --all --output json")]
    List {
        /// Also those that are revoked or expired
        #[arg(long)]
        all: bool,
    },
    /// Revoke an API key; whoever holds it is refused at once
    #[command(after_help = "Examples:\n  authly-admin api-key revoke 01a1fb91-23f5-7eb4-a24f-abb487d38336\n  \
        authly-admin api-key revoke 01a1fb91-23f5-7eb4-a24f-abb487d38336 --yes")]
    Revoke {
        /// Its id
        id: String,
    },
}
