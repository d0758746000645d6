//! ASP.NET Identity, versions 2 and 3: PBKDF2 in one piece of base64 whose first byte tells the version.

use super::{
    computed::Format,
    letters,
    pbkdf2::{Prf, salted_key},
};
use crate::{
    Objection::{self, Malformed},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 2] =
    [Format { name: "aspnet-identity-3", read: version_3 }, Format { name: "aspnet-identity-2", read: version_2 }];

/// 0x01, then function, rounds and length of the salt in four bytes each, salt, key.
fn version_3(stored: &str) -> Reading {
    // 0x01 and a function below 256.
    if !stored.starts_with("AQAAAA") {
        return Reading::Foreign;
    }
    letters::base64(stored).and_then(|bytes| parse_3(&bytes)).into()
}

fn parse_3(bytes: &[u8]) -> Result<Box<dyn Recipe>, Objection> {
    let (header, rest) = bytes.split_at_checked(13).ok_or(Malformed)?;
    let mut numbers = header.get(1..).unwrap_or_default().chunks_exact(4).filter_map(|bytes| bytes.try_into().ok());
    let mut number = || numbers.next().map(u32::from_be_bytes).ok_or(Malformed);
    let prf = match number()? {
        0 => Prf::Sha1,
        1 => Prf::Sha256,
        2 => Prf::Sha512,
        _ => return Err(Malformed),
    };
    let rounds = number()?;
    let salt = usize::try_from(number()?).map_err(|_| Malformed)?;
    let (salt, key) = rest.split_at_checked(salt).ok_or(Malformed)?;
    // The original takes no shorter ones.
    if salt.len() < 16 || key.len() < 16 {
        return Err(Malformed);
    }
    prf.recipe(u64::from(rounds), salt.to_vec(), key.to_vec())
}

/// 0x00, 16 bytes of salt and 32 of key: SHA-1, 1000 rounds.
fn version_2(stored: &str) -> Reading {
    if !(stored.len() == 68 && stored.starts_with('A') && stored.ends_with("==")) {
        return Reading::Foreign;
    }
    match letters::base64(stored).as_deref() {
        Ok([0, rest @ ..]) => salted_key(rest, 16, 32).and_then(|(salt, key)| Prf::Sha1.recipe(1000, salt, key)).into(),
        _ => Reading::Foreign,
    }
}
