//! The board: figures of a migration over time, for the progress page and for metrics.
//!
//! Nothing polls and nothing takes a picture each night: every account keeps the instants of its steps, so any day of the past
//! is a count over those. What is shown of a tenant is counted of that tenant alone.

mod steps;

use std::{borrow::Cow, collections::BTreeMap, future::Future};

use authly_directory::password::StoredHash;
use oauth_core::{
    ids::{TenantId, UserId},
    store::StoreError,
    time::Timestamp,
};

pub use self::steps::{Band, Instants, Mark, Moves, Step, StepCount, bands, marks};
use crate::{
    ledger::{LedgerEntry, LedgerKey},
    outcome::ReasonCode,
    run::RunId,
    source::{SourceId, SourceName},
    store::{DailyCount, PenEntry, PenKind, TenantFigures},
};

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// The day of an instant: whole days since 1970-01-01, UTC.
pub const fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY)
}

/// The date of a day, such as `2026-11-20`.
pub fn date_of(day: i64) -> String {
    let text = Timestamp::from_micros(day.saturating_mul(DAY)).to_rfc3339();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// Which figures are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardAsk {
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// The first day of the series; what happened before it is counted on the day before.
    pub from_day: i64,
    /// From when on a sign-in at a legacy door is a recent one.
    pub recent_from: Timestamp,
}

/// The figures of a board, of one instant. Deleted accounts are not counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoardFigures {
    /// Figures by tenant, as [`CutoverStore::figures`](crate::store::CutoverStore::figures) has them; of one tenant, that one alone.
    pub tenants: Vec<TenantFigures>,
    /// Accounts with a recent sign-in at a legacy door, by tenant.
    pub recent: BTreeMap<Option<TenantId>, u64>,
    /// How many accounts took each step on each day; days without any are left out, the order is free.
    pub steps: Vec<StepCount>,
    /// How many hashes were upgraded at a sign-in, by day.
    pub upgrades: Vec<DailyCount>,
    /// Hashes that look alike.
    pub hashes: Vec<HashGroup>,
    /// Open rows by kind and reason.
    pub waiting: Vec<WaitingCount>,
}

/// Hashes that begin alike, as [`mark`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashGroup {
    /// One of them, for those who know the schemes; never shown.
    pub sample: StoredHash,
    /// How many accounts have one of them.
    pub accounts: u64,
}

/// Open rows of one kind and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingCount {
    /// The kind.
    pub kind: PenKind,
    /// The reason.
    pub reason: ReasonCode,
    /// Rows.
    pub rows: u64,
}

/// Which page of open rows is wanted, in order of source and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingAsk {
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// Only those of this kind.
    pub kind: Option<PenKind>,
    /// Only those with this reason.
    pub reason: Option<ReasonCode>,
    /// Only those behind this one.
    pub after: Option<(SourceName, SourceId)>,
    /// At most so many.
    pub limit: u32,
}

/// What lines of the ledger are found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineKey {
    /// The account.
    Account(UserId),
    /// The run.
    Run(RunId),
    /// The row's id, of whichever source.
    SourceId(SourceId),
}

/// Which page of the ledger is wanted, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineAsk {
    /// Only lines that name this tenant.
    pub tenant: Option<TenantId>,
    /// What they are found by.
    pub by: LineKey,
    /// Only lines older than this one.
    pub before: Option<LedgerKey>,
    /// At most so many.
    pub limit: u32,
}

/// What the board reads.
pub trait BoardStore: Send + Sync {
    /// The figures, in one consistent read.
    fn board(&self, ask: BoardAsk) -> impl Future<Output = Result<BoardFigures, StoreError>> + Send;
    /// One page of open rows.
    fn waiting_rows(&self, ask: WaitingAsk) -> impl Future<Output = Result<Vec<PenEntry>, StoreError>> + Send;
    /// One page of the ledger.
    fn find_lines(&self, ask: LineAsk) -> impl Future<Output = Result<Vec<LedgerEntry>, StoreError>> + Send;
}

/// What hashes of one scheme have in common, cheap enough to be said by a database: those with the same mark are of one scheme. It
/// is how the hash begins, or where that tells nothing its length in characters.
pub fn mark(hash: &str) -> Cow<'_, str> {
    let cut = |text: &str, most: usize| text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
    let part = |rest: &str, end: char, most: usize| cut(rest.split(end).next().unwrap_or_default(), most);
    let start = |length: usize| hash.get(..length).map(Cow::Borrowed);
    let begins = if let Some(rest) = hash.strip_prefix('$') {
        start(1 + part(rest, '$', 24))
    } else if hash.starts_with('{') {
        start(part(hash, '}', 32))
    } else if let Some(rest) = hash.strip_prefix("wrapped:") {
        start(hash.len() - rest.len())
    } else if let Some(rest) = hash.strip_prefix("declared:") {
        start(hash.len() - rest.len() + part(rest, ':', 32))
    } else {
        let head = hash.split_once('$').map(|(head, _)| head).filter(|head| head.chars().count() <= 40);
        head.map(Cow::Borrowed)
    };
    let star = if hash.starts_with('*') { "*" } else { "" };
    begins.unwrap_or_else(|| Cow::Owned(format!("{}{star}", hash.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_one_scheme_have_one_mark() {
        for (hash, expected) in [
            ("$2b$12$abc", "$2b"),
            ("$argon2id$v=19$m=1$x$y", "$argon2id"),
            ("$P$Babcdefgh", "$P"),
            ("{SSHA}abc", "{SSHA"),
            ("pbkdf2_sha256$870000$salt$key", "pbkdf2_sha256"),
            ("wrapped:sha1-salt:73:$argon2id$v", "wrapped:"),
            ("declared:scrypt-node:a:b", "declared:scrypt-node"),
            ("5f4dcc3b5aa765d61d8327deb882cf99", "32"),
            ("*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E1", "41*"),
            ("", "0"),
            ("$", "$"),
            ("\u{fc}\u{fc}$rest", "\u{fc}\u{fc}"),
            ("$\u{fc}bcdefghijklmnopqrstuvwxyz$", "$\u{fc}bcdefghijklmnopqrstuvwx"),
            ("{abcdefghijklmnopqrstuvwxyzabcdefghijkl}", "{abcdefghijklmnopqrstuvwxyzabcde"),
            ("declared:", "declared:"),
        ] {
            assert_eq!(mark(hash), expected, "{hash}");
        }
    }

    #[test]
    fn days_before_1970_are_days_too() {
        assert_eq!(day_of(Timestamp::from_micros(-1)), -1);
        assert_eq!(date_of(-1), "1969-12-31");
        assert_eq!(date_of(20_412), "2025-11-20");
    }
}
