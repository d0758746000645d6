//! Signatures and seals out of HMAC alone: enough to tell right from wrong, and no library to link.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::{
    catalog::{KeyState, SigningKeyRecord},
    crypto::{
        Algorithm, Crypto, CryptoError, HmacAlgorithm, KeyMaterial, SignatureInvalid, Signer, Verifier, VerifierSet,
    },
    ids::KeyId,
    secret::Secret,
    services::{Purpose, SealBroken, Sealer},
    time::Timestamp,
};

pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// A key pair whose halves are the same: whoever holds it signs and verifies.
#[derive(Clone, Debug)]
pub(crate) struct FakeKey {
    pub(crate) id: KeyId,
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: Vec<u8>,
}

impl FakeKey {
    pub(crate) fn new(id: &str, algorithm: Algorithm) -> Self {
        Self { id: KeyId(id.into()), algorithm, secret: id.as_bytes().to_vec() }
    }

    /// The key as a JWK that [`FakeCrypto`] reads.
    pub(crate) fn jwk(&self) -> Value {
        json!({ "kty": "fake", "kid": self.id.0, "alg": self.algorithm.name(), "k": URL_SAFE_NO_PAD.encode(&self.secret) })
    }

    fn mac(&self, input: &[u8]) -> Vec<u8> {
        hmac(&self.secret, &[self.algorithm.name().as_bytes(), input])
    }
}

impl Signer for FakeKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> &KeyId {
        &self.id
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(self.mac(input))
    }
}

impl Verifier for FakeKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> Option<&KeyId> {
        Some(&self.id)
    }

    fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        if self.mac(input) == signature { Ok(()) } else { Err(SignatureInvalid) }
    }
}

pub(crate) fn keys_of(keys: &[&FakeKey]) -> VerifierSet {
    VerifierSet::new(keys.iter().map(|&key| Arc::new(key.clone()) as Arc<dyn Verifier>).collect())
}

/// A signing key at rest, as [`FakeSealer`] and [`FakeCrypto`] open it.
pub(crate) fn fake_key_record(key: &FakeKey, state: KeyState) -> SigningKeyRecord {
    let jwk = key.jwk().to_string();
    SigningKeyRecord {
        id: key.id.clone(),
        algorithm: key.algorithm.name().into(),
        sealed_private_jwk: FakeSealer.seal(Purpose::SigningKey, key.id.0.as_bytes(), jwk.as_bytes()),
        public_jwk: jwk,
        state,
        created_at: Timestamp::from_micros(0),
        activated_at: None,
        retired_at: None,
        remove_at: None,
    }
}

pub(crate) struct FakeCrypto;

impl FakeCrypto {
    fn read(jwk: &Map<String, Value>) -> Option<FakeKey> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        (text("kty")? == "fake").then_some(())?;
        Some(FakeKey {
            id: KeyId(text("kid")?.into()),
            algorithm: Algorithm::parse(text("alg")?)?,
            secret: URL_SAFE_NO_PAD.decode(text("k")?).ok()?,
        })
    }
}

impl Crypto for FakeCrypto {
    fn generate(&self, _: Algorithm) -> Result<KeyMaterial, CryptoError> {
        Err(CryptoError("not in tests".into()))
    }

    fn import_pem(&self, _: &Secret<String>) -> Result<KeyMaterial, CryptoError> {
        Err(CryptoError("not in tests".into()))
    }

    fn signer(&self, algorithm: Algorithm, _: &KeyId, jwk: &Secret<Vec<u8>>) -> Result<Arc<dyn Signer>, CryptoError> {
        let jwk = serde_json::from_slice(jwk.expose()).map_err(|error| CryptoError(error.to_string()))?;
        let key = Self::read(&jwk).filter(|key| key.algorithm == algorithm);
        key.map(|key| Arc::new(key) as Arc<dyn Signer>).ok_or_else(|| CryptoError("unfit".into()))
    }

    fn verifier(&self, jwk: &Map<String, Value>) -> Option<Arc<dyn Verifier>> {
        Self::read(jwk).map(|key| Arc::new(key) as Arc<dyn Verifier>)
    }

    fn hmac(&self, algorithm: HmacAlgorithm, key: &[u8], input: &[u8]) -> Vec<u8> {
        macro_rules! mac {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(key).unwrap();
                mac.update(input);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match algorithm {
            HmacAlgorithm::HS256 => mac!(Sha256),
            HmacAlgorithm::HS384 => mac!(Sha384),
            HmacAlgorithm::HS512 => mac!(Sha512),
        }
    }
}

/// A seal that hides nothing but notices every change of key, purpose, context and content.
pub(crate) struct FakeSealer;

impl FakeSealer {
    fn put(key: &[u8], purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8> {
        let mut sealed = hmac(key, &[purpose.name().as_bytes(), b"|", context, b"|", clear]);
        sealed.extend(clear.iter().map(|byte| byte ^ 0x5a));
        sealed
    }

    fn take(key: &[u8], purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        let (_, body) = sealed.split_at_checked(32).ok_or(SealBroken)?;
        let clear: Vec<u8> = body.iter().map(|byte| byte ^ 0x5a).collect();
        if Self::put(key, purpose, context, &clear) == sealed { Ok(Secret::new(clear)) } else { Err(SealBroken) }
    }
}

impl Sealer for FakeSealer {
    fn seal(&self, purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8> {
        Self::put(b"installation", purpose, context, clear)
    }

    fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Self::take(b"installation", purpose, context, sealed)
    }

    fn seal_for(&self, secret: &[u8], purpose: Purpose, clear: &[u8]) -> Vec<u8> {
        Self::put(secret, purpose, b"", clear)
    }

    fn open_for(&self, secret: &[u8], purpose: Purpose, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Self::take(secret, purpose, b"", sealed)
    }
}
