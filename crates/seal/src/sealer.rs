//! Sealing: XChaCha20-Poly1305 with a random nonce and one subkey per purpose (HKDF-SHA256, RFC 5869).
//!
//! Under the installation's key the sealed bytes are `1 | key id (4) | nonce (24) | ciphertext and tag`, under a bearer's
//! secret `2 | nonce (24) | ciphertext and tag`. The leading bytes, the purpose and the context are authenticated, so
//! that nothing opens as something else.

use chacha20poly1305::{
    AeadInOut as _, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use oauth_core::{
    secret::Secret,
    services::{Purpose, Random, SealBroken, Sealer},
};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{EncryptionKey, SystemRandom};

/// Sealed under the installation's key.
const INSTALLATION: u8 = 1;
/// Sealed under a bearer's secret.
const BEARER: u8 = 2;
const ID_LENGTH: usize = 4;
const NONCE_LENGTH: usize = 24;

/// Seals under the installation's current key, opens under that and the previous one.
pub struct XChaChaSealer<R = SystemRandom> {
    current: Root,
    previous: Option<Root>,
    random: R,
}

impl<R: Random> XChaChaSealer<R> {
    /// A sealer with the installation's key and, while stored data is being rewrapped, the one before.
    pub fn new(current: &EncryptionKey, previous: Option<&EncryptionKey>, random: R) -> Self {
        Self { current: Root::new(current), previous: previous.map(Root::new), random }
    }

    /// Whether `sealed` names the current key; `false` asks for [`rewrap`](Self::rewrap).
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        matches!(split_installation(sealed), Ok((id, _)) if *id == self.current.id)
    }

    /// Seals anew under the current key what the previous key sealed; `None` when it is under the current key already.
    pub fn rewrap(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, SealBroken> {
        let clear = self.open(purpose, context, sealed)?;
        Ok((!self.is_current(sealed)).then(|| self.seal(purpose, context, clear.expose())))
    }

    /// `head | nonce | ciphertext and tag`.
    #[expect(clippy::expect_used, reason = "the cipher refuses only texts of more than 256 GiB")]
    fn close(&self, head: &[u8], key: &[u8; 32], purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8> {
        let mut nonce = XNonce::default();
        self.random.fill(&mut nonce);
        let mut text = clear.to_vec();
        let tag = XChaCha20Poly1305::new(key.into())
            .encrypt_inout_detached(&nonce, &bound(head, purpose, context), text.as_mut_slice().into())
            .expect("a text in memory is short enough");
        [head, &nonce, &text, &tag].concat()
    }
}

impl<R: Random> Sealer for XChaChaSealer<R> {
    fn seal(&self, purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8> {
        self.close(&self.current.head(), &subkey(&self.current.kdf, purpose), purpose, context, clear)
    }

    fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        let (id, rest) = split_installation(sealed)?;
        let root = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|root| root.id == *id)
            .ok_or(SealBroken)?;
        open_with(&root.head(), &subkey(&root.kdf, purpose), purpose, context, rest)
    }

    fn seal_for(&self, secret: &[u8], purpose: Purpose, clear: &[u8]) -> Vec<u8> {
        self.close(&[BEARER], &bearer_key(secret, purpose), purpose, &[], clear)
    }

    fn open_for(&self, secret: &[u8], purpose: Purpose, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        let (&BEARER, rest) = sealed.split_first().ok_or(SealBroken)? else { return Err(SealBroken) };
        open_with(&[BEARER], &bearer_key(secret, purpose), purpose, &[], rest)
    }
}

impl<R> std::fmt::Debug for XChaChaSealer<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XChaChaSealer").field("rewrapping", &self.previous.is_some()).finish_non_exhaustive()
    }
}

/// A key of the installation, ready for derivation.
struct Root {
    id: [u8; ID_LENGTH],
    kdf: Hkdf<Sha256>,
}

impl Root {
    fn new(key: &EncryptionKey) -> Self {
        let kdf = Hkdf::new(Some(b"authly installation key 1"), key.bytes());
        let mut id = [0; ID_LENGTH];
        expand(&kdf, b"key id", &mut id);
        Self { id, kdf }
    }

    fn head(&self) -> [u8; 1 + ID_LENGTH] {
        let [a, b, c, d] = self.id;
        [INSTALLATION, a, b, c, d]
    }
}

fn split_installation(sealed: &[u8]) -> Result<(&[u8; ID_LENGTH], &[u8]), SealBroken> {
    match sealed.split_first() {
        Some((&INSTALLATION, rest)) => rest.split_first_chunk().ok_or(SealBroken),
        _ => Err(SealBroken),
    }
}

fn open_with(
    head: &[u8],
    key: &[u8; 32],
    purpose: Purpose,
    context: &[u8],
    rest: &[u8],
) -> Result<Secret<Vec<u8>>, SealBroken> {
    let (nonce, text) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(SealBroken)?;
    XChaCha20Poly1305::new(key.into())
        .decrypt(&(*nonce).into(), Payload { msg: text, aad: &bound(head, purpose, context) })
        .map(Secret::new)
        .map_err(|_| SealBroken)
}

/// What the tag covers besides the text: unambiguous, because the purpose's length stands before it.
fn bound(head: &[u8], purpose: Purpose, context: &[u8]) -> Vec<u8> {
    let name = purpose.name().as_bytes();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    [head, &[length], name, context].concat()
}

fn subkey(kdf: &Hkdf<Sha256>, purpose: Purpose) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    expand(kdf, purpose.name().as_bytes(), key.as_mut_slice());
    key
}

fn bearer_key(secret: &[u8], purpose: Purpose) -> Zeroizing<[u8; 32]> {
    subkey(&Hkdf::new(Some(b"authly bearer secret 1"), secret), purpose)
}

#[expect(clippy::expect_used, reason = "HKDF-SHA256 expands to 8160 bytes and at most 32 are asked for")]
fn expand(kdf: &Hkdf<Sha256>, info: &[u8], out: &mut [u8]) {
    kdf.expand(info, out).expect("a short output");
}
