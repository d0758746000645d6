//! How a source stores passwords: in a form that describes itself, or as a digest whose recipe the profile declares.

use authly_directory::password::StoredHash;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize, de};

use super::value;
use crate::source::Value;

/// How passwords are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// The recipe of hashes that do not describe themselves.
    pub scheme: Scheme,
    /// How such a digest is written.
    pub encoding: Encoding,
    /// The names of environment variables that hold the peppers of the older program; never the peppers themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peppers: Vec<String>,
}

/// The recipe of hashes that do not describe themselves: `sha1`, `md5-password-salt`, `sha256-salt-password` and the like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Every hash says what it is.
    #[default]
    SelfDescribing,
    /// A digest of so many bytes, with the salt in this place.
    Digest {
        /// The recipe's name.
        name: String,
        /// Bytes of a digest.
        bytes: usize,
        /// Whether there is a salt.
        salted: bool,
    },
    /// What Node's `crypto.scrypt` is commonly used for: `salt:key` in hexadecimal digits.
    ScryptNode,
}

/// The functions of digests, and the bytes of each.
const DIGESTS: [(&str, usize); 8] = [
    ("md5", 16),
    ("mysql", 20),
    ("nt", 16),
    ("sha1", 20),
    ("sha224", 28),
    ("sha256", 32),
    ("sha384", 48),
    ("sha512", 64),
];

/// Where a salt may be.
const SALTS: [&str; 3] = ["password-salt", "salt-password", "salt-keyed"];

impl Scheme {
    /// Reads the name of a recipe.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "self-describing" => return Some(Self::SelfDescribing),
            "scrypt-node" => return Some(Self::ScryptNode),
            _ => {}
        }
        let (function, salt) = text.split_once('-').map_or((text, None), |(function, salt)| (function, Some(salt)));
        let (_, bytes) = DIGESTS.into_iter().find(|(name, _)| *name == function)?;
        let keyless = matches!(function, "mysql" | "nt");
        match salt {
            None => Some(Self::Digest { name: text.to_owned(), bytes, salted: false }),
            Some(salt) if SALTS.contains(&salt) && !keyless => {
                Some(Self::Digest { name: text.to_owned(), bytes, salted: true })
            }
            Some(_) => None,
        }
    }

    /// The recipe's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::SelfDescribing => "self-describing",
            Self::Digest { name, .. } => name,
            Self::ScryptNode => "scrypt-node",
        }
    }
}

impl Serialize for Scheme {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scheme {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(
                "a scheme is `self-describing`, `scrypt-node`, or one of md5, sha1, sha224, sha256, sha384, sha512, \
                 alone or with `-password-salt`, `-salt-password` or `-salt-keyed`, or mysql or nt",
            )
        })
    }
}

/// How a digest is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Hexadecimal digits, either case.
    #[default]
    Hex,
    /// Base64, with or without padding, either alphabet.
    Base64,
    /// The bytes themselves.
    Bytes,
}

/// The password of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourcePassword {
    /// The source has none (C-13).
    None,
    /// A hash; whether it verifies is a question for those who know the schemes.
    Hash(StoredHash),
    /// Longer than any hash that can be read, or no text.
    Unreadable,
}

impl Passwords {
    /// Reads the password of a row into the self-describing form that is stored.
    pub fn read(&self, hash: &Value, salt: &Value) -> SourcePassword {
        let text = match hash {
            Value::Null => return SourcePassword::None,
            Value::Text(text) if text.trim().is_empty() => return SourcePassword::None,
            Value::Text(text) => text.trim(),
            _ => return SourcePassword::Unreadable,
        };
        let declared = match &self.scheme {
            Scheme::SelfDescribing => None,
            Scheme::ScryptNode => is_salt_and_key(text).then(|| format!("declared:scrypt-node:{text}")),
            Scheme::Digest { name, bytes, salted } => self.digest(text, *bytes, *salted, salt).map(|(digest, salt)| {
                if *salted { format!("declared:{name}:{digest}:{salt}") } else { format!("declared:{name}:{digest}") }
            }),
        };
        // What is not of the declared form describes itself, as in tables that changed their scheme once.
        SourcePassword::Hash(StoredHash::new(declared.unwrap_or_else(|| text.to_owned())))
    }

    /// The digest in hexadecimal digits and its salt, from a column of its own or behind a colon.
    fn digest(&self, text: &str, bytes: usize, salted: bool, salt: &Value) -> Option<(String, String)> {
        let (digest, salt) = match (salted, salt) {
            (false, _) => (text, String::new()),
            (true, Value::Null) => {
                let (digest, salt) = text.split_once(':')?;
                (digest, salt.to_owned())
            }
            (true, salt) => (text, value::text(salt)?),
        };
        let hex = match self.encoding {
            Encoding::Base64 => to_hex(&base64(digest)?),
            Encoding::Bytes => binary(digest).map_or_else(|| to_hex(digest.as_bytes()), str::to_owned),
            Encoding::Hex => digest.to_ascii_lowercase(),
        };
        let fits = hex.len() == bytes * 2 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then_some((hex, salt))
    }
}

fn is_salt_and_key(text: &str) -> bool {
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once(':').is_some_and(|(salt, key)| hex(salt) && hex(key))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 in either alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    const EITHER: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    EITHER.decode(text.replace('-', "+").replace('_', "/")).ok()
}

/// Bytes as [`value::from_binary`] writes them.
fn binary(text: &str) -> Option<&str> {
    text.strip_prefix("\\x")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn read(scheme: &str, encoding: Encoding, hash: &Value, salt: &Value) -> String {
        let passwords = Passwords { scheme: Scheme::parse(scheme).unwrap(), encoding, peppers: Vec::new() };
        match passwords.read(hash, salt) {
            SourcePassword::Hash(hash) => hash.expose().to_owned(),
            SourcePassword::None => "none".to_owned(),
            SourcePassword::Unreadable => "unreadable".to_owned(),
        }
    }

    #[test]
    fn a_declared_digest_gets_its_recipe_and_others_stay() {
        let sha1 = "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33";
        let null = Value::Null;
        assert_eq!(read("sha1", Encoding::Hex, &text(&sha1.to_uppercase()), &null), format!("declared:sha1:{sha1}"));
        assert_eq!(
            read("sha1", Encoding::Base64, &text("C+7Hteo/D9vJXQ3UfzxbwnXaijM="), &null),
            format!("declared:sha1:{sha1}")
        );
        assert_eq!(read("sha1", Encoding::Hex, &text("$2b$12$abc"), &null), "$2b$12$abc");
        assert_eq!(read("self-describing", Encoding::Hex, &text(sha1), &null), sha1);
        assert_eq!(
            read("sha1-password-salt", Encoding::Hex, &text(sha1), &text("s:1")),
            format!("declared:sha1-password-salt:{sha1}:s:1")
        );
        assert_eq!(
            read("sha1-salt-password", Encoding::Hex, &text(&format!("{sha1}:pepper")), &null),
            format!("declared:sha1-salt-password:{sha1}:pepper")
        );
        assert_eq!(read("scrypt-node", Encoding::Hex, &text("ab:cd"), &null), "declared:scrypt-node:ab:cd");
        assert_eq!(
            read("md5", Encoding::Bytes, &value::from_binary(&[0xff; 16]), &null),
            format!("declared:md5:{}", "ff".repeat(16))
        );
    }

    #[test]
    fn no_password_is_none_and_a_monster_is_unreadable() {
        let null = Value::Null;
        for nothing in [Value::Null, text(""), text("  ")] {
            assert_eq!(read("self-describing", Encoding::Hex, &nothing, &null), "none");
        }
        for monster in [Value::Unreadable(value::TOO_LONG.to_owned()), Value::Bool(true)] {
            assert_eq!(read("self-describing", Encoding::Hex, &monster, &null), "unreadable");
        }
    }

    #[test]
    fn unknown_schemes_are_refused() {
        for unknown in ["", "sha3", "md5-salt", "nt-password-salt", "bcrypt"] {
            assert_eq!(Scheme::parse(unknown), None, "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_column_holds_is_read(hash in "\\PC{0,80}", salt in "\\PC{0,20}") {
            for scheme in ["self-describing", "scrypt-node", "sha256", "md5-salt-keyed"] {
                read(scheme, Encoding::Base64, &text(&hash), &text(&salt));
            }
        }
    }
}
