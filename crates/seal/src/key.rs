//! The installation's key: 32 bytes that operators carry as base64.

use base64::{
    Engine as _,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD, URL_SAFE},
    },
};
use oauth_core::{secret::Secret, services::Random};
use thiserror::Error;
use zeroize::Zeroize as _;

/// The text is not a key; the text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyInvalid {
    /// Neither the standard nor the URL-safe alphabet.
    #[error("the key is not base64")]
    NotBase64,
    /// Every byte the same: a placeholder.
    #[error("the key is a placeholder: all its bytes are the same")]
    Placeholder,
    /// Not 32 bytes.
    #[error("the key must have exactly 32 bytes, it has {0}")]
    WrongLength(usize),
}

/// A key of 32 bytes: `SECRET_ENCRYPTION_KEY`.
#[derive(Clone, Debug)]
pub struct EncryptionKey(Secret<[u8; 32]>);

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_ALPHABET: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_ALPHABET: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

impl EncryptionKey {
    /// Reads base64 of exactly 32 bytes, standard or URL-safe, with or without padding and a final line end.
    pub fn parse(text: &str) -> Result<Self, KeyInvalid> {
        let text = text.trim();
        let mut decoded =
            STANDARD_ALPHABET.decode(text).or_else(|_| URL_ALPHABET.decode(text)).map_err(|_| KeyInvalid::NotBase64)?;
        let key = Self::from_slice(&decoded);
        decoded.zeroize();
        key
    }

    /// Makes a key.
    pub fn generate(random: &impl Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        let key = Self(Secret::new(bytes));
        bytes.zeroize();
        key
    }

    /// The key as operators write it: URL-safe base64 with padding, which every reader of the variable takes.
    pub fn to_base64(&self) -> Secret<String> {
        Secret::new(URL_SAFE.encode(self.0.expose()))
    }

    /// The key in the standard alphabet.
    pub fn to_standard_base64(&self) -> Secret<String> {
        Secret::new(STANDARD.encode(self.0.expose()))
    }

    /// The bytes, for derivation.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        self.0.expose()
    }

    fn from_slice(decoded: &[u8]) -> Result<Self, KeyInvalid> {
        let bytes: [u8; 32] = decoded.try_into().map_err(|_| KeyInvalid::WrongLength(decoded.len()))?;
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(KeyInvalid::Placeholder);
        }
        Ok(Self(Secret::new(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn both_alphabets_with_and_without_padding_are_read() {
        let mut bytes = [0xfb_u8; 32];
        bytes[31] = 0xff;
        for text in [STANDARD.encode(bytes), URL_SAFE.encode(bytes)] {
            for text in [text.clone(), text.trim_end_matches('=').to_owned(), format!("{text}\n")] {
                assert_eq!(EncryptionKey::parse(&text).unwrap().bytes(), &bytes, "{text}");
            }
        }
    }

    #[test]
    fn a_made_key_is_read_back() {
        let key = EncryptionKey::generate(&SystemRandom);
        assert_eq!(EncryptionKey::parse(key.to_base64().expose()).unwrap().bytes(), key.bytes());
        assert_eq!(EncryptionKey::parse(key.to_standard_base64().expose()).unwrap().bytes(), key.bytes());
    }

    #[test]
    fn other_lengths_other_texts_and_placeholders_are_refused() {
        let mut bytes = [7u8; 33];
        bytes[0] = 1;
        assert_eq!(EncryptionKey::parse(&STANDARD.encode(bytes)).unwrap_err(), KeyInvalid::WrongLength(33));
        assert_eq!(EncryptionKey::parse(&STANDARD.encode(&bytes[..31])).unwrap_err(), KeyInvalid::WrongLength(31));
        assert_eq!(EncryptionKey::parse("").unwrap_err(), KeyInvalid::WrongLength(0));
        assert_eq!(EncryptionKey::parse("change me!").unwrap_err(), KeyInvalid::NotBase64);
        assert_eq!(EncryptionKey::parse(&STANDARD.encode([0u8; 32])).unwrap_err(), KeyInvalid::Placeholder);
    }

    #[test]
    fn a_key_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", EncryptionKey::generate(&SystemRandom)), "EncryptionKey(Secret(..))");
    }
}
