//! Public keys, parsed once.

use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{ES256, EdDSA, JwsVerifier, RS256},
};
use oauth_core::{
    crypto::{Algorithm, SignatureInvalid, Verifier},
    ids::KeyId,
};
use serde_json::{Map, Value};

use crate::public;

/// A parsed public key.
pub(crate) struct JoseVerifier {
    algorithm: Algorithm,
    id: Option<KeyId>,
    key: Box<dyn JwsVerifier>,
}

/// Parses a public JWK; `None` for what Authly does not verify with.
///
/// josekit sees only the members of the public key and those that limit its use: `use`, `key_ops`, `alg` (RFC 7517 4).
pub(crate) fn verifier(jwk: &Map<String, Value>) -> Option<JoseVerifier> {
    let algorithm = public::algorithm(jwk).filter(|algorithm| public::fits(*algorithm, jwk))?;
    let id = match jwk.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(KeyId(id.clone())),
        Some(_) => return None,
    };
    let mut members = public::pick(jwk, public::members(algorithm));
    members.extend(public::pick(jwk, &["use", "key_ops", "alg"]));
    let jwk = Jwk::from_map(members).ok()?;
    let key: Result<Box<dyn JwsVerifier>, JoseError> = match algorithm {
        Algorithm::ES256 => ES256.verifier_from_jwk(&jwk).map(|key| Box::new(key) as _),
        Algorithm::EdDSA => EdDSA.verifier_from_jwk(&jwk).map(|key| Box::new(key) as _),
        Algorithm::RS256 => RS256.verifier_from_jwk(&jwk).map(|key| Box::new(key) as _),
    };
    key.ok().map(|key| JoseVerifier { algorithm, id, key })
}

impl Verifier for JoseVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        self.key.verify(input, signature).map_err(|_| SignatureInvalid)
    }
}
