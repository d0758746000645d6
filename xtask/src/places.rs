//! Where programs are looked for: this machine, or in tests a folder that stands for one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The root of the file system, the search path and the environment.
pub(crate) struct Places {
    root: PathBuf,
    path: Vec<PathBuf>,
    environment: BTreeMap<String, String>,
}

impl Places {
    /// The machine we run on.
    pub(crate) fn here() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            root: PathBuf::from("/"),
            path: std::env::split_paths(&path).collect(),
            environment: std::env::vars_os().filter_map(text).collect(),
        }
    }

    /// A variable of the environment; an empty one counts as absent.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A program on the search path.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(name)).find(|file| is_program(file))
    }

    /// An absolute path on this machine.
    pub(crate) fn at(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// The entries of a folder whose names start with `start`, the highest version first.
    pub(crate) fn versions(&self, folder: &str, start: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.at(folder)) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<(Vec<u32>, String)> =
            names.filter_map(|name| Some((version(name.strip_prefix(start)?)?, name.clone()))).collect();
        found.sort_by(|one, other| other.cmp(one));
        found.into_iter().map(|(_, name)| self.at(folder).join(name)).collect()
    }

    /// A machine that is only the folder `root`.
    #[cfg(test)]
    pub(crate) fn within(root: &Path) -> Self {
        let path = vec![root.join("usr/local/bin"), root.join("usr/bin")];
        Self { root: root.to_path_buf(), path, environment: BTreeMap::new() }
    }

    /// The same machine with one more variable.
    #[cfg(test)]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// Whether the file exists and may be executed.
pub(crate) fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// `15` and `9.6` are versions, `contrib` is none.
fn version(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// Puts a shell script where a program would be.
#[cfg(test)]
pub(crate) fn fake(root: &Path, absolute: &str, script: &str) {
    let file = root.join(absolute.trim_start_matches('/'));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;

    #[test]
    fn versions_come_highest_first_and_by_number() {
        let folder = Folder::create("places").unwrap();
        for name in ["9.6", "15", "14", "contrib"] {
            fs::create_dir_all(folder.path().join("lib").join(name)).unwrap();
        }
        let names: Vec<_> = Places::within(folder.path()).versions("/lib", "").into_iter().collect();
        assert_eq!(names, ["15", "14", "9.6"].map(|name| folder.path().join("lib").join(name)));
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_no_program() {
        let folder = Folder::create("places").unwrap();
        fake(folder.path(), "/usr/bin/tool", "true");
        let places = Places::within(folder.path());
        assert!(places.program("tool").is_some());
        fs::set_permissions(folder.path().join("usr/bin/tool"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(places.program("tool"), None);
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        let places = Places::within(Path::new("/nowhere")).with("EMPTY", "").with("FULL", "yes");
        assert_eq!((places.variable("EMPTY"), places.variable("FULL")), (None, Some("yes")));
    }
}
