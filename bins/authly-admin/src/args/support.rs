//! Arguments of `authly-admin support-bundle`.

use std::path::PathBuf;

/// What comes into the bundle, and where it goes.
#[derive(Debug, clap::Args)]
pub(crate) struct SupportBundleArgs {
    /// Write the bundle into this file; it must not exist [default: authly-support-TIME.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A log whose end comes along; may be given several times
    #[arg(long, value_name = "FILE", env = "MIGRATION_LOG", hide_env_values = true, value_parser = super::path_or_none())]
    pub(crate) log: Vec<PathBuf>,
}
