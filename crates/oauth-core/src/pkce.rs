//! Proof Key for Code Exchange, S256 only (RFC 7636).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::{secret::Secret, services::Random};

/// Why a challenge or verifier was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PkceError {
    /// A challenge that is not the base64url of 32 bytes.
    #[error("the code_challenge is not 43 characters of base64url")]
    Challenge,
    /// Another method than S256; `plain` would undo the protection (RFC 9700 2.1.1).
    #[error("the code_challenge_method is not S256")]
    Method,
    /// A verifier that is not 43 to 128 unreserved characters.
    #[error("the code_verifier is not 43 to 128 unreserved characters")]
    Verifier,
}

/// The S256 `code_challenge` (RFC 7636 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method`; without a method RFC 7636 4.3 means `plain`, which is refused.
    pub fn parse(challenge: &str, method: Option<&str>) -> Result<Self, PkceError> {
        if method != Some("S256") {
            return Err(PkceError::Method);
        }
        Self::parse_stored(challenge).ok_or(PkceError::Challenge)
    }

    /// Reads the text form that a store kept.
    pub fn parse_stored(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).map(Self)
    }

    /// The text form.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// The `code_verifier` (RFC 7636 4.1).
#[derive(Clone, Debug)]
pub struct CodeVerifier(Secret<String>);

impl CodeVerifier {
    /// Reads a verifier: 43 to 128 unreserved characters.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
            return Err(PkceError::Verifier);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// A new verifier of 256 random bits.
    pub fn generate(random: &impl Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The clear text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The challenge that belongs to this verifier (RFC 7636 4.6).
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(Sha256::digest(self.expose().as_bytes()).into())
    }
}

/// What a code demands at redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeProof {
    /// The verifier of this challenge.
    Challenge(CodeChallenge),
    /// No verifier at all: the request of an exempted client carried no challenge.
    None,
}

impl CodeProof {
    /// A verifier is valid if and only if a challenge was sent, and it must fit (RFC 9700 2.1.1: no downgrade).
    pub fn accepts(&self, verifier: Option<&CodeVerifier>) -> bool {
        match (self, verifier) {
            (Self::Challenge(challenge), Some(verifier)) => verifier.challenge().0.ct_eq(&challenge.0).into(),
            (Self::None, None) => true,
            (Self::Challenge(_), None) | (Self::None, Some(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_verifies() {
        let proof = CodeProof::Challenge(CodeChallenge::parse(CHALLENGE, Some("S256")).unwrap());
        assert!(proof.accepts(Some(&CodeVerifier::parse(VERIFIER).unwrap())));
        assert!(!proof.accepts(None));
        assert!(!proof.accepts(Some(&CodeVerifier::parse(CHALLENGE).unwrap())));
    }

    #[test]
    fn a_verifier_without_a_challenge_is_refused() {
        assert!(!CodeProof::None.accepts(Some(&CodeVerifier::parse(VERIFIER).unwrap())));
        assert!(CodeProof::None.accepts(None));
    }

    #[test]
    fn plain_and_missing_methods_are_refused() {
        for method in [None, Some("plain"), Some("s256"), Some("")] {
            assert_eq!(CodeChallenge::parse(CHALLENGE, method), Err(PkceError::Method));
        }
        for challenge in ["test-challenge", "", &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")] {
            assert_eq!(CodeChallenge::parse(challenge, Some("S256")), Err(PkceError::Challenge), "{challenge}");
        }
    }

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        for (text, good) in
            [("a".repeat(42), false), ("a".repeat(43), true), ("~".repeat(128), true), ("a".repeat(129), false)]
        {
            assert_eq!(CodeVerifier::parse(&text).is_ok(), good, "{}", text.len());
        }
        assert!(CodeVerifier::parse(&"a+".repeat(22)).is_err());
    }
}
