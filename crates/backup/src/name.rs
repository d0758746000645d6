//! The names of backups, which tell when they were made: `authly_20261121_031500.dump`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use oauth_core::time::Timestamp;
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description};

const STAMP: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]_[hour][minute][second]");
const PREFIX: &str = "authly_";

/// What a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A dump of PostgreSQL in its custom format.
    Dump,
    /// An SQLite file.
    Sqlite,
}

impl Kind {
    const fn extension(self) -> &'static str {
        match self {
            Self::Dump => "dump",
            Self::Sqlite => "db",
        }
    }
}

/// The name of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) at: Timestamp,
    kind: Kind,
}

impl Name {
    /// The name of a backup that is made now; parts of seconds do not count.
    pub(crate) const fn new(at: Timestamp, kind: Kind) -> Self {
        Self { at: Timestamp::from_seconds(at.seconds()), kind }
    }

    /// The name of the file.
    pub(crate) fn file_name(self) -> String {
        format!("{PREFIX}{}.{}", stamp(self.at), self.kind.extension())
    }

    /// Reads the name of a file; none where it is not one of ours.
    pub(crate) fn parse(file_name: &str) -> Option<Self> {
        let (stamp, extension) = file_name.strip_prefix(PREFIX)?.split_once('.')?;
        let kind = [Kind::Dump, Kind::Sqlite].into_iter().find(|kind| kind.extension() == extension)?;
        let at = PrimitiveDateTime::parse(stamp, STAMP).ok()?.assume_utc();
        Some(Self { at: Timestamp::from_offset(at), kind })
    }
}

/// An instant as it stands in names.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.to_offset().format(STAMP).unwrap_or_default()
}

/// The same to a thousandth of a second: what two restores keep has two names, however soon they follow one another.
pub(crate) fn exact_stamp(at: Timestamp) -> String {
    let millis = at.micros().rem_euclid(1_000_000) / 1_000;
    format!("{}_{millis:03}", stamp(at))
}

/// The file with the checksum.
pub(crate) fn checksum_of(copy: &Path) -> PathBuf {
    beside(copy, ".sha256")
}

/// The file with the description.
pub(crate) fn description_of(copy: &Path) -> PathBuf {
    beside(copy, ".json")
}

/// The same path with something behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_when_and_what() {
        let name = Name::new(Timestamp::from_micros(1_795_230_900_123_456), Kind::Dump);
        assert_eq!(name.file_name(), "authly_20261121_031500.dump");
        assert_eq!(Name::parse("authly_20261121_031500.dump"), Some(name));
        for other in ["authly_20261121_031500.dump.sha256", "authly_20261321_031500.db", "authly.db", "x.dump", ""] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }
}
