//! Bcrypt over a digest of the password, which lifts its limit of 72 bytes, or behind a prefix: Django, passlib and
//! WordPress.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha384};

use super::{
    bcrypt,
    computed::{Digest, Format, foreign, inside, prepared},
    letters,
};
use crate::{
    Objection::{self, Malformed},
    Reading,
};

pub(crate) const FORMATS: [Format; 4] = [
    Format { name: "django-bcrypt", read: django },
    Format { name: "django-bcrypt-sha256", read: django_sha256 },
    Format { name: "passlib-bcrypt-sha256", read: passlib },
    Format { name: "wordpress-bcrypt", read: wordpress },
];

/// `bcrypt$$2b$12$...`
fn django(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("bcrypt$") else { return Reading::Foreign };
    foreign(inside(bcrypt::plain(rest)))
}

/// `bcrypt_sha256$$2b$12$...`, over the digest in hexadecimal.
fn django_sha256(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("bcrypt_sha256$") else { return Reading::Foreign };
    prepared(inside(bcrypt::plain(rest)), |password| {
        Some(Digest::new(letters::to_hex(&Sha256::digest(password)).into_bytes()))
    })
}

/// `$bcrypt-sha256$v=2,t=2b,r=12$salt$hash`, over a digest keyed with the salt's letters; the older
/// `$bcrypt-sha256$2b,12$salt$hash`, over a digest without a key.
fn passlib(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$bcrypt-sha256$") else { return Reading::Foreign };
    match parse_passlib(rest) {
        Ok((bcrypt, key)) => prepared(inside(bcrypt::plain(&bcrypt)), move |password| keyed(key.as_deref(), password)),
        Err(objection) => Reading::Unreadable(objection),
    }
}

/// The bcrypt hash inside, and the key of the digest.
fn parse_passlib(rest: &str) -> Result<(String, Option<String>), Objection> {
    let mut parts = rest.split('$');
    let mut part = || parts.next().ok_or(Malformed);
    let (parameters, salt, hash) = (part()?, part()?, part()?);
    if parts.next().is_some() {
        return Err(Malformed);
    }
    let (variant, cost, key) = match parameters.split(',').collect::<Vec<_>>().as_slice() {
        ["v=2", variant, cost] => {
            let variant = variant.strip_prefix("t=").ok_or(Malformed)?;
            (variant, cost.strip_prefix("r=").ok_or(Malformed)?, Some(salt.to_owned()))
        }
        [variant, cost] => (*variant, *cost, None),
        _ => return Err(Malformed),
    };
    Ok((format!("${variant}${cost:0>2}${salt}{hash}"), key))
}

fn keyed(key: Option<&str>, password: &[u8]) -> Option<Digest> {
    let digest = match key {
        Some(key) => {
            Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?.chain_update(password).finalize().into_bytes()
        }
        None => Sha256::digest(password),
    };
    Some(Digest::new(STANDARD.encode(digest).into_bytes()))
}

/// `$wp$2y$10$...`, over a digest of the password without the blanks around it.
fn wordpress(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$wp").filter(|rest| rest.starts_with("$2y$")) else {
        return if stored.starts_with("$wp$") { Reading::Unreadable(Malformed) } else { Reading::Foreign };
    };
    prepared(bcrypt::plain(rest), |password| {
        let trimmed = trim(password);
        let mac = Hmac::<Sha384>::new_from_slice(b"wp-sha384").ok()?.chain_update(trimmed).finalize();
        Some(Digest::new(STANDARD_NO_PAD.encode(mac.into_bytes()).into_bytes()))
    })
}

/// What PHP's `trim` leaves.
pub(crate) fn trim(password: &[u8]) -> &[u8] {
    let blank = |byte: &u8| b" \t\n\r\0\x0b".contains(byte);
    let start = password.iter().position(|byte| !blank(byte)).unwrap_or(password.len());
    let end = password.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    password.get(start..end).unwrap_or_default()
}
