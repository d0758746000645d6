//! Private keys in PEM: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2) and SEC 1 (RFC 5915).

use josekit::jwk::alg::{
    ec::{EcCurve, EcKeyPair},
    ed::EdKeyPair,
    rsa::RsaKeyPair,
};
use oauth_core::{
    crypto::{Algorithm, CryptoError, KeyMaterial},
    secret::Secret,
};
use openssl::{
    nid::Nid,
    pkey::{Id, PKey, Private},
};

use crate::{
    failed, material,
    public::{RSA_MAX_BITS, RSA_MIN_BITS},
};

/// Longer texts are no key.
const MAX_PEM: usize = 32 * 1024;

/// Reads a private key: RSA of 2048 to 8192 bits, P-256 or Ed25519.
pub(crate) fn import(pem: &Secret<String>) -> Result<KeyMaterial, CryptoError> {
    let pem = pem.expose().as_bytes();
    if pem.len() > MAX_PEM {
        return Err(CryptoError("the PEM text is too long".to_owned()));
    }
    // Without a callback OpenSSL would ask the terminal for the passphrase of an encrypted key and wait.
    let mut encrypted = false;
    let parsed = PKey::private_key_from_pem_callback(pem, |_| {
        encrypted = true;
        Err(openssl::error::ErrorStack::get())
    });
    match parsed {
        Ok(key) => material_of(&key),
        Err(_) if encrypted => {
            Err(CryptoError("the private key is encrypted: give it without a passphrase".to_owned()))
        }
        Err(error) => Err(failed("not a private key in PEM", &error)),
    }
}

fn material_of(key: &PKey<Private>) -> Result<KeyMaterial, CryptoError> {
    let unreadable = |error: &dyn std::fmt::Display| failed("the private key cannot be read", &error);
    let der = Secret::new(key.private_key_to_pkcs8().map_err(|error| unreadable(&error))?);
    match key.id() {
        Id::RSA => {
            check_rsa(key)?;
            let pair = RsaKeyPair::from_der(der.expose()).map_err(|error| unreadable(&error))?;
            material::of_pair(Algorithm::RS256, &pair)
        }
        Id::EC => {
            check_curve(key)?;
            let pair = EcKeyPair::from_der(der.expose(), Some(EcCurve::P256)).map_err(|error| unreadable(&error))?;
            material::of_pair(Algorithm::ES256, &pair)
        }
        Id::ED25519 => {
            let pair = EdKeyPair::from_der(der.expose()).map_err(|error| unreadable(&error))?;
            material::of_pair(Algorithm::EdDSA, &pair)
        }
        _ => Err(CryptoError("the private key must be RSA, P-256 or Ed25519".to_owned())),
    }
}

fn check_rsa(key: &PKey<Private>) -> Result<(), CryptoError> {
    let rsa = key.rsa().map_err(|error| failed("the private key cannot be read", &error))?;
    let bits = usize::try_from(rsa.n().num_bits()).unwrap_or(0);
    if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
        return Err(CryptoError(format!("an RSA key must have {RSA_MIN_BITS} to {RSA_MAX_BITS} bits, not {bits}")));
    }
    // josekit writes these members and takes them for granted.
    let complete = [rsa.p(), rsa.q(), rsa.dmp1(), rsa.dmq1(), rsa.iqmp()].iter().all(Option::is_some);
    if !complete || !rsa.check_key().unwrap_or(false) {
        return Err(CryptoError("the RSA key is not consistent".to_owned()));
    }
    Ok(())
}

fn check_curve(key: &PKey<Private>) -> Result<(), CryptoError> {
    let ec = key.ec_key().map_err(|error| failed("the private key cannot be read", &error))?;
    if ec.group().curve_name() != Some(Nid::X9_62_PRIME256V1) {
        return Err(CryptoError("an EC key must be on the curve P-256".to_owned()));
    }
    ec.check_key().map_err(|error| failed("the EC key is not consistent", &error))
}
