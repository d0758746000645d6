//! Weak digests that the import wrapped: `wrapped:sha1-salt-password:73616c74:$argon2id$...` is the policy's hash over the
//! hexadecimal digits of the digest.
//!
//! The digest alone signs nobody in: what is presented is always digested first.

use super::{
    argon2, bcrypt,
    computed::{Format, inside},
    fast::Digester,
    fast_formats, letters,
    scrypt::fields,
    spring,
};
use crate::{
    Cost, Memory,
    Objection::{self, Malformed},
    Policy, Reading, Recipe,
};

pub(crate) const FORMATS: [Format; 1] = [Format { name: "wrapped", read }];

/// Wraps a weak stored hash, hashes a password that is stored as it is; `None` for everything else.
pub(crate) fn wrap(stored: &str, policy: Policy, salt: [u8; 16], memory: &mut Memory) -> Option<String> {
    if let Some(clear) = spring::clear_text(stored).filter(|clear| !clear.is_empty() && !clear.contains('\0')) {
        return policy.hash(clear.as_bytes(), salt, memory);
    }
    let fast = fast_formats::FORMATS.iter().find_map(|format| (format.read)(stored))?.ok()?;
    let hash = policy.hash(letters::to_hex(fast.expected()).as_bytes(), salt, memory)?;
    Some(format!("wrapped:{}:{hash}", fast.digester.recipe()))
}

fn read(stored: &str) -> Reading {
    stored.strip_prefix("wrapped:").map_or(Reading::Foreign, |rest| parse(rest).unwrap_or_else(Reading::Unreadable))
}

fn parse(rest: &str) -> Result<Reading, Objection> {
    let [name, salt, hash] = fields(rest, ':')?;
    let digester = Digester::parse(name, letters::hex(salt)?)?;
    let reading = inside(match argon2::read(hash) {
        Reading::Foreign => bcrypt::plain(hash),
        known => known,
    });
    Ok(match reading {
        Reading::Readable(hash) => Reading::Readable(Box::new(Wrapped { digester, hash })),
        Reading::Foreign => return Err(Malformed),
        unreadable => unreadable,
    })
}

struct Wrapped {
    digester: Digester,
    hash: Box<dyn Recipe>,
}

impl Recipe for Wrapped {
    fn cost(&self) -> Cost {
        let Cost { scheme, nominal } = self.hash.cost();
        Cost { scheme, nominal: nominal.saturating_mul(self.digester.count()) }
    }

    fn verify(&self, password: &[u8], memory: &mut Memory) -> bool {
        self.digester
            .digests(password)
            .iter()
            .any(|digest| self.hash.verify(letters::to_hex(digest).as_bytes(), memory))
    }
}
