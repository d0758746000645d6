//! Keeping an application's own table in step with its accounts here, where an operator asks for it (S001-05..11, S001-29).
//!
//! What is committed here is written there: first the promise, then the write, so that whoever dies between them is completed by
//! the next run. A row whose account was taken back gets its former values.

use std::collections::{BTreeMap, HashMap};

use authly_cutover::{
    batch::RowReport,
    outcome::Counters,
    profile::rules::Profile,
    source::{PageAsk, Source, SourceError, SourceId, SourceName, SourceRow, SourceTenant},
    store::{CutoverStore, RowKeys, SnapshotAsk, TimedFact},
    write_back::{self, AppRow, Application, RowPlan, Tracked, Wanted, WriteBackRepository, Written},
};
use authly_failpoint::{Place, reached};
use oauth_core::{audit::AuditKind, services::Clock as _, time::Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{Difference, MigrateError, Observer, Stop, Tools, Verified, tools::event};

/// Rows of a page.
const PAGE: u32 = 1_000;

/// Rows that a report lists.
const MOST_SHOWN: usize = 100;

/// What was written into the application's table, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WriteBackReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What was added to its schema, or would be.
    pub added: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// Rows that say what their account says, or have none.
    pub in_step: u64,
    /// Rows that were written.
    pub written: u64,
    /// Rows of accounts that were taken back, which say again what they said before.
    pub restored: u64,
    /// Rows with a column that the application changed itself since: that column stays.
    pub changed_there: u64,
    /// Rows with a column that cannot hold what it should say.
    pub misfits: u64,
    /// Written columns.
    pub columns: BTreeMap<&'static str, u64>,
    /// The first of the rows that were left as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Difference>,
    /// Whether somebody asked it to stop before the end; the next run goes on.
    pub stopped: bool,
}

impl WriteBackReport {
    /// Whether every row says what its account says.
    pub fn is_in_step(&self) -> bool {
        self.written + self.restored + self.changed_there + self.misfits == 0 && self.added.is_empty()
    }

    fn leave(&mut self, id: &SourceId, what: &'static str) {
        if self.left.len() < MOST_SHOWN {
            self.left.push(Difference { source_id: id.to_string(), what });
        }
    }
}

/// What accounts will say after an import that is only tried.
#[derive(Clone, Debug, Default)]
pub struct Foreseen(HashMap<SourceId, Tracked>);

/// An observer that also hears what accounts will say.
pub struct Foreseeing<'a, O> {
    inner: &'a mut O,
    execute: bool,
    foreseen: Foreseen,
}

impl<'a, O: Observer> Foreseeing<'a, O> {
    /// Hears what `inner` hears; in a run the store itself tells what accounts say.
    pub fn new(inner: &'a mut O, execute: bool) -> Self {
        Self { inner, execute, foreseen: Foreseen::default() }
    }

    /// What was heard.
    pub fn end(self) -> Foreseen {
        self.foreseen
    }
}

impl<O: Observer> Observer for Foreseeing<'_, O> {
    fn phase(&mut self, name: &'static str) {
        self.inner.phase(name);
    }

    fn reading(&mut self, rows: u64, of: u64) {
        self.inner.reading(rows, of);
    }

    fn done(&mut self, counters: &Counters, of: u64) {
        self.inner.done(counters, of);
    }

    fn rows(&mut self, rows: &[RowReport]) {
        if !self.execute {
            let said = rows.iter().filter_map(|row| Some((row.source_id.clone(), row.tracked.as_deref()?.clone())));
            self.foreseen.0.extend(said);
        }
        self.inner.rows(rows);
    }
}

/// Whether anything is written, and what is known beyond the store.
#[derive(Clone, Copy, Debug)]
pub enum WriteBack<'a> {
    /// Nothing is written; accounts will say what is foreseen.
    Dry(&'a Foreseen),
    /// Everything is.
    Execute,
}

/// Brings every row of the application's table into step with its account.
pub async fn write_back<T: Tools, A: Application>(
    tools: &T,
    application: &mut A,
    profile: &Profile,
    source: &SourceName,
    how: WriteBack<'_>,
    stop: &Stop,
    observer: &mut impl Observer,
) -> Result<WriteBackReport, MigrateError> {
    observer.phase("keeping the application's table in step");
    let mut report = WriteBackReport { dry_run: matches!(how, WriteBack::Dry(_)), ..WriteBackReport::default() };
    let mut after: Option<SourceId> = None;
    loop {
        if stop.is_asked() {
            report.stopped = true;
            return Ok(report);
        }
        let rows = application.page(after.as_ref(), PAGE).await?;
        after = rows.last().map(|row| row.id.clone());
        page(tools, application, profile, source, how, &rows, &mut report).await?;
        if u32::try_from(rows.len()).is_ok_and(|count| count < PAGE) {
            return Ok(report);
        }
    }
}

async fn page<T: Tools, A: Application>(
    tools: &T,
    application: &mut A,
    profile: &Profile,
    source: &SourceName,
    how: WriteBack<'_>,
    rows: &[AppRow],
    report: &mut WriteBackReport,
) -> Result<(), MigrateError> {
    let ids: Vec<SourceId> = rows.iter().map(|row| row.id.clone()).collect();
    let wanted = wanted(tools, profile, source, &ids, how).await?;
    let known = tools.target().written(source, &ids).await?;
    let known: HashMap<&SourceId, &Written> = known.iter().map(|row| (&row.source_id, row)).collect();
    let mut plans: Vec<(&SourceId, RowPlan)> = Vec::new();
    for row in rows {
        let plan = write_back::decide(row, known.get(&row.id).copied(), wanted.get(&row.id), application.forms());
        report.rows += 1;
        if plan.is_in_step() {
            report.in_step += 1;
        } else {
            plans.push((&row.id, plan));
        }
    }
    for (id, plan) in &plans {
        if !plan.kept.is_empty() {
            report.changed_there += 1;
            report.leave(id, "the application changed it since");
        }
        if !plan.misfits.is_empty() {
            report.misfits += 1;
            report.leave(id, "the column cannot hold the id");
        }
    }
    let done: Vec<SourceId> = match how {
        WriteBack::Dry(_) => {
            plans.iter().filter(|(_, plan)| plan.write.is_some()).map(|(id, _)| (*id).clone()).collect()
        }
        WriteBack::Execute => {
            let promises: Vec<Written> = plans.iter().filter_map(|(_, plan)| plan.promise.clone()).collect();
            if !promises.is_empty() {
                tools.target().promise(source, promises, tools.clock().now()).await?;
                reached(Place::ApplicationPromised);
            }
            let writes: Vec<_> = plans.iter().filter_map(|(_, plan)| plan.write.clone()).collect();
            let done = if writes.is_empty() { Vec::new() } else { application.write(&writes).await? };
            if !done.is_empty() {
                reached(Place::ApplicationWritten);
            }
            done
        }
    };
    let done: std::collections::HashSet<SourceId> = done.into_iter().collect();
    let mut forgotten = Vec::new();
    for (id, plan) in plans {
        let was = plan.write.is_none() || done.contains(id);
        match &plan.write {
            Some(_) if !was => report.leave(id, "the application was writing it at this moment; the next run goes on"),
            Some(write) => {
                let back = plan.restores.len() == write.changes.len();
                if back {
                    report.restored += 1
                } else {
                    report.written += 1
                }
                for track in write.changes.keys() {
                    *report.columns.entry(track.as_str()).or_default() += 1;
                }
            }
            None => {}
        }
        if plan.forget && was {
            forgotten.push(id.clone());
        }
    }
    if !forgotten.is_empty() && matches!(how, WriteBack::Execute) {
        tools.target().forget(source, &forgotten).await?;
    }
    Ok(())
}

/// Adds what a dry run over the application's table found to a check, and remembers if it was not clean (the gate asks).
pub async fn compare_written<T: Tools>(
    tools: &T,
    source: &SourceName,
    report: &WriteBackReport,
    found: &mut Verified,
) -> Result<(), MigrateError> {
    let kinds = [
        ("the application's table does not say what its account says", report.written),
        ("the application's table still says what was taken back", report.restored),
        ("the application's table was changed since it was written", report.changed_there),
        ("the application's table cannot hold what it should say", report.misfits),
        ("the application's table lacks a column, check or index", report.added.len() as u64),
    ];
    let kinds: Vec<_> = kinds.into_iter().filter(|(_, rows)| *rows > 0).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    found.differences.extend(kinds);
    found.first.extend(report.left.iter().cloned());
    found.first.truncate(MOST_SHOWN);
    found.clean = false;
    let at = tools.clock().now();
    let detail = json!({ "migration_verified": { "write_back": report.columns, "clean": false } });
    let audit = event(tools, AuditKind::SettingChanged, detail);
    Ok(tools.target().put_fact(TimedFact::Verified { source: source.clone(), at, clean: false }, audit).await?)
}

/// What the accounts of these rows say.
async fn wanted<T: Tools>(
    tools: &T,
    profile: &Profile,
    source: &SourceName,
    ids: &[SourceId],
    how: WriteBack<'_>,
) -> Result<HashMap<SourceId, Wanted>, MigrateError> {
    let provider = profile.write_back.as_ref().map(|back| back.identity_provider).unwrap_or_default();
    let keys = |id: &SourceId| RowKeys { source_id: id.clone(), user: None, names: Vec::new(), external_subject: None };
    let ask = SnapshotAsk { source: source.clone(), rows: ids.iter().map(keys).collect() };
    let snapshot = tools.target().snapshot(ask).await?;
    let accounts: HashMap<_, _> = snapshot.accounts.iter().map(|account| (account.user, account)).collect();
    let own = snapshot.links.iter().filter(|link| link.source == *source);
    let mut wanted: HashMap<SourceId, Wanted> = own
        .filter_map(|link| {
            let account = accounts.get(&link.user)?;
            Some((link.source_id.clone(), Wanted::of(&Tracked::of(account), provider)))
        })
        .collect();
    if let WriteBack::Dry(foreseen) = how {
        let said = ids.iter().filter_map(|id| Some((id.clone(), Wanted::of(foreseen.0.get(id)?, provider))));
        wanted.extend(said);
    }
    Ok(wanted)
}

/// A source whose rows are read as the application itself wrote them, without what was written back into them.
pub struct Unwritten<'a, S, T> {
    inner: S,
    tools: &'a T,
    profile: Profile,
    source: SourceName,
    any: bool,
}

impl<'a, S: Source, T: Tools> Unwritten<'a, S, T> {
    /// Reads `inner`.
    pub async fn new(inner: S, tools: &'a T, profile: &Profile, source: SourceName) -> Result<Self, MigrateError> {
        let any = tools.target().written_rows().await?.contains_key(&source);
        Ok(Self { inner, tools, profile: profile.clone(), source, any })
    }

    /// Whether anything was ever written back.
    pub const fn is_written_back(&self) -> bool {
        self.any
    }
}

async fn unwrite<T: Tools>(
    tools: &T,
    source: &SourceName,
    profile: &Profile,
    rows: &mut [SourceRow],
) -> Result<(), SourceError> {
    let ids: Vec<SourceId> = rows.iter().map(|row| row.id.clone()).collect();
    let known = tools.target().written(source, &ids).await.map_err(|error| SourceError::Unavailable {
        what: "the store does not tell what was written back".to_owned(),
        source: Some(Box::new(error)),
    })?;
    let known: HashMap<&SourceId, &Written> = known.iter().map(|row| (&row.source_id, row)).collect();
    for row in rows {
        if let Some(written) = known.get(&row.id) {
            write_back::mask(row, written, profile);
        }
    }
    Ok(())
}

impl<S: Source, T: Tools> Source for Unwritten<'_, S, T> {
    async fn rows(&mut self, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        let mut rows = self.inner.rows(page).await?;
        if self.any {
            unwrite(self.tools, &self.source, &self.profile, &mut rows).await?;
        }
        Ok(rows)
    }

    async fn count(&mut self, since: Option<Timestamp>) -> Result<u64, SourceError> {
        self.inner.count(since).await
    }

    async fn tenants(&mut self) -> Result<Vec<SourceTenant>, SourceError> {
        self.inner.tenants().await
    }

    async fn digest(&mut self) -> Result<authly_cutover::digest::Digest, SourceError> {
        self.inner.digest().await
    }
}
