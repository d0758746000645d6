//! New keys, and the two JWK texts of a key.

use josekit::jwk::{
    KeyPair,
    alg::{
        ec::{EcCurve, EcKeyPair},
        ed::{EdCurve, EdKeyPair},
        rsa::RsaKeyPair,
    },
};
use oauth_core::{
    crypto::{Algorithm, CryptoError, KeyMaterial, SignatureInvalid, Signer as _, Verifier as _},
    ids::KeyId,
    secret::Secret,
};
use serde_json::Value;

use crate::{failed, public, signing, verifying};

/// The size of new RSA keys: accepted everywhere, and a signature with 3072 bits costs three times as much.
const NEW_RSA_BITS: u32 = 2048;

/// Makes a key pair.
pub(crate) fn generate(algorithm: Algorithm) -> Result<KeyMaterial, CryptoError> {
    let pair: Result<Box<dyn KeyPair>, _> = match algorithm {
        Algorithm::ES256 => EcKeyPair::generate(EcCurve::P256).map(|pair| Box::new(pair) as _),
        Algorithm::EdDSA => EdKeyPair::generate(EdCurve::Ed25519).map(|pair| Box::new(pair) as _),
        Algorithm::RS256 => RsaKeyPair::generate(NEW_RSA_BITS).map(|pair| Box::new(pair) as _),
    };
    of_pair(algorithm, pair.map_err(|error| failed("no key could be made", &error))?.as_ref())
}

/// Makes an RSA key for those who keep it in the environment: PEM, PKCS#8 (RFC 5958).
pub(crate) fn generate_rsa_pem() -> Result<Secret<String>, CryptoError> {
    let pair = RsaKeyPair::generate(NEW_RSA_BITS).map_err(|error| failed("no key could be made", &error))?;
    let pem = String::from_utf8(pair.to_pem_private_key());
    pem.map(Secret::new).map_err(|error| failed("the key cannot be written", &error.utf8_error()))
}

/// The two texts of a pair, after a trial signature with exactly these texts.
pub(crate) fn of_pair(algorithm: Algorithm, pair: &dyn KeyPair) -> Result<KeyMaterial, CryptoError> {
    let private = pair.to_jwk_key_pair();
    let public = public::pick(private.as_ref(), public::members(algorithm));
    let private_jwk =
        Secret::new(serde_json::to_vec(private.as_ref()).map_err(|error| failed("the key cannot be written", &error))?);
    let trial = b"does the public half fit the private half?";
    let signature = signing::signer(algorithm, &KeyId(String::new()), &private_jwk)?.sign(trial)?;
    verifying::verifier(&public)
        .ok_or(SignatureInvalid)
        .and_then(|verifier| verifier.verify(trial, &signature))
        .map_err(|error| failed("the key pair is broken", &error))?;
    Ok(KeyMaterial { algorithm, private_jwk, public_jwk: Value::Object(public).to_string() })
}
