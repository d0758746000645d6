//! `authly-admin migrate tenants sync`.

use std::path::PathBuf;

use clap::Args;

use super::{Idp, Intent};

/// The heading of options for groups at an upstream provider.
const EXTERNAL: &str = "With --idp external";

/// Bring groups into step, here or at an upstream provider.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Where the groups are
    #[arg(long, value_enum, default_value_t = Idp::Authly, value_name = "IDP")]
    pub(crate) idp: Idp,
    /// Only this tenant
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    #[command(flatten)]
    pub(crate) intent: Intent,
    #[command(flatten)]
    pub(crate) external: ExternalArgs,
}

/// Who finds or makes groups and people at an upstream provider.
#[derive(Debug, Args)]
pub(crate) struct ExternalArgs {
    /// The short name of the upstream provider, as the settings have it; needed if there are several
    #[arg(long, value_name = "NAME", help_heading = EXTERNAL)]
    pub(crate) provider: Option<String>,
    /// A program that finds or makes one group or person: told as JSON on its standard input, it answers {"id": .., "created": ..}
    #[arg(long, value_name = "PROGRAM", conflicts_with = "url", help_heading = EXTERNAL)]
    pub(crate) command: Option<PathBuf>,
    /// An address that does the same by POST, with the bearer token of AUTHLY_PROVISIONER_TOKEN or SELF_AUTH_ADMIN_TOKEN; where
    /// neither option is given, that of AUTHLY_PROVISIONER_URL or SELF_AUTH_URL
    #[arg(long, value_name = "URL", help_heading = EXTERNAL)]
    pub(crate) url: Option<String>,
    /// People too: active accounts that are linked to nobody there
    #[arg(long, help_heading = EXTERNAL)]
    pub(crate) people: bool,
}

impl ExternalArgs {
    /// The first of these options that was given.
    pub(crate) fn first(&self) -> Option<&'static str> {
        let given = [
            (self.provider.is_some(), "--provider"),
            (self.command.is_some(), "--command"),
            (self.url.is_some(), "--url"),
            (self.people, "--people"),
        ];
        given.into_iter().find_map(|(is_given, name)| is_given.then_some(name))
    }
}
