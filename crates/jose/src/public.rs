//! Public JWKs: which members they have (RFC 7518 6, RFC 8037 2) and what they must be like before josekit sees them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::crypto::Algorithm;
use serde_json::{Map, Value};

/// Smaller RSA moduli are refused (RFC 7518 3.3).
pub(crate) const RSA_MIN_BITS: usize = 2048;
/// Larger ones cost whoever verifies too much.
pub(crate) const RSA_MAX_BITS: usize = 8192;

/// The members that make up the public key itself, `kty` included.
pub(crate) const fn members(algorithm: Algorithm) -> &'static [&'static str] {
    match algorithm {
        Algorithm::ES256 => &["kty", "crv", "x", "y"],
        Algorithm::EdDSA => &["kty", "crv", "x"],
        Algorithm::RS256 => &["kty", "n", "e"],
    }
}

/// The members `names` of `jwk`, in that order.
pub(crate) fn pick(jwk: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| jwk.get(*name).map(|value| ((*name).to_owned(), value.clone()))).collect()
}

/// The algorithm that a key of this type and curve is used with; `None` if Authly uses none.
pub(crate) fn algorithm(jwk: &Map<String, Value>) -> Option<Algorithm> {
    match (text(jwk, "kty")?, text(jwk, "crv")) {
        ("EC", Some("P-256")) => Some(Algorithm::ES256),
        ("OKP", Some("Ed25519")) => Some(Algorithm::EdDSA),
        ("RSA", None) => Some(Algorithm::RS256),
        _ => None,
    }
}

/// Whether the key's numbers have the exact sizes and bounds of its algorithm.
pub(crate) fn fits(algorithm: Algorithm, jwk: &Map<String, Value>) -> bool {
    match algorithm {
        Algorithm::ES256 => length(jwk, "x") == Some(32) && length(jwk, "y") == Some(32),
        Algorithm::EdDSA => length(jwk, "x") == Some(32),
        Algorithm::RS256 => modulus_fits(jwk) && exponent_fits(jwk),
    }
}

fn modulus_fits(jwk: &Map<String, Value>) -> bool {
    let Some(modulus) = bytes(jwk, "n", RSA_MAX_BITS / 8) else { return false };
    let Some((first, last)) = modulus.first().zip(modulus.last()) else { return false };
    let bits = modulus.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(8);
    *first != 0 && last % 2 == 1 && (RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits)
}

/// An odd exponent of at least 3 and at most 32 bits: OpenSSL's own limit for large keys, kept for all.
fn exponent_fits(jwk: &Map<String, Value>) -> bool {
    let Some(exponent) = bytes(jwk, "e", 4) else { return false };
    let value = exponent.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    exponent.first().is_some_and(|first| *first != 0) && value >= 3 && value % 2 == 1
}

pub(crate) fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    jwk.get(name)?.as_str()
}

fn length(jwk: &Map<String, Value>, name: &str) -> Option<usize> {
    bytes(jwk, name, 64).map(|bytes| bytes.len())
}

/// The member's bytes, unless they are more than `limit`.
fn bytes(jwk: &Map<String, Value>, name: &str, limit: usize) -> Option<Vec<u8>> {
    let text = text(jwk, name)?;
    let short = text.len() <= limit.div_ceil(3) * 4;
    short.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten().filter(|bytes| bytes.len() <= limit)
}
