//! Spring Security: the encoder's name in braces, then what the encoder wrote.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{
    argon2, bcrypt,
    computed::{Digest, Format, computed, foreign, inside},
    letters,
    pbkdf2::{Prf, salted_key},
    scrypt::{Effort, fields},
};
use crate::{
    Cost, Memory,
    Objection::{self, Malformed},
    Reading, Recipe,
};
use subtle::ConstantTimeEq as _;

pub(crate) const FORMATS: [Format; 5] = [
    Format { name: "spring-bcrypt", read: bcrypt },
    Format { name: "spring-pbkdf2", read: pbkdf2 },
    Format { name: "spring-scrypt", read: scrypt },
    Format { name: "spring-sha256", read: sha256 },
    Format { name: "clear-text", read: noop },
];

/// `{bcrypt}$2a$...`
fn bcrypt(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("{bcrypt}") else { return Reading::Foreign };
    foreign(inside(bcrypt::plain(rest)))
}

/// `{argon2}$argon2id$...`, `{argon2@SpringSecurity_v5_8}...` and LDAP's `{ARGON2}...`.
pub(crate) const ARGON2: Format = Format { name: "argon2-prefixed", read: prefixed_argon2 };

fn prefixed_argon2(stored: &str) -> Reading {
    let django = stored.strip_prefix("argon2$").map(|rest| format!("${rest}"));
    let braces = stored.strip_prefix('{').and_then(|rest| rest.split_once('}')).and_then(|(name, rest)| {
        let name = name.split('@').next().unwrap_or_default();
        name.eq_ignore_ascii_case("argon2").then(|| rest.to_owned())
    });
    django.or(braces).map_or(Reading::Foreign, |rest| foreign(inside(argon2::read(&rest))))
}

/// `{pbkdf2@SpringSecurity_v5_8}`: 16 bytes of salt, SHA-256, 310,000 rounds. `{pbkdf2}`: 8 bytes, SHA-1, 185,000.
fn pbkdf2(stored: &str) -> Reading {
    let (prf, rounds, salt, rest) = if let Some(rest) = stored.strip_prefix("{pbkdf2@SpringSecurity_v5_8}") {
        (Prf::Sha256, 310_000, 16, rest)
    } else if let Some(rest) = stored.strip_prefix("{pbkdf2}") {
        (Prf::Sha1, 185_000, 8, rest)
    } else {
        return Reading::Foreign;
    };
    let parsed = letters::hex(rest).and_then(|bytes| salted_key(&bytes, salt, 32));
    parsed.and_then(|(salt, key)| prf.recipe(rounds, salt, key)).into()
}

/// `{scrypt}$e0801$salt$key`: the logarithm of N, r and p in hexadecimal, two digits for each of the last two.
fn scrypt(stored: &str) -> Reading {
    let rest = stored.strip_prefix("{scrypt}").or_else(|| stored.strip_prefix("{scrypt@SpringSecurity_v5_8}"));
    rest.map_or(Reading::Foreign, |rest| parse_scrypt(rest).into())
}

fn parse_scrypt(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [empty, parameters, salt, key] = fields(rest, '$')?;
    if !empty.is_empty() || parameters.len() > 8 || !parameters.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Malformed);
    }
    let parameters = u64::from_str_radix(parameters, 16).map_err(|_| Malformed)?;
    let effort = Effort::new(parameters >> 16, parameters >> 8 & 255, parameters & 255)?;
    effort.recipe(letters::base64(salt)?, letters::base64(key)?)
}

/// `{sha256}`: 8 bytes of salt, and SHA-256 of salt and password 1024 times.
fn sha256(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("{sha256}").filter(|rest| rest.len() == 80) else { return Reading::Foreign };
    let parsed = letters::hex(rest).and_then(|bytes| salted_key(&bytes, 8, 32));
    let cost = Cost { scheme: "spring-sha256", nominal: Duration::from_micros(200) };
    parsed
        .and_then(|(salt, key)| {
            computed(cost, key, move |password| {
                let first = Sha256::new().chain_update(&salt).chain_update(password).finalize();
                Some(Digest::new((1..1024).fold(first, |digest, _| Sha256::digest(digest)).to_vec()))
            })
        })
        .into()
}

/// `{noop}` and the password itself, which the import hashes.
fn noop(stored: &str) -> Reading {
    let Some(clear) = clear_text(stored) else { return Reading::Foreign };
    if clear.is_empty() {
        return Reading::Unreadable(Malformed);
    }
    Reading::Readable(Box::new(Clear(Digest::new(clear.as_bytes().to_vec()))))
}

/// The password that is stored as it is.
pub(crate) fn clear_text(stored: &str) -> Option<&str> {
    stored.strip_prefix("{noop}")
}

struct Clear(Digest);

impl Recipe for Clear {
    fn cost(&self) -> Cost {
        Cost { scheme: "clear-text", nominal: Duration::from_nanos(1) }
    }

    fn verify(&self, password: &[u8], _: &mut Memory) -> bool {
        password.ct_eq(&self.0).into()
    }
}
