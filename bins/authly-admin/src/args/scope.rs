//! `authly-admin scope`.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};

/// A switch on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    On,
    Off,
}

impl Choice {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScopeCommand {
    /// Create a scope
    #[command(after_help = "Examples:\n  \
        authly-admin scope create --name invoices --description \"See your invoices\"\n  \
        authly-admin scope create --name reports --description \"See reports\" --default --output json")]
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// What users read when they are asked for it
        #[arg(long)]
        description: String,
        /// Clients that ask for nothing get it
        #[arg(long)]
        default: bool,
    },
    /// List all scopes
    #[command(after_help = "Examples:\n  authly-admin scope list\n  authly-admin scope list --output json")]
    List,
    /// Show a scope
    #[command(after_help = "Examples:\n  authly-admin scope show read\n  authly-admin scope show read --output json")]
    Show {
        /// Its name
        scope: String,
    },
    /// Change a scope
    #[command(after_help = "Examples:\n  \
        authly-admin scope update read --description \"See your data\"\n  authly-admin scope update read --default off")]
    Update {
        /// Its name
        scope: String,
        /// What users read when they are asked for it
        #[arg(long)]
        description: Option<String>,
        /// Whether clients that ask for nothing get it
        #[arg(long, value_enum, value_name = "ON|OFF")]
        default: Option<Choice>,
        /// Whether it may be asked for
        #[arg(long, value_enum, value_name = "ON|OFF")]
        active: Option<Choice>,
    },
    /// Let nobody ask for a scope any more
    #[command(
        after_help = "Examples:\n  authly-admin scope deactivate write\n  authly-admin scope deactivate write --output json"
    )]
    Deactivate {
        /// Its name
        scope: String,
    },
    /// Let clients ask for a scope again
    #[command(
        after_help = "Examples:\n  authly-admin scope activate write\n  authly-admin scope activate write --output json"
    )]
    Activate {
        /// Its name
        scope: String,
    },
    /// Remove a scope
    #[command(after_help = "Examples:\n  authly-admin scope delete reports\n  authly-admin scope delete reports --yes")]
    Delete {
        /// Its name
        scope: String,
    },
}

/// Reads `90s`, `30m`, `24h`, `7d` or `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write a number with s, m, h or d behind it, as in 24h".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a number with s, m, h or d behind it, as in 24h".to_owned())?;
    let span = number.checked_mul(seconds).filter(|span| *span <= 366 * 86_400);
    span.map(Duration::from_secs).ok_or_else(|| "a year at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_a_limit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for bad in ["", "h", "1w", "-1h", "1.5h", "367d", "99999999999999999999d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
