//! Stored hashes that are malformed, or that would cost hours and gigabytes, are unreadable at once.

mod support;

use std::time::{Duration, Instant};

use authly_directory::password::{PasswordService as _, PresentedPassword, StoredHash, Verification};
use authly_passwords::{Cost, HashPool, Memory, Policy, PolicyInvalid, Reading, Recipe, Scheme};
use oauth_core::{secret::Secret, services::SlowHashes as _};
use proptest::prelude::*;
use support::{Constant, matches, pool, settings, typed, verify};

const TAIL: &str = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const LETTERS: &str = "abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm";

fn hostile() -> Vec<String> {
    let argon2 = [
        "$argon2id$v=19$m=4294967295,t=1,p=1",
        "$argon2id$v=19$m=65537,t=1,p=1",
        "$argon2id$v=19$m=256,t=4294967295,p=1",
        "$argon2id$v=19$m=65536,t=5,p=1",
        "$argon2id$v=19$m=65536,t=1,p=4294967295",
        "$argon2id$v=19$m=65536,t=1,p=256",
        "$argon2id$v=19$m=8,t=1,p=2",
        "$argon2id$v=19$m=0,t=0,p=0",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1",
        "$argon2id$v=19$m=+256,t=2,p=1",
        "$argon2id$v=19$m=0256,t=2,p=1",
        "$argon2id$v=19$t=2,m=256,p=1",
        "$argon2id$v=19$m=256,t=2",
        "$argon2id$v=19$m=256,t=2,p=1,keyid=AA",
        "$argon2id$v=20$m=256,t=2,p=1",
        "$argon2id$v=$m=256,t=2,p=1",
        "$argon2x$v=19$m=256,t=2,p=1",
        "$argon2",
    ];
    let bcrypt =
        ["$2b$31$", "$2b$15$", "$2b$99$", "$2b$03$", "$2b$00$", "$2b$4$", "$2b$+4$", "$2x$04$", "$2$04$", "$2b$"];
    argon2
        .iter()
        .map(|head| format!("{head}{TAIL}"))
        .chain(bcrypt.iter().map(|head| format!("{head}{LETTERS}")))
        .chain([
            "$argon2id$v=19$m=256,t=2,p=1".to_owned(),
            "$argon2id$v=19$m=256,t=2,p=1$$".to_owned(),
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65".to_owned(),
            format!("$argon2id$v=19$m=256,t=2,p=1$c29tZQ{}", &TAIL[12..]),
            format!("$argon2id$v=19$m=256,t=2,p=1{TAIL}$"),
            format!("$argon2id$v=19$m=256,t=2,p=1${}$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu", "A".repeat(3000)),
            format!("$2b$04${}", &LETTERS[1..]),
            format!("$2b$04${LETTERS}."),
            format!("$2b$04${}!", &LETTERS[1..]),
            // RUSTSEC-2026-0199: 60 bytes, and 60 characters, with letters of several bytes.
            format!("$2b$04${}ä", &LETTERS[..51]),
            format!("$2b$04$ä{}", &LETTERS[..51]),
            "$2b$04$".to_owned() + &"ä".repeat(53),
            "$2b$04$".to_owned() + &"✓".repeat(17) + "aa",
            "ä".repeat(30),
            "\0".repeat(60),
            "a".repeat(100_000),
            String::new(),
            "password".to_owned(),
            "!".to_owned(),
        ])
        .collect()
}

#[tokio::test]
async fn hostile_hashes_are_unreadable_and_cost_no_more_than_others() {
    let pool = pool();
    for stored in hostile() {
        let start = Instant::now();
        assert_eq!(verify(&pool, "password", &stored).await, Verification::Unreadable, "{stored}");
        assert!(start.elapsed() < Duration::from_secs(2), "{stored}");
        assert!(!pool.note_in_use(&StoredHash::new(stored.clone())));
        let secret = Secret::new("password".to_owned());
        assert_eq!(pool.verify_secret(secret, Secret::new(stored.clone())).await, Ok(false), "{stored}");
    }
    let unreadable: u64 = pool
        .metrics()
        .verifications
        .iter()
        .filter(|row| ["format", "limit"].contains(&row.outcome.as_str()))
        .map(|row| row.count)
        .sum();
    assert_eq!(unreadable, hostile().len() as u64);
}

#[tokio::test]
async fn the_largest_parameters_are_still_verified() {
    let pool = pool();
    for stored in [Policy::argon2id(65_536, 4, 1), Policy::argon2id(65_536, 1, 255), Policy::bcrypt(4)] {
        let stored = stored.expect("affordable").sample();
        assert_eq!(verify(&pool, "password", stored.expose()).await, Verification::Mismatch);
    }
}

#[test]
fn a_policy_that_would_not_be_verified_is_refused() {
    for (memory, passes, lanes) in [(65_537, 1, 1), (65_536, 5, 1), (8, 1, 2), (0, 1, 1), (64, 0, 1), (64, 1, 0)] {
        assert_eq!(Policy::argon2id(memory, passes, lanes), Err(PolicyInvalid::Argon2));
    }
    assert_eq!(Policy::bcrypt(3), Err(PolicyInvalid::Bcrypt));
    assert_eq!(Policy::bcrypt(15), Err(PolicyInvalid::Bcrypt));
    let settings = authly_passwords::PoolSettings { older_program_cost: 31, ..settings() };
    assert!(HashPool::new(&settings, Constant).is_err());
}

#[tokio::test]
async fn nul_is_refused_before_any_hash() {
    assert!(PresentedPassword::parse("pass\0word").is_none());
    assert!(PresentedPassword::parse("\0").is_none());
    let pool = pool();
    let stored = pool.hash_for_older_program(typed("abc")).await.expect("room");
    for secret in ["abc\0", "abc\0def", ""] {
        let secret = Secret::new(secret.to_owned());
        assert_eq!(pool.verify_secret(secret, Secret::new(stored.expose().to_owned())).await, Ok(false));
    }
    let long = Secret::new("a".repeat(1025));
    assert_eq!(pool.verify_secret(long, Secret::new(stored.expose().to_owned())).await, Ok(false));
}

/// A scheme whose hash function has a defect.
struct Broken;

impl Scheme for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn read(&self, stored: &str) -> Reading {
        if stored.starts_with("broken$") { Reading::Readable(Box::new(Broken)) } else { Reading::Foreign }
    }
}

impl Recipe for Broken {
    fn cost(&self) -> Cost {
        Cost { scheme: "broken", nominal: Duration::from_millis(1) }
    }

    #[expect(clippy::panic, reason = "that is the defect")]
    fn verify(&self, _: &[u8], _: &mut Memory) -> bool {
        panic!("a defect")
    }

    fn outdated(&self, _: &Policy) -> bool {
        true
    }
}

#[tokio::test]
async fn a_scheme_that_panics_costs_no_thread() {
    let pool = HashPool::with_schemes(&settings(), Constant, vec![Box::new(Broken)]).expect("threads");
    let stored = pool.hash(typed("password")).await.expect("room");
    for _ in 0..3 {
        assert_eq!(verify(&pool, "password", "broken$1").await, Verification::Unreadable);
    }
    assert!(matches(&pool, "password", stored.expose()).await);
    let broken = pool.metrics().verifications.into_iter().find(|row| row.scheme == "broken" && row.count > 0);
    assert_eq!(broken.map(|row| (row.outcome.as_str(), row.count)), Some(("format", 3)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn no_text_makes_reading_panic(
        head in prop::sample::select(vec!["$2b$", "$2a$04$", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$", "$argon2i$m=", ""]),
        tail in prop_oneof!["[$=,./A-Za-z0-9]{0,80}", "\\PC{0,60}"],
    ) {
        let pool = pool();
        pool.note_in_use(&StoredHash::new(format!("{head}{tail}")));
    }
}
