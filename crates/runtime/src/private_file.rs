//! Files that only their owner reads: keys and secrets made in development, and what commands write that names people.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use authly_seal::SystemRandom;
use oauth_core::{secret::Secret, services::Random as _};

use crate::trouble::Trouble;

/// Longer files hold no key.
const LIMIT: u64 = 64 * 1024;

/// Creates a folder, the data folder if nobody says otherwise, for its owner alone; one that is there is left as it is.
pub fn create_folder(folder: &Path) -> Result<(), Trouble> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Trouble::caused(
            format!("cannot create the folder {}", folder.display()),
            &error,
            "name a folder that this user may write to in AUTHLY_DATA_DIR",
        )
    })
}

/// Creates a file for its owner alone; one that is there is an error, and so is a link that somebody else put there.
pub fn create_new(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Writes a new file for its owner alone; one that could not be finished is taken away.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        let _unheard = fs::remove_file(path);
    }
    written
}

/// Writes a file for its owner alone that appears when it is whole, in place of one that has its name. What a crash left beside it, or a link
/// that somebody else put there, goes: nothing is written through either.
pub fn replace(path: &Path, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = Path::new(&beside);
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = io::BufWriter::new(create_new(beside)?);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(beside, path)
}

/// Opens a file to write behind what stands in it; one that is made now is for its owner alone.
pub fn append(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Reads the file; `None` where there is none. A file that others may read is refused.
pub fn read(path: &Path) -> Result<Option<Secret<String>>, Trouble> {
    let failed = |error: io::Error| Trouble::caused(format!("cannot read {}", path.display()), &error, "");
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Trouble::new(
            format!("{} will not be used", path.display()),
            format!("it holds a secret, and others may read it (mode {:03o})", mode & 0o777),
            format!("run `chmod 600 {}`, and replace the secret if somebody may have read it", path.display()),
        ));
    }
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(Secret::new(text)))
}

/// Reads the file, or makes it with what `make` gives. When several processes start at once they all get the same content.
pub fn read_or_create(path: &Path, make: impl FnOnce() -> Secret<String>) -> Result<Secret<String>, Trouble> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    if let Some(text) = read(path)? {
        return Ok(text);
    }
    let failed = |error: io::Error| Trouble::caused(format!("cannot write {}", path.display()), &error, "");
    let draft = path.with_extension(format!("draft-{}", chance()));
    let written = write_new(&draft, make().expose().as_bytes());
    // A link is made only if nothing has that name yet: the first process wins, with the whole content at once.
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    linked.map_err(failed)?;
    removed.map_err(failed)?;
    read(path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// A name that no other process and no crash before has used.
fn chance() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_secret_is_made_once_and_kept_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data/some.key");
        assert_eq!(read_or_create(&path, || secret("first")).unwrap().expose(), "first");
        assert_eq!(read_or_create(&path, || secret("second")).unwrap().expose(), "first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(home.path().join("data")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(home.path().join("data")).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_new_file_is_for_its_owner_alone_and_replaces_none() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("some.json");
        create_new(&path).unwrap().write_all(b"first").unwrap();
        assert_eq!(create_new(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        append(&path).unwrap().write_all(b", second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "first, second");
        append(&home.path().join("some.log")).unwrap();
        for file in fs::read_dir(home.path()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_written_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (path, beside) = (home.path().join("report"), home.path().join("report.part"));
        let others = home.path().join("others");
        fs::write(&others, "untouched").unwrap();
        for name in [&path, &beside] {
            std::os::unix::fs::symlink(&others, name).unwrap();
        }
        for text in ["first", "second"] {
            replace(&path, |out| out.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let file = fs::symlink_metadata(&path).unwrap();
        assert_eq!((file.is_file(), file.permissions().mode() & 0o777), (true, 0o600));
        assert!(replace(&path, |_| Err(io::ErrorKind::StorageFull.into())).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "second", "what is not whole replaces nothing");
        assert_eq!(fs::read_to_string(&others).unwrap(), "untouched");
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("some.key");
        fs::write(&path, "known to all").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let trouble = read_or_create(&path, || secret("x")).unwrap_err();
        assert!(trouble.remedy.contains("chmod 600"), "{trouble}");
        assert!(!trouble.to_string().contains("known to all"));
    }

    #[test]
    fn those_who_start_at_once_agree() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("some.key");
        let start = std::sync::Barrier::new(8);
        let make = &|number: usize| {
            start.wait();
            read_or_create(&path, || secret(&format!("made by {number}"))).unwrap().expose().clone()
        };
        let got: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || make(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(got.iter().all(|text| *text == got[0] && text.starts_with("made by")), "{got:?}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "no draft is left");
    }
}
