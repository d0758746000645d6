//! The formats of other systems, over hashes that their own programs made.
//!
//! `vectors.json` names the program behind each hash.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeSet, time::Instant};

use authly_directory::password::{PasswordService as _, StoredHash, Verification};
use authly_passwords::{HashPool, PoolSettings, State, classify};
use oauth_core::{secret::Secret, services::SlowHashes as _};
use proptest::prelude::*;
use support::{Constant, matches, pool, settings, typed, verify};

/// A hash that another program made.
#[derive(Clone, Debug, serde::Deserialize)]
struct Vector {
    scheme: String,
    tool: String,
    password: String,
    hash: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).expect("vectors")
}

/// Whether `password` verifies, without the wait of a failed sign-in.
async fn accepts(pool: &HashPool<Constant>, password: &str, stored: &str) -> bool {
    let secret = Secret::new(password.to_owned());
    pool.verify_secret(secret, Secret::new(stored.to_owned())).await.expect("room")
}

#[tokio::test]
async fn the_right_password_verifies_and_asks_for_a_new_hash() {
    let pool = pool();
    for Vector { scheme, tool, password, hash } in vectors() {
        let verification = verify(&pool, &password, &hash).await;
        assert!(matches!(verification, Verification::Match { .. }), "{scheme} of {tool}: {hash}: {verification:?}");
        // Only the policy's own format is good enough to stay.
        if scheme != "argon2" {
            assert_eq!(verification, Verification::Match { outdated: true }, "{scheme} of {tool}: {hash}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let pool = pool();
    for Vector { scheme, tool, password, hash } in vectors() {
        assert!(!accepts(&pool, &format!("!{password}"), &hash).await, "{scheme} of {tool}: {hash}");
    }
}

#[tokio::test]
async fn what_is_stored_signs_nobody_in() {
    let pool = pool();
    let mut seen = BTreeSet::new();
    for Vector { scheme, hash, .. } in vectors() {
        // Spring's fixed number of rounds is slow where nothing is optimized.
        if seen.insert(scheme.clone()) && !["clear-text", "spring-pbkdf2"].contains(&scheme.as_str()) {
            let digest = hash.rsplit(['$', '}', ':']).find(|part| part.len() > 8).unwrap_or(&hash);
            assert!(!accepts(&pool, &hash, &hash).await, "{hash}");
            assert!(!accepts(&pool, digest, &hash).await, "{hash}");
        }
    }
}

#[test]
fn every_vector_is_classified_as_its_scheme() {
    for Vector { scheme, hash, .. } in vectors() {
        let classification = classify(&hash);
        assert_eq!(classification.scheme, scheme, "{hash}");
        assert!([State::Ok, State::Weak].contains(&classification.state), "{hash}: {classification:?}");
    }
}

#[test]
fn every_built_in_scheme_has_a_vector_or_is_a_name_only() {
    let pool = pool();
    let tested: BTreeSet<String> = vectors().into_iter().map(|vector| vector.scheme).collect();
    let names: BTreeSet<&str> = pool.metrics().verifications.iter().map(|row| row.scheme).collect();
    let untested: Vec<_> = names.into_iter().filter(|name| !tested.contains(*name)).collect();
    assert_eq!(untested, ["digest-undeclared", "digest-undeclared-salted", "none", "unknown", "wrapped"]);
}

#[tokio::test]
async fn a_wrapped_digest_verifies_the_password_and_not_the_digest() {
    let pool = pool();
    let mut wrapped = BTreeSet::new();
    for Vector { scheme, password, hash, .. } in vectors() {
        let Some(stored) = pool.wrap(StoredHash::new(hash.clone())).await.expect("room") else { continue };
        wrapped.insert(scheme.clone());
        assert!(matches(&pool, &password, stored.expose()).await, "{hash}: {}", stored.expose());
        assert!(!accepts(&pool, &format!("!{password}"), stored.expose()).await, "{hash}");
        if scheme == "clear-text" {
            assert_eq!(classify(stored.expose()).scheme, "argon2");
            continue;
        }
        assert_eq!(classify(stored.expose()).scheme, "wrapped");
        assert_eq!(verify(&pool, &password, stored.expose()).await, Verification::Match { outdated: true });
        assert!(pool.wrap(stored.clone()).await.expect("room").is_none(), "nothing is wrapped twice");
        let digest = hash.split([':', '$', '}', '*']).find(|part| part.len() >= 24).expect("a digest");
        for stolen in [digest, &digest.to_lowercase(), &hash] {
            assert!(!accepts(&pool, stolen, stored.expose()).await, "{hash}");
            assert!(!stored.expose().contains(stolen), "{hash}");
        }
    }
    let all = ["clear-text", "digest-declared", "digest-django", "digest-ldap", "digest-spring", "mysql", "nt"];
    assert_eq!(wrapped.into_iter().collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn a_wrapped_digest_may_be_under_bcrypt() {
    let policy = authly_passwords::Policy::bcrypt(4).expect("affordable");
    let pool = HashPool::new(&PoolSettings { policy, ..settings() }, Constant).expect("threads");
    // md5("password")
    let stored = StoredHash::new("declared:md5:5F4DCC3B5AA765D61D8327DEB882CF99".to_owned());
    let stored = pool.wrap(stored).await.expect("room").expect("weak");
    assert!(stored.expose().starts_with("wrapped:md5::$2b$04$"), "{}", stored.expose());
    assert_eq!(verify(&pool, "password", stored.expose()).await, Verification::Match { outdated: true });
    assert!(!accepts(&pool, "5f4dcc3b5aa765d61d8327deb882cf99", stored.expose()).await);
}

/// PHP's, over "correct horse" and "f00dpepper".
const PEPPERED: &str = "$2y$04$SeHFM5N8Eye11GsUIyAfQe0CvPLgr5kB.Ute5GDYk4517f3I7oSWu";
/// PHP's, over "correct horse".
const PLAIN: &str = "$2y$04$JIqJZwKErvwBQZJbNz/gmeU/46u3a32ybRivPYBXG0WzJRSD9389i";

#[tokio::test]
async fn peppers_are_tried_after_the_plain_password() {
    let peppers = ["other", "f00dpepper"].map(|pepper| Secret::new(pepper.to_owned())).to_vec();
    let seasoned = HashPool::new(&PoolSettings { peppers, ..settings() }, Constant).expect("threads");
    for stored in [PEPPERED, PLAIN] {
        assert_eq!(verify(&seasoned, "correct horse", stored).await, Verification::Match { outdated: true });
        assert!(!accepts(&seasoned, "correct hors", stored).await);
    }
    assert!(!accepts(&pool(), "correct horse", PEPPERED).await);
    // A new hash holds no pepper.
    let new = seasoned.hash(typed("correct horse")).await.expect("room");
    assert!(accepts(&pool(), "correct horse", new.expose()).await);
}

#[tokio::test]
async fn wordpress_cuts_off_blanks_and_others_do_not() {
    let pool = pool();
    for Vector { scheme, password, hash, .. } in vectors() {
        if ["wordpress-bcrypt", "phpass"].contains(&scheme.as_str()) {
            assert!(accepts(&pool, &format!(" {password}\t\n"), &hash).await, "{hash}");
        }
        if ["drupal-7", "digest-ldap", "md5-crypt", "pbkdf2"].contains(&scheme.as_str()) {
            assert!(!accepts(&pool, &format!("{password} "), &hash).await, "{hash}");
        }
    }
}

#[tokio::test]
async fn pre_hashed_bcrypt_reads_beyond_72_bytes_and_plain_bcrypt_does_not() {
    let pool = pool();
    for Vector { scheme, password, hash, .. } in vectors().into_iter().filter(|vector| vector.password.len() > 72) {
        let cut = &password[..72];
        match scheme.as_str() {
            "bcrypt" | "django-bcrypt" => assert!(accepts(&pool, cut, &hash).await, "{hash}"),
            "des-crypt" => assert!(accepts(&pool, &password[..8], &hash).await, "{hash}"),
            _ => assert!(!accepts(&pool, cut, &hash).await, "{hash}"),
        }
    }
}

/// A vector with some of its characters changed.
fn mutated() -> impl Strategy<Value = String> {
    let vectors = vectors();
    let change = (any::<prop::sample::Index>(), 0..4_u8, "[$:=,.{}@*A-Za-z0-9\\PC]{0,12}");
    (0..vectors.len(), prop::collection::vec(change, 1..4)).prop_map(move |(place, changes)| {
        let mut letters: Vec<char> = vectors[place].hash.chars().collect();
        for (at, kind, text) in changes {
            let at = at.index(letters.len() + 1);
            match kind {
                0 => letters.truncate(at),
                1 => drop(letters.splice(at..at, text.chars())),
                2 => drop(letters.splice(at..(at + text.chars().count()).min(letters.len()), text.chars())),
                _ => drop(letters.splice(at..at, ['9'; 9])),
            }
        }
        letters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_mutated_hash_makes_reading_panic_or_take_long(stored in mutated()) {
        // What takes long takes long each time; a machine that looks away does so once.
        let is_read_soon = || {
            let start = Instant::now();
            classify(&stored);
            start.elapsed().as_millis() < 100
        };
        prop_assert!((0..3).any(|_| is_read_soon()), "{stored}");
    }

    #[test]
    fn no_text_makes_reading_panic(stored in "[$:=,.{}@*_A-Za-z0-9 \\PC]{0,200}") {
        classify(&stored);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_mutated_hash_of_a_weak_format_panics_or_takes_long_or_lets_others_in(stored in mutated()) {
        if classify(&stored).state == State::Weak {
            let start = Instant::now();
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let accepted = runtime.block_on(accepts(&pool(), "none of the passwords", &stored));
            prop_assert!(!accepted || stored == "{noop}none of the passwords", "{stored}");
            prop_assert!(start.elapsed().as_secs() < 3, "{stored}");
        }
    }
}
