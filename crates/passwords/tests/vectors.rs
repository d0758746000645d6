//! Hashes that other implementations made.

mod support;

use support::{matches, pool};

/// jBCrypt's, crypt_blowfish's and libxcrypt's.
const BCRYPT: [(&str, &str); 9] = [
    ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
    ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    ("abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
    ("~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"),
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
    ("password", "$2b$04$abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm"),
    ("pässwörd ✓", "$2y$04$abcdefghijklmnopqrstuuESmz2KlYgnhSMqAh8U2JHaWhc4kF.6a"),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
    ),
];

/// The reference implementation's, and an argon2d hash with 16 bytes.
const ARGON2: [(&str, &str); 7] = [
    ("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
    ("password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"),
    ("password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
    ("password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"),
    ("password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"),
    ("password", "$argon2i$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"),
    ("password", "$argon2d$v=19$m=16,t=2,p=1$cTdzWUJjMGFmRDB4RVRuNQ$nllqyj2CadDpydSSPozmbw"),
];

#[tokio::test]
async fn hashes_of_other_implementations_verify() {
    let pool = pool();
    for (password, stored) in BCRYPT.into_iter().chain(ARGON2) {
        assert!(matches(&pool, password, stored).await, "{stored}");
        assert!(!matches(&pool, &password.replacen(|_| true, "?", 1), stored).await, "{stored}");
        assert!(!matches(&pool, &format!("!{password}"), stored).await, "{stored}");
    }
}

#[tokio::test]
async fn bits_of_a_salt_that_mean_nothing_do_not_disturb() {
    let pool = pool();
    for last in ["u", "v", "w", "8"] {
        let stored = format!("$2b$04$abcdefghijklmnopqrstu{last}ghE8Ev8uGFaUgY2cNEySvxngrb/Jzdm");
        assert!(matches(&pool, "password", &stored).await, "{stored}");
    }
}

#[tokio::test]
async fn bcrypt_ends_at_72_bytes_and_argon2_does_not() {
    let pool = pool();
    let (_, bcrypt) = BCRYPT[8];
    assert!(matches(&pool, &"x".repeat(72), bcrypt).await);
    assert!(matches(&pool, &format!("{}different", "x".repeat(72)), bcrypt).await);
    assert!(!matches(&pool, &"x".repeat(71), bcrypt).await);
    // The 72nd byte may fall into the middle of a letter.
    let multi_byte = format!("{}ä", "x".repeat(71));
    assert!(!matches(&pool, &multi_byte, bcrypt).await);
}
