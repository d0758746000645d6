//! `authly-admin migrate write-back`, and `--write-back` of import, rollback and verify.

use authly_admin_cases::migrate::{self, Foreseen, Observer, Stop, Tools, Verified, WriteBack, WriteBackReport};
use authly_config::Settings;
use authly_cutover::{profile::Profile, source::SourceName, words::count};
use authly_runtime::Trouble;
use authly_sources::{Access, AppTable, SourceAddress};
use serde_json::json;

use super::{
    stopped,
    ticker::{self, Ticker},
};
use crate::{
    args::{SourceArgs, WriteBackArgs},
    commands::source,
    console::Console,
    failure::{Code, Failure},
};

/// What could not be done.
const WHAT: &str = "cannot keep the application's table in step";

/// Rows that a table lists.
const MOST_SHOWN: usize = 20;

/// The application's table, ready to be written.
pub(super) struct Application {
    address: SourceAddress,
    profile: Profile,
    access: Access,
    added: Vec<String>,
}

impl Application {
    /// Looks at the table and, if it is to be written, adds what its schema lacks. This comes before the source is read: its
    /// snapshot would hold up every change of the schema.
    pub(super) async fn prepare(
        arguments: &SourceArgs,
        write_to: Option<&str>,
        access: Access,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let profile = source::profile(&arguments.profile)?;
        let named = if access == Access::Write {
            write_to.or(arguments.source.as_deref())
        } else {
            arguments.source.as_deref()
        };
        let address = source::address(named, &profile, settings)?;
        let told = |error| Failure::from(source::told(&format!("cannot write back to {address}"), &error));
        let table = AppTable::open(&address, &profile, access).await.map_err(told)?;
        if access == Access::Write {
            table.may_write().await.map_err(told)?;
        }
        let added = match access {
            Access::Read => table.lacking(),
            Access::Write => table.expand(&address, &profile).await.map_err(told)?.1,
        };
        Ok(Self { address, profile, access, added })
    }

    /// Looks at the table for a dry run, which refuses what the run would: whoever is to write must be allowed to.
    pub(super) async fn rehearse(
        arguments: &SourceArgs,
        write_to: Option<&str>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let application = Self::prepare(arguments, None, Access::Read, settings).await?;
        let profile = &application.profile;
        let address = source::address(write_to.or(arguments.source.as_deref()), profile, settings)?;
        let told = |error| Failure::from(source::told(&format!("cannot write back to {address}"), &error));
        let table = AppTable::open(&address, profile, Access::Read).await.map_err(told)?;
        table.may_write().await.map_err(told)?;
        Ok(application)
    }

    /// Brings every row into step, or tells what that would do.
    pub(super) async fn keep_in_step<T: Tools>(
        self,
        tools: &T,
        name: &SourceName,
        foreseen: &Foreseen,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<WriteBackReport, Failure> {
        let told = |error| Failure::from(source::told(&format!("cannot write back to {}", self.address), &error));
        let mut table = AppTable::open(&self.address, &self.profile, self.access).await.map_err(told)?;
        let how = match self.access {
            Access::Read => WriteBack::Dry(foreseen),
            Access::Write => WriteBack::Execute,
        };
        let report = migrate::write_back(tools, &mut table, &self.profile, name, how, stop, observer).await;
        Ok(WriteBackReport { added: self.added, ..report.map_err(stopped(WHAT))? })
    }
}

pub(super) async fn run<T: Tools>(
    tools: &T,
    arguments: WriteBackArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let execute = arguments.intent.writes();
    if execute {
        console.agree_in_production("write into the application's own table")?;
    }
    let access = if execute { Access::Write } else { Access::Read };
    let name = source::name(&arguments.source, &source::profile(&arguments.source.profile)?)?;
    migrate::may_write_back(tools, &name).await.map_err(super::finalize::ended(WHAT))?;
    let write_to = arguments.write_to.as_deref();
    let application = match access {
        Access::Read => Application::rehearse(&arguments.source, write_to, settings).await?,
        Access::Write => Application::prepare(&arguments.source, write_to, access, settings).await?,
    };
    let mut ticker = Ticker::new(console);
    let stop = ticker::stop_on_signal(console);
    let report = application.keep_in_step(tools, &name, &Foreseen::default(), &stop, &mut ticker).await;
    ticker.end();
    let report = report?;
    tell(&report, console)?;
    if let Some(why) = arguments.intent.why_not("write") {
        console.note(&why);
    }
    code(&report)
}

/// Prints what was written, or would be.
pub(super) fn tell(report: &WriteBackReport, console: Console) -> Result<(), Failure> {
    if console.is_json() {
        return console.item(report);
    }
    let shown = report.left.get(..MOST_SHOWN).unwrap_or(&report.left).to_vec();
    console.item(&WriteBackReport { left: Vec::new(), ..report.clone() })?;
    if !shown.is_empty() {
        console.list(&shown, &[("Row", "source_id"), ("Left as it is", "what")], "")?;
    }
    Ok(())
}

/// The exit code of a report (C-40).
pub(super) fn code(report: &WriteBackReport) -> Result<(), Failure> {
    if report.stopped {
        let remedy = "the same command goes on where this one stopped";
        return Err(Trouble::new("the application's table is not in step yet", "somebody asked to stop", remedy).into());
    }
    if report.changed_there + report.misfits > 0 { Err(Failure::silent(Code::Partly)) } else { Ok(()) }
}

/// Compares what was written with what stands there now.
pub(super) async fn verify<T: Tools>(
    tools: &T,
    arguments: &SourceArgs,
    name: &SourceName,
    found: &mut Verified,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Result<(), Failure> {
    let application = Application::prepare(arguments, None, Access::Read, settings).await?;
    let report = application.keep_in_step(tools, name, &Foreseen::default(), &Stop::default(), observer).await?;
    migrate::compare_written(tools, name, &report, found).await.map_err(stopped("cannot verify the migration"))
}

/// Reminds of rows that still say what an import wrote into them.
pub(super) async fn remind<T: Tools>(tools: &T, console: Console) -> Result<(), Failure> {
    use authly_cutover::write_back::WriteBackRepository as _;
    let rows = tools.target().written_rows().await.map_err(|error| stopped(WHAT)(error.into()))?;
    for (source, rows) in rows {
        console.note(&format!(
            "{} written back to in {source}: `authly-admin migrate write-back --execute` brings those that were taken back to what \
             they said before.",
            count(rows, "row was", "rows were")
        ));
    }
    Ok(())
}

/// A report with what was written back beside it, for programs.
pub(super) fn beside(report: &impl serde::Serialize, back: &WriteBackReport) -> serde_json::Value {
    let mut whole = json!(report);
    if let Some(members) = whole.as_object_mut() {
        members.insert("write_back".to_owned(), json!(back));
    }
    whole
}
