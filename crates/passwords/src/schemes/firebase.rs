//! Firebase's scrypt: the key encrypts the project's signer key (AES-256-CTR), and that is what is stored.
//!
//! As Supabase and as Kratos write it. An export of Firebase itself names salt separator and signer key once for the
//! project; the import puts them into each hash.

use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit as _, StreamCipher as _},
};

use super::{
    computed::{Digest, Format, computed},
    letters,
    scrypt::{Effort, fields, parameters_phc},
};
use crate::{
    Objection::{self, Malformed},
    Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 2] =
    [Format { name: "firebase-fbscrypt", read: fbscrypt }, Format { name: "firebase-firescrypt", read: firescrypt }];

/// `$fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=signer$salt$hash`
fn fbscrypt(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$fbscrypt$") else { return Reading::Foreign };
    parse_fbscrypt(rest).into()
}

fn parse_fbscrypt(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, hash] = fields(rest, '$')?;
    let [version, n, r, p, separator, signer] = fields(parameters, ',')?;
    let named = |field: &'static str, text: &str| text.strip_prefix(field).map(str::to_owned).ok_or(Malformed);
    if version != "v=1" {
        return Err(Malformed);
    }
    let number = |field, text| named(field, text).and_then(|number| letters::number(&number));
    let effort = Effort::new(number("n=", n)?, number("r=", r)?, number("p=", p)?)?;
    recipe(effort, salt, &named("ss=", separator)?, &named("sk=", signer)?, hash)
}

/// `$firescrypt$ln=14,r=8,p=1$salt$hash$separator$signer`
fn firescrypt(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$firescrypt$") else { return Reading::Foreign };
    parse_firescrypt(rest).into()
}

fn parse_firescrypt(rest: &str) -> Result<Box<dyn Recipe>, Objection> {
    let [parameters, salt, hash, separator, signer] = fields(rest, '$')?;
    recipe(parameters_phc(parameters)?, salt, separator, signer, hash)
}

fn recipe(effort: Effort, salt: &str, separator: &str, signer: &str, hash: &str) -> Result<Box<dyn Recipe>, Objection> {
    // Exports are in both alphabets.
    let base64 = |text: &str| letters::base64(&text.replace('-', "+").replace('_', "/"));
    let (salt, signer, hash) = ([base64(salt)?, base64(separator)?].concat(), base64(signer)?, base64(hash)?);
    if signer.len() != hash.len() {
        return Err(Malformed);
    }
    computed(effort.cost(), hash, move |password| {
        let key = effort.derive(password, &salt, 32)?;
        let mut encrypted = Digest::new(signer.clone());
        let mut cipher = Ctr128BE::<Aes256>::new_from_slices(&key, &[0; 16]).ok()?;
        cipher.try_apply_keystream(&mut encrypted).ok()?;
        Some(encrypted)
    })
}
