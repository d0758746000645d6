//! What the pool counts.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How a verification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The right password.
    Match,
    /// The wrong password.
    Mismatch,
    /// Malformed or too costly.
    Unreadable,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Match, Self::Mismatch, Self::Unreadable];

    /// The label in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Verifications of one scheme with one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemeCount {
    /// The scheme's name, `none` where there was no hash, `unknown` where no scheme knows the hash.
    pub scheme: &'static str,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
}

/// A reading of the pool's counters.
#[derive(Clone, Debug)]
pub struct PoolMetrics {
    /// Verifications by scheme and outcome.
    pub verifications: Vec<SchemeCount>,
    /// New hashes made.
    pub hashes: u64,
    /// Requests refused because the queue was full.
    pub refused: u64,
    /// Requests that wait now.
    pub waiting: usize,
    /// The time that a failure takes now.
    pub failure_floor: Duration,
}

/// The place of verifications without a hash.
pub(crate) const NONE: usize = 0;
/// The place of hashes that no scheme knows.
pub(crate) const UNKNOWN: usize = 1;
/// The place of the first scheme.
pub(crate) const FIRST: usize = 2;

/// The counters.
pub(crate) struct Counters {
    names: Vec<&'static str>,
    verifications: Vec<[AtomicU64; 3]>,
    pub(crate) hashes: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Counters {
    pub(crate) fn new(schemes: impl Iterator<Item = &'static str>) -> Self {
        let names: Vec<_> = ["none", "unknown"].into_iter().chain(schemes).collect();
        let verifications = names.iter().map(|_| Default::default()).collect();
        Self { names, verifications, hashes: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    pub(crate) fn count(&self, place: usize, outcome: Outcome) {
        let cell = self.verifications.get(place).and_then(|row| row.get(outcome as usize));
        if let Some(cell) = cell {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn verifications(&self) -> Vec<SchemeCount> {
        let rows = self.names.iter().zip(&self.verifications);
        rows.flat_map(|(scheme, row)| {
            Outcome::ALL.into_iter().zip(row).map(|(outcome, cell)| SchemeCount {
                scheme,
                outcome,
                count: cell.load(Ordering::Relaxed),
            })
        })
        .collect()
    }
}
