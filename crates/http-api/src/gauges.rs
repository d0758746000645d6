//! Gauges of a migration (MIGRATION 3.6): read from the store when /metrics is asked, and then not again for a while.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use authly_admin_cases::migrate::Gauges;
use authly_cutover::{
    run::{Run, RunKind, RunState},
    store::TenantFigures,
};
use authly_directory::{
    services::DirectoryServices,
    store::{AccountCounts, AccountRepository as _},
};
use oauth_core::time::Timestamp;

use crate::{app::App, metrics::OTHERS, respond};

/// How long what was gathered is told again: whoever asks more often reads the same.
const AGE: Duration = Duration::from_secs(30);

/// Tenants with labels of their own: those with the most accounts.
const TENANTS: usize = 100;

/// What was gathered last.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    known: Mutex<Known>,
    busy: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    at: Option<Timestamp>,
    text: String,
    /// The run under way with its rows, and since when it has no more.
    progress: Option<(String, u64, Timestamp)>,
}

impl Gathered {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of the one who gathers; nothing while it is somebody's.
    fn turn(&self) -> Option<Turn<'_>> {
        (!self.busy.swap(true, Ordering::AcqRel)).then(|| Turn(&self.busy))
    }
}

/// Given back whatever happens: a scraper that hangs up takes the gathering along, and others must be able to begin it anew.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The text for /metrics: fresh enough, or gathered now by the one who comes first.
pub(crate) async fn text<V: DirectoryServices>(app: &App<V>) -> String {
    let Some(desk) = &app.desk else { return String::new() };
    let now = app.engine.now();
    let gathered = &app.gathered;
    let known = || gathered.lock().text.clone();
    let is_fresh = gathered.lock().at.is_some_and(|at| now.since(at) < AGE);
    let Some(_turn) = (!is_fresh).then(|| gathered.turn()).flatten() else { return known() };
    let accounts = app.engine.services().accounts().count_accounts(now).await;
    let gauges = desk.gauges().await;
    match (gauges, accounts) {
        (Ok(gauges), Ok(accounts)) => {
            let mut known = gathered.lock();
            known.progress = progress(known.progress.take(), &gauges, now);
            let since = known.progress.as_ref().map(|(.., since)| *since);
            known.text = render(&gauges, &accounts, since);
            known.at = Some(now);
        }
        (Err(error), _) => tracing::warn!(error = respond::causes(&error), "the migration's gauges cannot be read"),
        (_, Err(error)) => tracing::warn!(error = respond::causes(&error), "accounts cannot be counted"),
    }
    known()
}

/// Since when the run under way has not moved: its last sign of life when its rows changed.
fn progress(
    last: Option<(String, u64, Timestamp)>,
    gauges: &Gauges,
    now: Timestamp,
) -> Option<(String, u64, Timestamp)> {
    let run = under_way(gauges)?;
    let (id, rows) = (run.plan.id.to_string(), run.counters.rows());
    match last {
        Some((known, before, since)) if known == id && before == rows => Some((id, rows, since)),
        _ => Some((id, rows, run.heartbeat_at.min(now))),
    }
}

fn under_way(gauges: &Gauges) -> Option<&Run> {
    gauges.runs.iter().find(|run| run.state == RunState::Running)
}

fn render(gauges: &Gauges, accounts: &AccountCounts, moved_at: Option<Timestamp>) -> String {
    let mut out = Text::default();
    out.head("authly_migration_users", "gauge", "Accounts by tenant and way to sign in.");
    let tenants = Tenants::of(&gauges.tenants);
    tenants.sums(
        |one| [one.password, one.dual, one.oauth],
        |slug, [password, dual, oauth]| {
            for (method, count) in [("password", password), ("dual", dual), ("oauth", oauth)] {
                out.labelled("authly_migration_users", &[("tenant", slug), ("auth_method", method)], count);
            }
        },
    );
    out.head("authly_migration_outcome_total", "counter", "Rows of imports by what became of them.");
    for ((profile, outcome), rows) in outcomes(&gauges.runs) {
        out.labelled("authly_migration_outcome_total", &[("profile", profile), ("outcome", outcome)], rows);
    }
    let running = under_way(gauges);
    let name = "authly_migration_run_state";
    out.head(name, "gauge", "The newest run: 0 none, 1 running, 2 finished, 3 stopped, 4 abandoned.");
    out.labelled(name, &[], state(running.or_else(|| gauges.runs.first()), gauges.measured_at));
    out.head("authly_migration_rows_per_second", "gauge", "Rows a second of the run under way.");
    out.labelled("authly_migration_rows_per_second", &[], running.map_or(0, rate));
    let name = "authly_migration_checkpoint_age_seconds";
    out.head(name, "gauge", "How long the run under way has not moved; 0 where there is none.");
    out.labelled(name, &[], moved_at.map_or(0, |at| gauges.measured_at.since(at).as_secs()));
    out.head("authly_migration_quarantine", "gauge", "Rows that wait for a decision, by reason.");
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    gauges.waiting.iter().for_each(|count| *reasons.entry(count.reason.as_str()).or_default() += count.rows);
    for (reason, rows) in reasons {
        out.labelled("authly_migration_quarantine", &[("reason", reason)], rows);
    }
    out.head("authly_password_hashes", "gauge", "Stored password hashes by scheme.");
    let mut schemes: BTreeMap<&str, u64> = BTreeMap::new();
    gauges.schemes.iter().for_each(|line| *schemes.entry(line.scheme).or_default() += line.accounts);
    for (scheme, count) in schemes {
        out.labelled("authly_password_hashes", &[("scheme", scheme)], count);
    }
    let name = "authly_last_password_login_timestamp_seconds";
    out.head(name, "gauge", "The last sign-in at a legacy door, by tenant.");
    for (slug, one) in tenants.named() {
        if let Some(at) = one.last_password_login_at {
            out.labelled(name, &[("tenant", slug)], at.seconds());
        }
    }
    out.head("authly_rollbacks_total", "counter", "Rollbacks by what they took back and how they ended.");
    for ((scope, result), count) in rollbacks(&gauges.runs, gauges.measured_at) {
        out.labelled("authly_rollbacks_total", &[("scope", &scope), ("result", result)], count);
    }
    out.head("authly_users", "gauge", "Accounts by state.");
    let states = [
        ("total", accounts.total),
        ("active", accounts.active),
        ("locked", accounts.locked),
        ("unverified", accounts.unverified),
    ];
    for (state, count) in states {
        out.labelled("authly_users", &[("state", state)], count);
    }
    out.0
}

/// The tenants with labels of their own, and the others together.
struct Tenants<'a> {
    named: Vec<(&'a str, &'a TenantFigures)>,
    others: Vec<&'a TenantFigures>,
}

impl<'a> Tenants<'a> {
    fn of(figures: &'a [TenantFigures]) -> Self {
        let mut all: Vec<&TenantFigures> = figures.iter().collect();
        all.sort_by_key(|one| (std::cmp::Reverse(one.total), one.slug.as_deref()));
        let others = all.split_off(all.len().min(TENANTS));
        Self { named: all.into_iter().map(|one| (one.slug.as_deref().unwrap_or_default(), one)).collect(), others }
    }

    fn named(&self) -> impl Iterator<Item = (&'a str, &'a TenantFigures)> {
        self.named.iter().copied()
    }

    fn sums(&self, of: impl Fn(&TenantFigures) -> [u64; 3], mut tell: impl FnMut(&str, [u64; 3])) {
        self.named.iter().for_each(|(slug, one)| tell(slug, of(one)));
        if !self.others.is_empty() {
            let mut sums = [0; 3];
            for one in &self.others {
                sums.iter_mut().zip(of(one)).for_each(|(sum, value)| *sum += value);
            }
            tell(OTHERS, sums);
        }
    }
}

fn outcomes(runs: &[Run]) -> BTreeMap<(&str, &'static str), u64> {
    let mut sums = BTreeMap::new();
    for run in runs.iter().filter(|run| run.plan.kind == RunKind::Import) {
        for (outcome, rows) in &run.counters.outcomes {
            *sums.entry((run.plan.profile.as_str(), outcome.as_str())).or_default() += rows;
        }
    }
    sums
}

/// Rollbacks by scope, which is what stands before the name in what the run noted.
fn rollbacks(runs: &[Run], now: Timestamp) -> BTreeMap<(String, &'static str), u64> {
    let mut sums = BTreeMap::new();
    for run in runs.iter().filter(|run| run.plan.kind == RunKind::Rollback) {
        let noted = run.plan.options.get("scope").and_then(serde_json::Value::as_str).unwrap_or_default();
        let scope: String = noted.chars().take_while(char::is_ascii_alphabetic).collect();
        let result = if run.is_abandoned(now) { "abandoned" } else { run.state.as_str() };
        *sums.entry((scope.to_ascii_lowercase(), result)).or_default() += 1;
    }
    sums
}

fn state(run: Option<&Run>, now: Timestamp) -> u8 {
    match run {
        None => 0,
        Some(run) if run.is_abandoned(now) => 4,
        Some(run) => match run.state {
            RunState::Running => 1,
            RunState::Finished => 2,
            RunState::Stopped => 3,
        },
    }
}

fn rate(run: &Run) -> u64 {
    run.counters.rows().checked_div(run.heartbeat_at.since(run.started_at).as_secs()).unwrap_or(0)
}

/// The text exposition format.
#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn labelled(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            let open = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{open}{label}=\"{}\"", escaped(text));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hangs_up_while_gathering_keeps_nobody_from_it() {
        let gathered = Gathered::default();
        let turn = gathered.turn();
        assert!(turn.is_some() && gathered.turn().is_none(), "one at a time");
        drop(turn);
        assert!(gathered.turn().is_some());
    }

    #[test]
    fn the_biggest_tenants_have_labels_and_the_others_share_one() {
        let figures: Vec<TenantFigures> = (0..150u64)
            .map(|number| TenantFigures {
                slug: Some(format!("t{number}")),
                total: number,
                dual: number,
                ..TenantFigures::default()
            })
            .collect();
        let mut told = Vec::new();
        Tenants::of(&figures)
            .sums(|one| [one.password, one.dual, one.oauth], |slug, sums| told.push((slug.to_owned(), sums)));
        assert_eq!((told.len(), told[0].clone()), (101, ("t149".to_owned(), [0, 149, 0])));
        assert_eq!(told[100], (OTHERS.to_owned(), [0, (0..50).sum(), 0]));
        assert_eq!(told.iter().map(|(_, sums)| sums[1]).sum::<u64>(), (0..150).sum::<u64>());
    }

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut text = Text::default();
        text.labelled("x", &[("tenant", "a\"b\\c\nd")], 1);
        assert_eq!(text.0, "x{tenant=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
