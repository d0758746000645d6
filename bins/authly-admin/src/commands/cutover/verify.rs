//! `authly-admin migrate verify`.

use std::path::Path;

use authly_admin_cases::migrate::{self, Tools, Unwritten, Verified};
use authly_config::Settings;

use super::{stopped, ticker::Ticker, write_back};
use crate::{
    args::SourceArgs,
    commands::{assess, hashes, source},
    console::Console,
    failure::{Code, Failure},
};

/// What could not be done.
const WHAT: &str = "cannot verify the migration";

/// Rows that a table lists.
const MOST_SHOWN: usize = 20;

pub(super) async fn run<T: Tools>(
    tools: &T,
    arguments: &SourceArgs,
    canary: Option<&Path>,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let canaries = canary.map(assess::canaries).transpose()?;
    let (opened, name) = source::open(arguments, settings).await?;
    let profile = opened.profile().clone();
    let mut opened = Unwritten::new(opened, tools, &profile.profile, name.clone()).await.map_err(stopped(WHAT))?;
    let mut ticker = Ticker::new(false);
    let found = migrate::verify(tools, &mut opened, &profile, name.clone(), &mut ticker).await;
    let mut found = found.map_err(stopped(WHAT))?;
    if opened.is_written_back() {
        write_back::verify(tools, arguments, &name, &mut found, settings, &mut ticker).await?;
    }
    if let Some(canaries) = canaries {
        let pool = hashes::pool(settings, &profile.profile)?;
        found.try_canaries(tools, &name, &canaries, &pool).await.map_err(stopped(WHAT))?;
    }
    ticker.end();
    if console.is_json() {
        console.item(&found)?;
    } else {
        console.item(&Verified { first: Vec::new(), ..found.clone() })?;
        let shown = found.first.get(..MOST_SHOWN).unwrap_or(&found.first);
        if !shown.is_empty() {
            console.list(shown, &[("Row", "source_id"), ("What differs", "what")], "")?;
        }
        if found.first.len() > shown.len() {
            console.note("There are more: --output json lists a hundred.");
        }
    }
    if found.clean { Ok(()) } else { Err(Failure::silent(Code::CheckErrors)) }
}
