//! `authly-admin migrate invite` and `remind`.

use std::{path::PathBuf, time::Duration};

use authly_directory::invite::waves::WaveSize;
use clap::{ArgGroup, Args, ValueEnum};
use oauth_core::time::Timestamp;

use super::Intent;

/// The letter for those who get their first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LetterChoice {
    /// A safer way to sign in is there
    Invitation,
    /// The way to sign in is updated; passwords still work
    Announcement,
}

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    #[command(flatten)]
    pub(crate) whom: WhomArgs,
    /// The letter for those who get their first
    #[arg(long, value_enum, value_name = "KIND", default_value_t = LetterChoice::Invitation)]
    pub(crate) letter: LetterChoice,
}

/// Whom to write to, and what.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("scope").required(true).args(["tenant", "all"])))]
pub(crate) struct WhomArgs {
    /// The people of this tenant
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// The people of all tenants and of none
    #[arg(long)]
    pub(crate) all: bool,
    /// Only this wave, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) wave: Option<u32>,
    /// Split those who have no wave into waves of so many, or of so many per cent (10%); kept from then on
    #[arg(long, value_name = "N", value_parser = wave_size)]
    pub(crate) wave_size: Option<WaveSize>,
    /// At most so many letters
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Nobody who got a letter within this time
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = super::scope::duration)]
    pub(crate) remind_after: Duration,
    /// For how long a link is good
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = super::scope::duration)]
    pub(crate) valid: Duration,
    /// Also addresses that nobody has verified: following the link then takes the account's password, or a new one
    #[arg(long)]
    pub(crate) include_unverified: bool,
    /// Your own words: a text file that begins with `Subject:` (with an .html file beside it, if you want), or a folder with
    /// mail.txt and mail.html
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) template: Option<PathBuf>,
    /// When signing in the old way ends, if not by a policy
    #[arg(long, value_name = "DATE", value_parser = super::tenant::instant)]
    pub(crate) ends: Option<Timestamp>,
    /// The address of a guide
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(crate) guide: Option<String>,
    /// The address of a guide for those who built something that signs in
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(crate) integration_guide: Option<String>,
    /// Whom to ask: an e-mail address or a web address
    #[arg(long, value_name = "ADDRESS", value_parser = line)]
    pub(crate) support: Option<String>,
    /// The language of people whose account names none, as a tag
    #[arg(long, value_name = "TAG", default_value = "en")]
    pub(crate) language: String,
    /// Send from here, and wait for the mail server's word, instead of leaving it to the servers
    #[arg(long, conflicts_with = "outbox")]
    pub(crate) deliver: bool,
    /// Write the letters into this folder as .eml files instead
    #[arg(long, value_name = "DIR")]
    pub(crate) outbox: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) intent: Intent,
}

fn wave_size(text: &str) -> Result<WaveSize, String> {
    WaveSize::parse(text).ok_or_else(|| "write a number as 100, or a part as 10%".to_owned())
}

fn web_address(text: &str) -> Result<String, String> {
    let wanted = || "write an address that begins with https:// or http://".to_owned();
    let parsed = url::Url::parse(text).map_err(|_| wanted())?;
    if matches!(parsed.scheme(), "https" | "http") { Ok(parsed.into()) } else { Err(wanted()) }
}

fn line(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 320 || text.chars().any(char::is_control) {
        return Err("write one short line".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guides_are_web_addresses_and_nothing_that_runs() {
        assert_eq!(web_address("https://example.com/guide").unwrap(), "https://example.com/guide");
        for bad in ["javascript:alert(1)", "example.com", "", "mailto:a@example.com"] {
            assert!(web_address(bad).is_err(), "{bad}");
        }
        assert!(line("help@example.com").is_ok() && line("a\nb").is_err() && line("").is_err());
    }
}
