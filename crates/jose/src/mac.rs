//! HMAC (RFC 2104) of legacy tokens: josekit refuses keys shorter than the hash, and legacy secrets have any length.

use hmac::{Hmac, KeyInit, Mac};
use oauth_core::crypto::HmacAlgorithm;
use sha2::{Sha256, Sha384, Sha512};

/// The HMAC of `input`.
pub(crate) fn hmac(algorithm: HmacAlgorithm, key: &[u8], input: &[u8]) -> Vec<u8> {
    match algorithm {
        HmacAlgorithm::HS256 => compute::<Hmac<Sha256>>(key, input),
        HmacAlgorithm::HS384 => compute::<Hmac<Sha384>>(key, input),
        HmacAlgorithm::HS512 => compute::<Hmac<Sha512>>(key, input),
    }
}

#[expect(clippy::expect_used, reason = "RFC 2104 takes keys of every length")]
fn compute<M: Mac + KeyInit>(key: &[u8], input: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    mac.update(input);
    mac.finalize().into_bytes().to_vec()
}
