//! Private keys, parsed once: parsing costs twenty signatures.

use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{ES256, EdDSA, JwsSigner, RS256},
};
use oauth_core::{
    crypto::{Algorithm, CryptoError, Signer},
    ids::KeyId,
    secret::Secret,
};
use serde_json::{Map, Value};

use crate::{failed, public};

/// A parsed private key.
pub(crate) struct JoseSigner {
    algorithm: Algorithm,
    id: KeyId,
    key: Box<dyn JwsSigner>,
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
    let key: Result<Box<dyn JwsSigner>, JoseError> = match algorithm {
        Algorithm::ES256 => ES256.signer_from_jwk(&jwk).map(|key| Box::new(key) as _),
        Algorithm::EdDSA => EdDSA.signer_from_jwk(&jwk).map(|key| Box::new(key) as _),
        Algorithm::RS256 => RS256.signer_from_jwk(&jwk).map(|key| Box::new(key) as _),
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
        self.key.sign(input).map_err(|error| failed("signing failed", &error))
    }
}
