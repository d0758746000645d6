//! PBKDF2 (RFC 8018 5.2) as its users write it: passlib, the PHC form, Django, Werkzeug, LDAP servers and Atlassian.

use std::time::Duration;

use ::pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

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

pub(crate) const FORMATS: [Format; 5] = [
    Format { name: "pbkdf2", read: modular },
    Format { name: "pbkdf2-django", read: django },
    Format { name: "pbkdf2-werkzeug", read: werkzeug },
    Format { name: "pbkdf2-ldap", read: ldap },
    Format { name: "pbkdf2-atlassian", read: atlassian },
];

/// Longer keys are not heard of.
const MAX_KEY: usize = 256;

/// The pseudo-random function: HMAC with this hash.
#[derive(Clone, Copy)]
pub(crate) enum Prf {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Prf {
    fn named(name: &str) -> Result<Self, Objection> {
        Ok(match name {
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return Err(Malformed),
        })
    }

    /// By what follows `pbkdf2`.
    fn suffixed(suffix: &str) -> Result<Self, Objection> {
        if suffix.is_empty() { Ok(Self::Sha1) } else { Self::named(suffix.strip_prefix('-').ok_or(Malformed)?) }
    }

    /// Bytes of one block, and nanoseconds of one round.
    const fn size_and_time(self) -> (usize, u64) {
        match self {
            Self::Sha1 => (20, 250),
            Self::Sha224 => (28, 300),
            Self::Sha256 => (32, 300),
            Self::Sha384 => (48, 600),
            Self::Sha512 => (64, 600),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "pbkdf2-sha1",
            Self::Sha224 | Self::Sha256 => "pbkdf2-sha256",
            Self::Sha384 | Self::Sha512 => "pbkdf2-sha512",
        }
    }

    fn derive(self, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Digest {
        let mut key = Digest::new(vec![0; length]);
        match self {
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
            Self::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, rounds, &mut key),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
            Self::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
            Self::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
        }
        key
    }

    /// The recipe for a stored key.
    pub(crate) fn recipe(self, rounds: u64, salt: Vec<u8>, key: Vec<u8>) -> Result<Box<dyn Recipe>, Objection> {
        let length = key.len();
        if rounds == 0 || length > MAX_KEY {
            return Err(Malformed);
        }
        let (block, time) = self.size_and_time();
        let blocks = u64::try_from(length.div_ceil(block)).unwrap_or(u64::MAX);
        let nominal = Duration::from_nanos(rounds.saturating_mul(blocks).saturating_mul(time));
        let rounds = u32::try_from(rounds).map_err(|_| TooCostly)?;
        let cost = Cost { scheme: self.name(), nominal };
        computed(cost, key, move |password| Some(self.derive(password, &salt, rounds, length)))
    }
}

/// passlib's `$pbkdf2-sha256$29000$salt$key`, where `$pbkdf2$` is SHA-1, and the PHC form
/// `$pbkdf2-sha256$i=29000,l=32$salt$key`.
fn modular(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$pbkdf2") else { return Reading::Foreign };
    let parsed = rest.split_once('$').ok_or(Malformed);
    parsed.and_then(|(name, rest)| parse_modular(Prf::suffixed(name)?, rest)).into()
}

fn parse_modular(prf: Prf, rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, key] = fields(rest, '$')?;
    let (salt, key) = (letters::dotted_base64(salt)?, letters::dotted_base64(key)?);
    let Some(named) = parameters.strip_prefix("i=") else {
        return prf.recipe(letters::number(parameters)?, salt, key);
    };
    let (rounds, length) = named.split_once(",l=").unwrap_or((named, ""));
    let told = length.is_empty() || letters::number(length)? == u64::try_from(key.len()).unwrap_or(u64::MAX);
    if !told {
        return Err(Malformed);
    }
    prf.recipe(letters::number(rounds)?, salt, key)
}

/// `pbkdf2_sha256$870000$salt$key`, where the salt's letters are the salt.
fn django(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("pbkdf2_") else { return Reading::Foreign };
    parse_django(rest).into()
}

fn parse_django(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [name, rounds, salt, key] = fields(rest, '$')?;
    Prf::named(name)?.recipe(letters::number(rounds)?, salt.as_bytes().to_vec(), letters::base64(key)?)
}

/// `pbkdf2:sha256:600000$salt$key`, where the salt's letters are the salt.
fn werkzeug(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("pbkdf2:") else { return Reading::Foreign };
    parse_werkzeug(rest).into()
}

fn parse_werkzeug(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, key] = fields(rest, '$')?;
    let [name, rounds] = fields(parameters, ':')?;
    Prf::named(name)?.recipe(letters::number(rounds)?, salt.as_bytes().to_vec(), letters::hex(key)?)
}

/// `{PBKDF2-SHA256}10000$salt$key`, where `{PBKDF2}` is SHA-1, as OpenLDAP's module writes it.
fn ldap(stored: &str) -> Reading {
    let named = stored.strip_prefix("{PBKDF2").and_then(|rest| rest.split_once('}'));
    let Some((name, rest)) = named else { return Reading::Foreign };
    Prf::suffixed(&name.to_ascii_lowercase()).and_then(|prf| parse_modular(prf, rest)).into()
}

/// `{PKCS5S2}` and then salt and key in one: 16 and 32 bytes, SHA-1, 10,000 rounds.
fn atlassian(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("{PKCS5S2}") else { return Reading::Foreign };
    let parsed = letters::base64(rest).and_then(|bytes| salted_key(&bytes, 16, 32));
    parsed.and_then(|(salt, key)| Prf::Sha1.recipe(10_000, salt, key)).into()
}

/// Salt and key in one, of these lengths.
pub(crate) fn salted_key(bytes: &[u8], salt: usize, key: usize) -> Result<(Vec<u8>, Vec<u8>), Objection> {
    let (salt, found) = bytes.split_at_checked(salt).ok_or(Malformed)?;
    (found.len() == key).then(|| (salt.to_vec(), found.to_vec())).ok_or(Malformed)
}
