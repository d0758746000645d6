//! `authly-admin tenant`, and what a migration asks of tenants. Tenants are named by their short name.

use clap::{Subcommand, ValueEnum};
use oauth_core::{policy::Mode, time::Timestamp};

use super::{Choice, SyncArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant
    #[command(
        after_help = "The short name is made of the name if it is not given: lower case, a-z, digits and hyphens.\n\n\
        Examples:\n  \
        authly-admin tenant create --name \"Acme Corp.\" --with-groups\n  \
        authly-admin tenant create --slug acme --name \"Acme Corp.\" --output json"
    )]
    Create {
        /// Its short name, which tokens and groups carry; it never changes
        #[arg(long, required_unless_present = "name")]
        slug: Option<String>,
        /// Its name for people
        #[arg(long)]
        name: Option<String>,
        /// Make its groups tenant_SLUG_users and tenant_SLUG_admins
        #[arg(long)]
        with_groups: bool,
    },
    /// List tenants with their numbers and policies
    #[command(after_help = "Examples:\n  authly-admin tenant list\n  authly-admin tenant list --removed --output json")]
    List {
        /// Also those that were removed: their short names are never given again
        #[arg(long)]
        removed: bool,
    },
    /// Show a tenant with its groups, clients and confirmation
    #[command(after_help = "Examples:\n  authly-admin tenant show acme\n  authly-admin tenant show acme --output json")]
    Show {
        /// Its short name
        tenant: String,
    },
    /// Change a tenant
    #[command(after_help = "Examples:\n  \
        authly-admin tenant update acme --name \"Acme Holding\"\n  \
        authly-admin tenant update acme --active off")]
    Update {
        /// Its short name
        tenant: String,
        /// Its name for people
        #[arg(long)]
        name: Option<String>,
        /// Whether it is in operation; switched off, its users and clients get in nowhere
        #[arg(long, value_enum, value_name = "ON|OFF")]
        active: Option<Choice>,
        /// Whether the password grant and the JSON logins are open for its users
        #[arg(long, value_enum, value_name = "ON|OFF")]
        legacy_login: Option<Choice>,
    },
    /// Remove a tenant with its groups; its clients are switched off
    #[command(
        after_help = "A tenant that ever had an account or a client keeps its short name for good.\n\nExamples:\n  \
        authly-admin tenant delete acme\n  \
        authly-admin tenant delete acme --with-members --yes"
    )]
    Delete {
        /// Its short name
        tenant: String,
        /// Delete all its accounts with it, for good; without this a tenant with accounts stays
        #[arg(long)]
        with_members: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// Make the groups of all tenants in operation that are missing, with their mapping; a dry run by default
    #[command(after_help = "Examples:\n  \
        authly-admin migrate tenants sync\n  \
        authly-admin migrate tenants sync --execute --output json\n  \
        authly-admin migrate tenants sync --idp external --people --command ./provision.sh --execute")]
    Sync(Box<SyncArgs>),
    /// Note that somebody said for a tenant that it has moved, as the end of a migration asks
    #[command(after_help = "Examples:\n  \
        authly-admin migrate tenants confirm acme --by \"Zoe Adams\"\n  \
        authly-admin migrate tenants confirm acme --withdraw")]
    Confirm {
        /// Its short name
        tenant: String,
        /// Who said so
        #[arg(long, value_name = "NAME", required_unless_present = "withdraw")]
        by: Option<String>,
        /// Take it back
        #[arg(long, conflicts_with = "by")]
        withdraw: bool,
    },
}

impl TenantsCommand {
    /// Whether it only looks at the store.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::Sync(arguments) if !arguments.intent.writes())
    }
}

/// Where groups are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Idp {
    /// Here
    Authly,
    /// At an upstream provider
    External,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Set which ways to sign in are open; with --mode it replaces the policy before
    #[command(
        after_help = "password: the password grant and the JSON logins alone. dual: both. oauth-only: OAuth alone.\n\
        The narrowest policy counts: an account's before its tenant's, a tenant's before the installation's.\n\
        --new-users without --mode leaves the rest as it counts so far.\n\nExamples:\n  \
        authly-admin migrate policy set --tenant acme --mode dual --until 2027-03-01\n  \
        authly-admin migrate policy set --all --mode dual --new-users oauth-only\n  \
        authly-admin migrate policy set --tenant acme --new-users oauth-only --from 2027-01-01"
    )]
    Set {
        /// The short name of the tenant; for everybody whose tenant has no policy, if not given
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Everybody whose tenant has no policy; without this (and --tenant and --user) it is asked whether that is meant
        #[arg(long, conflicts_with_all = ["tenant", "user"])]
        all: bool,
        /// The account (e-mail address, user name or id), for a policy of its own
        #[arg(long, value_name = "USER", conflicts_with_all = ["tenant", "new_users"])]
        user: Option<String>,
        /// Which ways are open
        #[arg(long, value_enum, required_unless_present = "new_users")]
        mode: Option<ModeChoice>,
        /// Which ways are open to accounts that are created from now on, or from --from
        #[arg(long, value_enum, value_name = "MODE")]
        new_users: Option<ModeChoice>,
        /// Since when accounts have to be created for --new-users: a day, past or to come (its beginning, UTC), or an instant (RFC 3339)
        #[arg(long, value_name = "DATE", value_parser = instant, requires = "new_users")]
        from: Option<Timestamp>,
        /// From when on the mode counts as oauth-only: a day (its beginning, UTC) or an instant (RFC 3339)
        #[arg(long, value_name = "DATE", value_parser = instant)]
        until: Option<Timestamp>,
        /// The name of the wave, for people
        #[arg(long, value_name = "NAME")]
        wave: Option<String>,
    },
    /// Show the policies of the installation and of tenants, or that of one account
    #[command(
        after_help = "Examples:\n  authly-admin migrate policy show\n  authly-admin migrate policy show --user ada@example.com"
    )]
    Show {
        /// The account
        #[arg(long, value_name = "USER")]
        user: Option<String>,
    },
    /// Remove a policy; what is wider counts again
    #[command(after_help = "Examples:\n  \
        authly-admin migrate policy clear --tenant acme\n  \
        authly-admin migrate policy clear --all --output json")]
    Clear {
        /// The short name of the tenant; the installation's policy, if not given
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Everybody whose tenant has no policy; without this (and --tenant and --user) it is asked whether that is meant
        #[arg(long, conflicts_with_all = ["tenant", "user"])]
        all: bool,
        /// The account, for its own policy
        #[arg(long, value_name = "USER", conflicts_with = "tenant")]
        user: Option<String>,
    },
}

/// A mode on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeChoice {
    Password,
    Dual,
    OauthOnly,
}

impl From<ModeChoice> for Mode {
    fn from(choice: ModeChoice) -> Self {
        match choice {
            ModeChoice::Dual => Self::Dual,
            ModeChoice::OauthOnly => Self::OauthOnly,
            ModeChoice::Password => Self::Password,
        }
    }
}

/// Reads `2027-03-01` or `2027-03-01T12:00:00Z`.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Timestamp::parse_rfc3339(&full)
        .ok_or_else(|| "write a day as 2027-03-01, or an instant as 2027-03-01T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(instant("2027-03-01"), instant("2027-03-01T00:00:00Z"));
        assert_eq!(instant("2027-03-01").unwrap().seconds(), 1_803_859_200);
        for bad in ["", "2027-3-1", "01.03.2027", "2027-02-30", "tomorrow"] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }
}
