//! What the progress page and the metrics show: the board's figures, put into the order in which people read them.

use std::{collections::BTreeMap, time::Duration};

use authly_cutover::{
    board::{Band, BoardAsk, BoardFigures, BoardStore, DAY, LineAsk, WaitingAsk, WaitingCount, bands, day_of},
    finalize::Condition,
    hash::{HashJudge as _, HashState},
    ledger::LedgerEntry,
    progress::{self, Progress},
    run::{Run, RunKind, RunState},
    store::{CutoverStore as _, DailyCount, FinalizeStore as _, PenEntry, TenantFigures},
};
use oauth_core::{ids::TenantId, services::Clock as _, subject::Reach, time::Timestamp};

use super::{MigrateError, RunView, Tools, status};

/// Days of the series that begins first.
const DAYS: i64 = 90;

/// Days of the series by day, and of what is recent.
const MONTH: i64 = 30;

/// How far a migration is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was imported, and nobody has signed in by OAuth.
    Before,
    /// Everybody has signed in by OAuth.
    Complete,
    /// The old doors are closed for good.
    Finalized,
    /// People sign in both ways.
    Under,
}

/// Everything that the page shows at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// When it was measured.
    pub measured_at: Timestamp,
    /// How far the migration is.
    pub phase: Phase,
    /// All accounts within reach.
    pub overall: Progress,
    /// How accounts could sign in at the end of each day, oldest first; the last is today so far.
    pub bands: Vec<Band>,
    /// Accounts by the day of their first sign-in by OAuth, oldest first.
    pub completed: Vec<DailyCount>,
    /// Hashes by the day of their upgrade, oldest first.
    pub upgrades: Vec<DailyCount>,
    /// Tenants, and accounts without one where there are some; worst first.
    pub tenants: Vec<TenantLine>,
    /// Hashes by scheme, most first.
    pub schemes: Vec<SchemeLine>,
    /// Open rows by kind and reason, most first.
    pub waiting: Vec<WaitingCount>,
    /// The newest import or rollback; only for administrators of the installation.
    pub run: Option<RunView>,
    /// The finalize gate; only for administrators of the installation.
    pub gate: Vec<Condition>,
}

/// A tenant on the board.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantLine {
    /// Its name for people; `None` for accounts without a tenant.
    pub name: Option<String>,
    /// How far it is.
    pub progress: Progress,
    /// Accounts that used a legacy door in the last 30 days.
    pub recent: u64,
    /// Whole days since the last such use.
    pub days_since: Option<u64>,
}

/// Hashes of one scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeLine {
    /// The scheme, as metrics name it.
    pub scheme: &'static str,
    /// Accounts with such a hash.
    pub accounts: u64,
    /// Whether it is the policy's own: nothing is left to do.
    pub current: bool,
}

/// Figures of the whole installation, for metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauges {
    /// When they were measured.
    pub measured_at: Timestamp,
    /// Figures by tenant.
    pub tenants: Vec<TenantFigures>,
    /// Hashes by scheme.
    pub schemes: Vec<SchemeLine>,
    /// Open rows by kind and reason.
    pub waiting: Vec<WaitingCount>,
    /// The newest runs, newest first.
    pub runs: Vec<Run>,
}

/// Runs whose outcomes metrics add up.
const RUNS: u32 = 1_000;

/// The board, of what is within reach.
pub async fn board<T: Tools>(tools: &T, reach: Reach) -> Result<Board, MigrateError>
where
    T::Target: BoardStore,
{
    let now = tools.clock().now();
    let today = day_of(now);
    let (tenant, from) = (reach.tenant(), today - DAYS + 1);
    let figures = tools.target().board(BoardAsk { tenant, from_day: from, recent_from: month_before(now) }).await?;
    let since = Timestamp::from_micros((today - MONTH + 1) * DAY);
    let completed = tools.target().daily(tenant, since, Timestamp::from_micros((today + 1) * DAY)).await?;
    let (run, gate) = match reach {
        Reach::Installation => (last_run(tools).await?, status::gate(tools).await?),
        Reach::Tenant(_) => (None, Vec::new()),
    };
    let overall = progress::overall(&figures.tenants);
    Ok(Board {
        measured_at: now,
        phase: phase(&overall, tools.target().finalization().await?.is_some()),
        bands: bands(&figures.steps, from, today),
        completed: every_day(&completed, today),
        upgrades: every_day(&figures.upgrades, today),
        tenants: progress::worst_first(&figures.tenants)
            .into_iter()
            .map(|one| line(one, &figures.recent, now))
            .collect(),
        schemes: schemes(tools, &figures),
        waiting: most_first(figures.waiting),
        overall,
        run,
        gate,
    })
}

/// Figures for metrics.
pub async fn gauges<T: Tools>(tools: &T) -> Result<Gauges, MigrateError>
where
    T::Target: BoardStore,
{
    let now = tools.clock().now();
    let ask = BoardAsk { tenant: None, from_day: day_of(now), recent_from: now };
    let figures = tools.target().board(ask).await?;
    let schemes = schemes(tools, &figures);
    let runs = tools.target().runs(None, RUNS).await?;
    Ok(Gauges { measured_at: now, schemes, tenants: figures.tenants, waiting: figures.waiting, runs })
}

/// One page of open rows.
pub(super) async fn open_rows<T: Tools>(tools: &T, ask: WaitingAsk) -> Result<Vec<PenEntry>, MigrateError>
where
    T::Target: BoardStore,
{
    Ok(tools.target().waiting_rows(ask).await?)
}

/// One page of the ledger.
pub(super) async fn find_lines<T: Tools>(tools: &T, ask: LineAsk) -> Result<Vec<LedgerEntry>, MigrateError>
where
    T::Target: BoardStore,
{
    Ok(tools.target().find_lines(ask).await?)
}

fn month_before(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_micros(u64::try_from(MONTH * DAY).unwrap_or_default()))
}

/// The run under way, otherwise the newest.
async fn last_run<T: Tools>(tools: &T) -> Result<Option<RunView>, MigrateError> {
    let now = tools.clock().now();
    let runs = tools.target().runs(None, 20).await?;
    let told = |run: &&Run| matches!(run.plan.kind, RunKind::Import | RunKind::Rollback | RunKind::Finalize);
    let under_way = runs.iter().find(|run| run.state == RunState::Running && !run.is_abandoned(now));
    Ok(under_way.or_else(|| runs.iter().find(told)).map(|run| RunView::of(run, now)))
}

/// Whoever was waived keeps the password, so accounts alone do not tell that the old doors are closed.
fn phase(overall: &Progress, finalized: bool) -> Phase {
    if finalized {
        Phase::Finalized
    } else if overall.imported + overall.completed == 0 {
        Phase::Before
    } else if overall.complete {
        Phase::Complete
    } else {
        Phase::Under
    }
}

fn line(figures: &TenantFigures, recent: &BTreeMap<Option<TenantId>, u64>, now: Timestamp) -> TenantLine {
    TenantLine {
        name: figures.name.clone(),
        recent: recent.get(&figures.tenant).copied().unwrap_or_default(),
        days_since: figures.last_password_login_at.map(|last| now.since(last).as_secs() / 86_400),
        progress: Progress::of(figures),
    }
}

fn schemes<T: Tools>(tools: &T, figures: &BoardFigures) -> Vec<SchemeLine> {
    let mut lines: BTreeMap<(&'static str, bool), u64> = BTreeMap::new();
    for group in &figures.hashes {
        let judged = tools.hashes().judge(&group.sample);
        *lines.entry((judged.scheme, judged.state == HashState::Current)).or_default() += group.accounts;
    }
    let mut lines: Vec<SchemeLine> =
        lines.into_iter().map(|((scheme, current), accounts)| SchemeLine { scheme, accounts, current }).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.accounts));
    lines
}

fn most_first(mut waiting: Vec<WaitingCount>) -> Vec<WaitingCount> {
    waiting.sort_by_key(|count| (std::cmp::Reverse(count.rows), count.kind, count.reason));
    waiting
}

/// The last 30 days, oldest first, those without any among them.
fn every_day(counts: &[DailyCount], today: i64) -> Vec<DailyCount> {
    let of = |day: i64| counts.iter().filter(|count| count.day == day).map(|count| count.completed).sum();
    (today - MONTH + 1..=today).map(|day| DailyCount { day, completed: of(day) }).collect()
}
