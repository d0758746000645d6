//! MD5 of crypt(3), `$1$`, and Apache's `$apr1$`, which differs by nothing but its name. A thousand rounds.

use std::time::Duration;

use md5::{Digest as _, Md5};

use super::{
    computed::{Digest, Format, computed},
    letters,
};
use crate::{
    Cost,
    Objection::{self, Malformed},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 2] =
    [Format { name: "md5-crypt", read }, Format { name: "apache-md5", read: apache }];

/// `$1$salt$hash`
pub(crate) fn read(stored: &str) -> Reading {
    stored.strip_prefix("$1$").map_or(Reading::Foreign, |rest| parse("$1$", rest).into())
}

/// `$apr1$salt$hash`
pub(crate) fn apache(stored: &str) -> Reading {
    stored.strip_prefix("$apr1$").map_or(Reading::Foreign, |rest| parse("$apr1$", rest).into())
}

fn parse(magic: &'static str, rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let (salt, hash) = rest.split_once('$').ok_or(Malformed)?;
    if salt.len() > 8 || hash.len() != 22 || !letters::is_crypt(hash) {
        return Err(Malformed);
    }
    let salt = salt.as_bytes().to_vec();
    let cost = Cost { scheme: "md5-crypt", nominal: Duration::from_micros(100) };
    computed(cost, hash.as_bytes().to_vec(), move |password| Some(compute(magic, &salt, password)))
}

fn compute(magic: &str, salt: &[u8], password: &[u8]) -> Digest {
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    password.chunks(16).for_each(|chunk| outer.update(inner.get(..chunk.len()).unwrap_or_default()));
    let mut bits = password.len();
    while bits > 0 {
        // A mistake of the original that became the format: a NUL where a byte of the digest was meant.
        let byte = if bits & 1 == 1 { &[0] } else { password.get(..1).unwrap_or_default() };
        outer.update(byte);
        bits >>= 1;
    }
    let digest = (0..1000).fold(outer.finalize(), |digest, round| {
        let (first, last): (&[u8], &[u8]) = if round & 1 == 1 { (password, &digest) } else { (&digest, password) };
        let mut hash = Md5::new().chain_update(first);
        if round % 3 != 0 {
            hash.update(salt);
        }
        if round % 7 != 0 {
            hash.update(password);
        }
        hash.chain_update(last).finalize()
    });
    const ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
    let ordered: Vec<u8> = ORDER.iter().filter_map(|place| digest.get(*place).copied()).collect();
    Digest::new(letters::to_crypt(&ordered).into_bytes())
}
