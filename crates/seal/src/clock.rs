//! The one place that reads the clock.

use oauth_core::{services::Clock, time::Timestamp};

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation: everybody else asks the port")]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Timestamp::from_micros(0).plus(since),
            Err(before) => Timestamp::from_micros(0).minus(before.duration()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_this_century() {
        let now = SystemClock.now();
        assert!(now > Timestamp::from_seconds(1_700_000_000), "{now:?}");
        assert!(now < Timestamp::from_seconds(4_102_444_800), "{now:?}");
    }
}
