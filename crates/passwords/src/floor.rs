//! The least time that a failure takes: as long as the slowest format in use.
//!
//! Each class of cost (a scheme, and its nominal time to the power of two) is measured on its own, by mean and
//! deviation, so that a class that is rarely seen is not forgotten among the others.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::Cost;

/// The measured times.
#[derive(Default)]
pub(crate) struct Floor(Mutex<BTreeMap<(&'static str, u32), Estimate>>);

impl Floor {
    /// Nobody waits longer than this.
    const LIMIT: Duration = Duration::from_secs(5);

    /// Notes that such hashes exist, before the first one is measured.
    pub(crate) fn note(&self, cost: Cost) {
        self.with(cost, |_| ());
    }

    /// Notes a measured verification.
    pub(crate) fn observe(&self, cost: Cost, took: Duration) {
        self.with(cost, |estimate| estimate.add(took));
    }

    /// The time that a failure takes.
    pub(crate) fn current(&self) -> Duration {
        let classes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        classes.values().map(Estimate::upper).max().unwrap_or_default().min(Self::LIMIT)
    }

    fn with(&self, cost: Cost, change: impl FnOnce(&mut Estimate)) {
        let class = (cost.scheme, cost.nominal.as_micros().max(1).ilog2());
        let mut classes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(classes.entry(class).or_insert_with(|| Estimate::guess(cost.nominal)));
    }
}

/// Mean and mean deviation, as a retransmission timer keeps them (RFC 6298 2.3).
struct Estimate {
    mean: Duration,
    deviation: Duration,
    measured: bool,
}

impl Estimate {
    fn guess(nominal: Duration) -> Self {
        Self { mean: nominal, deviation: nominal / 8, measured: false }
    }

    fn add(&mut self, took: Duration) {
        let took = took.min(Floor::LIMIT);
        if !self.measured {
            *self = Self { mean: took, deviation: took / 8, measured: true };
            return;
        }
        self.deviation = (self.deviation * 3 + took.abs_diff(self.mean)) / 4;
        self.mean = (self.mean * 7 + took) / 8;
    }

    fn upper(&self) -> Duration {
        self.mean + self.deviation * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(scheme: &'static str, millis: u64) -> Cost {
        Cost { scheme, nominal: Duration::from_millis(millis) }
    }

    #[test]
    fn the_slowest_class_counts_even_when_it_is_rarely_seen() {
        let floor = Floor::default();
        floor.note(cost("bcrypt", 217));
        for _ in 0..1000 {
            floor.observe(cost("argon2", 16), Duration::from_millis(16));
            floor.observe(cost("bcrypt", 54), Duration::from_millis(54));
        }
        assert!(floor.current() >= Duration::from_millis(217), "{:?}", floor.current());
    }

    #[test]
    fn a_measurement_replaces_the_guess_and_steady_times_come_close() {
        let floor = Floor::default();
        floor.note(cost("bcrypt", 217));
        for _ in 0..50 {
            floor.observe(cost("bcrypt", 217), Duration::from_millis(100));
        }
        let current = floor.current();
        assert!((Duration::from_millis(100)..Duration::from_millis(102)).contains(&current), "{current:?}");
    }

    #[test]
    fn unsteady_times_raise_the_floor_above_their_mean_and_never_above_the_limit() {
        let floor = Floor::default();
        for took in [100, 180].into_iter().cycle().take(60) {
            floor.observe(cost("bcrypt", 100), Duration::from_millis(took));
        }
        assert!(floor.current() >= Duration::from_millis(170), "{:?}", floor.current());
        floor.observe(cost("slow", 1), Duration::from_secs(3600));
        assert_eq!(floor.current(), Floor::LIMIT);
    }
}
