//! Parameters of password hashes for a machine and a target time (C-27).

use std::time::Duration;

use serde::Serialize;

/// The least that argon2id should cost, and what is measured: 19 MiB, two passes.
pub const LEAST: Argon = Argon { memory_kib: 19_456, passes: 2 };
/// The bcrypt cost that is measured.
pub const BCRYPT_MEASURED: u32 = 10;

/// Parameters of argon2id with one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Argon {
    /// Memory.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
}

/// What is verified again at most: 64 MiB, and memory times passes of 256 MiB.
const MEMORIES: [u32; 5] = [65_536, 47_104, 32_768, 24_576, 19_456];
const MOST_WORK: u64 = 262_144;

/// The costliest parameters that should stay within `target`, when [`LEAST`] takes `measured`: as much memory as possible, then
/// as many passes. Never less than [`LEAST`].
pub fn argon(target: Duration, measured: Duration) -> Argon {
    let work = |argon: Argon| u64::from(argon.memory_kib) * u64::from(argon.passes);
    let fits = |argon: &Argon| {
        let predicted = measured.as_secs_f64() * work(*argon) as f64 / work(LEAST) as f64;
        work(*argon) <= MOST_WORK && predicted <= target.as_secs_f64()
    };
    let candidates =
        MEMORIES.into_iter().flat_map(|memory_kib| (2..=13).map(move |passes| Argon { memory_kib, passes }));
    candidates.filter(fits).max_by_key(|argon| (argon.memory_kib, argon.passes)).unwrap_or(LEAST)
}

/// The highest bcrypt cost that should stay within `target`, when [`BCRYPT_MEASURED`] takes `measured`; each step doubles it.
pub fn bcrypt(target: Duration, measured: Duration) -> u32 {
    let fits = |cost: &u32| {
        let doubled = measured.as_secs_f64() * f64::from(cost.saturating_sub(BCRYPT_MEASURED)).exp2();
        doubled <= target.as_secs_f64()
    };
    (BCRYPT_MEASURED..=14).filter(fits).max().unwrap_or(BCRYPT_MEASURED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn memory_comes_before_passes_and_the_target_is_kept() {
        assert_eq!(argon(ms(100), ms(20)), Argon { memory_kib: 65_536, passes: 2 });
        assert_eq!(argon(ms(250), ms(20)), Argon { memory_kib: 65_536, passes: 4 });
        assert_eq!(argon(ms(60), ms(20)), Argon { memory_kib: 47_104, passes: 2 });
        assert_eq!(argon(ms(5), ms(20)), LEAST, "a slow machine gets the least, and is told");
    }

    #[test]
    fn each_step_of_bcrypt_doubles() {
        assert_eq!(bcrypt(ms(250), ms(54)), 12);
        assert_eq!(bcrypt(ms(10), ms(54)), 10);
        assert_eq!(bcrypt(ms(10_000), ms(54)), 14);
    }
}
