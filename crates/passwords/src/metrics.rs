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
    /// Malformed, or of no scheme that is known.
    Malformed,
    /// Too costly to compute.
    TooCostly,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Match, Self::Mismatch, Self::Malformed, Self::TooCostly];

    /// The label in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Malformed => "format",
            Self::TooCostly => "limit",
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

/// Upper bounds of the durations in microseconds.
pub const BOUNDS: [u64; 8] = [1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

/// How long verifications of one scheme took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeDurations {
    /// The scheme's name.
    pub scheme: &'static str,
    /// How many took at most as long as each of [`BOUNDS`], and how many longer than all; not added up.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// All of them together, in microseconds.
    pub micros: u64,
}

/// How long verifications of one scheme took, while they are counted.
#[derive(Default)]
struct Durations {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// A reading of the pool's counters.
#[derive(Clone, Debug)]
pub struct PoolMetrics {
    /// Verifications by scheme and outcome.
    pub verifications: Vec<SchemeCount>,
    /// Durations by scheme; schemes that nothing was verified of are left out.
    pub durations: Vec<SchemeDurations>,
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
    verifications: Vec<[AtomicU64; 4]>,
    durations: Vec<Durations>,
    pub(crate) hashes: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Counters {
    pub(crate) fn new(schemes: impl Iterator<Item = &'static str>) -> Self {
        let names: Vec<_> = ["none", "unknown"].into_iter().chain(schemes).collect();
        let verifications = names.iter().map(|_| Default::default()).collect();
        let durations = names.iter().map(|_| Durations::default()).collect();
        Self { names, verifications, durations, hashes: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    pub(crate) fn count(&self, place: usize, outcome: Outcome) {
        let cell = self.verifications.get(place).and_then(|row| row.get(outcome as usize));
        if let Some(cell) = cell {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn took(&self, place: usize, time: Duration) {
        let Some(row) = self.durations.get(place) else { return };
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(cell) = row.buckets.get(bucket) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
        row.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn durations(&self) -> Vec<SchemeDurations> {
        let rows = self.names.iter().zip(&self.durations);
        rows.map(|(scheme, row)| {
            let mut buckets = [0; BOUNDS.len() + 1];
            buckets.iter_mut().zip(&row.buckets).for_each(|(count, cell)| *count = cell.load(Ordering::Relaxed));
            SchemeDurations { scheme, buckets, micros: row.micros.load(Ordering::Relaxed) }
        })
        .filter(|row| row.buckets.iter().any(|count| *count > 0))
        .collect()
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
