//! How many rows are written at a time where other writers wait meanwhile.

use std::time::Duration;

/// With how many rows it begins, before anything is known of the speed.
const FIRST: u32 = 50;

/// Fewer would not be any faster: what remains is the commit.
const LEAST: u32 = 10;

/// How many rows are written at a time, so that a write takes about as long as it may.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stride {
    rows: u32,
    most: u32,
    /// How long a write may take; any time, if `None`.
    longest: Option<Duration>,
}

impl Stride {
    pub(super) fn new(most: u32, longest: Option<Duration>) -> Self {
        let most = most.max(1);
        Self { rows: if longest.is_some() { FIRST.min(most) } else { most }, most, longest }
    }

    /// Rows of the next write.
    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }

    /// Whether it matters how long a write takes.
    pub(super) const fn learns(&self) -> bool {
        self.longest.is_some()
    }

    /// Learns from a write of so many rows. It grows to twice the size at most: one quick write may have been luck.
    pub(super) fn took(&mut self, rows: usize, time: Duration) {
        let Some(longest) = self.longest.filter(|_| rows >= self.rows()) else { return };
        let rows = u128::try_from(rows).unwrap_or(u128::MAX);
        let fit = rows.saturating_mul(longest.as_micros()) / time.as_micros().max(1);
        let fit = u32::try_from(fit).unwrap_or(u32::MAX);
        self.rows = fit.clamp(LEAST, self.rows.saturating_mul(2).max(LEAST)).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(20);

    #[test]
    fn a_store_where_nobody_waits_gets_whole_batches() {
        let mut stride = Stride::new(1_000, None);
        stride.took(1_000, Duration::from_secs(9));
        assert_eq!(stride.rows(), 1_000);
    }

    #[test]
    fn a_write_becomes_as_long_as_it_may_be() {
        let mut stride = Stride::new(1_000, Some(LONGEST));
        assert_eq!(stride.rows(), 50);
        stride.took(50, Duration::from_millis(5));
        assert_eq!(stride.rows(), 100, "200 would fit, and it grows to twice the size at most");
        stride.took(100, Duration::from_millis(40));
        assert_eq!(stride.rows(), 50);
        stride.took(49, Duration::from_millis(1));
        assert_eq!(stride.rows(), 50, "the end of a page says little");
        stride.took(50, Duration::from_secs(5));
        assert_eq!(stride.rows(), 10, "there is an end to it");
        (0..20).for_each(|_| stride.took(stride.rows(), Duration::ZERO));
        assert_eq!(stride.rows(), 1_000, "what was asked for is the most");
        assert_eq!(Stride::new(5, Some(LONGEST)).rows(), 5);
    }
}
