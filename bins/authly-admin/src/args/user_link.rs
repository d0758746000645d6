//! `authly-admin user link`. Providers are named by short name or issuer: a link outlives the settings that named its provider.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// List who is who at upstream providers, one page of accounts at a time
    #[command(after_help = "Examples:\n  \
        authly-admin user link list --provider corp\n  \
        authly-admin user link list --user ada@example.com --output json")]
    List {
        /// Only those of this account: e-mail address, user name or id
        #[arg(long, conflicts_with_all = ["provider", "after"])]
        user: Option<String>,
        /// Only those at this provider: short name or issuer
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,
        /// Only those of accounts behind this id, for the next page
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// Those of at most so many accounts
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Link an account with a person at a provider, before anybody has signed in
    #[command(after_help = "Examples:\n  \
        authly-admin user link add ada@example.com --provider corp --subject 00u1ab2cd3\n  \
        authly-admin user link add ada --provider corp --subject 00u1ab2cd3 --output json")]
    Add {
        /// E-mail address, user name or id
        user: String,
        /// The short name of the provider
        #[arg(long, value_name = "NAME")]
        provider: String,
        /// The person there: the `sub` of the provider's ID tokens
        #[arg(long, value_name = "SUB")]
        subject: String,
    },
    /// Remove the link of an account at a provider; the sessions that came from there end
    #[command(
        after_help = "Whom the provider proves next finds an account by the rules again: with `link = \"email\"` the same one, by its \
        address. Deactivate the account to keep somebody out.\n\nExamples:\n  \
        authly-admin user link remove ada@example.com --provider corp\n  \
        authly-admin user link remove ada --provider https://login.corp.example --keep-sessions --yes"
    )]
    Remove(RemoveLink),
}

#[derive(Debug, Args)]
pub(crate) struct RemoveLink {
    /// E-mail address, user name or id
    pub(crate) user: String,
    /// The provider: short name or issuer
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// The sessions that came from there go on, with what hangs on them
    #[arg(long)]
    pub(crate) keep_sessions: bool,
}
