//! Whether a folder has room for a backup: twice the size of the database, so that nothing else runs out of it (S000-09).

use std::path::Path;

use authly_runtime::Trouble;

use crate::files::cannot;

/// What room is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A backup is made.
    Backup,
    /// A backup is unpacked.
    Unpacking,
}

/// Refuses where less than twice `bytes` is free.
pub(crate) fn check(folder: &Path, bytes: u64, purpose: Purpose) -> Result<(), Trouble> {
    let room = rustix::fs::statvfs(folder).map_err(|error| cannot("look at", folder, &error.into()))?;
    judge(folder, bytes, room.f_bavail.saturating_mul(room.f_frsize), purpose)
}

fn judge(folder: &Path, bytes: u64, free: u64, purpose: Purpose) -> Result<(), Trouble> {
    let needed = bytes.saturating_mul(2);
    if free >= needed {
        return Ok(());
    }
    let (act, remedy) = match purpose {
        Purpose::Backup => ("write a backup to", "make room, or name another folder with --dir"),
        Purpose::Unpacking => ("unpack a backup into", "make room, or name another folder in AUTHLY_DATA_DIR"),
    };
    Err(Trouble::new(
        format!("will not {act} {}", folder.display()),
        format!("{} are free there, and twice the size of the database is {}", words(free), words(needed)),
        remedy,
    ))
}

/// A size as people read it.
pub(crate) fn words(bytes: u64) -> String {
    const STEP: u64 = 1 << 10;
    match bytes {
        0..STEP => format!("{bytes} bytes"),
        _ if bytes < STEP.pow(2) => format!("{} KiB", bytes / STEP),
        _ if bytes < STEP.pow(3) => format!("{} MiB", bytes / STEP.pow(2)),
        _ => format!("{} GiB", bytes / STEP.pow(3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_size_must_be_free() {
        let folder = Path::new("there");
        assert!(judge(folder, 1 << 20, 2 << 20, Purpose::Backup).is_ok());
        let refused = judge(folder, 1 << 20, (2 << 20) - 1, Purpose::Backup).unwrap_err();
        assert!(refused.why.contains("1 MiB are free") && refused.why.contains("2 MiB"), "{refused}");
        assert!(check(Path::new("."), 1, Purpose::Backup).is_ok());
        assert!(check(Path::new("/nowhere/at/all"), 1, Purpose::Unpacking).is_err());
    }
}
