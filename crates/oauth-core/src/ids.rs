//! Identifiers: each kind has its own type, and is made from the [`Random`] and clock ports.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{services::Random, text, text::TextError, time::Timestamp};

macro_rules! uuid_ids {
    ($($(#[$doc:meta])+ $name:ident),+ $(,)?) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id: UUID version 7 (RFC 9562 5.7), so rows that belong together lie together.
            pub fn generate(now: Timestamp, random: &impl Random) -> Self {
                Self(uuid_v7(now, random))
            }

            /// The id with this value.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value for the store.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Reads the hyphenated text form.
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )+};
}

uuid_ids! {
    /// A person's account; its text is the `sub` of tokens and is never given to another account.
    UserId,
    /// A tenant: an organization whose data no other tenant sees.
    TenantId,
    /// A group of users.
    GroupId,
    /// The row of a client; the client itself is known to the world by its [`ClientId`].
    ClientKey,
    /// The row of a scope.
    ScopeKey,
    /// What a user allowed a client: everything issued hangs on it.
    GrantId,
    /// A browser session; the cookie holds a different, secret value.
    SessionId,
    /// One entry of the audit log.
    AuditId,
    /// The `jti` of an access token (RFC 7519 4.1.7).
    AccessTokenId,
    /// A mail; its `Message-ID` (RFC 5322 3.6.4) is made of it, the same at every attempt.
    MailId,
    /// An API key of an older program.
    ApiKeyId,
    /// The hold that one server has on a mail while it sends it.
    LeaseId,
}

/// UUID version 7 from the ports.
fn uuid_v7(now: Timestamp, random: &impl Random) -> Uuid {
    let mut noise = [0u8; 10];
    random.fill(&mut noise);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.micros() / 1_000).unwrap_or(0), &noise).into_uuid()
}

/// The identifier that a client presents (RFC 6749 2.2): 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Reads an identifier; VSCHAR of RFC 6749 appendix A.1.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        text::line(text, 255)?;
        if !text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(TextError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `kid` of a key (RFC 7517 4.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

/// The `jti` of a legacy token: at most 64 characters, the width of the column it lives in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegacyTokenId(String);

impl LegacyTokenId {
    /// Reads a `jti`.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        text::line(text, 64).map(|text| Self(text.to_owned()))
    }

    /// What stands for the `jti` of a token that is no JWT: its SHA-256. No JWT has such a `jti`, because only whoever holds the
    /// old secrets makes one.
    pub fn of_opaque(hash: crate::token::TokenHash) -> Self {
        Self(format!("h:{}", hash.to_text()))
    }

    /// Whether it stands for a token that is no JWT.
    pub fn is_opaque(&self) -> bool {
        self.0.starts_with("h:")
    }

    /// A new random `jti`.
    pub fn generate(now: Timestamp, random: &impl Random) -> Self {
        Self(uuid_v7(now, random).hyphenated().to_string())
    }

    /// The `jti` as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
