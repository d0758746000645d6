//! Argon2id, argon2i and argon2d (RFC 9106) as `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
//!
//! Without `v=` the hash is of version 0x10, which had no such field. `keyid=` and `data=` are not supported.

use std::time::Duration;

use ::argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq as _;

use super::letters;
use crate::{
    Cost, Memory,
    Objection::{self, Malformed, TooCostly},
    Policy, Reading, Recipe, Scheme,
    policy::Kind,
};

/// At most 64 MiB for one hash.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
/// At most 256 MiB written for one hash.
const MAX_WORK_KIB: u64 = 256 * 1024;
/// More lanes are not heard of.
const MAX_LANES: u32 = 255;

const NAME: &str = "argon2";

/// Memory, passes and lanes that are affordable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Effort {
    /// 19 MiB, two passes, one lane.
    pub(crate) const DEFAULT: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    pub(crate) fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let effort = Self { memory_kib, passes, lanes };
        let fits = (1..=MAX_LANES).contains(&lanes)
            && (8 * lanes..=MAX_MEMORY_KIB).contains(&memory_kib)
            && passes >= 1
            && effort.work() <= MAX_WORK_KIB;
        fits.then_some(effort)
    }

    /// Reads `m=19456,t=2,p=1`.
    fn parse(text: &str) -> Result<Self, Objection> {
        let mut fields = text.split(',');
        let mut field =
            |name: &str| letters::number(fields.next().and_then(|field| field.strip_prefix(name)).ok_or(Malformed)?);
        let (memory_kib, passes, lanes) = (field("m=")?, field("t=")?, field("p=")?);
        if fields.next().is_some() || passes == 0 || lanes == 0 || memory_kib < lanes.saturating_mul(8) {
            return Err(Malformed);
        }
        let whole = |number: u64| u32::try_from(number).map_err(|_| TooCostly);
        Self::new(whole(memory_kib)?, whole(passes)?, whole(lanes)?).ok_or(TooCostly)
    }

    fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    fn params(self, output: usize) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(output)).ok()
    }

    /// Less work than `policy`, or the work squeezed into less than half the memory.
    fn is_below(self, policy: Self) -> bool {
        self.work() < policy.work() || self.memory_kib < policy.memory_kib / 2
    }
}

/// The scheme.
pub(crate) struct Argon2Scheme;

impl Scheme for Argon2Scheme {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&self, stored: &str) -> Reading {
        read(stored)
    }
}

/// Reads `$argon2id$...`.
pub(crate) fn read(stored: &str) -> Reading {
    let Some(rest) = stored.strip_prefix("$argon2") else { return Reading::Foreign };
    Stored::parse(rest).map(|stored| Box::new(stored) as Box<dyn Recipe>).into()
}

struct Stored {
    algorithm: Algorithm,
    version: Version,
    effort: Effort,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Stored {
    /// Reads what follows `$argon2`.
    fn parse(rest: &str) -> Result<Self, Objection> {
        let mut parts = rest.split('$').peekable();
        let algorithm = match parts.next() {
            Some("id") => Algorithm::Argon2id,
            Some("i") => Algorithm::Argon2i,
            Some("d") => Algorithm::Argon2d,
            _ => return Err(Malformed),
        };
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(Malformed),
        };
        let effort = parts.next().ok_or(Malformed).and_then(Effort::parse);
        let mut bytes = || parts.next().and_then(|part| STANDARD_NO_PAD.decode(part).ok()).ok_or(Malformed);
        let (salt, digest) = (bytes()?, bytes()?);
        let sound = parts.next().is_none() && (8..=64).contains(&salt.len()) && (12..=64).contains(&digest.len());
        if !sound {
            return Err(Malformed);
        }
        Ok(Self { algorithm, version, effort: effort?, salt, digest })
    }
}

impl Recipe for Stored {
    fn cost(&self) -> Cost {
        cost(self.effort)
    }

    fn verify(&self, password: &[u8], memory: &mut Memory) -> bool {
        let Some(params) = self.effort.params(self.digest.len()) else { return false };
        let mut computed = vec![0; self.digest.len()];
        let done = compute(self.algorithm, self.version, params, password, &self.salt, &mut computed, memory);
        done && computed.ct_eq(&self.digest).into()
    }

    fn outdated(&self, policy: &Policy) -> bool {
        // Where the policy is bcrypt, argon2id of the default effort is still the better hash.
        let wanted = match policy.kind() {
            Kind::Argon2id(effort) => effort,
            Kind::Bcrypt(_) => Effort::DEFAULT,
        };
        self.algorithm != Algorithm::Argon2id || self.version != Version::V0x13 || self.effort.is_below(wanted)
    }
}

/// A new argon2id hash with 32 bytes; `None` is left to the caller, though affordable efforts do not fail.
pub(crate) fn hash(effort: Effort, password: &[u8], salt: [u8; 16], memory: &mut Memory) -> Option<String> {
    let mut digest = [0; 32];
    let params = effort.params(digest.len())?;
    compute(Algorithm::Argon2id, Version::V0x13, params, password, &salt, &mut digest, memory)
        .then(|| text(effort, salt, digest))
}

/// A hash that no password is known for.
pub(crate) fn sample(effort: Effort) -> String {
    text(effort, [0; 16], [0; 32])
}

fn text(effort: Effort, salt: [u8; 16], digest: [u8; 32]) -> String {
    let Effort { memory_kib, passes, lanes } = effort;
    let (salt, digest) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(digest));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${digest}")
}

fn cost(effort: Effort) -> Cost {
    Cost { scheme: NAME, nominal: Duration::from_nanos(effort.work() * 420) }
}

fn compute(
    algorithm: Algorithm,
    version: Version,
    params: Params,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
    memory: &mut Memory,
) -> bool {
    let blocks = memory.blocks(params.block_count());
    Argon2::new(algorithm, version, params).hash_password_into_with_memory(password, salt, out, blocks).is_ok()
}
