//! Keys: 32 bytes in base64, and RSA keys in PEM.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::problem::Fault;
use crate::secret::{SecretKey, SecretText};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Reads 32 bytes in base64, standard or URL-safe, with or without padding.
pub(crate) fn bytes(text: &str) -> Result<SecretKey, Fault> {
    let hint = "32 random bytes in base64; `authly-admin keys generate` prints one";
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    let decoded = decoded.map_err(|_| Fault::new("is not base64", hint))?;
    let bytes: [u8; 32] = decoded.try_into().map_err(|_| Fault::new("is not 32 bytes long", hint))?;
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // 32 random bytes have 30 distinct values; fewer than 12 never happens by chance.
    if distinct.len() < 12 {
        return Err(Fault::new("is not random: its bytes repeat", hint));
    }
    Ok(SecretKey::new(bytes))
}

/// Reads a private RSA key in PEM. Line ends may be written as `\n`, as environment files need them.
pub(crate) fn pem(text: &str) -> Result<SecretText, Fault> {
    let hint = "an unencrypted private key in PEM, PKCS #8 or PKCS #1";
    let text = text.replace("\\n", "\n");
    let text = text.trim();
    let begins = ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"];
    if text.starts_with("-----BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(Fault::new("is encrypted", hint));
    }
    if !begins.iter().any(|begin| text.starts_with(begin)) || !text.ends_with("PRIVATE KEY-----") {
        return Err(Fault::new("is not a private key in PEM", hint));
    }
    Ok(SecretText::new(format!("{text}\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_both_alphabets_and_without_padding() {
        let bytes_in: [u8; 32] = std::array::from_fn(|i| 255 - u8::try_from(i).unwrap());
        for text in [STANDARD.encode(bytes_in), URL_SAFE.encode(bytes_in)] {
            assert_eq!(bytes(&text).unwrap().expose(), &bytes_in);
            assert_eq!(bytes(text.trim_end_matches('=')).unwrap().expose(), &bytes_in);
        }
    }

    #[test]
    fn a_short_or_repeating_key_is_refused() {
        assert!(bytes(&STANDARD.encode([1, 2, 3])).is_err());
        assert!(bytes(&STANDARD.encode([0; 32])).is_err());
        assert!(bytes("not base64!").is_err());
        assert!(bytes("").is_err());
    }

    #[test]
    fn a_pem_key_may_have_escaped_line_ends() {
        let key = pem("-----BEGIN PRIVATE KEY-----\\nMIIB\\n-----END PRIVATE KEY-----").unwrap();
        assert_eq!(key.expose(), "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
        assert!(pem("-----BEGIN ENCRYPTED PRIVATE KEY-----\nX\n-----END ENCRYPTED PRIVATE KEY-----").is_err());
        assert!(pem("-----BEGIN PUBLIC KEY-----\nX\n-----END PUBLIC KEY-----").is_err());
        assert!(pem("MIIB").is_err());
    }
}
