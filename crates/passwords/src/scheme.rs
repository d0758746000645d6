//! The extension point: a format of stored hashes.

use std::time::Duration;

use crate::{Memory, Policy};

/// A format of stored hashes; one file each, registered when the pool is made.
pub trait Scheme: Send + Sync {
    /// Its name in metrics.
    fn name(&self) -> &'static str;
    /// Reads a stored hash: ASCII of at most 4 KiB. Bounds every parameter, computes nothing.
    fn read(&self, stored: &str) -> Reading;
}

/// What a scheme made of a stored hash.
pub enum Reading {
    /// Another scheme's.
    Foreign,
    /// This scheme's, with parameters that are understood and affordable.
    Readable(Box<dyn Recipe>),
    /// This scheme's, but malformed or too costly.
    Unreadable(Objection),
}

/// Why a stored hash is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    /// Not what the format's own programs write, or a variant of it that nobody should verify.
    Malformed,
    /// A verification would take too much time or memory.
    TooCostly,
}

impl From<Result<Box<dyn Recipe>, Objection>> for Reading {
    fn from(read: Result<Box<dyn Recipe>, Objection>) -> Self {
        match read {
            Ok(recipe) => Self::Readable(recipe),
            Err(objection) => Self::Unreadable(objection),
        }
    }
}

/// A stored hash that was read: what it takes to verify a password.
pub trait Recipe: Send {
    /// What verification costs.
    fn cost(&self) -> Cost;
    /// Computes and compares in constant time; `password` holds no NUL.
    fn verify(&self, password: &[u8], memory: &mut Memory) -> bool;
    /// Whether the hash is weaker than `policy` wants and should be made anew, as every format is but the policy's own.
    fn outdated(&self, policy: &Policy) -> bool {
        let _ = policy;
        true
    }
}

/// What a verification takes on an ordinary core; a first guess until it was measured here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The scheme's name.
    pub scheme: &'static str,
    /// The time on an ordinary core.
    pub nominal: Duration,
}
