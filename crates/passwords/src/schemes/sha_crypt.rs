//! SHA-256 and SHA-512 of crypt(3): `$5$` and `$6$`, with `rounds=` or 5000 of them.

use std::time::Duration;

use ::sha_crypt::{Params, sha256_crypt, sha512_crypt};

use super::{
    computed::{Digest, Format, computed, shortened},
    letters,
};
use crate::{
    Cost,
    Objection::{self, Malformed, TooCostly},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 2] =
    [Format { name: "sha256-crypt", read: sha256 }, Format { name: "sha512-crypt", read: sha512 }];

/// `$5$rounds=5000$salt$hash`
pub(crate) fn sha256(stored: &str) -> Reading {
    stored.strip_prefix("$5$").map_or(Reading::Foreign, |rest| parse(Hash::Sha256, rest).into())
}

/// `$6$rounds=5000$salt$hash`
pub(crate) fn sha512(stored: &str) -> Reading {
    stored.strip_prefix("$6$").map_or(Reading::Foreign, |rest| parse(Hash::Sha512, rest).into())
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    /// The time for so many rounds over a password of this length, which enters each of them up to twice.
    fn time(self, rounds: u64, password: usize) -> Duration {
        let (block, time) = match self {
            Self::Sha256 => (64, 200),
            Self::Sha512 => (128, 400),
        };
        let blocks = u64::try_from((password * 2 + 64) / block + 1).unwrap_or(u64::MAX);
        Duration::from_nanos(rounds.saturating_mul(blocks).saturating_mul(time))
    }

    /// The hash in the order in which its bytes are written.
    fn compute(self, password: &[u8], salt: &[u8], params: Params) -> Digest {
        let (digest, turn, third): (Vec<u8>, usize, usize) = match self {
            Self::Sha256 => (sha256_crypt(password, salt, params).to_vec(), 2, 10),
            Self::Sha512 => (sha512_crypt(password, salt, params).to_vec(), 1, 21),
        };
        // Triples of bytes a third apart, each turned further than the one before, written backwards; then the rest.
        let triple = |place: usize| {
            let mut triple = [place, place + third, place + 2 * third];
            triple.rotate_left(place * turn % 3);
            triple.into_iter().rev()
        };
        let order = (0..third).flat_map(triple).chain(third * 3..digest.len());
        Digest::new(order.filter_map(|place| digest.get(place).copied()).collect())
    }
}

fn parse(hash: Hash, rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let (rounds, rest) = match rest.strip_prefix("rounds=") {
        None => (5000, rest),
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$').ok_or(Malformed)?;
            (letters::number(rounds)?, rest)
        }
    };
    let (salt, stored) = rest.split_once('$').ok_or(Malformed)?;
    let expected = match hash {
        Hash::Sha256 => 43,
        Hash::Sha512 => 86,
    };
    if salt.len() > 16 || stored.len() != expected || !letters::is_crypt(stored) {
        return Err(Malformed);
    }
    let params = Params::new(u32::try_from(rounds).map_err(|_| TooCostly)?).map_err(|_| Malformed)?;
    let cost = Cost { scheme: "sha-crypt", nominal: hash.time(rounds, 8) };
    let salt = salt.as_bytes().to_vec();
    computed(cost, stored.as_bytes().to_vec(), move |password| {
        let short = shortened(password, |length| hash.time(rounds, length));
        let text = letters::to_crypt(&hash.compute(short, &salt, params));
        (short.len() == password.len()).then(|| Digest::new(text.into_bytes()))
    })
}
