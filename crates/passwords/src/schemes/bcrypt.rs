//! Bcrypt in the forms `$2a$`, `$2b$` and `$2y$`, which agree on everything but old bugs; `$2x$` keeps such a bug and is
//! refused.
//!
//! Verification cuts passwords at 72 bytes, as the programs that made the hashes did.

use std::{ops::RangeInclusive, time::Duration};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Cost, Memory, Policy, Reading, Recipe, Scheme, policy::Kind};

/// The costs that are computed: 14 takes a second, and each step doubles.
pub(crate) const COSTS: RangeInclusive<u32> = 4..=14;

const NAME: &str = "bcrypt";

/// Old programs left bits in the salt's last letter that mean nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The scheme.
pub(crate) struct BcryptScheme;

impl Scheme for BcryptScheme {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&self, stored: &str) -> Reading {
        let Some(rest) = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| stored.strip_prefix(prefix)) else {
            return if stored.starts_with("$2") { Reading::Unreadable } else { Reading::Foreign };
        };
        match Bcrypt::parse(rest) {
            Some(bcrypt) => Reading::Readable(Box::new(bcrypt)),
            None => Reading::Unreadable,
        }
    }
}

struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    digest: [u8; 23],
}

impl Bcrypt {
    /// Reads `12$` and 53 letters.
    fn parse(rest: &str) -> Option<Self> {
        let (cost, letters) = rest.split_once('$')?;
        let two_digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = two_digits.then(|| cost.parse().ok()).flatten().filter(|cost| COSTS.contains(cost))?;
        if letters.len() != 53 {
            return None;
        }
        let (salt, digest) = letters.split_at_checked(22)?;
        Some(Self {
            cost,
            salt: LENIENT.decode(salt).ok()?.try_into().ok()?,
            digest: LENIENT.decode(digest).ok()?.try_into().ok()?,
        })
    }
}

impl Recipe for Bcrypt {
    fn cost(&self) -> Cost {
        Cost { scheme: NAME, nominal: Duration::from_micros(53 << self.cost) }
    }

    fn verify(&self, password: &[u8], _: &mut Memory) -> bool {
        digest(self.cost, self.salt, password).ct_eq(&self.digest).into()
    }

    fn outdated(&self, policy: &Policy) -> bool {
        match policy.kind() {
            Kind::Argon2id(_) => true,
            Kind::Bcrypt(cost) => self.cost < cost,
        }
    }
}

/// A new hash in the form `$2b$`.
pub(crate) fn hash(cost: u32, password: &[u8], salt: [u8; 16]) -> String {
    text(cost, salt, digest(cost, salt, password))
}

/// A hash that no password is known for.
pub(crate) fn sample(cost: u32) -> String {
    text(cost, [0; 16], [0; 23])
}

fn text(cost: u32, salt: [u8; 16], digest: [u8; 23]) -> String {
    format!("$2b${cost:02}${}{}", LENIENT.encode(salt), LENIENT.encode(digest))
}

/// The first 72 bytes of the password and its terminating NUL, as far as there is room.
fn digest(cost: u32, salt: [u8; 16], password: &[u8]) -> [u8; 23] {
    let terminated: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().copied().chain([0]).take(72).collect());
    let full = ::bcrypt::bcrypt(cost, salt, &terminated);
    let mut digest = [0; 23];
    digest.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    digest
}
