//! A file that is read from its first byte to its last, unpacked where gzip made it (RFC 1952), within bounds.
//!
//! A few bytes of gzip may stand for a thousand times as many, and nobody tells honestly how many before they are read. Text and rows that
//! people keep shrink by a factor of ten, or of a hundred where they repeat; what unpacks beyond that is refused.

use std::{
    error::Error,
    fmt,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use authly_runtime::Trouble;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use crate::{
    files::{cannot, hex},
    form::{self, Form},
    interrupt::{Interrupt, stopped},
    space,
};

/// How many times its size a file may hold.
const FACTOR: u64 = 200;

/// What any file may hold, however small it is.
const FREE: u64 = 64 << 20;

/// A file that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) form: Form,
    /// Whether gzip made it.
    pub(crate) packed: bool,
    interrupt: Interrupt,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Source {
    /// Looks at the beginning of a file.
    pub(crate) fn of(path: &Path, interrupt: &Interrupt) -> Result<Self, Trouble> {
        let head = File::open(path).and_then(form::head).map_err(|error| cannot("read", path, &error))?;
        let mut source = Self {
            path: path.to_owned(),
            form: Form::Archive,
            packed: form::is_packed(&head),
            interrupt: interrupt.clone(),
        };
        let head = if source.packed { form::head(source.open()?).map_err(|error| source.told(&error))? } else { head };
        source.form = form::of(&head).map_err(|why| {
            let remedy = "name a file that `authly-admin backup create` or pg_dump made";
            Trouble::new(format!("cannot use {}", path.display()), why, remedy)
        })?;
        Ok(source)
    }

    /// Reads what is in it.
    pub(crate) fn open(&self) -> Result<Box<dyn Read + Send>, Trouble> {
        let failed = |error: io::Error| cannot("read", &self.path, &error);
        let file = File::open(&self.path).map_err(failed)?;
        let watched = |most| {
            move |inner: Box<dyn Read + Send>| Bounded { inner, read: 0, most, interrupt: self.interrupt.clone() }
        };
        if !self.packed {
            return Ok(Box::new(watched(u64::MAX)(Box::new(file))));
        }
        let most = most(file.metadata().map_err(failed)?.len());
        Ok(Box::new(watched(most)(Box::new(MultiGzDecoder::new(BufReader::new(file))))))
    }

    /// Reads what is in it to its end.
    pub(crate) fn measure(&self) -> Result<Measured, Trouble> {
        let mut reader = self.open()?;
        let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 256 * 1024]);
        loop {
            let read = reader.read(&mut chunk).map_err(|error| self.told(&error))?;
            if read == 0 {
                return Ok(Measured { bytes, sha256: hex(&hash.finalize()) });
            }
            hash.update(chunk.get(..read).unwrap_or_default());
            bytes += u64::try_from(read).unwrap_or(u64::MAX);
        }
    }

    /// Why reading ended before the end.
    pub(crate) fn told(&self, error: &io::Error) -> Trouble {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Halt>()) {
            Some(Halt::Stopped) => stopped(),
            Some(halt @ Halt::Swollen { .. }) => Trouble::new(
                format!("will not unpack {}", self.path.display()),
                halt,
                "if you know what it is, unpack it with gunzip into a folder that only you can read, and name that file",
            ),
            None if self.packed => Trouble::caused(
                format!("cannot unpack {}", self.path.display()),
                error,
                "the file is damaged or not complete; use another backup",
            ),
            None => cannot("read", &self.path, error),
        }
    }
}

/// What a file of that size may hold.
fn most(packed: u64) -> u64 {
    packed.saturating_mul(FACTOR).max(FREE)
}

/// Why reading ended, if not by the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    Stopped,
    Swollen { most: u64 },
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Swollen { most } => {
                write!(
                    f,
                    "it holds more than {}: over {FACTOR} times its size, which no backup does",
                    space::words(*most)
                )
            }
        }
    }
}

impl Error for Halt {}

/// Reads no more than so much, and no further when somebody asked to stop.
struct Bounded<R> {
    inner: R,
    read: u64,
    most: u64,
    interrupt: Interrupt,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.interrupt.is_asked() {
            return Err(io::Error::other(Halt::Stopped));
        }
        let read = self.inner.read(into)?;
        self.read = self.read.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if self.read > self.most { Err(io::Error::other(Halt::Swollen { most: self.most })) } else { Ok(read) }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const DUMP: &[u8] = b"--\n-- PostgreSQL database dump\n--\n";

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn source(content: &[u8]) -> (tempfile::TempDir, Result<Source, Trouble>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whatever.txt");
        fs::write(&path, content).unwrap();
        let source = Source::of(&path, &Interrupt::default());
        (folder, source)
    }

    #[test]
    fn what_gzip_made_is_read_as_what_is_in_it() {
        let (_folder, plain) = source(DUMP);
        let (_other, zipped) = source(&packed(DUMP));
        let (plain, zipped) = (plain.unwrap(), zipped.unwrap());
        assert_eq!((plain.form, plain.packed, zipped.form, zipped.packed), (Form::Script, false, Form::Script, true));
        assert_eq!(plain.measure().unwrap(), zipped.measure().unwrap());
        // Several parts behind one another are one file (RFC 1952 2.2).
        let (_third, parts) = source(&[packed(DUMP), packed(b"SELECT 1;\n")].concat());
        assert_eq!(parts.unwrap().measure().unwrap().bytes, 44);
        let (_twice, twice) = source(&packed(&packed(DUMP)));
        assert!(twice.unwrap_err().why.contains("compressed twice"));
    }

    #[test]
    fn a_packed_file_that_is_cut_or_changed_is_damaged() {
        let mut content = DUMP.to_vec();
        content.extend((0..40_000u32).flat_map(|number| (number.wrapping_mul(2_654_435_761)).to_le_bytes()));
        let whole = packed(&content);
        let (_folder, cut) = source(&whole[..whole.len() - 4]);
        assert!(cut.unwrap().measure().unwrap_err().what.starts_with("cannot unpack"));
        let mut changed = whole.clone();
        let last = changed.len() - 8;
        changed[last] ^= 1;
        let (_other, changed) = source(&changed);
        assert!(changed.unwrap().measure().unwrap_err().what.starts_with("cannot unpack"));
    }

    #[test]
    fn a_file_that_unpacks_beyond_all_measure_is_refused() {
        let mut content = DUMP.to_vec();
        content.resize(usize::try_from(FREE).unwrap() + 1, b' ');
        let small = packed(&content);
        assert!(most(u64::try_from(small.len()).unwrap()) == FREE, "a thousandth of what it holds");
        let (_folder, bomb) = source(&small);
        let refused = bomb.unwrap().measure().unwrap_err();
        assert!(refused.why.contains("64 MiB") && refused.why.contains("200 times"), "{refused}");
        let (_other, full) = source(&packed(&content[..content.len() - 1]));
        assert_eq!(full.unwrap().measure().unwrap().bytes, FREE);
        assert_eq!(most(1 << 30), 200 << 30);
    }

    #[test]
    fn nothing_is_read_behind_the_wish_to_stop() {
        let (_folder, found) = source(DUMP);
        let found = found.unwrap();
        found.interrupt.ask();
        assert_eq!(found.measure().unwrap_err(), stopped());
    }
}
