//! Whether a backup is what was written, and can be read to its end.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use authly_runtime::Trouble;
use authly_storage_sqlite::backup::{self as sqlite, CopyError};
use serde::Serialize;

use crate::{
    describe::Description,
    files::{cannot, sha256},
    name::{Kind, checksum_of},
    postgres,
    tools::find,
};

/// A backup that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The copy.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// When it was made (RFC 3339), as its description says.
    pub created_at: Option<String>,
    /// The database that it is of, without its password, as its description says.
    pub database: Option<String>,
    /// The program that made it.
    pub authly_version: Option<String>,
    /// How many tables it holds.
    pub tables: usize,
    /// Whether the table of accounts is among them.
    pub holds_accounts: bool,
    #[serde(skip)]
    pub(crate) server_major: Option<u32>,
    #[serde(skip)]
    pub(crate) tool_major: Option<u32>,
    #[serde(skip)]
    pub(crate) kind: Kind,
}

/// The tables in a copy.
pub(crate) struct Contents {
    pub(crate) tables: usize,
    pub(crate) holds_accounts: bool,
}

/// Compares a backup with its checksum and reads it to its end.
pub fn verify(file: &Path, pg_bin: Option<&Path>) -> Result<Verified, Trouble> {
    let kind = kind(file)?;
    let expected = checksum(file)?;
    let sha256 = sha256(file)?;
    if sha256 != expected {
        return Err(Trouble::new(
            format!("{} is not what was written", file.display()),
            format!("its SHA-256 is {sha256}, and {} says {expected}", checksum_of(file).display()),
            "use another backup",
        ));
    }
    let description = Description::read(file)?;
    let tool_major = description.as_ref().and_then(|description| description.tool_major);
    let contents = contents(file, kind, tool_major, pg_bin)?;
    Ok(Verified {
        bytes: file.metadata().map_err(|error| cannot("read", file, &error))?.len(),
        file: file.to_owned(),
        sha256,
        created_at: description.as_ref().map(|description| description.created_at.clone()),
        database: description.as_ref().map(|description| description.database.clone()),
        authly_version: description.as_ref().map(|description| description.authly_version.clone()),
        tables: contents.tables,
        holds_accounts: contents.holds_accounts,
        server_major: description.and_then(|description| description.server_major),
        tool_major,
        kind,
    })
}

/// Looks whether the file can be read at all.
pub fn readable(file: &Path) -> Result<(), Trouble> {
    File::open(file).map(drop).map_err(|error| cannot("read", file, &error))
}

/// Reads a copy to its end.
pub(crate) fn contents(
    file: &Path,
    kind: Kind,
    tool_major: Option<u32>,
    pg_bin: Option<&Path>,
) -> Result<Contents, Trouble> {
    match kind {
        Kind::Sqlite => {
            let contents = sqlite::check(file).map_err(|error| unreadable(&error))?;
            let holds_accounts = contents.tables.iter().any(|table| table == "users");
            Ok(Contents { tables: contents.tables.len(), holds_accounts })
        }
        Kind::Dump => {
            let least = tool_major.unwrap_or(0);
            let tool = find("pg_restore", least, least, pg_bin)?;
            let entries = postgres::entries(&tool, file)?;
            postgres::read_to_the_end(&tool, file)?;
            // `215; 1259 16386 TABLE public users authly`
            let tables: Vec<&str> =
                entries.iter().filter_map(|line| line.split_once(" TABLE ")).map(|(_, rest)| rest).collect();
            let tables: Vec<&str> = tables.into_iter().filter(|rest| !rest.starts_with("DATA ")).collect();
            let holds_accounts = tables.iter().any(|rest| rest.split(' ').nth(1) == Some("users"));
            Ok(Contents { tables: tables.len(), holds_accounts })
        }
    }
}

pub(crate) fn unreadable(error: &CopyError) -> Trouble {
    Trouble::caused("the copy cannot be used", error, "use another backup")
}

/// What a file is, by its first bytes.
fn kind(file: &Path) -> Result<Kind, Trouble> {
    let mut head = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(16).read_to_end(&mut head));
    read.map_err(|error| cannot("read", file, &error))?;
    match head.as_slice() {
        [b'P', b'G', b'D', b'M', b'P', ..] => Ok(Kind::Dump),
        b"SQLite format 3\0" => Ok(Kind::Sqlite),
        [0x1f, 0x8b, ..] => Err(Trouble::new(
            format!("cannot use {}", file.display()),
            "it is compressed by gzip",
            "unpack it first, into a file that only you can read",
        )),
        _ => Err(Trouble::new(
            format!("cannot use {}", file.display()),
            "it is neither a dump of PostgreSQL in the custom format nor an SQLite file",
            "name a file that `authly-admin backup create` made",
        )),
    }
}

/// The checksum that was written beside the copy.
fn checksum(file: &Path) -> Result<String, Trouble> {
    let path = checksum_of(file);
    let text = fs::read_to_string(&path).map_err(|error| {
        Trouble::caused(
            format!("cannot read {}", path.display()),
            &error,
            "the checksum belongs beside the backup; `sha256sum FILE > FILE.sha256` makes one for a file that you trust",
        )
    })?;
    let word = text.split_whitespace().next().unwrap_or_default();
    if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(word.to_ascii_lowercase());
    }
    Err(Trouble::new(format!("cannot use {}", path.display()), "it holds no SHA-256", ""))
}
