//! Keeping to a rate, to spare a source.

use std::time::Duration;

use oauth_core::time::Timestamp;

/// How many rows are read and written at a time, where so many were asked for: no more than go into a second. After each the rate
/// is waited for, and a lease must not be slept through, nor the wish to stop.
pub(super) fn of_a_second(rate: Option<u32>, asked: u32) -> u32 {
    rate.map_or(asked, |rate| asked.min(rate)).max(1)
}

/// Keeps to a rate.
pub(super) struct Rate {
    rate: Option<u32>,
    started: Timestamp,
}

impl Rate {
    pub(super) const fn new(rate: Option<u32>, started: Timestamp) -> Self {
        Self { rate, started }
    }

    /// How long to rest after so many rows.
    pub(super) fn rest(&self, rows: u64, now: Timestamp) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let due = self.started.plus(Duration::from_micros(rows.saturating_mul(1_000_000) / u64::from(rate.max(1))));
        due.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_at_a_time_than_goes_into_a_second() {
        assert_eq!((of_a_second(None, 500), of_a_second(Some(8_000), 500)), (500, 500));
        assert_eq!((of_a_second(Some(20), 500), of_a_second(Some(0), 500)), (20, 1));
    }

    #[test]
    fn a_rate_is_kept_from_the_first_row_on() {
        let began = Timestamp::from_seconds(1_000);
        let after = |millis| began.plus(Duration::from_millis(millis));
        let rate = Rate::new(Some(200), began);
        assert_eq!(rate.rest(100, after(100)), Duration::from_millis(400));
        assert_eq!(rate.rest(200, after(1_000)), Duration::ZERO, "a second for two hundred rows");
        assert_eq!(rate.rest(1_000, after(5_500)), Duration::ZERO, "late is late");
        assert_eq!(Rate::new(None, began).rest(1_000_000, began), Duration::ZERO);
        assert!(!Rate::new(Some(1), began).rest(u64::MAX, began).is_zero());
    }
}
