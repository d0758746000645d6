//! Temporary folders with short names: a socket's path may have about 107 bytes.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A folder only its owner can enter, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes a folder that nobody had before.
    pub(crate) fn create(purpose: &str) -> Result<Self, Failure> {
        let id = std::process::id();
        for number in 0..1000_u32 {
            let path = std::env::temp_dir().join(format!("authly-{purpose}-{id}-{number}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Failure::of(format!("cannot create {}", path.display()), error)),
            }
        }
        Err(Failure::new(format!("{} is full of old folders of ours", std::env::temp_dir().display())))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves the folder behind.
    pub(crate) fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_of_one_purpose_differ_and_go_when_dropped() {
        let (one, two) = (Folder::create("folder").unwrap(), Folder::create("folder").unwrap());
        let path = one.path().to_path_buf();
        assert_ne!(one.path(), two.path());
        drop(one);
        assert!(!path.exists());
    }

    #[test]
    fn a_kept_folder_stays() {
        let path = Folder::create("kept").unwrap().keep();
        assert!(path.is_dir());
        fs::remove_dir(path).unwrap();
    }
}
