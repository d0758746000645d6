//! `authly-admin migrate verify`.

use authly_admin_cases::migrate::{self, Tools, Unwritten, Verified, VerifyOptions};
use authly_config::Settings;

use super::{stopped, ticker::Ticker, write_back};
use crate::{
    args::VerifyArgs,
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
    arguments: &VerifyArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let canaries = arguments.canary.as_deref().map(assess::canaries).transpose()?;
    let options = VerifyOptions { tenant: arguments.tenant.clone(), limit: arguments.limit };
    let (opened, name) = source::open(&arguments.source, settings).await?;
    let profile = opened.profile().clone();
    let mut opened = Unwritten::new(opened, tools, &profile.profile, name.clone()).await.map_err(stopped(WHAT))?;
    let mut ticker = Ticker::new(console);
    let found = migrate::verify(tools, &mut opened, &profile, name.clone(), &options, &mut ticker).await;
    let mut found = found.map_err(stopped(WHAT))?;
    // The application's own table is compared as a whole.
    if opened.is_written_back() && found.whole {
        write_back::verify(tools, &arguments.source, &name, &mut found, settings, &mut ticker).await?;
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
    if !found.whole {
        console.note(match found.clean {
            true => "Only a part was compared: the end of the migration asks for a clean check of the whole source.",
            false => "Only a part was compared, and what differs counts: after its repair check the whole source.",
        });
    }
    if found.clean { Ok(()) } else { Err(Failure::silent(Code::CheckErrors)) }
}
