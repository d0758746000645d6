//! A dump in plain SQL on its way to psql: what is in it, and what of it is left out.
//!
//! psql does more than SQL: a line that begins with a backslash may start a program or connect elsewhere. A dump of one database needs none of
//! that, so none of it gets through. What is about the database as a whole is left out, because the dump goes into another one beside it.

mod reader;
mod rules;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

use authly_runtime::Trouble;

use self::reader::Reader;
pub(crate) use self::rules::Owners;
use crate::source::Source;

/// What a dump in plain SQL holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// Its tables, as the dump names them.
    pub(crate) tables: Vec<String>,
    /// The major version of the server that was dumped.
    pub(crate) server_major: Option<u32>,
    /// Whether its last line is there.
    pub(crate) is_whole: bool,
    /// Statements about the database as a whole, which are left out.
    pub(crate) about_the_database: u64,
}

impl Script {
    /// Takes what a comment tells.
    fn hear(&mut self, comment: &str) {
        self.is_whole |= comment == "PostgreSQL database dump complete";
        if let Some(version) = comment.strip_prefix("Dumped from database version ") {
            let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
            self.server_major = version.get(..digits).and_then(|digits| digits.parse().ok());
        }
    }

    /// Whether the table of accounts is among its tables.
    pub(crate) fn holds_accounts(&self) -> bool {
        self.tables.iter().any(|table| table.rsplit('.').next() == Some("users"))
    }
}

/// Reads a dump to its end.
pub(crate) fn read(source: &Source) -> Result<Script, Trouble> {
    let script = copy(source, Owners::Keep, &mut io::sink())?;
    if script.is_whole {
        return Ok(script);
    }
    Err(Trouble::new(
        format!("{} is not complete", source.path.display()),
        "the line is missing that pg_dump writes last: `-- PostgreSQL database dump complete`",
        "use another backup",
    ))
}

/// Writes what psql may read. A writer that takes no more ends it without a word: what it says of that counts more.
pub(crate) fn copy(source: &Source, owners: Owners, out: &mut impl Write) -> Result<Script, Trouble> {
    let (mut from, mut reader) = (source.open()?, Reader::new(owners));
    let (mut chunk, mut passed) = (vec![0; 64 * 1024], Vec::new());
    loop {
        let read = from.read(&mut chunk).map_err(|error| source.told(&error))?;
        let refused = |(line, why): (u64, &str)| {
            Trouble::new(
                format!("will not restore {}", source.path.display()),
                format!("line {line} {why}"),
                "use a dump as pg_dump writes it",
            )
        };
        if read == 0 {
            reader.end(&mut passed).map_err(refused)?;
        } else {
            reader.take(chunk.get(..read).unwrap_or_default(), &mut passed).map_err(refused)?;
        }
        if out.write_all(&passed).is_err() || read == 0 {
            return Ok(reader.script);
        }
        passed.clear();
    }
}
