//! The formats that are verified, one family in a file.

pub(crate) mod argon2;
mod aspnet;
pub(crate) mod bcrypt;
mod bcrypt_variants;
mod computed;
mod crypt;
mod des_crypt;
mod fast;
mod fast_formats;
mod firebase;
mod letters;
mod md5_crypt;
mod pbkdf2;
mod phpass;
mod scrypt;
mod sha1_crypt;
mod sha_crypt;
mod spring;
mod undeclared;
pub(crate) mod wrapped;
mod yescrypt;

use std::sync::Arc;

use oauth_core::secret::Secret;

use crate::{Objection, Reading, Recipe, Scheme};

/// Longer stored hashes are unreadable.
pub(crate) const MAX_LENGTH: usize = 4096;

/// The schemes of a pool, asked in order.
pub(crate) struct Schemes(Vec<Box<dyn Scheme>>);

/// A stored hash that one of the schemes knows.
pub(crate) struct Read {
    /// The scheme's place, for the counters.
    pub(crate) scheme: usize,
    /// How to verify, or why the scheme cannot or must not.
    pub(crate) recipe: Result<Box<dyn Recipe>, Objection>,
}

impl Schemes {
    /// The built-in schemes, with peppers for bcrypt, and these.
    pub(crate) fn with(peppers: Arc<[Secret<String>]>, others: Vec<Box<dyn Scheme>>) -> Self {
        let mut schemes: Vec<Box<dyn Scheme>> =
            vec![Box::new(argon2::Argon2Scheme), Box::new(bcrypt::BcryptScheme(peppers))];
        let formats = [spring::ARGON2]
            .into_iter()
            .chain(bcrypt_variants::FORMATS)
            .chain(scrypt::FORMATS)
            .chain(firebase::FORMATS)
            .chain(pbkdf2::FORMATS)
            .chain(phpass::FORMATS)
            .chain(md5_crypt::FORMATS)
            .chain(sha_crypt::FORMATS)
            .chain(sha1_crypt::FORMATS)
            .chain(yescrypt::FORMATS)
            .chain(crypt::FORMATS)
            .chain(spring::FORMATS)
            .chain(wrapped::FORMATS);
        schemes.extend(formats.map(|format| Box::new(format) as Box<dyn Scheme>));
        schemes.extend(fast_formats::FORMATS.map(|format| Box::new(format) as Box<dyn Scheme>));
        // Last come those that have no mark of their own.
        let unmarked = aspnet::FORMATS.into_iter().chain(des_crypt::FORMATS).chain(undeclared::FORMATS);
        schemes.extend(unmarked.map(|format| Box::new(format) as Box<dyn Scheme>));
        schemes.extend(others);
        Self(schemes)
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|scheme| scheme.name())
    }

    /// The name of the scheme at this place.
    pub(crate) fn name(&self, place: usize) -> Option<&'static str> {
        self.0.get(place).map(|scheme| scheme.name())
    }

    /// Reads a stored hash; `None` when no scheme knows it.
    pub(crate) fn read(&self, stored: &str) -> Option<Read> {
        if stored.len() > MAX_LENGTH || !stored.is_ascii() {
            return None;
        }
        self.0.iter().enumerate().find_map(|(scheme, candidate)| match candidate.read(stored) {
            Reading::Foreign => None,
            Reading::Readable(recipe) => Some(Read { scheme, recipe: Ok(recipe) }),
            Reading::Unreadable(objection) => Some(Read { scheme, recipe: Err(objection) }),
        })
    }
}
