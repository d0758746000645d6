//! What a setting is: its key in the file, its names in the environment, its kind, its default and its meaning.
//!
//! The table in [`crate::table`] is made of these, and everything else is made from that table: loading, `config show`,
//! the reference and the example file.

use std::time::Duration;

/// One setting, as one row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The key in the TOML file, `section.key`.
    pub key: &'static str,
    /// The names in the environment; the first one is the preferred one.
    pub names: &'static [Name],
    /// What is used when nobody sets it.
    pub fallback: Fallback,
    /// What values it takes.
    pub kind: Kind,
    /// What it means, in one or two sentences.
    pub doc: &'static str,
    /// The requirements it comes from.
    pub sources: &'static str,
    /// When a change of it has an effect.
    pub change: Change,
}

/// When a change of a setting has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// When the server is told to read its settings again (SIGHUP).
    Followed,
    /// At the next start.
    Restart,
}

/// A name in the environment, with the unit of its bare numbers where the name carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The name of the variable.
    pub name: &'static str,
    /// The unit of a bare number.
    pub unit: Option<Unit>,
}

/// The unit of a bare number in a variable whose name says the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
}

impl Unit {
    /// The unit in words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    /// The letter that stands for the unit in a written duration.
    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Seconds => 's',
            Self::Minutes => 'm',
            Self::Hours => 'h',
            Self::Days => 'd',
        }
    }
}

/// What holds when a setting is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The setting is then absent.
    Absent,
    /// This value, written as in the file.
    Value(&'static str),
    /// A value that follows from other settings; the text says how.
    Derived(&'static str),
}

/// What values a setting takes, and whether they may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A listener's address and port.
    Address,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A color, `#rrggbb`.
    Color,
    /// A `mailto:` or `https:` address, or an e-mail address.
    Contact,
    /// The address of a database; its password is never shown.
    Database,
    /// An e-mail address.
    Email,
    /// The kind of installation: `production` or another word.
    Environment,
    /// Yes or no.
    Flag,
    /// A comma list of host names, each with an optional port.
    Hosts,
    /// The issuer: scheme and authority only.
    Issuer,
    /// 32 bytes in base64; never shown.
    Key,
    /// A span of time: `90s`, `30m`, `12h`, `7d`.
    Lifetime {
        /// The shortest allowed.
        min: Duration,
        /// The longest allowed.
        max: Duration,
    },
    /// A comma list of networks in CIDR notation.
    Networks,
    /// A comma list of web origins, `https://app.example.com`.
    Origins,
    /// A path in the file system.
    Path,
    /// A private RSA key in PEM; never shown.
    Pem,
    /// The address of a Redis; its password is never shown.
    Redis,
    /// A secret text; never shown.
    Secret,
    /// A text of at most so many characters.
    Text {
        /// The longest allowed.
        max: usize,
    },
    /// A whole number.
    Whole {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
}

/// How much of a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// All of it.
    Open,
    /// All but the password in it.
    Masked,
    /// Only whether it is set.
    Hidden,
}

impl Kind {
    /// How much of a value of this kind may be shown.
    pub const fn secrecy(self) -> Secrecy {
        match self {
            Self::Secret | Self::Key | Self::Pem => Secrecy::Hidden,
            Self::Database | Self::Redis => Secrecy::Masked,
            _ => Secrecy::Open,
        }
    }

    /// True when the value is a list.
    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Hosts | Self::Networks | Self::Origins)
    }

    /// The kind in words, for the reference.
    pub fn describe(self) -> String {
        match self {
            Self::Address => "address:port".into(),
            Self::Choice(words) => words.join(" | "),
            Self::Color => "#rrggbb".into(),
            Self::Contact => "mailto: or https: address".into(),
            Self::Database => "postgresql://… or sqlite:path (secret)".into(),
            Self::Email => "e-mail address".into(),
            Self::Environment => "production, or another word".into(),
            Self::Flag => "true | false".into(),
            Self::Hosts => "list of host names".into(),
            Self::Issuer => "scheme and host".into(),
            Self::Key => "32 bytes, base64 (secret)".into(),
            Self::Lifetime { min, max } => format!("duration, {} to {}", written(min), written(max)),
            Self::Networks => "list of networks (CIDR)".into(),
            Self::Origins => "list of origins".into(),
            Self::Path => "path".into(),
            Self::Pem => "RSA private key, PEM (secret)".into(),
            Self::Redis => "redis:// or rediss:// (secret)".into(),
            Self::Secret => "secret text".into(),
            Self::Text { max } => format!("text, up to {max} characters"),
            Self::Whole { min, max } => format!("number, {min} to {max}"),
        }
    }
}

/// A duration as it is written in the file, in its largest whole unit.
pub(crate) fn written(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => "0".into(),
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

impl Setting {
    /// A setting with no names and no default yet.
    pub(crate) const fn new(key: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { key, names: &[], fallback: Fallback::Absent, kind, doc, sources: "", change: Change::Restart }
    }

    /// The same setting with these names in the environment.
    pub(crate) const fn env(self, names: &'static [Name]) -> Self {
        Self { names, ..self }
    }

    /// The same setting with this default.
    pub(crate) const fn or(self, default: &'static str) -> Self {
        Self { fallback: Fallback::Value(default), ..self }
    }

    /// The same setting with a default that follows from other settings.
    pub(crate) const fn derived(self, how: &'static str) -> Self {
        Self { fallback: Fallback::Derived(how), ..self }
    }

    /// The same setting with the requirements it comes from.
    pub(crate) const fn from(self, sources: &'static str) -> Self {
        Self { sources, ..self }
    }

    /// The same setting, which a running server follows.
    pub(crate) const fn followed(self) -> Self {
        Self { change: Change::Followed, ..self }
    }

    /// The preferred name in the environment.
    pub fn name(&self) -> &'static str {
        self.names.first().map_or(self.key, |name| name.name)
    }

    /// True when the value must not be shown as it is; it can then be given by a file too.
    pub fn is_secret(&self) -> bool {
        self.kind.secrecy() != Secrecy::Open
    }

    /// The section of the key.
    pub fn section(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// The key inside its section.
    pub fn leaf(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, leaf)| leaf)
    }
}

/// A name whose numbers need no unit.
pub(crate) const fn plain(name: &'static str) -> Name {
    Name { name, unit: None }
}

/// A name whose bare numbers are seconds.
pub(crate) const fn seconds(name: &'static str) -> Name {
    Name { name, unit: Some(Unit::Seconds) }
}

/// A name whose bare numbers are minutes.
pub(crate) const fn minutes(name: &'static str) -> Name {
    Name { name, unit: Some(Unit::Minutes) }
}

/// A name whose bare numbers are hours.
pub(crate) const fn hours(name: &'static str) -> Name {
    Name { name, unit: Some(Unit::Hours) }
}

/// A name whose bare numbers are days.
pub(crate) const fn days(name: &'static str) -> Name {
    Name { name, unit: Some(Unit::Days) }
}
