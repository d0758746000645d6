//! HMAC-SHA-1 of NetBSD's crypt(3): `$sha1$rounds$salt$hash`.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::{
    computed::{Digest, Format, computed},
    letters,
    scrypt::fields,
};
use crate::{
    Cost,
    Objection::{self, Malformed},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 1] = [Format { name: "sha1-crypt", read }];

/// `$sha1$24680$salt$hash`
pub(crate) fn read(stored: &str) -> Reading {
    stored.strip_prefix("$sha1$").map_or(Reading::Foreign, |rest| parse(rest).into())
}

fn parse(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [rounds, salt, hash] = fields(rest, '$')?;
    let first = format!("{salt}$sha1${rounds}").into_bytes();
    let rounds = letters::number(rounds)?;
    if rounds == 0 || salt.len() > 64 || hash.len() != 28 || !letters::is_crypt(hash) {
        return Err(Malformed);
    }
    let cost = Cost { scheme: "sha1-crypt", nominal: Duration::from_nanos(rounds.saturating_mul(300)) };
    computed(cost, hash.as_bytes().to_vec(), move |password| {
        let mac = Hmac::<Sha1>::new_from_slice(password).ok()?;
        let digest = (1..rounds).fold(mac.clone().chain_update(&first).finalize().into_bytes(), |digest, _| {
            mac.clone().chain_update(digest).finalize().into_bytes()
        });
        // Groups of three bytes, the highest bits first; the first byte fills the last group.
        let ordered: Vec<u8> = (0..21)
            .step_by(3)
            .flat_map(|start| [start + 2, start + 1, start])
            .collect::<Vec<_>>()
            .into_iter()
            .filter_map(|place: usize| digest.get(place % 20).copied())
            .collect();
        Some(Digest::new(letters::to_crypt(&ordered).into_bytes()))
    })
}
