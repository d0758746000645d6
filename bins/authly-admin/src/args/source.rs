//! `authly-admin migrate`: what concerns the source alone.

use std::path::PathBuf;

use authly_cutover::assess::Class;
use clap::Subcommand;

/// The heading of options that say what is migrated.
const SOURCE: &str = "The source";

/// Which source, and how it is read.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// How the source looks: authly, tenants, legacy-users, or a file (`migrate profile show` prints one)
    #[arg(long, value_name = "NAME|FILE", help_heading = SOURCE)]
    pub(crate) profile: String,
    /// Where it is: postgresql://user@host/name, sqlite:path, or a .csv, .json or .ndjson file; the configured
    /// database for the profile authly
    #[arg(long, value_name = "ADDRESS", env = "AUTHLY_SOURCE", hide_env_values = true, help_heading = SOURCE)]
    pub(crate) source: Option<String>,
    /// What it is called for ever, where one profile reads several sources; the profile's name if not given
    #[arg(long, value_name = "NAME", help_heading = SOURCE)]
    pub(crate) source_name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Print a profile as a file that can be changed and used
    #[command(after_help = "Examples:\n  \
        authly-admin migrate profile show tenants > our-shop.toml\n  \
        authly-admin migrate profile show our-shop.toml --output json")]
    Show {
        /// authly, tenants, legacy-users, or a file
        #[arg(value_name = "NAME|FILE")]
        profile: String,
    },
    /// Check a profile, also against the source that it is for; nothing is written
    #[command(
        after_help = "Every mistake is named with its line. With --source it is checked that the tables and columns exist and \
        can hold what they are said to. Exits with 10 when there are mistakes.\n\nExamples:\n  \
        authly-admin migrate profile check our-shop.toml\n  \
        authly-admin migrate profile check tenants --source postgresql://reader@db/shop"
    )]
    Check {
        /// authly, tenants, legacy-users, or a file
        #[arg(value_name = "NAME|FILE")]
        profile: String,
        /// The source that it is for
        #[arg(long, value_name = "ADDRESS", env = "AUTHLY_SOURCE", hide_env_values = true)]
        source: Option<String>,
    },
}

/// Look at a source before anything is moved.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AssessArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// List the rows behind one number, by the word in the column `class`
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub(crate) rows: Option<Class>,
    /// Test accounts with known passwords: a JSON object of source ids and passwords
    #[arg(long, value_name = "FILE")]
    pub(crate) canary: Option<PathBuf>,
    /// Only people of this tenant (its short name)
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// At most so many rows of the source, in the order of their keys
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
}

/// Ask whether a password verifies against the hash of a row.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct VerifyPasswordArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The row's primary key in the source
    #[arg(long, value_name = "KEY")]
    pub(crate) source_id: String,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Write the accounts that are not migrated yet.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Only those of this tenant (its short name)
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// At most so many accounts, the first ones in that order
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Write to this file instead of standard output; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

fn class(text: &str) -> Result<Class, String> {
    Class::parse(text).ok_or_else(|| {
        let words: Vec<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
        format!("the classes are {}", words.join(", "))
    })
}
