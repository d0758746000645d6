//! Signatures and keys behind the [`Crypto`] port: josekit over OpenSSL, for bytes only.
//!
//! josekit's headers, claims and their validation are not used: they let a missing `exp` or `aud` pass and panic on huge
//! numbers. What josekit leaves open about keys is checked here first: the exact size of coordinates, RSA moduli of
//! 2041 to 2047 bits, curves of PEM keys, encrypted PEM that would ask a terminal.

mod mac;
mod material;
mod pem;
mod public;
mod signing;
mod verifying;

use std::sync::Arc;

use oauth_core::{
    crypto::{Algorithm, Crypto, CryptoError, HmacAlgorithm, KeyMaterial, Signer, Verifier},
    ids::KeyId,
    secret::Secret,
};
use serde_json::{Map, Value};

/// Signatures by josekit and OpenSSL.
#[derive(Clone, Copy, Debug, Default)]
pub struct JoseCrypto;

impl Crypto for JoseCrypto {
    fn generate(&self, algorithm: Algorithm) -> Result<KeyMaterial, CryptoError> {
        material::generate(algorithm)
    }

    fn import_pem(&self, pem: &Secret<String>) -> Result<KeyMaterial, CryptoError> {
        pem::import(pem)
    }

    fn signer(
        &self,
        algorithm: Algorithm,
        id: &KeyId,
        private_jwk: &Secret<Vec<u8>>,
    ) -> Result<Arc<dyn Signer>, CryptoError> {
        signing::signer(algorithm, id, private_jwk).map(|signer| Arc::new(signer) as Arc<dyn Signer>)
    }

    fn verifier(&self, public_jwk: &Map<String, Value>) -> Option<Arc<dyn Verifier>> {
        verifying::verifier(public_jwk).map(|verifier| Arc::new(verifier) as Arc<dyn Verifier>)
    }

    fn hmac(&self, algorithm: HmacAlgorithm, key: &[u8], input: &[u8]) -> Vec<u8> {
        mac::hmac(algorithm, key, input)
    }
}

/// Makes a private RSA key in PEM, as RSA_PRIVATE_KEY_PEM carries one.
pub fn generate_rsa_pem() -> Result<Secret<String>, CryptoError> {
    material::generate_rsa_pem()
}

/// An error with its cause in words; josekit and OpenSSL never put key bytes into theirs.
fn failed(what: &str, cause: &impl std::fmt::Display) -> CryptoError {
    CryptoError(format!("{what}: {cause}"))
}
