//! The log of a migration, where `MIGRATION_LOG` names a file (S002-03): time, name, level and message of each line, as the programs
//! that came before wrote it (S002-45).

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, OnceLock},
};

use authly_runtime::{Trouble, private_file};
use authly_seal::SystemClock;
use oauth_core::services::Clock as _;

use crate::{console::harmless, failure::Failure};

/// The log of this process; there is none but where it was opened.
static LOG: OnceLock<Mutex<File>> = OnceLock::new();

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// It went as it should.
    Info,
    /// A part is not done.
    Warning,
    /// It failed.
    Error,
}

/// Opens the log, to write behind what stands in it.
pub(crate) fn open(path: &Path) -> Result<(), Failure> {
    let file = private_file::append(path).map_err(|error| {
        let what = format!("cannot write the log {}", path.display());
        Trouble::caused(what, &error, "name a file in MIGRATION_LOG that this user may write, or unset it")
    })?;
    let _first = LOG.set(Mutex::new(file));
    Ok(())
}

/// Writes a line; what goes wrong meanwhile stops no migration.
pub(crate) fn write(level: Level, message: &str) {
    let Some(Ok(mut file)) = LOG.get().map(Mutex::lock) else { return };
    let _unheard = file.write_all(line(&SystemClock.now().to_rfc3339(), level, message).as_bytes());
}

fn line(now: &str, level: Level, message: &str) -> String {
    let time = now.get(..19).unwrap_or(now).replace('T', " ");
    let level = match level {
        Level::Info => "INFO",
        Level::Warning => "WARNING",
        Level::Error => "ERROR",
    };
    let message: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{time} - authly-admin - {level} - {}\n", harmless(&message.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_is_in_it() {
        let told = line("2026-11-21T17:41:30.123456Z", Level::Error, "cannot import\n  why: \u{1b}[2J\n");
        assert_eq!(told.lines().count(), 1);
        assert!(told.starts_with("2026-11-21 17:41:30 - authly-admin - ERROR - cannot import why: "), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}
