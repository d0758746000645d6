//! Chance in waiting times, so that nodes that started together do not work together.

use std::time::Duration;

use authly_seal::SystemRandom;
use oauth_core::services::Random as _;

/// A random time below `most`.
pub(super) fn below(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    SystemRandom.fill(&mut bytes);
    most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_stays_within_its_limit() {
        for _ in 0..100 {
            assert!(below(Duration::from_secs(10)) <= Duration::from_secs(10));
        }
    }
}
