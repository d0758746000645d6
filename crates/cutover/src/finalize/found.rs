//! What was measured for a condition of the gate: figures and instants, which a terminal prints in English and the progress page in
//! the reader's language.

use std::fmt;

use oauth_core::time::Timestamp;
use serde::{Serialize, Serializer};

use super::{ImportedSource, QUIET};
use crate::{
    source::SourceName,
    store::LegacyUse,
    words::{count, moment},
};

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Tokens, API keys and sessions of the old system.
    Alive {
        /// Refresh tokens.
        tokens: u64,
        /// API keys.
        keys: u64,
        /// Sessions.
        sessions: u64,
    },
    /// When a backup was last verified.
    Backup(Option<Timestamp>),
    /// Accounts that have signed in by OAuth, and those that have not.
    Completed {
        /// Have not.
        open: u64,
        /// Active accounts.
        active: u64,
        /// Are waived.
        waived: u64,
    },
    /// Hashes of other programs.
    Hashes(u64),
    /// Accounts that are switched off or deleted.
    Inactive {
        /// How many.
        accounts: u64,
        /// When it was decided what becomes of them.
        decided_at: Option<Timestamp>,
    },
    /// Uses of the old doors.
    Quiet(Silence),
    /// Tenants in operation that are not confirmed, by short name.
    Unconfirmed(Vec<String>),
    /// How the checks of the sources stand.
    Verified {
        /// Sources that were imported.
        sources: u64,
        /// The oldest check.
        oldest: Option<Timestamp>,
        /// Sources whose check does not count.
        open: Vec<Unverified>,
    },
    /// Rows that wait for a decision.
    Waits {
        /// In quarantine.
        quarantined: u64,
        /// In conflict, or failed.
        conflicts: u64,
    },
}

/// How long the old doors have been quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No use in the whole period.
    Kept {
        /// From when on uses are counted.
        since: Timestamp,
    },
    /// Uses are not counted.
    Unknown,
    /// They were used.
    Used {
        /// When last.
        last: Timestamp,
        /// In how many tenants.
        tenants: u64,
        /// Whether by accounts of no tenant, too.
        others: bool,
        /// From when on the next quiet period counts.
        from: Timestamp,
    },
    /// No use, but counting began only then.
    Young {
        /// From when on uses are counted.
        since: Timestamp,
    },
}

impl Silence {
    /// What uses of the old doors show; with an instant of use, the period begins anew.
    pub(super) fn of(uses: &[LegacyUse], counting_since: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(since) = counting_since else { return Self::Unknown };
        let last = uses.iter().map(|one| one.last_at).max().filter(|last| now.since(*last) < QUIET);
        match last {
            Some(last) => {
                let tenants = uses.iter().filter(|one| one.tenant.is_some()).count();
                let others = tenants < uses.len();
                Self::Used { last, tenants: number(tenants), others, from: last.max(since) }
            }
            // The counters came with the schema: what was used before that, nobody knows.
            None if now.since(since) < QUIET => Self::Young { since },
            None => Self::Kept { since },
        }
    }

    /// When the quiet period is over, where it is not yet and nobody comes.
    pub fn over(self) -> Option<Timestamp> {
        match self {
            Self::Used { from, .. } | Self::Young { since: from } => Some(from.plus(QUIET)),
            Self::Kept { .. } | Self::Unknown => None,
        }
    }
}

/// A source whose check does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// The source.
    pub source: SourceName,
    /// Why.
    pub why: Doubt,
}

/// Why a check does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It found differences.
    Differences {
        /// When.
        at: Timestamp,
    },
    /// It never ran.
    Never,
    /// An import wrote after it.
    Outdated {
        /// When it ran.
        at: Timestamp,
        /// When the import wrote.
        import_at: Timestamp,
    },
}

impl Unverified {
    /// What is wrong with the check of a source.
    pub fn of(one: &ImportedSource) -> Option<Self> {
        let why = match one.verified {
            None => Doubt::Never,
            Some((at, false)) => Doubt::Differences { at },
            Some((at, true)) if at <= one.last_import_at => Doubt::Outdated { at, import_at: one.last_import_at },
            Some(_) => return None,
        };
        Some(Self { source: one.source.clone(), why })
    }
}

pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Short names that a line has room for.
pub const NAMES: usize = 5;

/// As a terminal prints it.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { tokens, keys, sessions } => {
                let tokens = count(*tokens, "refresh token", "refresh tokens");
                let keys = count(*keys, "API key", "API keys");
                write!(f, "{tokens}, {keys}, {}", count(*sessions, "session", "sessions"))
            }
            Self::Backup(None) => f.write_str("none was verified"),
            Self::Backup(Some(at)) => write!(f, "the last was verified {}", moment(*at)),
            Self::Completed { open, active, waived } => {
                let have = if *open == 1 { "has" } else { "have" };
                write!(f, "{open} of {active} {have} not, {}", count(*waived, "is waived", "are waived"))
            }
            Self::Hashes(left) => f.write_str(&count(*left, "is left", "are left")),
            Self::Inactive { accounts: 0, .. } => f.write_str("there are none"),
            Self::Inactive { accounts, decided_at } => {
                let accounts = count(*accounts, "account", "accounts");
                match decided_at {
                    Some(at) => write!(f, "{accounts}, decided {}", moment(*at)),
                    None => write!(f, "{accounts}, and nothing is decided"),
                }
            }
            Self::Quiet(silence) => silence.fmt(f),
            Self::Unconfirmed(open) => {
                let names = open.get(..NAMES).unwrap_or(open).join(", ");
                match open.len() {
                    0 => f.write_str("none is open"),
                    1 => write!(f, "1 is not: {names}"),
                    number if number > NAMES => write!(f, "{number} are not: {names}, .."),
                    number => write!(f, "{number} are not: {names}"),
                }
            }
            Self::Verified { open, sources, oldest } => match (open.as_slice(), oldest) {
                ([], None) => f.write_str("nothing was imported"),
                ([], Some(at)) => write!(f, "{sources} clean, the oldest {}", moment(*at)),
                (open, _) => {
                    let lines: Vec<String> = open.iter().map(ToString::to_string).collect();
                    f.write_str(&lines.join("; "))
                }
            },
            Self::Waits { quarantined, conflicts } => {
                write!(f, "{quarantined} in quarantine, {conflicts} in conflict or failed")
            }
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept { since } => write!(f, "no use in 30 days, counted since {}", moment(*since))?,
            Self::Unknown => f.write_str("uses are not counted")?,
            Self::Used { last, tenants, others, .. } => {
                let whereabouts = match (tenants, others) {
                    (0, _) => "by accounts of no tenant".to_owned(),
                    (_, false) => format!("in {}", count(*tenants, "tenant", "tenants")),
                    (_, true) => format!("in {} and by accounts of none", count(*tenants, "tenant", "tenants")),
                };
                write!(f, "last used {}, {whereabouts}", moment(*last))?;
            }
            Self::Young { since } => write!(f, "no use, counted only since `schema up` {}", moment(*since))?,
        }
        match self.over() {
            Some(over) => write!(f, "; the 30 days are over {}", moment(over)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        match self.why {
            Doubt::Differences { at } => write!(f, "{source}: it found differences {}", moment(at)),
            Doubt::Never => write!(f, "{source}: it never ran"),
            Doubt::Outdated { at, import_at } => {
                write!(f, "{source}: it ran {}, and an import wrote {}", moment(at), moment(import_at))
            }
        }
    }
}

/// For programs in the same words.
impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
