//! Settings that are one of a few words.

/// An asymmetric signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// Edwards curve 25519.
    EdDsa,
    /// ECDSA on P-256.
    Es256,
    /// RSA with PKCS #1 padding.
    Rs256,
}

/// An HMAC algorithm, for legacy tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// Where an e-mail address stands for one account only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailUniqueness {
    /// In the whole installation.
    Global,
    /// In each tenant.
    PerTenant,
}

/// The scheme of new password hashes, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordHash {
    /// Argon2id.
    Argon2id {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// Bcrypt.
    Bcrypt {
        /// The cost: two to this power rounds.
        cost: u32,
    },
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailEncryption {
    /// Not at all.
    None,
    /// By STARTTLS, which is demanded.
    StartTls,
    /// By TLS from the first byte.
    Tls,
}

/// The least important level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// What needs a look.
    Warn,
    /// What happened.
    Info,
    /// What led to it.
    Debug,
    /// Everything.
    Trace,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

impl SigningAlgorithm {
    /// The name in JOSE headers (RFC 7518).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "EdDSA" => Self::EdDsa,
            "RS256" => Self::Rs256,
            _ => Self::Es256,
        }
    }
}

impl HmacAlgorithm {
    /// The name in JOSE headers (RFC 7518).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            _ => Self::Hs256,
        }
    }
}

impl LogLevel {
    /// The name as log filters write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            // `critical` and `warning` are what the programs before called them.
            "error" | "critical" => Self::Error,
            "warn" | "warning" => Self::Warn,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => Self::Info,
        }
    }
}
