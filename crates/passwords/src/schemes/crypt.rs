//! Hashes of crypt(3) behind a prefix: LDAP's `{CRYPT}` and Dovecot's names.

use super::{
    bcrypt,
    computed::{Format, first_of, foreign, inside},
    des_crypt, md5_crypt, scrypt, sha_crypt, sha1_crypt, yescrypt,
};
use crate::Reading;

pub(crate) const FORMATS: [Format; 1] = [Format { name: "crypt-prefixed", read }];

const PREFIXES: [&str; 5] = ["crypt", "blf-crypt", "md5-crypt", "sha256-crypt", "sha512-crypt"];

fn read(stored: &str) -> Reading {
    let parts = stored.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let Some((_, inner)) = parts.filter(|(name, _)| PREFIXES.iter().any(|prefix| name.eq_ignore_ascii_case(prefix)))
    else {
        return Reading::Foreign;
    };
    // None of these reads a prefix, so that prefixes cannot be nested.
    foreign(inside(first_of(
        inner,
        &[
            bcrypt::plain,
            sha_crypt::sha512,
            sha_crypt::sha256,
            md5_crypt::read,
            md5_crypt::apache,
            sha1_crypt::read,
            yescrypt::read,
            scrypt::crypt,
            des_crypt::read,
        ],
    )))
}
