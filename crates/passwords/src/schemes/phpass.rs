//! phpass's portable hashes: MD5 (WordPress before 6.8, `$P$`; phpBB, `$H$`) or SHA-512 (Drupal 7, `$S$`) over and over.
//!
//! `U` in front is what Drupal put there when it hashed the MD5 hashes that it had found.

use std::time::Duration;

use md5::Md5;
use sha2::{Digest as _, Sha512};

use super::{
    bcrypt_variants::trim,
    computed::{Digest, Format, computed, first_of, inside, prepared, shortened},
    letters,
};
use crate::{
    Cost, Memory,
    Objection::{self, Malformed},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 3] = [
    Format { name: "phpass", read: portable },
    Format { name: "drupal-7", read: drupal },
    Format { name: "drupal-7-updated", read: updated },
];

#[derive(Clone, Copy)]
enum Hash {
    Md5,
    Sha512,
}

impl Hash {
    fn of(self, first: &[u8], second: &[u8]) -> Digest {
        Digest::new(match self {
            Self::Md5 => Md5::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Self::Sha512 => Sha512::new().chain_update(first).chain_update(second).finalize().to_vec(),
        })
    }

    /// The letters that are stored: Drupal cuts off the rest.
    const fn letters(self) -> usize {
        match self {
            Self::Md5 => 22,
            Self::Sha512 => 43,
        }
    }

    /// The time for so many rounds over a password of this length.
    fn time(self, rounds: u32, password: usize) -> Duration {
        // What else is hashed in a round, the bytes of a block, and the nanoseconds that a block takes.
        let (other, block, time) = match self {
            Self::Md5 => (24, 64, 150),
            Self::Sha512 => (80, 128, 400),
        };
        let blocks = u64::try_from((password + other) / block + 1).unwrap_or(u64::MAX);
        Duration::from_nanos(u64::from(rounds).saturating_mul(blocks).saturating_mul(time))
    }

    /// What is stored for this password.
    fn compute(self, rounds: u32, salt: &[u8], password: &[u8]) -> Digest {
        let digest = (0..rounds).fold(self.of(salt, password), |digest, _| self.of(&digest, password));
        let mut text = letters::to_crypt(&digest);
        text.truncate(self.letters());
        Digest::new(text.into_bytes())
    }
}

/// `$P$B` and 8 and 22 letters.
fn portable(stored: &str) -> Reading {
    let rest = stored.strip_prefix("$P$").or_else(|| stored.strip_prefix("$H$"));
    rest.map_or(Reading::Foreign, |rest| parse(Hash::Md5, rest).into())
}

/// `$S$D` and 8 and 43 letters.
fn drupal(stored: &str) -> Reading {
    stored.strip_prefix("$S$").map_or(Reading::Foreign, |rest| parse(Hash::Sha512, rest).into())
}

/// `U$S$...`, over the MD5 in hexadecimal.
fn updated(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("U").filter(|rest| rest.starts_with('$')) else { return Reading::Foreign };
    prepared(inside(first_of(rest, &[portable, drupal])), |password| {
        Some(Digest::new(letters::to_hex(&Md5::digest(password)).into_bytes()))
    })
}

fn parse(hash: Hash, rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let (setting, stored) = rest.split_at_checked(9).ok_or(Malformed)?;
    let (exponent, salt) = setting.split_at_checked(1).ok_or(Malformed)?;
    let exponent =
        exponent.bytes().next().and_then(letters::crypt_value).filter(|exponent| (7..=30).contains(exponent));
    let rounds = 1_u32 << exponent.ok_or(Malformed)?;
    if stored.len() != hash.letters() || !letters::is_crypt(stored) {
        return Err(Malformed);
    }
    let cost = Cost { scheme: "phpass", nominal: hash.time(rounds, 0) };
    let salt = salt.as_bytes().to_vec();
    let recipe = computed(cost, stored.as_bytes().to_vec(), move |password| {
        let short = shortened(password, |length| hash.time(rounds, length));
        let computed = hash.compute(rounds, &salt, short);
        (short.len() == password.len()).then_some(computed)
    })?;
    Ok(match hash {
        Hash::Md5 => Box::new(Trimming(recipe)),
        Hash::Sha512 => recipe,
    })
}

/// WordPress cuts off blanks at both ends before it hashes and before it compares; others do not.
struct Trimming(Box<dyn Recipe>);

impl Recipe for Trimming {
    fn cost(&self) -> Cost {
        self.0.cost()
    }

    fn verify(&self, password: &[u8], memory: &mut Memory) -> bool {
        let trimmed = trim(password);
        self.0.verify(password, memory) || (trimmed != password && self.0.verify(trimmed, memory))
    }
}
