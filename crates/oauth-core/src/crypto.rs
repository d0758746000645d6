//! Signatures as ports: bytes in, bytes out. Claims, headers and the choice of algorithms are rules of this crate, not of a
//! JOSE library.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ids::KeyId, secret::Secret};

/// The signature algorithms that Authly signs and verifies with; a key is bound to exactly one (RFC 8725 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; the default for access tokens.
    ES256,
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// RSASSA-PKCS1-v1_5 with SHA-256; the default for ID tokens.
    RS256,
}

impl Algorithm {
    /// All of them, in order of preference.
    pub const ALL: [Self; 3] = [Self::ES256, Self::RS256, Self::EdDSA];

    /// The name in JOSE headers (RFC 7518 3.1).
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
        }
    }

    /// The `kty` that the algorithm demands.
    pub const fn key_type(self) -> &'static str {
        match self {
            Self::ES256 => "EC",
            Self::EdDSA => "OKP",
            Self::RS256 => "RSA",
        }
    }

    /// Reads a header's `alg`; anything else, `none` included, is refused.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The HMAC algorithms of legacy tokens; never accepted for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

impl HmacAlgorithm {
    /// The name in JOSE headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
        }
    }

    /// Reads `JWT_ALGORITHM`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::HS256, Self::HS384, Self::HS512].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A signature could not be made or a key could not be read.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct CryptoError(pub String);

/// The signature does not fit, or the key is not fit for the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct SignatureInvalid;

/// A private key, parsed once and kept.
pub trait Signer: Send + Sync {
    /// The one algorithm of this key.
    fn algorithm(&self) -> Algorithm;
    /// The `kid` under which its public half is published.
    fn key_id(&self) -> &KeyId;
    /// Signs `input`; ECDSA signatures are `r || s` (RFC 7518 3.4).
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, CryptoError>;
}

/// A public key, parsed once and kept.
pub trait Verifier: Send + Sync {
    /// The one algorithm of this key.
    fn algorithm(&self) -> Algorithm;
    /// Its `kid`, where the set gave one.
    fn key_id(&self) -> Option<&KeyId>;
    /// Checks `signature` over `input`.
    fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid>;
}

/// A freshly made or imported key.
#[derive(Clone, Debug)]
pub struct KeyMaterial {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The private key as JWK text (JSON).
    pub private_jwk: Secret<Vec<u8>>,
    /// The public key as JWK text (JSON) with `kty` and parameters, without `kid`, `use` and `alg`.
    pub public_jwk: String,
}

/// Keys and signatures; synchronous, because the caller decides where to run it.
pub trait Crypto: Send + Sync {
    /// Makes a key pair.
    fn generate(&self, algorithm: Algorithm) -> Result<KeyMaterial, CryptoError>;
    /// Reads a private key from PEM (PKCS#8 or PKCS#1); RSA of at least 2048 bits, P-256 or Ed25519.
    fn import_pem(&self, pem: &Secret<String>) -> Result<KeyMaterial, CryptoError>;
    /// Parses a private JWK for signing; refuses a key that does not fit `algorithm`.
    fn signer(
        &self,
        algorithm: Algorithm,
        id: &KeyId,
        private_jwk: &Secret<Vec<u8>>,
    ) -> Result<Arc<dyn Signer>, CryptoError>;
    /// Parses one public JWK; `None` for key types, curves, uses or sizes that Authly does not verify with.
    fn verifier(&self, public_jwk: &serde_json::Map<String, serde_json::Value>) -> Option<Arc<dyn Verifier>>;
    /// The HMAC of `input`; keys of any length, since legacy secrets have any length.
    fn hmac(&self, algorithm: HmacAlgorithm, key: &[u8], input: &[u8]) -> Vec<u8>;
}

/// Public keys of one party, for verification.
#[derive(Clone, Default)]
pub struct VerifierSet(Vec<Arc<dyn Verifier>>);

impl VerifierSet {
    /// A set of these keys.
    pub fn new(keys: Vec<Arc<dyn Verifier>>) -> Self {
        Self(keys)
    }

    /// The keys that may have signed a token with this header: same algorithm and, when the header names one, same `kid`.
    pub fn candidates(&self, algorithm: Algorithm, key_id: Option<&str>) -> impl Iterator<Item = &Arc<dyn Verifier>> {
        self.0.iter().filter(move |key| {
            key.algorithm() == algorithm
                && match (key_id, key.key_id()) {
                    (Some(wanted), Some(have)) => have.0 == wanted,
                    (Some(_), None) | (None, _) => true,
                }
        })
    }

    /// Whether the set holds a key with that `kid`.
    pub fn holds(&self, key_id: &str) -> bool {
        self.0.iter().any(|key| key.key_id().is_some_and(|id| id.0 == key_id))
    }
}

impl std::fmt::Debug for VerifierSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifierSet({} keys)", self.0.len())
    }
}
