//! `authly-admin client`.

use clap::Subcommand;

use super::{CreateClient, UpdateClient};

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Register a client; its secret is shown once
    #[command(after_help = "Examples:\n  \
        authly-admin client create --name \"My app\" --redirect-uri https://app.example.com/cb\n  \
        authly-admin client create --client-id billing --name Billing --grant-type client_credentials \\\n    \
        --secret-stdin --output json < secret.txt")]
    Create(Box<CreateClient>),
    /// List all clients
    #[command(after_help = "Examples:\n  authly-admin client list\n  authly-admin client list --output json")]
    List,
    /// Show a client
    #[command(
        after_help = "Examples:\n  authly-admin client show billing\n  authly-admin client show billing --output json"
    )]
    Show {
        /// Its client_id
        client: String,
    },
    /// Change a client; lists are replaced as a whole
    #[command(after_help = "Examples:\n  \
        authly-admin client update billing --name Billing --scope read --scope write\n  \
        authly-admin client update my-app --redirect-uri https://app.example.com/cb --first-party on")]
    Update(Box<UpdateClient>),
    /// Give a client a new secret, shown once
    #[command(after_help = "Examples:\n  \
        authly-admin client rotate-secret billing\n  authly-admin client rotate-secret billing --overlap 24h")]
    RotateSecret {
        /// Its client_id
        client: String,
        /// How long the old secrets still work: 30m, 24h, 7d; 0 ends them at once
        #[arg(long, value_name = "TIME", default_value = "0", value_parser = super::scope::duration)]
        overlap: std::time::Duration,
    },
    /// Switch a client on again
    #[command(
        after_help = "Examples:\n  authly-admin client activate billing\n  authly-admin client activate billing --output json"
    )]
    Activate {
        /// Its client_id
        client: String,
    },
    /// Switch a client off; it keeps its registration
    #[command(after_help = "Examples:\n  \
        authly-admin client deactivate billing\n  authly-admin client deactivate billing --output json")]
    Deactivate {
        /// Its client_id
        client: String,
    },
    /// Remove a client with everything that users allowed it
    #[command(
        after_help = "Examples:\n  authly-admin client delete billing\n  authly-admin client delete billing --yes"
    )]
    Delete {
        /// Its client_id
        client: String,
    },
}
