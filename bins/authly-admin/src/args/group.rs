//! `authly-admin group`. Groups are named by name or id; a name that several tenants use needs the tenant.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Create a group
    #[command(after_help = "Examples:\n  \
        authly-admin group create --name editors --tenant acme --description \"May edit\"\n  \
        authly-admin group create --name everybody --output json")]
    Create {
        /// Its name, which the claim `groups` carries
        #[arg(long)]
        name: String,
        /// The short name of its tenant; a group of none may have anybody as a member
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// What people read
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// List groups
    #[command(
        after_help = "Examples:\n  authly-admin group list\n  authly-admin group list --tenant acme --output json"
    )]
    List {
        /// Only those of this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
    },
    /// Show a group
    #[command(
        after_help = "Examples:\n  authly-admin group show tenant_acme_users\n  authly-admin group show editors --tenant acme"
    )]
    Show {
        /// Name or id
        group: String,
        /// The short name of its tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
    },
    /// Change what people read of a group
    #[command(after_help = "Examples:\n  \
        authly-admin group update editors --description \"May edit and publish\"\n  \
        authly-admin group update editors --tenant acme --description \"\"")]
    Update {
        /// Name or id
        group: String,
        /// The short name of its tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// What people read
        #[arg(long, value_name = "TEXT")]
        description: String,
    },
    /// Remove a group
    #[command(after_help = "Examples:\n  \
        authly-admin group delete editors --tenant acme\n  \
        authly-admin group delete editors --with-members --yes")]
    Delete {
        /// Name or id
        group: String,
        /// The short name of its tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Its members lose the group and stay otherwise as they are; without this a group with members stays
        #[arg(long)]
        with_members: bool,
    },
    /// Say who is in a group
    #[command(subcommand, arg_required_else_help = true)]
    Member(MemberCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Put users into a group; those of another tenant than the group's are refused
    #[command(after_help = "Examples:\n  \
        authly-admin group member add tenant_acme_admins ada@example.com\n  \
        authly-admin group member add editors ada bob --tenant acme --output json")]
    Add {
        /// Name or id of the group
        group: String,
        /// E-mail addresses, user names or ids
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
        /// The short name of the group's tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
    },
    /// Take users out of a group
    #[command(after_help = "Examples:\n  \
        authly-admin group member remove tenant_acme_admins ada@example.com\n  \
        authly-admin group member remove editors ada bob --tenant acme")]
    Remove {
        /// Name or id of the group
        group: String,
        /// E-mail addresses, user names or ids
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
        /// The short name of the group's tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
    },
    /// List who is in a group, one page at a time
    #[command(after_help = "Examples:\n  \
        authly-admin group member list tenant_acme_users\n  \
        authly-admin group member list editors --tenant acme --limit 20 --output json")]
    List {
        /// Name or id of the group
        group: String,
        /// The short name of the group's tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Only those behind this id, for the next page
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}
