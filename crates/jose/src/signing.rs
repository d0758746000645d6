//! Private keys, parsed once: parsing costs twenty signatures.
//!
//! ES256 goes past josekit: a context that is made and fetched for each signature, and the DER form that it comes in and is
//! taken out of, cost a third of what the signature itself does.

use josekit::{
    JoseError,
    jwk::{Jwk, KeyPair as _, alg::ec::EcKeyPair},
    jws::{ES256, EdDSA, JwsSigner, RS256},
};
use oauth_core::{
    crypto::{Algorithm, CryptoError, Signer},
    ids::KeyId,
    secret::Secret,
};
use openssl::{
    ec::EcKey,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    pkey::{PKey, Private},
    sha::sha256,
};
use serde_json::{Map, Value};

use crate::{failed, public};

/// A parsed private key.
pub(crate) struct JoseSigner {
    algorithm: Algorithm,
    id: KeyId,
    key: Key,
}

enum Key {
    P256(EcKey<Private>),
    Other(Box<dyn JwsSigner>),
}

/// Parses a private JWK for `algorithm`.
pub(crate) fn signer(
    algorithm: Algorithm,
    id: &KeyId,
    private_jwk: &Secret<Vec<u8>>,
) -> Result<JoseSigner, CryptoError> {
    let map: Map<String, Value> = serde_json::from_slice(private_jwk.expose())
        .map_err(|error| failed("the private JWK is not a JSON object", &error))?;
    if public::algorithm(&map) != Some(algorithm) || !public::fits(algorithm, &map) {
        return Err(CryptoError(format!("the private JWK is not a key for {}", algorithm.name())));
    }
    let jwk = Jwk::from_map(map).map_err(|error| failed("the private JWK cannot be read", &error))?;
    let key: Result<Key, JoseError> = match algorithm {
        Algorithm::ES256 => ES256.signer_from_jwk(&jwk).and_then(|_| EcKeyPair::from_jwk(&jwk)).and_then(|pair| {
            let key = PKey::private_key_from_der(&pair.to_der_private_key()).and_then(|key| key.ec_key());
            key.map(Key::P256).map_err(|error| JoseError::InvalidKeyFormat(error.into()))
        }),
        Algorithm::EdDSA => EdDSA.signer_from_jwk(&jwk).map(|key| Key::Other(Box::new(key))),
        Algorithm::RS256 => RS256.signer_from_jwk(&jwk).map(|key| Key::Other(Box::new(key))),
    };
    let key = key.map_err(|error| failed("the private JWK cannot be read", &error))?;
    Ok(JoseSigner { algorithm, id: id.clone(), key })
}

impl Signer for JoseSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> &KeyId {
        &self.id
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match &self.key {
            Key::P256(key) => es256(key, input).map_err(|error| failed("signing failed", &error)),
            Key::Other(key) => key.sign(input).map_err(|error| failed("signing failed", &error)),
        }
    }
}

/// The two numbers one after the other, 32 bytes each (RFC 7518 3.4).
fn es256(key: &EcKey<Private>, input: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let signature = EcdsaSig::sign(&sha256(input), key)?;
    let mut bytes = signature.r().to_vec_padded(32)?;
    bytes.extend(signature.s().to_vec_padded(32)?);
    Ok(bytes)
}
