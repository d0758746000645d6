//! How far the migration is.

use askama::Template;

use super::{GateLine, MigrationPlace, MigrationRun, named, readable, share};
use crate::{
    chart::{self, DayParts, Words, spaced},
    frame::{Frame, render},
    markup::Markup,
};

/// How far a migration is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MigrationPhase {
    /// Nothing has begun.
    #[default]
    Before,
    /// Everybody has signed in by OAuth.
    Complete,
    /// OAuth alone is left.
    Finalized,
    /// People sign in both ways.
    Under,
}

/// The first page of a migration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Migration<'a> {
    /// The navigation.
    pub place: MigrationPlace<'a>,
    /// When the figures were measured, in UTC as RFC 3339.
    pub measured_at: &'a str,
    /// How far it is.
    pub phase: MigrationPhase,
    /// Accounts that have signed in by OAuth.
    pub completed: u64,
    /// How accounts could sign in at the end of each day, oldest first: by password alone, both ways and not yet signed in by OAuth,
    /// both ways and signed in, by OAuth alone. The last day is now.
    pub days: &'a [DayParts<'a>],
    /// First sign-ins by OAuth by day.
    pub completions: &'a [DayParts<'a>],
    /// Sign-ins by day: JSON login, password grant, code, first-party application; the old ways have the colours of the old state.
    pub logins: &'a [DayParts<'a>],
    /// Whether sign-ins that cannot be told by tenant are left out.
    pub logins_of_tenant: bool,
    /// Upgraded hashes by day.
    pub upgrades: &'a [DayParts<'a>],
    /// The tenants of this page of the list, in its order.
    pub tenants: &'a [MigrationTenant<'a>],
    /// What they are ordered by.
    pub order: TenantOrder,
    /// How many tenants there are.
    pub tenant_count: u64,
    /// The address of the tenants that follow.
    pub more_tenants: Option<&'a str>,
    /// Hashes by scheme.
    pub schemes: &'a [SchemeCount<'a>],
    /// Invitations that were sent, opened, and led to a sign-in by OAuth; nothing where nobody invites.
    pub invitations: Option<[u64; 3]>,
    /// Open rows by kind and reason.
    pub waiting: &'a [WaitingLine<'a>],
    /// The import or rollback under way, otherwise the last one.
    pub run: Option<MigrationRun<'a>>,
    /// The finalize gate; empty where it is not shown.
    pub gate: &'a [GateLine<'a>],
}

/// A tenant in the list.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrationTenant<'a> {
    /// Its name; empty for accounts without a tenant.
    pub name: &'a str,
    /// Its short name.
    pub slug: &'a str,
    /// All accounts.
    pub total: u64,
    /// Of them signed in by OAuth.
    pub completed: u64,
    /// With a password alone.
    pub password: u64,
    /// Accounts that used a password at an old door in the last 30 days.
    pub recent: u64,
    /// Days since the last such use.
    pub days_since: Option<u64>,
    /// Rows that wait.
    pub waiting: u64,
}

/// What tenants are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TenantOrder {
    /// The fewest completed first.
    #[default]
    Worst,
    /// By name.
    Name,
    /// The most accounts first.
    Accounts,
    /// The most recent users of a password first.
    Recent,
}

impl TenantOrder {
    /// The text in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worst => "worst",
            Self::Name => "name",
            Self::Accounts => "accounts",
            Self::Recent => "recent",
        }
    }

    /// Reads it; anything else is the usual one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        [Self::Name, Self::Accounts, Self::Recent].into_iter().find(|order| order.as_str() == text).unwrap_or_default()
    }
}

/// Hashes of one scheme.
#[derive(Debug, Clone, Copy, Default)]
pub struct SchemeCount<'a> {
    /// The name of the scheme.
    pub name: &'a str,
    /// Accounts with such a hash.
    pub accounts: u64,
    /// Whether it is the one that new passwords get.
    pub current: bool,
}

/// Open rows of one kind and reason.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaitingLine<'a> {
    /// `conflict`, `quarantine` or `failed`.
    pub kind: &'a str,
    /// The code of the reason.
    pub reason: &'a str,
    /// How many.
    pub rows: u64,
}

/// The names of the parts of the first chart, in order.
const PARTS: [&str; 4] =
    ["migration-part-password", "migration-part-dual", "migration-part-completed", "migration-part-oauth"];
/// The names of the ways to sign in, in order.
const WAYS: [&str; 4] =
    ["migration-way-json", "migration-way-password", "migration-way-code", "migration-way-first-party"];

impl Migration<'_> {
    fn now(&self) -> [u64; 4] {
        self.days.last().map(|day| day.parts).unwrap_or_default()
    }

    fn total(&self) -> u64 {
        self.now().iter().sum()
    }

    fn percent(&self, frame: &Frame<'_>) -> String {
        share(self.completed, self.total(), frame).unwrap_or_else(|| "–".to_owned())
    }

    fn progress_bar(&self) -> Markup {
        chart::bar(self.completed, self.total(), "c3", true)
    }

    /// Class, name, accounts and share of each part.
    fn tiles<'f>(&self, frame: &'f Frame<'_>) -> Vec<(&'static str, &'f str, String, String)> {
        let total = self.total();
        ["c1", "c2", "c3", "c4"]
            .into_iter()
            .zip(PARTS)
            .zip(self.now())
            .map(|((class, key), value)| {
                (class, frame.t(key), spaced(value), share(value, total, frame).unwrap_or_default())
            })
            .collect()
    }

    fn phase_words<'f>(&self, frame: &'f Frame<'_>) -> &'f str {
        frame.t(match self.phase {
            MigrationPhase::Before => "migration-phase-before",
            MigrationPhase::Complete => "migration-phase-complete",
            MigrationPhase::Finalized => "migration-phase-finalized",
            MigrationPhase::Under => "migration-phase-under",
        })
    }

    fn is_empty(&self) -> bool {
        self.phase == MigrationPhase::Before && self.waiting.is_empty() && self.run.is_none()
    }

    fn area(&self, frame: &Frame<'_>) -> Markup {
        let parts = PARTS.map(|key| frame.t(key));
        let (first, last) = (self.days.first().map_or("", |day| day.date), self.days.last().map_or("", |day| day.date));
        let [password, dual, completed, oauth] = self.now().map(spaced);
        let text = format!(
            "{first} – {last}. {}: {password}. {}: {dual}. {}: {completed}. {}: {oauth}.",
            frame.t(PARTS[0]),
            frame.t(PARTS[1]),
            frame.t(PARTS[2]),
            frame.t(PARTS[3]),
        );
        let words =
            Words { id: "over-time-chart", title: frame.t("migration-over-time"), description: &text, parts: &parts };
        chart::area(&words, self.days)
    }

    fn columns(&self, frame: &Frame<'_>, id: &str, title: &'static str, days: &[DayParts<'_>]) -> Markup {
        let most = days.iter().max_by_key(|day| day.total());
        let sum: u64 = days.iter().map(DayParts::total).sum();
        let mut text = format!("{}: {}.", frame.t("migration-sum"), spaced(sum));
        if let Some(most) = most.filter(|day| day.total() > 0) {
            text.push_str(&format!(" {}: {}, {}.", frame.t("migration-most"), most.date, spaced(most.total())));
        }
        let words = Words { id, title: frame.t(title), description: &text, parts: &[] };
        chart::columns(&words, days)
    }

    /// Class, name and number of the ways that occur.
    fn ways<'f>(&self, frame: &'f Frame<'_>) -> Vec<(&'static str, &'f str, String)> {
        ["c1", "c2", "c3", "c4"]
            .into_iter()
            .zip(WAYS)
            .enumerate()
            .map(|(place, (class, key))| {
                let sum: u64 = self.logins.iter().filter_map(|day| day.parts.get(place)).sum();
                (class, frame.t(key), spaced(sum))
            })
            .collect()
    }

    fn logins_sum(&self) -> u64 {
        self.logins.iter().map(DayParts::total).sum()
    }

    fn upgrades_sum(&self) -> u64 {
        self.upgrades.iter().map(DayParts::total).sum()
    }

    fn hashes(&self) -> u64 {
        self.schemes.iter().map(|scheme| scheme.accounts).sum()
    }

    fn hashes_left(&self) -> u64 {
        self.schemes.iter().filter(|scheme| !scheme.current).map(|scheme| scheme.accounts).sum()
    }

    fn waiting_sum(&self) -> u64 {
        self.waiting.iter().map(|line| line.rows).sum()
    }

    fn gate_met(&self) -> usize {
        self.gate.iter().filter(|line| line.met).count()
    }

    fn funnel(&self) -> Vec<(&'static str, u64, u64)> {
        let Some([sent, opened, completed]) = self.invitations else { return Vec::new() };
        vec![("migration-invited", sent, sent), ("migration-opened", opened, sent), ("migration-came", completed, sent)]
    }

    fn sort_link(&self, order: TenantOrder) -> String {
        format!("{}?order={}#tenants", self.place.base, order.as_str())
    }
}

impl MigrationTenant<'_> {
    fn percent(&self, frame: &Frame<'_>) -> String {
        share(self.completed, self.total, frame).unwrap_or_else(|| frame.t("migration-nobody").to_owned())
    }

    fn bar(&self) -> Markup {
        chart::bar(self.completed, self.total.max(1), "c3", false)
    }
}

impl SchemeCount<'_> {
    fn words(&self, frame: &Frame<'_>) -> String {
        named(frame, "scheme", self.name)
    }

    fn bar(&self, of: u64) -> Markup {
        chart::bar(self.accounts, of, if self.current { "c3" } else { "c1" }, false)
    }
}

impl WaitingLine<'_> {
    fn kind_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "waiting", self.kind)
    }

    fn reason_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "reason", self.reason)
    }

    fn bar(&self, of: u64) -> Markup {
        chart::bar(self.rows, of, "c1", false)
    }
}

#[derive(Template)]
#[template(path = "migration.html")]
struct Page<'a> {
    view: &'a Migration<'a>,
    place: MigrationPlace<'a>,
    here: &'static str,
    frame: &'a Frame<'a>,
    measured: String,
}

/// Renders the first page of a migration.
#[must_use]
pub fn migration(view: &Migration<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, place: view.place, here: "", frame, measured: readable(view.measured_at) })
}
