//! Progress in numbers (S001-15..19): by tenant and overall, by two definitions that are never mixed (C-11).

use oauth_core::time::Timestamp;
use serde::Serialize;

use crate::store::{DailyCount, TenantFigures};

/// A part of a whole in per cent with two decimals; `None` where the whole is nothing.
pub fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| {
        let hundredths = (u128::from(part) * 20_000 / u128::from(whole)).div_ceil(2);
        f64::from(u32::try_from(hundredths).unwrap_or(u32::MAX)) / 100.0
    })
}

/// The progress of a tenant, or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// The tenant's short name; `None` for accounts without a tenant, and for all.
    pub tenant: Option<String>,
    /// All accounts that are not deleted.
    pub total: u64,
    /// With a password alone.
    pub password: u64,
    /// With both ways.
    pub dual: u64,
    /// By OAuth alone.
    pub oauth: u64,
    /// (dual + oauth) / total, as S001-15 counts; `None` without accounts, which counts as complete.
    pub linked_percent: Option<f64>,
    /// Signed in by OAuth at least once.
    pub completed: u64,
    /// completed / total.
    pub completed_percent: Option<f64>,
    /// Whether nothing is left to do: all completed, or nobody is there.
    pub complete: bool,
    /// Brought or adopted by a migration.
    pub imported: u64,
    /// Invited.
    pub invited: u64,
    /// Whose password must be set anew.
    pub reset_required: u64,
    /// Rows that wait for a decision.
    pub waiting: u64,
    /// Hashes of other programs that are left.
    pub legacy_scheme: u64,
    /// Wrapped hashes that are left.
    pub wrapped: u64,
    /// The last sign-in at a legacy door.
    pub last_password_login_at: Option<String>,
}

impl Progress {
    /// The progress that figures show.
    pub fn of(figures: &TenantFigures) -> Self {
        Self {
            tenant: figures.slug.clone(),
            total: figures.total,
            password: figures.password,
            dual: figures.dual,
            oauth: figures.oauth,
            linked_percent: percent(figures.dual + figures.oauth, figures.total),
            completed: figures.completed,
            completed_percent: percent(figures.completed, figures.total),
            complete: figures.completed == figures.total,
            imported: figures.imported,
            invited: figures.invited,
            reset_required: figures.reset_required,
            waiting: figures.waiting,
            legacy_scheme: figures.legacy_scheme,
            wrapped: figures.wrapped,
            last_password_login_at: figures.last_password_login_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// Tenants that are worth a line, worst first.
pub fn worst_first(figures: &[TenantFigures]) -> Vec<&TenantFigures> {
    // Accounts without a tenant are worth a line only where there are some, or nothing else is.
    let shown = |one: &&TenantFigures| one.tenant.is_some() || one.total + one.waiting > 0;
    let share = |one: &TenantFigures| percent(one.completed, one.total).unwrap_or(100.0);
    let mut tenants: Vec<_> = figures.iter().filter(shown).map(|one| (share(one), one)).collect();
    tenants.sort_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| one.slug.cmp(&other.slug)));
    tenants.into_iter().map(|(_, one)| one).collect()
}

/// The progress of all together.
pub fn overall(figures: &[TenantFigures]) -> Progress {
    let mut sum = TenantFigures::default();
    figures.iter().for_each(|one| sum.add(one));
    Progress::of(&sum)
}

/// A day of the series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date (UTC).
    pub date: String,
    /// How many accounts completed.
    pub completed: u64,
}

/// The last `days` days up to today, newest first, days without any among them (S001-18).
pub fn series(counts: &[DailyCount], now: Timestamp, days: u32) -> Vec<Day> {
    let today = now.seconds().div_euclid(86_400);
    (0..i64::from(days))
        .map(|ago| {
            let day = today - ago;
            let at = Timestamp::from_seconds(day.saturating_mul(86_400)).to_rfc3339();
            let completed = counts.iter().find(|count| count.day == day).map_or(0, |count| count.completed);
            Day { date: at.chars().take(10).collect(), completed }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use oauth_core::ids::TenantId;

    use super::*;

    fn figures(name: &str, total: u64, completed: u64) -> TenantFigures {
        let tenant = TenantId::parse("018f0000-0000-7000-8000-000000000001");
        TenantFigures { tenant, slug: Some(name.into()), total, completed, dual: completed, ..TenantFigures::default() }
    }

    #[test]
    fn nobody_is_complete_and_has_no_percentage() {
        let all = [figures("empty", 0, 0), TenantFigures::default()];
        let (tenants, all) = (worst_first(&all), overall(&all));
        assert_eq!(tenants.len(), 1);
        let empty = Progress::of(tenants[0]);
        assert_eq!((empty.completed_percent, empty.complete), (None, true));
        assert_eq!((all.linked_percent, all.complete), (None, true));
    }

    #[test]
    fn the_worst_tenant_comes_first_and_percentages_have_two_decimals() {
        let all = [figures("good", 3, 2), figures("bad", 3, 1), figures("none", 0, 0)];
        let (tenants, all) = (worst_first(&all), overall(&all));
        let names: Vec<_> = tenants.iter().map(|tenant| tenant.slug.as_deref().unwrap()).collect();
        assert_eq!(names, ["bad", "good", "none"]);
        assert_eq!(Progress::of(tenants[1]).completed_percent, Some(66.67));
        assert_eq!((all.total, all.completed_percent), (6, Some(50.0)));
        assert_eq!(percent(u64::MAX, u64::MAX), Some(100.0));
    }

    #[test]
    fn days_without_any_are_there() {
        let now = Timestamp::parse_rfc3339("2026-03-01T12:00:00Z").unwrap();
        let day = now.seconds().div_euclid(86_400) - 1;
        let days = series(&[DailyCount { day, completed: 7 }], now, 3);
        let shown: Vec<_> = days.iter().map(|day| (day.date.as_str(), day.completed)).collect();
        assert_eq!(shown, [("2026-03-01", 0), ("2026-02-28", 7), ("2026-02-27", 0)]);
    }
}
