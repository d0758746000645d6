//! Pools with cheap policies for tests.
#![allow(dead_code, reason = "not every test needs everything")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use authly_directory::password::{PasswordService as _, PresentedPassword, StoredHash, Verification};
use authly_passwords::{Foreign, HashPool, Policy, PoolSettings};
use oauth_core::services::Random;

/// Salts without randomness, so that tests repeat.
pub(crate) struct Constant;

impl Random for Constant {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A cheap policy.
pub(crate) fn cheap() -> Policy {
    Policy::argon2id(64, 1, 1).expect("affordable")
}

/// Settings with that policy and one thread.
pub(crate) fn settings() -> PoolSettings {
    PoolSettings {
        policy: cheap(),
        older_program_cost: 4,
        threads: NonZeroUsize::new(1),
        queue: 64,
        peppers: Vec::new(),
        foreign: Foreign::Verified,
    }
}

/// A pool with the cheap policy.
pub(crate) fn pool() -> HashPool<Constant> {
    HashPool::new(&settings(), Constant).expect("threads")
}

/// What was typed.
pub(crate) fn typed(password: &str) -> PresentedPassword {
    PresentedPassword::parse(password).expect("a password")
}

/// Verifies, when the queue has room.
pub(crate) async fn verify(pool: &HashPool<Constant>, password: &str, stored: &str) -> Verification {
    pool.verify(typed(password), Some(StoredHash::new(stored.to_owned()))).await.expect("room in the queue")
}

/// Whether `password` is the one behind `stored`.
pub(crate) async fn matches(pool: &HashPool<Constant>, password: &str, stored: &str) -> bool {
    matches!(verify(pool, password, stored).await, Verification::Match { .. })
}
