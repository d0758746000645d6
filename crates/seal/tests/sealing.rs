//! What is sealed opens for the same purpose, context and key, and for nothing else.

use authly_seal::{EncryptionKey, SystemRandom, XChaChaSealer};
use oauth_core::services::{Purpose, Sealer as _};
use proptest::prelude::*;

const PURPOSES: [Purpose; 7] = [
    Purpose::AuthorizationRequest,
    Purpose::Csrf,
    Purpose::KnownDevice,
    Purpose::Page,
    Purpose::SigningKey,
    Purpose::Successor,
    Purpose::AtRest,
];

fn sealer() -> XChaChaSealer {
    XChaChaSealer::new(&EncryptionKey::generate(&SystemRandom), None, SystemRandom)
}

#[test]
fn sealed_bytes_open_for_their_own_purpose_only() {
    let sealer = sealer();
    for sealed_for in PURPOSES {
        let sealed = sealer.seal(sealed_for, b"context", b"clear");
        let borne = sealer.seal_for(b"token", sealed_for, b"clear");
        for opened_for in PURPOSES {
            assert_eq!(sealer.open(opened_for, b"context", &sealed).is_ok(), sealed_for == opened_for);
            assert_eq!(sealer.open_for(b"token", opened_for, &borne).is_ok(), sealed_for == opened_for);
        }
    }
}

#[test]
fn another_context_does_not_open() {
    let sealer = sealer();
    let sealed = sealer.seal(Purpose::SigningKey, b"kid-1", b"clear");
    for context in [&b"kid-2"[..], b"", b"kid-", b"kid-11"] {
        assert!(sealer.open(Purpose::SigningKey, context, &sealed).is_err());
    }
}

#[test]
fn another_key_or_secret_does_not_open() {
    let sealed = sealer().seal(Purpose::Page, b"", b"clear");
    assert!(sealer().open(Purpose::Page, b"", &sealed).is_err());
    let borne = sealer().seal_for(b"right", Purpose::Successor, b"clear");
    assert!(sealer().open_for(b"wrong", Purpose::Successor, &borne).is_err());
    assert!(sealer().open_for(b"", Purpose::Successor, &borne).is_err());
}

#[test]
fn a_bearer_opens_what_was_sealed_for_it_under_any_installation_key() {
    let sealed = sealer().seal_for(b"refresh token", Purpose::Successor, b"successor");
    let opened = sealer().open_for(b"refresh token", Purpose::Successor, &sealed).unwrap();
    assert_eq!(opened.expose(), b"successor");
}

#[test]
fn the_two_forms_are_not_taken_for_each_other() {
    let sealer = sealer();
    assert!(sealer.open(Purpose::Page, b"", &sealer.seal_for(b"s", Purpose::Page, b"clear")).is_err());
    assert!(sealer.open_for(b"s", Purpose::Page, &sealer.seal(Purpose::Page, b"", b"clear")).is_err());
}

#[test]
fn every_truncation_and_every_flipped_bit_is_noticed() {
    let sealer = sealer();
    let sealed = sealer.seal(Purpose::Csrf, b"c", b"some clear text");
    let borne = sealer.seal_for(b"secret", Purpose::Csrf, b"some clear text");
    for length in 0..sealed.len() {
        assert!(sealer.open(Purpose::Csrf, b"c", &sealed[..length]).is_err());
    }
    for length in 0..borne.len() {
        assert!(sealer.open_for(b"secret", Purpose::Csrf, &borne[..length]).is_err());
    }
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(sealer.open(Purpose::Csrf, b"c", &altered).is_err(), "bit {bit}");
    }
    for bit in 0..borne.len() * 8 {
        let mut altered = borne.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(sealer.open_for(b"secret", Purpose::Csrf, &altered).is_err(), "bit {bit}");
    }
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let sealer = sealer();
    assert_ne!(sealer.seal(Purpose::Page, b"", b"same"), sealer.seal(Purpose::Page, b"", b"same"));
}

#[test]
fn the_previous_key_opens_and_rewraps_but_never_seals() {
    let (old, new) = (EncryptionKey::generate(&SystemRandom), EncryptionKey::generate(&SystemRandom));
    let before = XChaChaSealer::new(&old, None, SystemRandom);
    let during = XChaChaSealer::new(&new, Some(&old), SystemRandom);
    let after = XChaChaSealer::new(&new, None, SystemRandom);

    let sealed = before.seal(Purpose::SigningKey, b"kid", b"private");
    assert!(after.open(Purpose::SigningKey, b"kid", &sealed).is_err());
    assert_eq!(during.open(Purpose::SigningKey, b"kid", &sealed).unwrap().expose(), b"private");
    assert!(!during.is_current(&sealed));

    let rewrapped = during.rewrap(Purpose::SigningKey, b"kid", &sealed).unwrap().unwrap();
    assert!(during.is_current(&rewrapped));
    assert_eq!(after.open(Purpose::SigningKey, b"kid", &rewrapped).unwrap().expose(), b"private");
    assert_eq!(during.rewrap(Purpose::SigningKey, b"kid", &rewrapped).unwrap(), None);
    assert!(during.rewrap(Purpose::SigningKey, b"other", &sealed).is_err());

    assert!(before.open(Purpose::Page, b"", &during.seal(Purpose::Page, b"", b"x")).is_err());
}

#[test]
fn the_sealer_prints_no_key() {
    assert_eq!(format!("{:?}", sealer()), "XChaChaSealer { rewrapping: false, .. }");
}

proptest! {
    #[test]
    fn what_was_sealed_opens_again(clear in prop::collection::vec(any::<u8>(), 0..300), context in prop::collection::vec(any::<u8>(), 0..40)) {
        let sealer = sealer();
        let sealed = sealer.seal(Purpose::AtRest, &context, &clear);
        let opened = sealer.open(Purpose::AtRest, &context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &clear);
        let borne = sealer.seal_for(&context, Purpose::AtRest, &clear);
        let opened = sealer.open_for(&context, Purpose::AtRest, &borne).unwrap();
        prop_assert_eq!(opened.expose(), &clear);
    }

    #[test]
    fn foreign_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let sealer = sealer();
        prop_assert!(sealer.open(Purpose::AtRest, b"", &bytes).is_err());
        prop_assert!(sealer.open_for(b"s", Purpose::AtRest, &bytes).is_err());
    }
}
