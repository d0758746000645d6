//! Scrypt (RFC 7914) as its users write it: the PHC form, crypt(3), Django, Werkzeug, and Node programs that only store
//! salt and key.

use std::time::Duration;

use unicode_normalization::UnicodeNormalization as _;

use super::{
    computed::{Digest, Format, computed},
    letters,
};
use crate::{
    Cost,
    Objection::{self, Malformed, TooCostly},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 4] = [
    Format { name: "scrypt", read: phc },
    Format { name: "scrypt-crypt", read: crypt },
    Format { name: "scrypt-django", read: django },
    Format { name: "scrypt-werkzeug", read: werkzeug },
];

/// At most 64 MiB for one hash.
const MAX_MEMORY: u64 = 64 << 20;
/// At most 256 MiB written for one hash.
const MAX_WORK: u64 = 256 << 20;
/// Django's default is 5, and up to 10 are recommended where memory is short.
const MAX_LANES: u64 = 16;
/// Larger blocks are not heard of.
const MAX_BLOCK: u64 = 1024;
/// Nor are longer keys.
const MAX_KEY: usize = 256;

/// Parameters that are affordable.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    log_n: u8,
    r: u32,
    p: u32,
    work: u64,
}

impl Effort {
    pub(crate) fn new(log_n: u64, r: u64, p: u64) -> Result<Self, Objection> {
        if log_n == 0 || r == 0 || p == 0 {
            return Err(Malformed);
        }
        if log_n > 20 || r > MAX_BLOCK || p > MAX_LANES {
            return Err(TooCostly);
        }
        let memory = (128 * r) << log_n;
        let work = memory * p;
        let narrow = |number: u64| u32::try_from(number).map_err(|_| TooCostly);
        let effort = Self { log_n: u8::try_from(log_n).map_err(|_| TooCostly)?, r: narrow(r)?, p: narrow(p)?, work };
        (memory <= MAX_MEMORY && work <= MAX_WORK).then_some(effort).ok_or(TooCostly)
    }

    /// With N itself instead of its logarithm.
    fn with_n(n: u64, r: u64, p: u64) -> Result<Self, Objection> {
        if !n.is_power_of_two() {
            return Err(Malformed);
        }
        Self::new(u64::from(n.ilog2()), r, p)
    }

    pub(crate) fn cost(self) -> Cost {
        Cost { scheme: "scrypt", nominal: Duration::from_nanos(self.work.saturating_mul(37) / 10) }
    }

    pub(crate) fn derive(self, password: &[u8], salt: &[u8], length: usize) -> Option<Digest> {
        let params = ::scrypt::Params::new(self.log_n, self.r, self.p).ok()?;
        let mut key = Digest::new(vec![0; length]);
        ::scrypt::scrypt(password, salt, &params, &mut key).ok()?;
        Some(key)
    }

    /// The recipe for a stored key.
    pub(crate) fn recipe(self, salt: Vec<u8>, key: Vec<u8>) -> Result<Box<dyn Recipe>, Objection> {
        let length = key.len();
        if length > MAX_KEY {
            return Err(Malformed);
        }
        computed(self.cost(), key, move |password| self.derive(password, &salt, length))
    }
}

/// `$scrypt$ln=14,r=8,p=1$salt$key`
fn phc(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$scrypt$") else { return Reading::Foreign };
    parse_phc(rest).into()
}

fn parse_phc(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, key] = fields(rest, '$')?;
    parameters_phc(parameters)?.recipe(letters::base64(salt)?, letters::base64(key)?)
}

/// `ln=14,r=8,p=1`
pub(crate) fn parameters_phc(text: &str) -> Result<Effort, Objection> {
    let [log_n, r, p] = fields(text, ',')?;
    let named = |field: &str, name: &str| letters::number(field.strip_prefix(name).ok_or(Malformed)?);
    Effort::new(named(log_n, "ln=")?, named(r, "r=")?, named(p, "p=")?)
}

/// `$7$` and then N, r, p in one, five and five letters, the salt's letters, `$`, the key's letters.
pub(crate) fn crypt(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$7$") else { return Reading::Foreign };
    parse_crypt(rest).into()
}

fn parse_crypt(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [setting, key] = fields(rest, '$')?;
    let (parameters, salt) = setting.split_at_checked(11).ok_or(Malformed)?;
    let value = |letters: &str| {
        letters
            .bytes()
            .rev()
            .try_fold(0_u64, |value, letter| Some(value << 6 | u64::from(letters::crypt_value(letter)?)))
    };
    let part = |from, to| parameters.get(from..to).and_then(value).ok_or(Malformed);
    let effort = Effort::new(part(0, 1)?, part(1, 6)?, part(6, 11)?)?;
    let key = letters::crypt(key)?;
    if key.len() != 32 {
        return Err(Malformed);
    }
    effort.recipe(salt.as_bytes().to_vec(), key)
}

/// `scrypt$16384$salt$8$5$key`
fn django(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("scrypt$") else { return Reading::Foreign };
    parse_django(rest).into()
}

fn parse_django(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [n, salt, r, p, key] = fields(rest, '$')?;
    let effort = Effort::with_n(letters::number(n)?, letters::number(r)?, letters::number(p)?)?;
    effort.recipe(salt.as_bytes().to_vec(), letters::base64(key)?)
}

/// `scrypt:32768:8:1$salt$key`
fn werkzeug(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("scrypt:") else { return Reading::Foreign };
    parse_werkzeug(rest).into()
}

fn parse_werkzeug(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, key] = fields(rest, '$')?;
    let [n, r, p] = fields(parameters, ':')?;
    let effort = Effort::with_n(letters::number(n)?, letters::number(r)?, letters::number(p)?)?;
    effort.recipe(salt.as_bytes().to_vec(), letters::hex(key)?)
}

/// `salt:key` as Better Auth and Lucia write it with Node: the salt's letters are the salt, and the password is
/// normalised (NFKC). `16384:16:1:salt:key` names other parameters.
pub(crate) fn node(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let parts: Vec<&str> = rest.split(':').collect();
    let (effort, salt, key) = match parts.as_slice() {
        [salt, key] => (Effort::new(14, 16, 1)?, salt, key),
        [n, r, p, salt, key] => {
            (Effort::with_n(letters::number(n)?, letters::number(r)?, letters::number(p)?)?, salt, key)
        }
        _ => return Err(Malformed),
    };
    let (salt, key) = (salt.as_bytes().to_vec(), letters::hex(key)?);
    let length = key.len();
    if length > MAX_KEY {
        return Err(Malformed);
    }
    computed(effort.cost(), key, move |password| {
        let normalised = Digest::new(std::str::from_utf8(password).ok()?.nfkc().collect::<String>().into_bytes());
        effort.derive(&normalised, &salt, length)
    })
}

/// Exactly so many parts.
pub(crate) fn fields<const N: usize>(text: &str, separator: char) -> Result<[&str; N], Objection> {
    text.split(separator).collect::<Vec<_>>().try_into().map_err(|_| Malformed)
}
