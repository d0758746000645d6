//! The forms in which fast digests are stored: Django and early Werkzeug, LDAP, MySQL, Windows, Spring's message digests,
//! and those that only the operator can tell apart.

use super::{
    fast::{Fast, FastFormat, Hash, Order, named},
    letters,
};
use crate::Objection::{self, Malformed};

pub(crate) const FORMATS: [FastFormat; 6] = [
    FastFormat { name: "digest-django", read: dollars },
    FastFormat { name: "digest-ldap", read: ldap },
    FastFormat { name: "digest-spring", read: spring },
    FastFormat { name: "mysql", read: mysql },
    FastFormat { name: "nt", read: nt },
    FastFormat { name: "digest-declared", read: declared },
];

type Found = Option<Result<Fast, Objection>>;

/// `sha1$salt$hex`: Django's MD5 and SHA-1, and the HMAC that Werkzeug wrote before its version 2.3.
fn dollars(stored: &str) -> Found {
    let (name, rest) = stored.split_once('$')?;
    let hash = plain_hash(name)?;
    let parsed = rest.split_once('$').ok_or(Malformed).and_then(|(salt, digest)| {
        // Werkzeug took no key for its HMAC when it had no salt.
        let order = if salt.is_empty() { Order::Bare } else { Order::SaltOrKeyed };
        Fast::new(hash, order, salt.as_bytes(), letters::hex(digest)?)
    });
    Some(parsed)
}

fn plain_hash(name: &str) -> Option<Hash> {
    named(name)
        .ok()
        .filter(|(hash, order)| *order == Order::Bare && !matches!(hash, Hash::Nt | Hash::DoubleSha1))
        .map(|(hash, _)| hash)
}

/// `{SSHA}` and the like: a digest, and after it the salt, in base64.
fn ldap(stored: &str) -> Found {
    let (name, rest) = stored.strip_prefix('{')?.split_once('}')?;
    let name = name.to_ascii_lowercase();
    // Spring writes hexadecimal under this name, perhaps after a salt in braces of its own.
    if name == "md5" && (rest.starts_with('{') || rest.len() == 32) {
        return None;
    }
    let (hash, order) = match name.as_str() {
        "md5" => (Hash::Md5, Order::Bare),
        "smd5" => (Hash::Md5, Order::PasswordSalt),
        "sha" => (Hash::Sha1, Order::Bare),
        "ssha" => (Hash::Sha1, Order::PasswordSalt),
        "sha256" => (Hash::Sha256, Order::Bare),
        "ssha256" => (Hash::Sha256, Order::PasswordSalt),
        "sha384" => (Hash::Sha384, Order::Bare),
        "ssha384" => (Hash::Sha384, Order::PasswordSalt),
        "sha512" => (Hash::Sha512, Order::Bare),
        "ssha512" => (Hash::Sha512, Order::PasswordSalt),
        _ => return None,
    };
    let parsed = letters::base64(rest).and_then(|bytes| {
        let (digest, salt) = bytes.split_at_checked(hash.size()).ok_or(Malformed)?;
        if (order == Order::Bare) != salt.is_empty() {
            return Err(Malformed);
        }
        Fast::new(hash, order, salt, digest.to_vec())
    });
    Some(parsed)
}

/// `{SHA-256}{salt}hex`, where the braces belong to the salt, which follows the password.
fn spring(stored: &str) -> Found {
    let (name, rest) = stored.strip_prefix('{')?.split_once('}')?;
    let hash = match name {
        "MD5" => Hash::Md5,
        "SHA-1" => Hash::Sha1,
        "SHA-256" => Hash::Sha256,
        "SHA-384" => Hash::Sha384,
        "SHA-512" => Hash::Sha512,
        _ => return None,
    };
    let digest = rest.len().checked_sub(hash.size() * 2).and_then(|at| rest.split_at_checked(at));
    let parsed = digest.ok_or(Malformed).and_then(|(salt, digest)| {
        let order = if salt.is_empty() { Order::Bare } else { Order::PasswordSalt };
        Fast::new(hash, order, salt.as_bytes(), letters::hex(digest)?)
    });
    Some(parsed)
}

/// `*` and 40 hexadecimal digits: SHA-1 of SHA-1.
fn mysql(stored: &str) -> Found {
    let digest = stored.strip_prefix('*').filter(|rest| rest.len() == 40)?;
    Some(letters::hex(digest).and_then(|digest| Fast::new(Hash::DoubleSha1, Order::Bare, &[], digest)))
}

/// `$3$$` and 32 hexadecimal digits: MD4 of the password in UTF-16.
fn nt(stored: &str) -> Found {
    let rest = stored.strip_prefix("$3$")?;
    let digest = rest.strip_prefix('$').ok_or(Malformed).and_then(letters::hex);
    Some(digest.and_then(|digest| Fast::new(Hash::Nt, Order::Bare, &[], digest)))
}

/// `declared:sha256:hex` and `declared:md5-password-salt:hex:salt`: digests that do not say what they are, with the recipe
/// that the operator declared. Whatever follows the second colon is the salt, colons included.
fn declared(stored: &str) -> Found {
    let (name, rest) = stored.strip_prefix("declared:")?.split_once(':')?;
    if name == "scrypt-node" {
        return None;
    }
    let parsed = named(name).and_then(|(hash, order)| {
        let (digest, salt) = match order {
            Order::Bare => (rest, ""),
            _ => rest.split_once(':').ok_or(Malformed)?,
        };
        Fast::new(hash, order, salt.as_bytes(), letters::hex(digest)?)
    });
    Some(parsed)
}
