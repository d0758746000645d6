//! The formats that are verified.

pub(crate) mod argon2;
pub(crate) mod bcrypt;

use crate::{Reading, Recipe, Scheme};

/// Longer stored hashes are unreadable.
const MAX_LENGTH: usize = 4096;

/// The schemes of a pool, asked in order.
pub(crate) struct Schemes(Vec<Box<dyn Scheme>>);

/// A readable hash and the place of its scheme.
pub(crate) struct Read {
    /// The scheme's place, for the counters.
    pub(crate) scheme: usize,
    /// How to verify; `None` if the scheme cannot or must not.
    pub(crate) recipe: Option<Box<dyn Recipe>>,
}

impl Schemes {
    /// The built-in schemes and these.
    pub(crate) fn with(others: Vec<Box<dyn Scheme>>) -> Self {
        let built_in: [Box<dyn Scheme>; 2] = [Box::new(argon2::Argon2Scheme), Box::new(bcrypt::BcryptScheme)];
        Self(built_in.into_iter().chain(others).collect())
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|scheme| scheme.name())
    }

    /// Reads a stored hash; `None` when no scheme knows it.
    pub(crate) fn read(&self, stored: &str) -> Option<Read> {
        if stored.len() > MAX_LENGTH || !stored.is_ascii() {
            return None;
        }
        self.0.iter().enumerate().find_map(|(scheme, candidate)| match candidate.read(stored) {
            Reading::Foreign => None,
            Reading::Readable(recipe) => Some(Read { scheme, recipe: Some(recipe) }),
            Reading::Unreadable => Some(Read { scheme, recipe: None }),
        })
    }
}
