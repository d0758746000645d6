//! Where a migration stands: figures, runs, who is pending, the gate.

use std::time::Duration;

use authly_cutover::{
    finalize::{self, Condition, QUIET},
    hash::HashJudge,
    progress::{self, Day, Progress},
    run::{Run, RunKind, RunState},
    source::SourceName,
    store::{CutoverStore as _, FinalizeStore as _, Lacks, PendingAccount, PendingAsk, TenantFigures},
};
use oauth_core::{ids::TenantId, services::Clock as _, time::Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{MigrateError, Tools, by_scheme::ByScheme};

/// Where a migration stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MigrationStatus {
    /// How far its accounts are, in words.
    pub phase: &'static str,
    /// All accounts of the installation that are not deleted, whichever tenant is asked for.
    #[serde(skip)]
    pub accounts: u64,
    /// All accounts together.
    pub overall: Standing,
    /// By tenant, worst first.
    pub tenants: Vec<Standing>,
    /// The newest run.
    pub last_run: Option<RunView>,
}

/// How far a tenant is, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Standing {
    /// Its numbers.
    #[serde(flatten)]
    pub progress: Progress,
    /// Hashes of other programs and wrapped ones that are left, by scheme.
    pub old_hashes: ByScheme,
}

/// Whether people can sign in by OAuth at all, by the installation's own switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthSwitch {
    /// They can.
    On,
    /// It is off for everybody.
    Off,
}

/// A run for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunView {
    /// Its id.
    pub run: String,
    /// What it does.
    pub kind: RunKind,
    /// The source.
    pub source: String,
    /// The profile.
    pub profile: String,
    /// What the operator called the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `running`, `finished`, `stopped`, or `abandoned` where its process must be thought dead.
    pub state: &'static str,
    /// When it was begun.
    pub started_at: String,
    /// Its last sign of life.
    pub heartbeat_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
    /// Rows of the source.
    pub source_rows: Option<u64>,
    /// Rows with an outcome.
    pub rows: u64,
    /// Rows that wait for a decision.
    pub needs_decisions: u64,
    /// Rows a second, from the beginning to the last sign of life.
    pub rows_per_second: Option<u64>,
    /// Seconds until the end at that rate, while it runs.
    pub seconds_left: Option<u64>,
    /// What stopped it.
    pub note: Option<String>,
}

impl RunView {
    pub(super) fn of(run: &Run, now: Timestamp) -> Self {
        let rows = run.counters.rows();
        let abandoned = run.is_abandoned(now);
        let seconds = run.heartbeat_at.since(run.started_at).as_secs();
        let rate = rows.checked_div(seconds).filter(|rate| *rate > 0);
        let left = run.plan.source_rows.map(|total| total.saturating_sub(rows));
        let running = run.state == RunState::Running && !abandoned;
        Self {
            run: run.plan.id.to_string(),
            kind: run.plan.kind,
            source: run.plan.source.to_string(),
            profile: run.plan.profile.clone(),
            environment: run.plan.options.get("environment").and_then(Value::as_str).map(str::to_owned),
            state: if abandoned { "abandoned" } else { run.state.as_str() },
            started_at: run.started_at.to_rfc3339(),
            heartbeat_at: run.heartbeat_at.to_rfc3339(),
            finished_at: run.finished_at.map(Timestamp::to_rfc3339),
            source_rows: run.plan.source_rows,
            rows,
            needs_decisions: run.counters.needing_a_decision(),
            rows_per_second: rate,
            seconds_left: rate.zip(left).filter(|_| running).map(|(rate, left)| left.div_ceil(rate)),
            note: run.note.clone(),
        }
    }
}

/// Where the migration stands; of one tenant (its short name), if given.
pub async fn status<T: Tools>(
    tools: &T,
    tenant: Option<&str>,
    oauth: OAuthSwitch,
) -> Result<MigrationStatus, MigrateError> {
    let (figures, samples) = tools.target().figures_and_old_hashes().await?;
    let accounts = figures.iter().map(|one| one.total).sum();
    let figures = match tenant {
        None => figures,
        Some(slug) => {
            let of: Vec<_> = figures.into_iter().filter(|one| one.slug.as_deref() == Some(slug)).collect();
            if of.is_empty() {
                return Err(MigrateError::NotFound { what: "tenant", name: slug.to_owned() });
            }
            of
        }
    };
    let schemes: Vec<_> = samples.iter().map(|sample| tools.hashes().judge(sample).scheme).collect();
    let overall = progress::overall(&figures);
    let last_run = runs(tools, None, 1).await?.pop();
    let phase = match (overall.imported, overall.completed) {
        // Whoever was waived keeps the password, so accounts do not tell.
        _ if tools.target().finalization().await?.is_some() => "finalized",
        (0, 0) => "nothing is imported yet",
        _ if overall.complete => "complete: `migrate finalize check` says what is left to do",
        _ if oauth == OAuthSwitch::Off => "people sign in by password; OAuth is switched off",
        _ => "people sign in both ways",
    };
    let mut all = ByScheme::default();
    let standing = |one: &TenantFigures| {
        let mut old_hashes = ByScheme::default();
        for (sample, accounts) in &one.old_hashes {
            let scheme = schemes.get(*sample).copied().unwrap_or_default();
            old_hashes.count(scheme, *accounts);
            all.count(scheme, *accounts);
        }
        Standing { progress: Progress::of(one), old_hashes }
    };
    let tenants = progress::worst_first(&figures).into_iter().map(standing).collect();
    Ok(MigrationStatus { phase, accounts, tenants, overall: Standing { progress: overall, old_hashes: all }, last_run })
}

/// The newest runs, newest first.
pub async fn runs<T: Tools>(tools: &T, source: Option<&SourceName>, limit: u32) -> Result<Vec<RunView>, MigrateError> {
    let now = tools.clock().now();
    Ok(tools.target().runs(source, limit).await?.iter().map(|run| RunView::of(run, now)).collect())
}

/// How many accounts completed on each of the last days, newest first.
pub async fn daily<T: Tools>(tools: &T, tenant: Option<&str>, days: u32) -> Result<Vec<Day>, MigrateError> {
    let now = tools.clock().now();
    let tenant = tenant_id(tools, tenant).await?;
    let today = now.seconds().div_euclid(86_400);
    let day = |day: i64| Timestamp::from_seconds(day.saturating_mul(86_400));
    let counts = tools.target().daily(tenant, day(today - i64::from(days) + 1), day(today + 1)).await?;
    Ok(progress::series(&counts, now, days))
}

/// Accounts that lack something, those used last first; the page behind `after`, which is the last of the page before.
pub async fn pending<T: Tools>(
    tools: &T,
    lacks: Lacks,
    tenant: Option<&str>,
    after: Option<&PendingAccount>,
    limit: u32,
) -> Result<Vec<PendingAccount>, MigrateError> {
    let tenant = tenant_id(tools, tenant).await?;
    let after = after.map(|last| (last.last_login_at, last.user));
    Ok(tools.target().pending(PendingAsk { lacks, tenant, after, limit }).await?)
}

/// The conditions of the gate, measured now.
pub async fn gate<T: Tools>(tools: &T) -> Result<Vec<Condition>, MigrateError> {
    let now = tools.clock().now();
    let window: Duration = QUIET;
    let facts = tools.target().gate_facts(now, now.minus(window)).await?;
    Ok(finalize::judge(&facts, now))
}

/// The tenant with that short name.
pub(super) async fn tenant_id<T: Tools>(tools: &T, slug: Option<&str>) -> Result<Option<TenantId>, MigrateError> {
    let Some(slug) = slug else { return Ok(None) };
    let (tenants, _) = tools.target().tenants().await?;
    let found = tenants.iter().find(|tenant| tenant.slug == slug).map(|tenant| tenant.id);
    found.map(Some).ok_or_else(|| MigrateError::NotFound { what: "tenant", name: slug.to_owned() })
}
