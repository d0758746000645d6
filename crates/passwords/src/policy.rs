//! How new hashes are made.

use authly_directory::password::StoredHash;
use thiserror::Error;

use crate::{
    Memory,
    schemes::{argon2, bcrypt},
};

/// The hash of new passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Argon2id(argon2::Effort),
    Bcrypt(u32),
}

/// The parameters are outside of what would be verified again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PolicyInvalid {
    /// Argon2: memory of 8 KiB per lane to 64 MiB, memory times passes at most 256 MiB.
    #[error("argon2id takes 8 KiB per lane to 64 MiB of memory, and memory times passes of at most 256 MiB")]
    Argon2,
    /// Bcrypt: cost 4 to 14.
    #[error("bcrypt takes a cost of 4 to 14")]
    Bcrypt,
}

impl Policy {
    /// Argon2id (RFC 9106) with this memory in KiB, passes and lanes.
    pub fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, PolicyInvalid> {
        let effort = argon2::Effort::new(memory_kib, passes, lanes).ok_or(PolicyInvalid::Argon2)?;
        Ok(Self(Kind::Argon2id(effort)))
    }

    /// Bcrypt with this cost.
    pub fn bcrypt(cost: u32) -> Result<Self, PolicyInvalid> {
        bcrypt::COSTS.contains(&cost).then_some(Self(Kind::Bcrypt(cost))).ok_or(PolicyInvalid::Bcrypt)
    }

    /// A well-formed hash of this policy that no password is known for: what unknown accounts are verified against.
    pub fn sample(&self) -> StoredHash {
        StoredHash::new(match self.0 {
            Kind::Argon2id(effort) => argon2::sample(effort),
            Kind::Bcrypt(cost) => bcrypt::sample(cost),
        })
    }

    /// Hashes a password.
    pub(crate) fn hash(&self, password: &[u8], salt: [u8; 16], memory: &mut Memory) -> Option<String> {
        match self.0 {
            Kind::Argon2id(effort) => argon2::hash(effort, password, salt, memory),
            Kind::Bcrypt(cost) => Some(bcrypt::hash(cost, password, salt)),
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.0
    }
}

impl Default for Policy {
    /// Argon2id with 19 MiB, two passes and one lane.
    fn default() -> Self {
        Self(Kind::Argon2id(argon2::Effort::DEFAULT))
    }
}
