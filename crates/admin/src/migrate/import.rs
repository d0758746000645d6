//! The import: a dry run by default, and the same walk for both.

use authly_cutover::{
    decide::{Renamed, Rules},
    digest::Digest,
    profile::{bind::BoundProfile, rules::Inactive},
    run::{Begun, LEASE, Run, RunId, RunKind, RunPlan, RunState},
    source::{Source, SourceName},
    store::{BatchCommit, BatchWrite, CutoverStore as _, Progress, RunEnd},
};
use authly_failpoint::{Place, reached};
use futures_util::future::join;
use oauth_core::{audit::AuditKind, services::Clock as _, store::Commit, time::Timestamp};
use serde_json::json;

use super::{
    ImportReport, MigrateError, Observer, Stop, Stopped, Tools,
    ahead::Touched,
    commit::{self, Batches, Next},
    feed::Feed,
    finalize,
    inactive::{self, inactive_as},
    pace::Pace,
    pieces::Pieces,
    rate::{self, Rate},
    since,
    tenants::{self, Mapped},
    tools::event,
    walk::{self, Beat, Walk},
};

/// What happens at a row that waits for a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is set aside, and the import goes on.
    #[default]
    Quarantine,
    /// The import stops before it.
    Stop,
}

/// How to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether anything is written.
    pub execute: bool,
    /// Rows of a batch.
    pub batch: u32,
    /// At most so many rows.
    pub limit: Option<u64>,
    /// At most so many rows a second, to spare the source.
    pub max_rate: Option<u32>,
    /// How hard it works.
    pub pace: Pace,
    /// What happens at a row that waits.
    pub on_error: OnError,
    /// Only rows that changed since the last finished import.
    pub since_watermark: bool,
    /// Whether weak digests are wrapped.
    pub wrap_weak: bool,
    /// Only people of this tenant (its short name).
    pub tenant: Option<String>,
    /// What accounts become that are switched off in the source; as the last import was told, or as the profile says, if not given.
    pub inactive_as: Option<Inactive>,
    /// What the operator calls the environment; it decides nothing.
    pub environment: Option<String>,
    /// Steps of the schema that were applied for this import, or have to be.
    pub schema_steps: Vec<String>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            execute: false,
            batch: 500,
            limit: None,
            max_rate: None,
            pace: Pace::default(),
            on_error: OnError::Quarantine,
            since_watermark: false,
            wrap_weak: false,
            tenant: None,
            inactive_as: None,
            environment: None,
            schema_steps: Vec::new(),
        }
    }
}

/// Imports the rows of a source, or tells what an import would do.
pub async fn import<T: Tools, S: Source>(
    tools: &T,
    source: &mut S,
    profile: &BoundProfile,
    name: SourceName,
    options: &ImportOptions,
    stop: &Stop,
    observer: &mut impl Observer,
) -> Result<ImportReport, MigrateError> {
    // Also where nothing is written: a dry run is refused where the run would be.
    finalize::must_not_be_over(tools).await?;
    let started = tools.clock().now();
    let mut rules = Rules::of(&profile.profile, name).within(tools.email_uniqueness().await?);
    rules.wrap_weak = options.wrap_weak;
    rules.only_tenant.clone_from(&options.tenant);
    let said = inactive_as(tools, &rules.source, options.inactive_as).await?;
    rules.inactive = said.unwrap_or(rules.inactive);
    let since = since::watermark(tools, &rules, options).await?;
    observer.phase("counting");
    let total = source.count(since).await?;
    let mapped = tenants::map(tools, source, profile, &mut rules).await?;
    let run = match options.execute {
        true => Some(begin(tools, &rules, profile, (options, said), since, total).await?),
        false => None,
    };
    let mut report = report(options, &rules, profile, &mapped, total, run.as_ref());
    let import =
        Import { tools, rules: &rules, options, run: run.as_ref().map(|(run, _)| run), mapped: &mapped, since };
    let mut walk = Walk { source, profile, tenants: &mapped.of_source, pace: options.pace };
    let walked = import.walk(&mut walk, total, stop, observer).await;
    let (progress, stopped) = match (walked, &run) {
        (Ok(walked), _) => walked,
        (Err(error), Some((run, _))) => {
            // What is committed stays, and the next run goes on behind it; that the end cannot be noted changes nothing.
            let _unheard = end(tools, run, RunState::Stopped, Some(error.to_string())).await;
            return Err(error);
        }
        (Err(error), None) => return Err(error),
    };
    if let Some((run, _)) = &run {
        let (state, note) = match &stopped {
            None => (RunState::Finished, None),
            Some(why) => (RunState::Stopped, Some(why.to_string())),
        };
        end(tools, run, state, note).await?;
    }
    report.count(&progress.counters);
    report.reconciles = stopped.is_none().then_some(progress.counters.rows() == total);
    report.stopped = stopped;
    report.seconds = tools.clock().now().since(started).as_secs_f64();
    Ok(report)
}

/// Takes the lease.
async fn begin<T: Tools>(
    tools: &T,
    rules: &Rules,
    profile: &BoundProfile,
    (options, said): (&ImportOptions, Option<Inactive>),
    since: Option<Timestamp>,
    total: u64,
) -> Result<(Run, bool), MigrateError> {
    let now = tools.clock().now();
    let written = serde_json::to_vec(&profile.profile).unwrap_or_default();
    let mut told = json!({
        "wrap_weak": options.wrap_weak,
        "tenant": options.tenant,
        "since": since.map(Timestamp::to_rfc3339),
        (inactive::OPTION): said,
    });
    // What the environment is called decides no row: a run that stopped goes on under any name.
    let deciding = told.to_string();
    if let (Some(options), Some(name)) = (told.as_object_mut(), &options.environment) {
        options.insert("environment".to_owned(), json!(name));
    }
    let plan = RunPlan {
        id: RunId::generate(now, tools.random()),
        kind: RunKind::Import,
        source: rules.source.clone(),
        profile: profile.profile.name.clone(),
        profile_digest: Digest::of([written.as_slice(), deciding.as_bytes()]),
        options: told,
        source_rows: Some(total),
    };
    match tools.target().begin_run(plan, now, now.minus(LEASE)).await? {
        Begun::Busy(run) => Err(MigrateError::busy(&run)),
        Begun::Resumed(run) => Ok((run, true)),
        Begun::Started(run) => Ok((run, false)),
    }
}

async fn end<T: Tools>(tools: &T, run: &Run, state: RunState, note: Option<String>) -> Result<(), MigrateError> {
    let detail = json!({ "migration_run": run.plan.id, "source": run.plan.source, "state": state });
    let audit = Some(event(tools, AuditKind::SettingChanged, detail));
    match tools.target().finish_run(run.lease(), RunEnd { state, at: tools.clock().now(), note, audit }).await? {
        Commit::Applied => Ok(()),
        Commit::Lost => Err(MigrateError::Fenced),
    }
}

fn report(
    options: &ImportOptions,
    rules: &Rules,
    profile: &BoundProfile,
    mapped: &Mapped,
    total: u64,
    run: Option<&(Run, bool)>,
) -> ImportReport {
    ImportReport {
        dry_run: !options.execute,
        environment: options.environment.clone(),
        source: rules.source.to_string(),
        profile: profile.profile.name.clone(),
        source_rows: total,
        rows: 0,
        reconciles: None,
        outcomes: std::collections::BTreeMap::new(),
        reasons: std::collections::BTreeMap::new(),
        schemes: std::collections::BTreeMap::new(),
        administrators: 0,
        verified: 0,
        unmapped_roles: std::collections::BTreeMap::new(),
        left_out: std::collections::BTreeMap::new(),
        names_given: 0,
        new_tenants: mapped.new_tenants.iter().map(|tenant| tenant.slug.clone()).collect(),
        new_groups: mapped.new_groups.iter().map(|group| group.name.clone()).collect(),
        tenant_collisions: mapped.collisions.clone(),
        schema_steps: options.schema_steps.clone(),
        inactive_as: Some(rules.inactive),
        stopped: None,
        run: run.map(|(run, _)| run.plan.id.to_string()),
        resumed: run.is_some_and(|(_, resumed)| *resumed),
        seconds: 0.0,
    }
}

struct Import<'a, T> {
    tools: &'a T,
    rules: &'a Rules,
    options: &'a ImportOptions,
    run: Option<&'a Run>,
    mapped: &'a Mapped,
    since: Option<Timestamp>,
}

impl<T: Tools> Import<'_, T> {
    /// From the checkpoint to the end, or to what stops it.
    async fn walk<S: Source>(
        &self,
        walk: &mut Walk<'_, S>,
        total: u64,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<(Progress, Option<Stopped>), MigrateError> {
        let resolutions = walk::resolutions(self.tools, self.rules).await?;
        let lease = self.run.map(Run::lease);
        let collisions = walk.census(self.tools, self.rules, &resolutions, total, lease, observer).await?;
        let batch = rate::of_a_second(self.options.max_rate, self.options.batch);
        let mut batches = Batches {
            tools: self.tools,
            rules: self.rules,
            collisions: &collisions,
            resolutions: &resolutions,
            renamed: Renamed::default(),
            progress: self.run.map(progress).unwrap_or_default(),
            lease,
            beat: Beat::new(lease, self.tools.clock().now()),
            pieces: Pieces::new(self.tools, self.options.pace, batch),
            on_error: self.options.on_error,
        };
        self.create_tenants(&mut batches).await?;
        observer.phase("importing");
        let (mut examined, rate) = (0u64, Rate::new(self.options.max_rate, self.tools.clock().now()));
        // Hashes take their time, and so does a rate: what is decided then is soon old.
        let may_be_ahead = self.options.max_rate.is_none() && !self.options.wrap_weak;
        let checkpoint = batches.progress.checkpoint.clone();
        let mut feed = Feed::new(walk, self.since, batch, self.options.limit, checkpoint);
        let mut next = feed.next(&batches.pieces).await?;
        loop {
            if stop.is_asked() && matches!(next, Next::Decided(_) | Next::Undecided(_)) {
                return Ok((batches.progress, Some(Stopped::Asked)));
            }
            let (ready, write) = match next {
                Next::Decided(decided) => *decided,
                Next::Undecided(people) => batches.decide(people).await?,
                Next::Limit => return Ok((batches.progress, Some(Stopped::Limit))),
                Next::End => return Ok((batches.progress, None)),
            };
            let ahead = may_be_ahead && batches.pieces.works_ahead();
            let touched = write.as_ref().filter(|_| ahead && !ready.stops()).map(Touched::by);
            let (progress, manner) = (ready.progress.clone(), batches.pieces.manner());
            // The next rows are read and decided while these are written.
            let following = async {
                match &touched {
                    None => Ok(None),
                    Some(touched) => match feed.next(&batches.pieces).await? {
                        Next::Undecided(people) => batches.decide_ahead(people, progress, touched).await.map(Some),
                        other => Ok(Some(other)),
                    },
                }
            };
            let (put, mut following) = join(commit::put(self.tools, write, manner), following).await;
            let done = match batches.written(ready, put?)? {
                Ok(done) => done,
                Err(people) => {
                    following = following.map(|next| next.map(Next::forgotten));
                    batches.batch(&people).await?
                }
            };
            examined += u64::try_from(done.rows.len()).unwrap_or(u64::MAX);
            observer.rows(&done.rows);
            observer.done(&batches.progress.counters, total);
            if let Some(row) = done.stop {
                let reason = row.reason.map(|reason| reason.text()).unwrap_or_default();
                let (source_id, outcome) = (row.source_id.to_string(), row.outcome);
                return Ok((batches.progress, Some(Stopped::Row { source_id, outcome, reason })));
            }
            let least = rate.rest(examined, self.tools.clock().now());
            batches.pieces.rests().rest(self.tools, least).await;
            next = match following? {
                Some(next) => next,
                None => feed.next(&batches.pieces).await?,
            };
        }
    }

    /// Tenants and groups first, in a write of their own: batches refer to them.
    async fn create_tenants(&self, batches: &mut Batches<'_, T>) -> Result<(), MigrateError> {
        let Some(lease) = batches.lease else { return Ok(()) };
        if self.mapped.new_tenants.is_empty() && self.mapped.new_groups.is_empty() {
            return Ok(());
        }
        let mut write = BatchWrite::empty(lease, self.tools.clock().now());
        write.tenants.clone_from(&self.mapped.new_tenants);
        write.groups.clone_from(&self.mapped.new_groups);
        write.progress = batches.progress.clone();
        write.audit = vec![event(
            self.tools,
            AuditKind::SettingChanged,
            json!({ "migration_run": lease.run, "tenants": self.mapped.new_tenants.len(), "groups": self.mapped.new_groups.len() }),
        )];
        match self.tools.target().commit_batch(write).await? {
            BatchCommit::Applied => {
                reached(Place::TenantsCommitted);
                Ok(())
            }
            BatchCommit::Fenced => Err(MigrateError::Fenced),
            BatchCommit::Lost => {
                let why = "a tenant or group of that name was created at this moment; run the import again";
                Err(MigrateError::Refused(why.to_owned()))
            }
        }
    }
}

/// How far the run was when it was begun or taken over.
fn progress(run: &Run) -> Progress {
    Progress {
        checkpoint: run.checkpoint.clone(),
        last_seq: run.last_seq,
        counters: run.counters.clone(),
        watermark: run.watermark,
    }
}
