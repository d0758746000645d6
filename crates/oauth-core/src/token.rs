//! Opaque tokens: 256 random bits for the bearer, their SHA-256 for the store.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{secret::Secret, services::Random};

/// A code, refresh token, session cookie or link token in the clear: 43 characters of base64url.
#[derive(Clone, Debug)]
pub struct OpaqueToken(Secret<String>);

impl OpaqueToken {
    /// A new token of 256 random bits.
    pub fn generate(random: &impl Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Takes what somebody presented, whatever it is; up to 512 bytes, so that hashing stays cheap.
    ///
    /// Lookup is by the hash of the whole value, so a truncated or extended token is simply unknown.
    pub fn presented(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= 512).then(|| Self(Secret::new(text.to_owned())))
    }

    /// The clear text, for the answer to its bearer.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store knows of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose().as_bytes())
    }
}

/// The SHA-256 of an opaque token; high entropy makes a fast hash right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash with these bytes, as read from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 32 bytes from a store.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes for a store.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Base64url text without padding, 43 characters, for text columns.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads the text form.
    pub fn parse_text(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Self::from_slice(&bytes))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({:.8}..)", self.to_text())
    }
}
