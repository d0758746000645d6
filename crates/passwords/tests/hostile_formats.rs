//! Hashes of other systems that would cost too much, or that are not what they seem: told apart at once, never computed.

mod support;

use std::time::{Duration, Instant};

use authly_directory::password::{StoredHash, Verification};
use authly_passwords::{State, classify};
use support::{pool, verify};

const HEX32: &str = "00112233445566778899aabbccddeeff";
const B64: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const CRYPT43: &str = "0123456789012345678901234567890123456789012";
const BCRYPT53: &str = "abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm";

/// The scheme's name and a hash that would take minutes, or gigabytes.
fn costly() -> Vec<(&'static str, String)> {
    let key = |head: &str| format!("{head}$c2FsdHNhbHQ${B64}");
    let hex = HEX32.repeat(2);
    vec![
        ("bcrypt", format!("$2b$31${BCRYPT53}")),
        ("bcrypt", format!("$2b$15${BCRYPT53}")),
        ("argon2", key("$argon2id$v=19$m=4294967295,t=1,p=1")),
        ("argon2", key("$argon2id$v=19$m=99999999999999999999,t=1,p=1")),
        ("argon2", key("$argon2id$v=19$m=65536,t=4294967295,p=1")),
        ("argon2", key("$argon2id$v=19$m=65536,t=5,p=1")),
        ("argon2", key("$argon2id$v=19$m=65537,t=1,p=1")),
        ("argon2-prefixed", key("argon2$argon2id$v=19$m=65537,t=1,p=1")),
        ("argon2-prefixed", key("{ARGON2}$argon2id$v=19$m=65537,t=1,p=1")),
        ("django-bcrypt", format!("bcrypt$$2b$31${BCRYPT53}")),
        ("django-bcrypt-sha256", format!("bcrypt_sha256$$2b$31${BCRYPT53}")),
        ("passlib-bcrypt-sha256", format!("$bcrypt-sha256$v=2,t=2b,r=31${}${}", &BCRYPT53[..22], &BCRYPT53[22..])),
        ("wordpress-bcrypt", format!("$wp$2y$31${BCRYPT53}")),
        ("spring-bcrypt", format!("{{bcrypt}}$2a$31${BCRYPT53}")),
        ("crypt-prefixed", format!("{{CRYPT}}$2a$31${BCRYPT53}")),
        ("scrypt", key("$scrypt$ln=40,r=8,p=1")),
        ("scrypt", key("$scrypt$ln=63,r=8,p=1")),
        ("scrypt", key("$scrypt$ln=18446744073709551615,r=8,p=1")),
        ("scrypt", key("$scrypt$ln=17,r=8,p=1")),
        ("scrypt", key("$scrypt$ln=16,r=9,p=1")),
        ("scrypt", key("$scrypt$ln=16,r=8,p=5")),
        ("scrypt", key("$scrypt$ln=1,r=1,p=17")),
        ("scrypt", key("$scrypt$ln=1,r=1025,p=1")),
        ("scrypt", key("$scrypt$ln=1,r=4294967295,p=4294967295")),
        ("scrypt-crypt", format!("$7$z6..../....salt${CRYPT43}")),
        ("scrypt-crypt", format!("$7$/zzzzz/....salt${CRYPT43}")),
        ("scrypt-crypt", format!("$7$/6....zzzzzsalt${CRYPT43}")),
        ("scrypt-django", format!("scrypt$1099511627776$salt$8$1${B64}")),
        ("scrypt-werkzeug", format!("scrypt:9223372036854775808:8:1$salt${hex}")),
        ("scrypt-node-declared", format!("declared:scrypt-node:131072:8:1:{HEX32}:{hex}")),
        ("firebase-fbscrypt", format!("$fbscrypt$v=1,n=30,r=8,p=1,ss=Bw==,sk={B64}$c2Fs${B64}")),
        ("firebase-firescrypt", format!("$firescrypt$ln=30,r=8,p=1$c2Fs${B64}$Bw==${B64}")),
        ("spring-scrypt", format!("{{scrypt}}$280801$c2FsdHNhbHQ=${B64}")),
        ("pbkdf2", key("$pbkdf2-sha256$4294967295")),
        ("pbkdf2", key("$pbkdf2-sha256$18446744073709551616")),
        ("pbkdf2", key("$pbkdf2-sha512$i=4294967295,l=32")),
        ("pbkdf2", key("$pbkdf2$100000000")),
        ("pbkdf2", format!("$pbkdf2-sha256$3000000$c2Fs${}", "A".repeat(300))),
        ("pbkdf2-django", format!("pbkdf2_sha256$2147483647$salt${B64}")),
        ("pbkdf2-werkzeug", format!("pbkdf2:sha256:2147483647$salt${hex}")),
        ("pbkdf2-ldap", format!("{{PBKDF2-SHA256}}2147483647$c2Fs${B64}")),
        // 0xffffffff rounds.
        ("aspnet-identity-3", "AQAAAAL/////AAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==".to_owned()),
        ("phpass", format!("$P$S{}", "a".repeat(30))),
        ("phpass", format!("$H$S{}", "a".repeat(30))),
        ("drupal-7", format!("$S$S{}", "a".repeat(51))),
        ("drupal-7-updated", format!("U$S$S{}", "a".repeat(51))),
        ("sha256-crypt", format!("$5$rounds=999999999$salt${CRYPT43}")),
        ("sha512-crypt", format!("$6$rounds=999999999$salt${CRYPT43}{CRYPT43}")),
        ("sha512-crypt", format!("$6$rounds=99999999999999999999$salt${CRYPT43}{CRYPT43}")),
        ("sha1-crypt", format!("$sha1$4294967295$salt${}", &CRYPT43[..28])),
        ("yescrypt", format!("$y$jIT$salt${CRYPT43}")),
        ("yescrypt", format!("$y$jkT$salt${CRYPT43}")),
        ("yescrypt", "$y$jzT$".to_owned() + "$"),
        ("wrapped", format!("wrapped:md5::$2b$31${BCRYPT53}")),
        ("unknown", format!("$6$salt${}", "a".repeat(5000))),
        ("unknown", "ä".repeat(3000)),
    ]
}

/// Hashes that are malformed, or of variants that nobody should verify.
fn malformed() -> Vec<(&'static str, String)> {
    let hex = HEX32.repeat(2);
    vec![
        ("bcrypt", format!("$2x$12${BCRYPT53}")),
        ("bcrypt", format!("$2b$12${}", &BCRYPT53[1..])),
        ("argon2", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$".to_owned()),
        ("scrypt", format!("$scrypt$ln=0,r=8,p=1$c2Fs${B64}")),
        ("scrypt", "$scrypt$ln=14,r=8,p=1$c2Fs$".to_owned()),
        ("scrypt", "$scrypt$ln=14,r=8,p=1$c2Fs$AAAA".to_owned()),
        ("scrypt", format!("$scrypt$ln=14,r=8,p=0$c2Fs${B64}")),
        ("scrypt-django", format!("scrypt$1000$salt$8$1${B64}")),
        ("scrypt-django", format!("scrypt$0$salt$8$1${B64}")),
        ("scrypt-werkzeug", "scrypt:32768:8:1$salt$zz".to_owned()),
        ("scrypt-crypt", format!("$7$6salt${CRYPT43}")),
        ("firebase-fbscrypt", format!("$fbscrypt$v=2,n=14,r=8,p=1,ss=Bw==,sk={B64}$c2Fs${B64}")),
        ("firebase-fbscrypt", format!("$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=AAAA$c2Fs${B64}")),
        ("pbkdf2", "$pbkdf2-sha256$1000$c2Fs$".to_owned()),
        ("pbkdf2", format!("$pbkdf2-sha256$0$c2Fs${B64}")),
        ("pbkdf2", format!("$pbkdf2-md5$1000$c2Fs${B64}")),
        ("pbkdf2", format!("$pbkdf2-sha256$i=1000,l=31$c2Fs${B64}")),
        ("pbkdf2-django", format!("pbkdf2_sha256$-1$salt${B64}")),
        ("pbkdf2-django", "pbkdf2_sha256$1000$salt".to_owned()),
        ("pbkdf2-ldap", format!("{{PBKDF2_SHA256}}{B64}")),
        ("aspnet-identity-3", "AQAAAAIAACcQAAAAEA==".to_owned()),
        (
            "aspnet-identity-3",
            "AQAAAAIAACcQ/////wABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A==".to_owned(),
        ),
        ("phpass", format!("$P${}", "z".repeat(31))),
        ("phpass", format!("$P$B{}", "a".repeat(29))),
        ("sha512-crypt", format!("$6$rounds=999$salt${CRYPT43}{CRYPT43}")),
        ("sha512-crypt", "$6$salt$".to_owned()),
        ("md5-crypt", "$1$salt$".to_owned()),
        ("yescrypt", "$y$j9T/$salt$".to_owned()),
        ("yescrypt", format!("$y$/..$salt${CRYPT43}")),
        ("crypt-prefixed", "{CRYPT}".to_owned()),
        ("crypt-prefixed", "{CRYPT}{CRYPT}ab01FAX.bQRSU".to_owned()),
        ("crypt-prefixed", "{CRYPT}".repeat(500)),
        ("digest-ldap", "{SSHA}".to_owned()),
        ("digest-ldap", "{SHA}c2hvcnQ=".to_owned()),
        ("mysql", format!("*{}", "g".repeat(40))),
        ("nt", "$3$$".to_owned()),
        ("digest-django", "sha1$salt$".to_owned()),
        ("digest-declared", "declared:sha256:".to_owned()),
        ("digest-declared", format!("declared:sha256:{HEX32}")),
        ("digest-declared", format!("declared:md9:{HEX32}")),
        ("digest-declared", format!("declared:md5-password-salt:{HEX32}")),
        ("wrapped", "wrapped:md5::".to_owned()),
        ("wrapped", format!("wrapped:md5::wrapped:md5::$2b$04${BCRYPT53}")),
        ("wrapped", format!("wrapped:md5:zz:$2b$04${BCRYPT53}")),
        ("clear-text", "{noop}".to_owned()),
        // What only the operator can tell.
        ("digest-undeclared", HEX32.to_owned()),
        ("digest-undeclared", hex.to_uppercase()),
        ("digest-undeclared-salted", format!("{HEX32}:salt")),
        ("digest-undeclared-salted", format!("{HEX32}:{hex}{hex}")),
        ("unknown", "password".to_owned()),
        ("unknown", "!".to_owned()),
        ("unknown", "*".to_owned()),
        ("unknown", String::new()),
        ("unknown", "$gy$j9T$salt$hash".to_owned()),
        ("unknown", "{SSHA999}abc".to_owned()),
    ]
}

/// Ordinary hashes of today's and yesterday's programs, with the parameters that those have by default.
fn ordinary() -> Vec<(&'static str, State, String)> {
    let key = |head: &str| format!("{head}$c2FsdHNhbHQ${B64}");
    vec![
        ("bcrypt", State::Ok, format!("$2b$12${BCRYPT53}")),
        ("bcrypt", State::Ok, format!("$2b$14${BCRYPT53}")),
        ("bcrypt", State::Weak, format!("$2b$04${BCRYPT53}")),
        ("argon2", State::Ok, key("$argon2id$v=19$m=65536,t=4,p=1")),
        ("argon2-prefixed", State::Ok, key("argon2$argon2id$v=19$m=102400,t=2,p=8").replace("102400", "65536")),
        ("scrypt", State::Ok, key("$scrypt$ln=16,r=8,p=1")),
        ("scrypt-django", State::Ok, format!("scrypt$16384$salt$8$5${B64}")),
        ("scrypt-werkzeug", State::Ok, format!("scrypt:32768:8:1$salt${}", HEX32.repeat(4))),
        ("scrypt-node-declared", State::Ok, format!("declared:scrypt-node:{HEX32}:{}", HEX32.repeat(4))),
        ("pbkdf2-django", State::Ok, format!("pbkdf2_sha256$1500000$salt${B64}")),
        ("pbkdf2-werkzeug", State::Ok, format!("pbkdf2:sha256:1000000$salt${}", HEX32.repeat(2))),
        ("pbkdf2", State::Ok, key("$pbkdf2-sha512$i=210000,l=32")),
        ("pbkdf2-atlassian", State::Ok, format!("{{PKCS5S2}}{}", "A".repeat(64))),
        ("aspnet-identity-2", State::Weak, format!("A{}==", "A".repeat(65))),
        ("phpass", State::Weak, format!("$P$B{}", "a".repeat(30))),
        ("drupal-7", State::Ok, format!("$S$D{}", "a".repeat(51))),
        ("sha512-crypt", State::Ok, format!("$6$salt${CRYPT43}{CRYPT43}")),
        ("sha512-crypt", State::Ok, format!("$6$rounds=656000$salt${CRYPT43}{CRYPT43}")),
        ("sha256-crypt", State::Ok, format!("$5$rounds=535000$salt${CRYPT43}")),
        ("md5-crypt", State::Weak, format!("$1$salt${}", &CRYPT43[..22])),
        ("des-crypt", State::Weak, "ab01FAX.bQRSU".to_owned()),
        ("sha1-crypt", State::Ok, format!("$sha1$480000$salt${}", &CRYPT43[..28])),
        ("yescrypt", State::Ok, format!("$y$j9T$salt${CRYPT43}")),
        ("digest-ldap", State::Weak, "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=".to_owned()),
        ("mysql", State::Weak, format!("*{HEX32}00112233")),
        ("clear-text", State::Weak, "{noop}password".to_owned()),
        ("wrapped", State::Ok, format!("wrapped:md5::{}", key("$argon2id$v=19$m=19456,t=2,p=1"))),
    ]
}

#[test]
fn costly_hashes_are_hostile() {
    for (scheme, stored) in costly() {
        let classification = classify(&stored);
        assert_eq!((classification.scheme, classification.state), (scheme, State::Hostile), "{stored}");
    }
}

#[test]
fn malformed_hashes_are_unsupported() {
    for (scheme, stored) in malformed() {
        let classification = classify(&stored);
        assert_eq!((classification.scheme, classification.state), (scheme, State::Unsupported), "{stored}");
    }
}

#[test]
fn ordinary_hashes_are_verified_and_the_cheap_ones_are_weak() {
    for (scheme, state, stored) in ordinary() {
        let classification = classify(&stored);
        assert_eq!((classification.scheme, classification.state), (scheme, state), "{stored}");
    }
}

#[tokio::test]
async fn neither_are_computed() {
    let pool = pool();
    for (_, stored) in costly().into_iter().chain(malformed()) {
        let start = Instant::now();
        assert_eq!(verify(&pool, "password", &stored).await, Verification::Unreadable, "{stored}");
        assert!(start.elapsed() < Duration::from_secs(2), "{stored}");
        assert!(!pool.note_in_use(&StoredHash::new(stored)));
    }
}
