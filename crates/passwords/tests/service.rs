//! Verification and new hashes, equal cost, and the bounded queue.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use authly_directory::password::{PasswordService as _, StoredHash, Verification};
use authly_passwords::{Cost, Foreign, HashPool, Memory, Outcome, Policy, PoolSettings, Reading, Recipe, Scheme};
use oauth_core::{
    secret::Secret,
    services::{Busy, SlowHashes as _},
};
use support::{Constant, cheap, matches, pool, settings, typed, verify};

#[tokio::test]
async fn a_new_hash_verifies_and_is_not_outdated() {
    let pool = pool();
    for password in ["correct horse", "pässwörd ✓", " ", &"x".repeat(1024)] {
        let stored = pool.hash(typed(password)).await.expect("room");
        assert!(stored.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", stored.expose());
        assert_eq!(verify(&pool, password, stored.expose()).await, Verification::Match { outdated: false });
        assert_eq!(verify(&pool, "wrong", stored.expose()).await, Verification::Mismatch);
    }
}

#[tokio::test]
async fn the_older_program_gets_a_bcrypt_hash_it_can_read() {
    let pool = pool();
    let stored = pool.hash_for_older_program(typed("correct horse")).await.expect("room");
    assert!(stored.expose().starts_with("$2b$04$"));
    assert_eq!(stored.expose().len(), 60);
    assert_eq!(verify(&pool, "correct horse", stored.expose()).await, Verification::Match { outdated: true });
}

/// S001-59: whoever has none of them left can do without what verifies them.
#[tokio::test]
async fn hashes_of_other_programs_are_refused_where_they_are_switched_off() {
    let made = pool();
    let argon2 = made.hash(typed("correct horse")).await.expect("room");
    let bcrypt = made.hash_for_older_program(typed("correct horse")).await.expect("room");
    let unix = "$1$saltsalt$NuzA7WTAelpl95xgBGWN60";
    let off = |policy| {
        HashPool::new(&PoolSettings { policy, foreign: Foreign::Refused, ..settings() }, Constant).expect("threads")
    };
    let (pool, of_bcrypt) = (off(cheap()), off(Policy::bcrypt(4).expect("a cost")));
    for (pool, stored, is_open) in [
        (&made, unix, true),
        (&pool, argon2.expose(), true),
        (&pool, bcrypt.expose(), false),
        (&pool, unix, false),
        (&of_bcrypt, argon2.expose(), true),
        (&of_bcrypt, bcrypt.expose(), true),
        (&of_bcrypt, unix, false),
    ] {
        let verified = verify(pool, "correct horse", stored).await;
        assert_eq!(matches!(verified, Verification::Match { .. }), is_open, "{stored}: {verified:?}");
        assert!(is_open || verified == Verification::Mismatch, "{stored}: as a wrong password");
        assert_eq!(pool.shuts_out(&StoredHash::new(stored.to_owned())), !is_open, "{stored}");
    }
    // A client's imported secret is none of them.
    let secret = pool.verify_secret(Secret::new("correct horse".to_owned()), Secret::new(bcrypt.expose().to_owned()));
    assert_eq!(secret.await, Ok(true));
}

#[tokio::test]
async fn imported_client_secrets_verify() {
    let pool = pool();
    let stored = pool.hash_for_older_program(typed("cs_test_secret")).await.expect("room");
    let check =
        |secret: &str| pool.verify_secret(Secret::new(secret.to_owned()), Secret::new(stored.expose().to_owned()));
    assert_eq!(check("cs_test_secret").await, Ok(true));
    assert_eq!(check("cs_test_secres").await, Ok(false));
}

#[tokio::test]
async fn a_hash_below_the_policy_is_outdated() {
    async fn outdated(policy: Policy, stored: Policy) -> bool {
        let made = HashPool::new(&PoolSettings { policy: stored, ..settings() }, Constant).expect("threads");
        let stored = made.hash(typed("p")).await.expect("room");
        let pool = HashPool::new(&PoolSettings { policy, ..settings() }, Constant).expect("threads");
        match verify(&pool, "p", stored.expose()).await {
            Verification::Match { outdated } => outdated,
            other => panic!("{other:?}"),
        }
    }
    let argon2id = |memory, passes| Policy::argon2id(memory, passes, 1).expect("affordable");
    let bcrypt = |cost| Policy::bcrypt(cost).expect("affordable");
    let cases = [
        (argon2id(1024, 2), argon2id(1024, 2), false),
        (argon2id(1024, 2), argon2id(2048, 1), false),
        (argon2id(1024, 2), argon2id(1024, 1), true),
        (argon2id(1024, 2), argon2id(256, 20), true),
        (argon2id(1024, 2), bcrypt(6), true),
        (bcrypt(5), bcrypt(5), false),
        (bcrypt(5), bcrypt(6), false),
        (bcrypt(5), bcrypt(4), true),
        (bcrypt(5), Policy::default(), false),
        (bcrypt(5), argon2id(64, 1), true),
    ];
    for (policy, stored, expected) in cases {
        assert_eq!(outdated(policy, stored).await, expected, "{stored:?} under {policy:?}");
    }
}

#[tokio::test]
async fn older_argon2_variants_and_versions_are_outdated() {
    let pool = pool();
    for stored in [
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
        "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
    ] {
        assert_eq!(verify(&pool, "password", stored).await, Verification::Match { outdated: true });
    }
}

#[tokio::test]
async fn no_new_bcrypt_hash_cuts_a_password() {
    let policy = Policy::bcrypt(4).expect("affordable");
    let pool = HashPool::new(&PoolSettings { policy, ..settings() }, Constant).expect("threads");
    assert!(pool.hash(typed(&"x".repeat(72))).await.is_ok());
    assert_eq!(pool.hash(typed(&"x".repeat(73))).await.err(), Some(Busy));
}

#[tokio::test]
async fn the_sample_of_a_policy_matches_no_ordinary_password() {
    let pool = pool();
    for policy in [cheap(), Policy::bcrypt(4).expect("affordable")] {
        assert_eq!(verify(&pool, "password", policy.sample().expose()).await, Verification::Mismatch);
    }
}

#[tokio::test]
async fn every_failure_takes_as_long_as_the_slowest_format_in_use() {
    let pool = pool();
    let right = pool.hash(typed("right")).await.expect("room");
    let slow = Policy::bcrypt(11).expect("affordable");
    assert!(pool.note_in_use(&slow.sample()));
    let floor = pool.metrics().failure_floor;
    assert!(floor > Duration::from_millis(50), "{floor:?}");

    for stored in [None, Some(right.clone()), Some(StoredHash::new("unreadable".to_owned()))] {
        let start = Instant::now();
        let verification = pool.verify(typed("wrong"), stored.clone()).await.expect("room");
        assert!(!matches!(verification, Verification::Match { .. }));
        assert!(start.elapsed() >= floor - Duration::from_millis(1), "{stored:?}: {:?}", start.elapsed());
    }
    // The quickest of three, since a busy machine adds what it likes.
    let mut took = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        assert!(matches(&pool, "right", right.expose()).await);
        took.push(start.elapsed());
    }
    assert!(took.iter().any(|took| *took < floor), "the right password waits for nobody: {took:?}");
}

#[tokio::test]
async fn an_unknown_account_costs_a_hash_of_the_policy() {
    let policy = Policy::argon2id(32_768, 4, 1).expect("affordable");
    let pool = HashPool::new(&PoolSettings { policy, ..settings() }, Constant).expect("threads");
    let start = Instant::now();
    assert_eq!(pool.verify(typed("p"), None).await, Ok(Verification::Mismatch));
    assert!(start.elapsed() > Duration::from_millis(10), "{:?}", start.elapsed());
    let none = pool.metrics().verifications.into_iter().find(|row| row.scheme == "none" && row.count > 0);
    assert_eq!(none.map(|row| (row.outcome, row.count)), Some((Outcome::Mismatch, 1)));
}

#[tokio::test]
async fn outcomes_are_counted_by_scheme() {
    let pool = pool();
    let stored = pool.hash(typed("p")).await.expect("room");
    verify(&pool, "p", stored.expose()).await;
    verify(&pool, "q", stored.expose()).await;
    verify(&pool, "q", stored.expose()).await;
    verify(&pool, "q", "unknown").await;
    let metrics = pool.metrics();
    let counted: Vec<_> = metrics
        .verifications
        .iter()
        .filter(|row| row.count > 0)
        .map(|row| (row.scheme, row.outcome, row.count))
        .collect();
    assert_eq!(
        counted,
        [("unknown", Outcome::Malformed, 1), ("argon2", Outcome::Match, 1), ("argon2", Outcome::Mismatch, 2)]
    );
    assert_eq!((metrics.hashes, metrics.refused, metrics.waiting), (1, 0, 0));
}

/// A scheme that waits until it is let go, and counts how often it ran.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Gate {
    fn open(&self) {
        self.0.0.lock().expect("unpoisoned").0 = true;
        self.0.1.notify_all();
    }

    fn entered(&self) -> usize {
        self.0.0.lock().expect("unpoisoned").1
    }
}

impl Scheme for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn read(&self, stored: &str) -> Reading {
        if stored == "gate" { Reading::Readable(Box::new(self.clone())) } else { Reading::Foreign }
    }
}

impl Recipe for Gate {
    fn cost(&self) -> Cost {
        Cost { scheme: "gate", nominal: Duration::from_micros(1) }
    }

    fn verify(&self, _: &[u8], _: &mut Memory) -> bool {
        let mut state = self.0.0.lock().expect("unpoisoned");
        state.1 += 1;
        drop(self.0.1.wait_while(state, |state| !state.0).expect("unpoisoned"));
        true
    }

    fn outdated(&self, _: &Policy) -> bool {
        false
    }
}

fn gated(threads: usize, queue: usize) -> (Arc<HashPool<Constant>>, Gate) {
    let gate = Gate::default();
    let settings = PoolSettings { threads: NonZeroUsize::new(threads), queue, ..settings() };
    let pool = HashPool::with_schemes(&settings, Constant, vec![Box::new(gate.clone())]).expect("threads");
    (Arc::new(pool), gate)
}

fn sign_in(pool: &Arc<HashPool<Constant>>) -> tokio::task::JoinHandle<Result<Verification, Busy>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.verify(typed("p"), Some(StoredHash::new("gate".to_owned()))).await })
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_full_queue_is_busy_and_loses_nobody() {
    let (pool, gate) = gated(1, 2);
    let first = sign_in(&pool);
    until(|| gate.entered() == 1).await;
    let waiting = [sign_in(&pool), sign_in(&pool)];
    until(|| pool.metrics().waiting == 2).await;

    assert_eq!(sign_in(&pool).await.expect("no panic"), Err(Busy));
    assert_eq!(pool.hash(typed("p")).await, Err(Busy));
    let secret = Secret::new("p".to_owned());
    assert_eq!(pool.verify_secret(secret, Secret::new("gate".to_owned())).await, Err(Busy));
    assert_eq!(pool.metrics().refused, 3);

    gate.open();
    for answered in [first].into_iter().chain(waiting) {
        assert_eq!(answered.await.expect("no panic"), Ok(Verification::Match { outdated: false }));
    }
    assert_eq!(pool.metrics().waiting, 0);
    assert!(pool.hash(typed("p")).await.is_ok());
}

#[tokio::test]
async fn as_many_are_computed_at_once_as_there_are_threads() {
    let (pool, gate) = gated(3, 8);
    let all: Vec<_> = (0..5).map(|_| sign_in(&pool)).collect();
    until(|| gate.entered() == 3 && pool.metrics().waiting == 2).await;
    gate.open();
    for answered in all {
        assert_eq!(answered.await.expect("no panic"), Ok(Verification::Match { outdated: false }));
    }
    assert_eq!(gate.entered(), 5);
}

#[tokio::test]
async fn a_caller_that_went_away_is_not_computed() {
    let (pool, gate) = gated(1, 8);
    let first = sign_in(&pool);
    until(|| gate.entered() == 1).await;
    let gone = sign_in(&pool);
    until(|| pool.metrics().waiting == 1).await;
    gone.abort();
    assert!(gone.await.expect_err("aborted").is_cancelled());
    gate.open();
    assert!(first.await.expect("no panic").is_ok());
    assert!(sign_in(&pool).await.expect("no panic").is_ok());
    assert_eq!(gate.entered(), 2);
}

#[tokio::test]
async fn many_sign_ins_at_once_are_all_answered_rightly() {
    let settings = PoolSettings { threads: NonZeroUsize::new(4), queue: 1000, ..settings() };
    let pool = Arc::new(HashPool::new(&settings, Constant).expect("threads"));
    let stored = pool.hash(typed("right")).await.expect("room");
    let tasks: Vec<_> = (0..300)
        .map(|index| {
            let (pool, stored) = (pool.clone(), stored.clone());
            let password = if index % 3 == 0 { "right" } else { "wrong" };
            tokio::spawn(async move { (index % 3 == 0, pool.verify(typed(password), Some(stored)).await) })
        })
        .collect();
    for task in tasks {
        let (right, verification) = task.await.expect("no panic");
        assert_eq!(verification.map(|found| matches!(found, Verification::Match { .. })), Ok(right));
    }
}
