//! Random names of what a browser holds: 128 bits, 22 characters of base64url.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::services::Random;

/// A name that nobody guesses; each thing that has one wraps it in a type of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RandomName([u8; 16]);

impl RandomName {
    /// A new name.
    pub(crate) fn generate(random: &impl Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads the text form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 22 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).map(Self)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RandomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}
