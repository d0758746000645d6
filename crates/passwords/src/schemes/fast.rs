//! One digest over the password, with or without salt: too fast to keep, so the import may wrap it.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac as _};
use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::{computed::Digest, letters};
use crate::{
    Cost, Memory,
    Objection::{self, Malformed},
    Reading, Recipe, Scheme,
};

/// A format of fast digests: its name in metrics and its reader, `None` for other formats' hashes.
pub(crate) struct FastFormat {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&str) -> Option<Result<Fast, Objection>>,
}

impl Scheme for FastFormat {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&self, stored: &str) -> Reading {
        (self.read)(stored).map_or(Reading::Foreign, |fast| fast.map(|fast| Box::new(fast) as Box<dyn Recipe>).into())
    }
}

/// A stored digest and how it was made.
pub(crate) struct Fast {
    pub(crate) digester: Digester,
    expected: Vec<u8>,
}

impl Fast {
    pub(crate) fn new(hash: Hash, order: Order, salt: &[u8], expected: Vec<u8>) -> Result<Self, Objection> {
        let digester = Digester { hash, order, salt: salt.to_vec() };
        (expected.len() == hash.size()).then_some(Self { digester, expected }).ok_or(Malformed)
    }

    /// The digest itself.
    pub(crate) fn expected(&self) -> &[u8] {
        &self.expected
    }
}

impl Recipe for Fast {
    fn cost(&self) -> Cost {
        Cost { scheme: "digest", nominal: Duration::from_micros(1) }
    }

    fn verify(&self, password: &[u8], _: &mut Memory) -> bool {
        self.digester.digests(password).iter().any(|digest| digest.ct_eq(&self.expected).into())
    }
}

/// How a digest is made of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digester {
    hash: Hash,
    order: Order,
    salt: Vec<u8>,
}

impl Digester {
    /// What the stored digest must be among.
    pub(crate) fn digests(&self, password: &[u8]) -> Vec<Digest> {
        let Some(password) = self.hash.prepare(password) else { return Vec::new() };
        let salt = self.salt.as_slice();
        let plain = |parts: &[&[u8]]| self.hash.of(&Digest::new(parts.concat()));
        match self.order {
            Order::Bare => vec![plain(&[&password])],
            Order::PasswordSalt => vec![plain(&[&password, salt])],
            Order::SaltPassword => vec![plain(&[salt, &password])],
            Order::Keyed => self.hash.keyed(salt, &password).into_iter().collect(),
            Order::SaltOrKeyed => {
                [plain(&[salt, &password])].into_iter().chain(self.hash.keyed(salt, &password)).collect()
            }
        }
    }

    /// How many digests that are.
    pub(crate) fn count(&self) -> u32 {
        if self.order == Order::SaltOrKeyed { 2 } else { 1 }
    }

    /// Its name and salt as `sha1-salt-password:73616c74`, for a hash that wraps the digest.
    pub(crate) fn recipe(&self) -> String {
        let dash = if self.order == Order::Bare { "" } else { "-" };
        format!("{}{dash}{}:{}", self.hash.name(), self.order.name(), letters::to_hex(&self.salt))
    }

    /// Reads name and salt.
    pub(crate) fn parse(name: &str, salt: Vec<u8>) -> Result<Self, Objection> {
        let (hash, order) = named(name)?;
        Ok(Self { hash, order, salt })
    }
}

/// Reads `sha1-salt-password`.
pub(crate) fn named(name: &str) -> Result<(Hash, Order), Objection> {
    let (hash, order) = name.split_once('-').unwrap_or((name, ""));
    let hash = Hash::ALL.into_iter().find(|candidate| candidate.name() == hash).ok_or(Malformed)?;
    let order = Order::ALL.into_iter().find(|candidate| candidate.name() == order).ok_or(Malformed)?;
    Ok((hash, order))
}

/// What salt and password have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// No salt.
    Bare,
    /// The salt after the password.
    PasswordSalt,
    /// The salt before the password.
    SaltPassword,
    /// HMAC with the salt as its key.
    Keyed,
    /// One of the two before: the stored form does not tell.
    SaltOrKeyed,
}

impl Order {
    const ALL: [Self; 5] = [Self::Bare, Self::PasswordSalt, Self::SaltPassword, Self::Keyed, Self::SaltOrKeyed];

    const fn name(self) -> &'static str {
        match self {
            Self::Bare => "",
            Self::PasswordSalt => "password-salt",
            Self::SaltPassword => "salt-password",
            Self::Keyed => "salt-keyed",
            Self::SaltOrKeyed => "salt-password-or-keyed",
        }
    }
}

/// The hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SHA-1 of SHA-1: MySQL.
    DoubleSha1,
    Md5,
    /// MD4 of the password in UTF-16: Windows.
    Nt,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    const ALL: [Self; 8] =
        [Self::DoubleSha1, Self::Md5, Self::Nt, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    const fn name(self) -> &'static str {
        match self {
            Self::DoubleSha1 => "mysql",
            Self::Md5 => "md5",
            Self::Nt => "nt",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Bytes of a digest.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Md5 | Self::Nt => 16,
            Self::DoubleSha1 | Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The password as this function takes it.
    fn prepare(self, password: &[u8]) -> Option<Digest> {
        Some(Digest::new(match self {
            Self::Nt => std::str::from_utf8(password).ok()?.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => password.to_vec(),
        }))
    }

    fn of(self, bytes: &[u8]) -> Digest {
        Digest::new(match self {
            Self::DoubleSha1 => Sha1::digest(Sha1::digest(bytes)).to_vec(),
            Self::Md5 => Md5::digest(bytes).to_vec(),
            Self::Nt => Md4::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha224 => Sha224::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        })
    }

    fn keyed(self, key: &[u8], bytes: &[u8]) -> Option<Digest> {
        Some(Digest::new(match self {
            Self::DoubleSha1 | Self::Nt => return None,
            Self::Md5 => Hmac::<Md5>::new_from_slice(key).ok()?.chain_update(bytes).finalize().into_bytes().to_vec(),
            Self::Sha1 => Hmac::<Sha1>::new_from_slice(key).ok()?.chain_update(bytes).finalize().into_bytes().to_vec(),
            Self::Sha224 => {
                Hmac::<Sha224>::new_from_slice(key).ok()?.chain_update(bytes).finalize().into_bytes().to_vec()
            }
            Self::Sha256 => {
                Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update(bytes).finalize().into_bytes().to_vec()
            }
            Self::Sha384 => {
                Hmac::<Sha384>::new_from_slice(key).ok()?.chain_update(bytes).finalize().into_bytes().to_vec()
            }
            Self::Sha512 => {
                Hmac::<Sha512>::new_from_slice(key).ok()?.chain_update(bytes).finalize().into_bytes().to_vec()
            }
        }))
    }
}
