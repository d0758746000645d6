//! Files that appear whole or not at all, for their owner alone.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use authly_runtime::{Trouble, private_file};
use sha2::{Digest as _, Sha256};

use crate::name::beside;

/// A file under a name that nobody takes for a backup; it goes with this value unless it was published.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// A draft of the file at `target`, in the same folder. What a crash left under its name is removed.
    pub(crate) fn of(target: &Path) -> Result<Self, Trouble> {
        if target.exists() {
            let why = "it exists already";
            return Err(Trouble::new(format!("will not write {}", target.display()), why, "name another folder"));
        }
        let path = beside(target, ".partial");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", &path, &error)),
            _ => Ok(Self { path, target: target.to_owned() }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates it, for its owner alone.
    pub(crate) fn create(&self) -> Result<File, Trouble> {
        private_file::create_new(&self.path).map_err(|error| cannot("create", &self.path, &error))
    }

    /// Writes it whole.
    pub(crate) fn write(&self, content: &[u8]) -> Result<(), Trouble> {
        let mut file = self.create()?;
        file.write_all(content).map_err(|error| cannot("write", &self.path, &error))
    }

    /// Gives it its name, once its contents are on the disk. Nothing of that name is replaced.
    pub(crate) fn publish(self) -> Result<(), Trouble> {
        let synced = File::open(&self.path).and_then(|file| file.sync_all());
        synced
            .and_then(|()| fs::hard_link(&self.path, &self.target))
            .map_err(|error| cannot("write", &self.target, &error))?;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot("write", folder, &error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Published or not: under this name nothing stays.
        fs::remove_file(&self.path).ok();
    }
}

/// The SHA-256 of a file, in hex.
pub(crate) fn sha256(path: &Path) -> Result<String, Trouble> {
    let failed = |error: io::Error| cannot("read", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 256 * 1024];
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => break,
            read => hash.update(chunk.get(..read).unwrap_or_default()),
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Something that the file system refused.
pub(crate) fn cannot(act: &str, path: &Path, error: &io::Error) -> Trouble {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "run it as a user who may, or name another folder",
        io::ErrorKind::StorageFull => "make room, or name another folder",
        _ => "",
    };
    Trouble::caused(format!("cannot {act} {}", path.display()), error, remedy)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.dump");
        let draft = Draft::of(&target).unwrap();
        draft.write(b"half").unwrap();
        assert!(!target.exists());
        drop(draft);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "a draft that is given up leaves nothing");
        fs::write(beside(&target, ".partial"), "what a crash left").unwrap();
        let draft = Draft::of(&target).unwrap();
        draft.write(b"whole").unwrap();
        draft.publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        assert!(Draft::of(&target).unwrap_err().why.contains("exists already"));
    }

    #[test]
    fn the_checksum_is_that_of_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "abc").unwrap();
        assert_eq!(sha256(&path).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
