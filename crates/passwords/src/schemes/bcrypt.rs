//! Bcrypt in the forms `$2a$`, `$2b$` and `$2y$`, which agree on everything but old bugs; `$2x$` keeps such a bug and is
//! refused.
//!
//! Verification cuts passwords at 72 bytes, as the programs that made the hashes did. Some of them (Devise) appended a
//! secret of their own to the password, a pepper, which the stored hash does not tell: where the plain password is wrong,
//! the configured peppers are tried.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use oauth_core::secret::Secret;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{
    Cost, Memory,
    Objection::{self, Malformed, TooCostly},
    Policy, Reading, Recipe, Scheme,
    policy::Kind,
};

/// The costs that are computed: 14 takes a second, and each step doubles.
pub(crate) const COSTS: RangeInclusive<u32> = 4..=14;

/// What follows these bytes of a password does not count.
pub(crate) const LONGEST: usize = 72;

const NAME: &str = "bcrypt";

/// Old programs left bits in the salt's last letter that mean nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The scheme, with the peppers that may have been appended to the password before it was hashed.
#[derive(Default)]
pub(crate) struct BcryptScheme(pub(crate) Arc<[Secret<String>]>);

impl Scheme for BcryptScheme {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&self, stored: &str) -> Reading {
        read(stored, &self.0)
    }
}

/// Reads `$2b$12$...` as it is, for formats that wrap it.
pub(crate) fn plain(stored: &str) -> Reading {
    read(stored, &Arc::default())
}

fn read(stored: &str, peppers: &Arc<[Secret<String>]>) -> Reading {
    if !stored.starts_with("$2") {
        return Reading::Foreign;
    }
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| stored.strip_prefix(prefix));
    let parsed = rest.ok_or(Malformed).and_then(|rest| Bcrypt::parse(rest, peppers.clone()));
    parsed.map(|bcrypt| Box::new(bcrypt) as Box<dyn Recipe>).into()
}

struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    digest: [u8; 23],
    peppers: Arc<[Secret<String>]>,
}

impl Bcrypt {
    /// Reads `12$` and 53 letters.
    fn parse(rest: &str, peppers: Arc<[Secret<String>]>) -> Result<Self, Objection> {
        let (cost, letters) = rest.split_once('$').ok_or(Malformed)?;
        let two_digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = two_digits.then(|| cost.parse().ok()).flatten().filter(|cost| (4..=31).contains(cost));
        let cost = cost.ok_or(Malformed)?;
        if letters.len() != 53 {
            return Err(Malformed);
        }
        let (salt, digest) = letters.split_at_checked(22).ok_or(Malformed)?;
        let salt = LENIENT.decode(salt).map_err(|_| Malformed)?.try_into().map_err(|_| Malformed)?;
        let digest = LENIENT.decode(digest).map_err(|_| Malformed)?.try_into().map_err(|_| Malformed)?;
        COSTS.contains(&cost).then_some(Self { cost, salt, digest, peppers }).ok_or(TooCostly)
    }

    fn is_of(&self, password: &[u8]) -> bool {
        digest(self.cost, self.salt, password).ct_eq(&self.digest).into()
    }
}

impl Recipe for Bcrypt {
    fn cost(&self) -> Cost {
        let hashes = u32::try_from(self.peppers.len()).unwrap_or(u32::MAX).saturating_add(1);
        Cost { scheme: NAME, nominal: Duration::from_micros(53 << self.cost).saturating_mul(hashes) }
    }

    fn verify(&self, password: &[u8], _: &mut Memory) -> bool {
        let peppered =
            |pepper: &Secret<String>| self.is_of(&Zeroizing::new([password, pepper.expose().as_bytes()].concat()));
        self.is_of(password) || self.peppers.iter().any(peppered)
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
    let terminated: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().copied().chain([0]).take(LONGEST).collect());
    let full = ::bcrypt::bcrypt(cost, salt, &terminated);
    let mut digest = [0; 23];
    digest.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    digest
}
