//! `authly-admin user`. Users are named by e-mail address, user name or id.

use clap::{Args, Subcommand};

use super::{Choice, LinkCommand};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a user
    #[command(after_help = "Examples:\n  \
        authly-admin user create --email ada@example.com --verified --password-stdin < password.txt\n  \
        authly-admin user create --email bob@example.com --tenant acme --output json")]
    Create(Box<CreateUser>),
    /// List users, one page at a time
    #[command(
        after_help = "Examples:\n  authly-admin user list\n  authly-admin user list --contains example.com --limit 20"
    )]
    List {
        /// Only those whose e-mail address or user name contains this
        #[arg(long, value_name = "TEXT")]
        contains: Option<String>,
        /// Only those of this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Also those that are deleted: what is left of them is their id
        #[arg(long)]
        deleted: bool,
        /// Only those behind this id, for the next page
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show a user
    #[command(
        after_help = "Examples:\n  authly-admin user show ada@example.com\n  authly-admin user show ada --output json"
    )]
    Show {
        /// E-mail address, user name or id
        user: String,
    },
    /// Change a user
    #[command(after_help = "Examples:\n  \
        authly-admin user update ada --name \"Ada King\" --claim family_name=King --admin on\n  \
        authly-admin user update ada@example.com --email ada.king@example.com --verified on")]
    Update(Box<UpdateUser>),
    /// Set a password; all sessions and grants of the user end, API keys stay
    #[command(after_help = "Examples:\n  \
        authly-admin user set-password ada\n  \
        echo \"$PASSWORD\" | authly-admin user set-password ada@example.com --password-stdin")]
    SetPassword {
        /// E-mail address, user name or id
        user: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show a link by which its owner sets a password, where no mail can be sent
    #[command(
        name = "reset-link",
        after_help = "Examples:\n  \
        authly-admin user reset-link --user ada\n  \
        authly-admin user reset-link --user ada@example.com --output json"
    )]
    ResetLink {
        /// E-mail address, user name or id
        #[arg(long)]
        user: String,
    },
    /// Forget failed sign-ins, and unlock the account
    #[command(
        after_help = "Examples:\n  authly-admin user unlock ada\n  authly-admin user unlock ada@example.com --output json"
    )]
    Unlock {
        /// E-mail address, user name or id
        user: String,
    },
    /// Switch an account off; its sessions and grants end at once
    #[command(
        after_help = "Examples:\n  authly-admin user deactivate ada\n  authly-admin user deactivate ada@example.com --output json"
    )]
    Deactivate {
        /// E-mail address, user name or id
        user: String,
    },
    /// Switch an account on again
    #[command(
        after_help = "Examples:\n  authly-admin user activate ada\n  authly-admin user activate ada@example.com --output json"
    )]
    Activate {
        /// E-mail address, user name or id
        user: String,
    },
    /// Delete an account: its address is free again, the rest is gone but for its id
    #[command(
        after_help = "Examples:\n  authly-admin user delete ada\n  authly-admin user delete ada@example.com --yes"
    )]
    Delete {
        /// E-mail address, user name or id
        user: String,
    },
    /// Say who is who at upstream providers
    #[command(subcommand, arg_required_else_help = true)]
    Link(LinkCommand),
}

#[derive(Debug, Args)]
pub(crate) struct CreateUser {
    /// The e-mail address
    #[arg(long)]
    pub(crate) email: String,
    /// The user name; the e-mail address if not given
    #[arg(long)]
    pub(crate) username: Option<String>,
    /// The name for display
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Read the password from standard input; without one the account has none yet
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The e-mail address is known to be right
    #[arg(long)]
    pub(crate) verified: bool,
    /// It is an administrator
    #[arg(long)]
    pub(crate) admin: bool,
    /// The short name of its tenant, created if it does not exist, which is said
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// A role (repeat for more)
    #[arg(long)]
    pub(crate) role: Vec<String>,
    /// A standard claim, as in phone_number=+441 or address.locality=London (repeat for more)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) claim: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateUser {
    /// E-mail address, user name or id
    pub(crate) user: String,
    /// The e-mail address; another one is not verified, unless --verified on says that it is right
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// The user name
    #[arg(long)]
    pub(crate) username: Option<String>,
    /// The name for display
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The short name of the tenant it moves to; its sessions, grants and groups of the former one end
    #[arg(long, value_name = "SLUG", conflicts_with = "no_tenant")]
    pub(crate) tenant: Option<String>,
    /// It leaves its tenant
    #[arg(long)]
    pub(crate) no_tenant: bool,
    /// Whether the e-mail address is known to be right
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) verified: Option<Choice>,
    /// Whether it is an administrator
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) admin: Option<Choice>,
    /// Whether the password grant and the JSON logins are open for it
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) legacy_login: Option<Choice>,
    /// Its roles, which replace those it has (repeat for more)
    #[arg(long)]
    pub(crate) role: Option<Vec<String>>,
    /// A standard claim, as in phone_number=+441 or address.locality=London; without a value it is removed (repeat for
    /// more)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) claim: Vec<String>,
}
