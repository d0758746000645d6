//! `authly-admin migrate tokens import` and `migrate api-keys import`.

use authly_admin_cases::migrate::{self, PartOptions, Tools};
use authly_config::Settings;
use authly_cutover::inspect::Part;

use super::{
    import, pace, stopped,
    ticker::{self, Ticker},
};
use crate::{args::PartArgs, commands::source, console::Console, environment, failure::Failure};

pub(super) async fn run<T: Tools>(
    tools: &T,
    part: Part,
    arguments: PartArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let execute = arguments.intent.writes();
    if execute {
        console.agree_in_production(match part {
            Part::ApiKeys => "import API keys",
            _ => "import tokens",
        })?;
    }
    let (mut opened, name) = source::open(&arguments.source, settings).await?;
    let profile = opened.profile().clone();
    let options = PartOptions { part, execute, batch: arguments.batch, pace: pace(arguments.pace) };
    let mut ticker = Ticker::new(console);
    let stop = ticker::stop_on_signal(console);
    let report = migrate::import_part(tools, &mut opened, &profile, &name, options, &stop, &mut ticker).await;
    ticker.end();
    let mut report = report.map_err(stopped("cannot import"))?;
    report.environment = environment::name().map(str::to_owned);
    import::tell(&report, console)?;
    if let Some(why) = arguments.intent.why_not("import") {
        console.note(&why);
    }
    import::code(&report)
}
