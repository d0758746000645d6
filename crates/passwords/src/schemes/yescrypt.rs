//! yescrypt of crypt(3), `$y$`, in the flavour and with the three parameters that crypt(3) writes.

use std::time::Duration;

use ::yescrypt::{Mode, Params, yescrypt};

use super::{
    computed::{Digest, Format, computed},
    letters,
    scrypt::fields,
};
use crate::{
    Cost,
    Objection::{self, Malformed, TooCostly},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 1] = [Format { name: "yescrypt", read }];

/// At most 64 MiB for one hash.
const MAX_MEMORY: u64 = 64 << 20;

/// `$y$j9T$salt$hash`
pub(crate) fn read(stored: &str) -> Reading {
    stored.strip_prefix("$y$").map_or(Reading::Foreign, |rest| parse(rest).into())
}

fn parse(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, hash] = fields(rest, '$')?;
    // One letter each for flavour, logarithm of N, and r; values from 48 on take more letters.
    let [b'j', log_n, r, ..] = parameters.as_bytes() else { return Err(Malformed) };
    let small = |letter: &u8| match letters::crypt_value(*letter) {
        None => Err(Malformed),
        Some(value) if value < 48 => Ok(value),
        Some(_) => Err(TooCostly),
    };
    let (log_n, r) = (small(log_n)? + 1, small(r)? + 1);
    if parameters.len() > 3 {
        return Err(Malformed);
    }
    let memory = (128 * u64::from(r)).checked_shl(log_n).filter(|_| log_n <= 20).ok_or(TooCostly)?;
    if memory > MAX_MEMORY {
        return Err(TooCostly);
    }
    let params = Params::new(Mode::Rw, 1 << log_n, r, 1).map_err(|_| Malformed)?;
    let salt = letters::crypt(salt)?;
    if salt.len() > 64 || hash.len() != 43 || !letters::is_crypt(hash) {
        return Err(Malformed);
    }
    let cost = Cost { scheme: "yescrypt", nominal: Duration::from_nanos(memory * 7 / 2) };
    computed(cost, hash.as_bytes().to_vec(), move |password| {
        let mut key = Digest::new(vec![0; 32]);
        yescrypt(password, &salt, &params, &mut key).ok()?;
        Some(Digest::new(letters::to_crypt(&key).into_bytes()))
    })
}
