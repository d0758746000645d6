//! An SQLite file out of a compressed one: SQLite reads no stream, so it has to stand on a disk for a while.
//!
//! It stands in a folder of its own that nobody else may enter, and both go with this value: also when somebody asked to stop.

use std::{
    fs::{self, DirBuilder},
    io::{self, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process,
};

use authly_runtime::{Trouble, private_file};

use crate::{
    files::cannot,
    source::Source,
    space::{self, Purpose},
};

/// The length of the header, which says how long the file is (SQLite file format 1.3).
const HEADER: usize = 100;

/// A file that goes with this value.
#[derive(Debug)]
pub(crate) struct Unpacked {
    folder: PathBuf,
    pub(crate) file: PathBuf,
}

impl Unpacked {
    /// Unpacks into a new folder in `scratch`, which must have room for it.
    pub(crate) fn of(source: &Source, scratch: &Path) -> Result<Self, Trouble> {
        let (mut from, mut header) = (source.open()?, [0; HEADER]);
        from.read_exact(&mut header).map_err(|error| source.told(&error))?;
        let length = length(&header).ok_or_else(|| unfit(source, "its first page does not say how long it is"))?;
        private_file::create_folder(scratch)?;
        space::check(scratch, length, Purpose::Unpacking)?;
        let folder = scratch.join(format!("unpacked-{}", process::id()));
        // What a process of that number left behind when it was killed.
        fs::remove_dir_all(&folder).ok();
        DirBuilder::new().mode(0o700).create(&folder).map_err(|error| cannot("create", &folder, &error))?;
        let unpacked = Self { file: folder.join("store.db"), folder };
        unpacked.fill(source, &header, from, length)?;
        Ok(unpacked)
    }

    fn fill(&self, source: &Source, header: &[u8], from: impl io::Read, length: u64) -> Result<(), Trouble> {
        let failed = |error: io::Error| cannot("write", &self.file, &error);
        let mut into = private_file::create_new(&self.file).map_err(failed)?;
        into.write_all(header).map_err(failed)?;
        let (mut written, mut chunk) = (u64::try_from(header.len()).unwrap_or(0), vec![0; 256 * 1024]);
        // One byte more than it may have, to see it.
        let mut from = from.take(length.saturating_sub(written).saturating_add(1));
        loop {
            let read = from.read(&mut chunk).map_err(|error| source.told(&error))?;
            written = written.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if written > length {
                let why = format!("it goes on behind the {} that its first page says", space::words(length));
                return Err(unfit(source, &why));
            }
            if read == 0 {
                return into.sync_all().map_err(failed);
            }
            into.write_all(chunk.get(..read).unwrap_or_default()).map_err(failed)?;
        }
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn unfit(source: &Source, why: &str) -> Trouble {
    Trouble::new(format!("will not unpack {}", source.path.display()), why, "use another backup")
}

/// How long the file is that begins so: the size of a page, and how many there are.
fn length(header: &[u8; HEADER]) -> Option<u64> {
    let page = match u16::from_be_bytes([*header.get(16)?, *header.get(17)?]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = u32::from_be_bytes([*header.get(28)?, *header.get(29)?, *header.get(30)?, *header.get(31)?]);
    Some(page * u64::from(pages)).filter(|length| *length > 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::interrupt::Interrupt;

    fn file(pages: u32, bytes: usize) -> Vec<u8> {
        let mut file = b"SQLite format 3\0\x10\x00".to_vec();
        file.resize(28, 0);
        file.extend(pages.to_be_bytes());
        file.resize(bytes, 7);
        file
    }

    fn unpacked(content: &[u8]) -> (tempfile::TempDir, Result<Unpacked, Trouble>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        let mut encoder = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap();
        let source = Source::of(&path, &Interrupt::default()).unwrap();
        let unpacked = Unpacked::of(&source, &folder.path().join("data"));
        (folder, unpacked)
    }

    #[test]
    fn it_stands_for_its_owner_alone_and_goes() {
        let content = file(2, 8_192);
        let (folder, unpacked) = unpacked(&content);
        let unpacked = unpacked.unwrap();
        assert_eq!(fs::read(&unpacked.file).unwrap(), content);
        assert_eq!(unpacked.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(unpacked.folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(unpacked);
        assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 0);
    }

    #[test]
    fn no_more_is_written_than_the_first_page_says() {
        for (content, why) in [
            (file(2, 8_193), "goes on behind the 8 KiB"),
            (file(0, 8_192), "does not say how long"),
            (file(u32::MAX, 8_192), "are free there"),
        ] {
            let (folder, refused) = unpacked(&content);
            let refused = refused.unwrap_err();
            assert!(refused.why.contains(why), "{refused}");
            let left = fs::read_dir(folder.path().join("data")).map_or(0, Iterator::count);
            assert_eq!(left, 0, "nothing is left of it");
        }
    }
}
