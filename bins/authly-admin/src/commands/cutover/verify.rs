//! `authly-admin migrate verify`.

use authly_admin_cases::migrate::{self, Tools, Verified};
use authly_config::Settings;

use super::{stopped, ticker::Ticker};
use crate::{
    args::SourceArgs,
    commands::source,
    console::Console,
    failure::{Code, Failure},
};

/// Rows that a table lists.
const MOST_SHOWN: usize = 20;

pub(super) async fn run<T: Tools>(
    tools: &T,
    arguments: &SourceArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let (mut opened, name) = source::open(arguments, settings).await?;
    let profile = opened.profile().clone();
    let mut ticker = Ticker::new(false);
    let found = migrate::verify(tools, &mut opened, &profile, name, &mut ticker).await;
    ticker.end();
    let found = found.map_err(stopped("cannot verify the migration"))?;
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
