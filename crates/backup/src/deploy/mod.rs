//! The files that an installation is run with, beside a copy: the unit of systemd, the configuration of nginx, and what an operator names
//! else (S000-12). They are kept to be read again and never written back; secrets in them are masked.

mod mask;

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use authly_runtime::{Trouble, private_file};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    files::{cannot, hex, sha256},
    name::beside,
};

/// Longer files are no configuration.
const LIMIT: u64 = 1 << 20;

/// A file beside a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployFile {
    /// Its name in the folder.
    pub name: String,
    /// Where it was found.
    pub of: String,
    /// Its SHA-256 in hex, as it stands in the folder.
    pub sha256: String,
    /// Lines in which a secret was masked.
    pub masked: u64,
}

/// Files that were read, and not written yet.
#[derive(Debug)]
pub(crate) struct Gathered(Vec<(DeployFile, String)>);

/// Reads files; one that may hold a secret that cannot be masked is refused.
pub(crate) fn gather(paths: &[PathBuf]) -> Result<Gathered, Trouble> {
    let mut found: Vec<(DeployFile, String)> = Vec::new();
    for path in paths {
        let path = fs::canonicalize(path).map_err(|error| cannot("read", path, &error))?;
        let of = path.display().to_string();
        if found.iter().any(|(known, _)| known.of == of) {
            continue;
        }
        let masked = mask::mask(&read(&path)?).map_err(|why| unfit(&path, why))?;
        let base = path.file_name().unwrap_or_default().to_string_lossy();
        let file = DeployFile {
            name: format!("{}_{base}", found.len() + 1),
            of,
            sha256: hex(&Sha256::digest(masked.text.as_bytes())),
            masked: masked.lines,
        };
        found.push((file, masked.text));
    }
    Ok(Gathered(found))
}

/// Whether a file can be taken into a backup.
pub fn may_include(path: &Path) -> Result<(), Trouble> {
    gather(&[path.to_owned()]).map(drop)
}

fn read(path: &Path) -> Result<String, Trouble> {
    let failed = |error: io::Error| cannot("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(unfit(path, "it is no file"));
    }
    let mut bytes = Vec::new();
    let length = file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(length).is_ok_and(|length| length > LIMIT) {
        return Err(unfit(path, "it is longer than 1 MiB, as no configuration is"));
    }
    String::from_utf8(bytes).map_err(|_| unfit(path, "it is no text, and only in a text secrets can be masked"))
}

fn unfit(path: &Path, why: &str) -> Trouble {
    let remedy = "leave it out, and keep it apart from the backup";
    Trouble::new(format!("will not take {} into the backup", path.display()), why, remedy)
}

/// The folder with the files.
pub(crate) fn folder_of(copy: &Path) -> PathBuf {
    beside(copy, ".files")
}

/// The folder under a name that nobody takes for one; it goes with this value unless it was published.
#[derive(Debug)]
pub(crate) struct DraftFolder {
    path: PathBuf,
    files: Vec<DeployFile>,
}

impl DraftFolder {
    /// Writes the files, for their owner alone; none where there are none.
    pub(crate) fn of(copy: &Path, gathered: Gathered) -> Result<Option<Self>, Trouble> {
        if gathered.0.is_empty() {
            return Ok(None);
        }
        let path = beside(&folder_of(copy), ".partial");
        // What a crash left behind.
        fs::remove_dir_all(&path).ok();
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| cannot("create", &path, &error))?;
        let mut draft = Self { path, files: Vec::new() };
        for (file, text) in gathered.0 {
            let target = draft.path.join(&file.name);
            let written = private_file::create_new(&target)
                .and_then(|mut into| into.write_all(text.as_bytes()).and_then(|()| into.sync_all()));
            written.map_err(|error| cannot("write", &target, &error))?;
            draft.files.push(file);
        }
        Ok(Some(draft))
    }

    pub(crate) fn files(&self) -> &[DeployFile] {
        &self.files
    }

    /// Gives it its name.
    pub(crate) fn publish(self, copy: &Path) -> Result<(), Trouble> {
        let target = folder_of(copy);
        fs::rename(&self.path, &target).map_err(|error| cannot("write", &target, &error))
    }
}

impl Drop for DraftFolder {
    fn drop(&mut self) {
        // Published or not: under this name nothing stays.
        fs::remove_dir_all(&self.path).ok();
    }
}

/// Compares the files beside a copy with what was written, and returns where they are.
pub(crate) fn verify(copy: &Path, files: &[DeployFile]) -> Result<Vec<PathBuf>, Trouble> {
    let folder = folder_of(copy);
    let mut found = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        if Path::new(&file.name).file_name() != Some(file.name.as_ref()) {
            let why = format!("{:?} in its description is no name of a file", file.name);
            return Err(Trouble::new(format!("cannot use {}", copy.display()), why, "use another backup"));
        }
        let found_now = sha256(&path)?;
        if found_now != file.sha256 {
            return Err(Trouble::new(
                format!("{} is not what was written", path.display()),
                format!("its SHA-256 is {found_now}, and the description of the backup says {}", file.sha256),
                "use another backup",
            ));
        }
        found.push(path);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_stand_beside_a_copy_for_their_owner_alone_and_are_compared() {
        let home = tempfile::tempdir().unwrap();
        let (copy, unit) = (home.path().join("authly_x.dump"), home.path().join("authly.service"));
        fs::write(&unit, "[Service]\nEnvironment=JWT_SECRET_KEY=abc\n").unwrap();
        let gathered = gather(&[unit.clone(), unit.clone()]).unwrap();
        let draft = DraftFolder::of(&copy, gathered).unwrap().unwrap();
        let files = draft.files().to_vec();
        assert_eq!((files.len(), files[0].name.as_str(), files[0].masked), (1, "1_authly.service", 1));
        draft.publish(&copy).unwrap();
        let found = verify(&copy, &files).unwrap();
        assert_eq!(fs::read_to_string(&found[0]).unwrap(), "[Service]\nEnvironment=JWT_SECRET_KEY=***\n");
        for (path, mode) in [(&found[0], 0o600), (&folder_of(&copy), 0o700)] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
        }
        let elsewhere = DeployFile { name: "../authly.service".to_owned(), ..files[0].clone() };
        assert!(verify(&copy, &[elsewhere]).unwrap_err().why.contains("no name of a file"));
        fs::write(&found[0], "changed").unwrap();
        assert!(verify(&copy, &files).unwrap_err().what.contains("not what was written"));
        fs::remove_file(&found[0]).unwrap();
        assert!(verify(&copy, &files).unwrap_err().what.starts_with("cannot read"));
    }

    #[test]
    fn what_cannot_be_masked_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        for (content, why) in [
            (&b"-----BEGIN RSA PRIVATE KEY-----\nabc\n"[..], "private key"),
            (&[0xff, 0xfe, 0][..], "no text"),
            (&vec![b'x'; (1 << 20) + 1][..], "longer than 1 MiB"),
        ] {
            fs::write(&path, content).unwrap();
            assert!(gather(std::slice::from_ref(&path)).unwrap_err().why.contains(why), "{why}");
        }
        assert!(gather(&[home.path().to_owned()]).is_err());
        assert!(gather(&[home.path().join("none")]).unwrap_err().what.contains("none"));
    }

    #[test]
    fn a_folder_that_is_given_up_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (copy, unit) = (home.path().join("authly_x.dump"), home.path().join("a.conf"));
        fs::write(&unit, "listen 80;").unwrap();
        drop(DraftFolder::of(&copy, gather(&[unit]).unwrap()).unwrap().unwrap());
        assert_eq!(home.path().read_dir().unwrap().count(), 1);
        assert!(DraftFolder::of(&copy, gather(&[]).unwrap()).unwrap().is_none());
    }
}
