//! What a file is, by its contents and never by its name.

use std::{
    fmt,
    io::{self, Read},
};

/// How much of a file is looked at: the heading of a plain dump stands in its first lines.
pub(crate) const HEAD: usize = 4 * 1024;

/// The first bytes of a file that gzip made (RFC 1952 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What can be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A dump of PostgreSQL in its custom format.
    Archive,
    /// A dump of PostgreSQL in plain SQL.
    Script,
    /// An SQLite file.
    Sqlite,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archive => "a dump of PostgreSQL in its custom format",
            Self::Script => "a dump of PostgreSQL in plain SQL",
            Self::Sqlite => "an SQLite file",
        })
    }
}

/// Whether these are the first bytes of a file that gzip made.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    head.starts_with(&GZIP)
}

/// What begins with these bytes; else why it is of no use.
pub(crate) fn of(head: &[u8]) -> Result<Form, &'static str> {
    match head {
        [b'P', b'G', b'D', b'M', b'P', ..] => return Ok(Form::Archive),
        [0x1f, 0x8b, ..] => return Err("it is compressed twice"),
        _ if head.starts_with(b"SQLite format 3\0") => return Ok(Form::Sqlite),
        _ => {}
    }
    let says = |line: &[u8]| head.split(|byte| *byte == b'\n').any(|one| one.trim_ascii_end() == line);
    if says(b"-- PostgreSQL database cluster dump") {
        return Err(
            "it is a dump of a whole server (pg_dumpall), and one database is restored: dump that with pg_dump",
        );
    }
    if says(b"-- PostgreSQL database dump") {
        return Ok(Form::Script);
    }
    Err("it is neither a dump of PostgreSQL (custom format or plain SQL) nor an SQLite file, compressed by gzip or not")
}

/// Reads as much of the beginning as is looked at.
pub(crate) fn head(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(u64::try_from(HEAD).unwrap_or(u64::MAX)).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        assert_eq!(of(b"PGDMP\x01\x0e\x00"), Ok(Form::Archive));
        assert_eq!(of(b"SQLite format 3\0\x10\x00"), Ok(Form::Sqlite));
        assert_eq!(of(b"--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n"), Ok(Form::Script));
        assert_eq!(of(b"--\r\n-- PostgreSQL database dump\r\n--\r\n"), Ok(Form::Script));
        assert!(is_packed(&[0x1f, 0x8b, 8, 0]) && !is_packed(b"PGDMP"));
        for (head, why) in [
            (&b"\x1f\x8b\x08"[..], "compressed twice"),
            (b"--\n-- PostgreSQL database cluster dump\n--\n", "a whole server"),
            (b"SELECT '-- PostgreSQL database dump';", "neither"),
            (b"", "neither"),
        ] {
            assert!(of(head).unwrap_err().contains(why), "{head:?}");
        }
    }
}
