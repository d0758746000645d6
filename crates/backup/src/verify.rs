//! Whether a backup is what was written, and can be read to its end.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use authly_runtime::Trouble;
use authly_storage_sqlite::backup::{self as sqlite, CopyError};
use serde::Serialize;

use crate::{
    deploy,
    describe::Description,
    files::{cannot, sha256},
    form::Form,
    interrupt::Interrupt,
    name::{checksum_of, description_of},
    postgres, script,
    source::{Measured, Source},
    tools::find,
    unpacked::Unpacked,
};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct VerifyOrder {
    /// The backup.
    pub file: PathBuf,
    /// The folder of PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// Where a compressed SQLite file is unpacked for a while.
    pub scratch: PathBuf,
    /// The wish to stop.
    pub interrupt: Interrupt,
}

/// What the checksum was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The file.
    File,
    /// What is in the file, which was compressed behind it.
    Contents,
    /// None stands beside it: whether it is what was written is known of its own marks alone.
    Nothing,
}

/// A backup that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The copy.
    pub file: PathBuf,
    /// What it is.
    pub form: String,
    /// Its size.
    pub bytes: u64,
    /// How much is in it, where it is compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpacked_bytes: Option<u64>,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// What the checksum beside it was compared with.
    pub compared: Compared,
    /// When it was made (RFC 3339), as its description says.
    pub created_at: Option<String>,
    /// The database that it is of, without its password, as its description says.
    pub database: Option<String>,
    /// The program that made it.
    pub authly_version: Option<String>,
    /// The files of the deployment beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deploy_files: Vec<PathBuf>,
    /// How many tables it holds.
    pub tables: usize,
    /// Whether the table of accounts is among them.
    pub holds_accounts: bool,
}

/// A backup that was read to its end, ready to be put back.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) verified: Verified,
    pub(crate) source: Source,
    /// An SQLite file out of a compressed one.
    pub(crate) unpacked: Option<Unpacked>,
    /// The SHA-256 of what is in it.
    pub(crate) digest: String,
    pub(crate) server_major: Option<u32>,
    pub(crate) tool_major: Option<u32>,
    /// Statements of a plain dump that are about the database as a whole.
    pub(crate) about_the_database: u64,
}

/// The tables in a copy.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) tables: usize,
    pub(crate) holds_accounts: bool,
    pub(crate) server_major: Option<u32>,
    pub(crate) about_the_database: u64,
}

/// Compares a backup with its checksum and reads it to its end.
pub fn verify(order: &VerifyOrder) -> Result<Verified, Trouble> {
    examine(order).map(|examined| examined.verified)
}

/// The same, for whoever puts it back.
pub(crate) fn examine(order: &VerifyOrder) -> Result<Examined, Trouble> {
    let (file, interrupt) = (order.file.as_path(), &order.interrupt);
    let source = Source::of(file, interrupt)?;
    let expected = expected(&source)?;
    let sha256 = sha256(file)?;
    if let Some((Compared::File, path, sum)) = &expected {
        agree(file, "its SHA-256", &sha256, path, sum)?;
    }
    // Only reading it to its end shows whether a compressed file is whole.
    let inside = if source.packed { Some(source.measure()?) } else { None };
    if let (Some((Compared::Contents, path, sum)), Some(inside)) = (&expected, &inside) {
        agree(file, "the SHA-256 of what is in it", &inside.sha256, path, sum)?;
    }
    let base = described(&source);
    let description = Description::read(&base)?;
    let deploy_files = match &description {
        Some(description) => deploy::verify(&base, &description.deploy_files)?,
        None => Vec::new(),
    };
    let tool_major = description.as_ref().and_then(|description| description.tool_major);
    let unpacked = match source.form {
        Form::Sqlite if source.packed => Some(Unpacked::of(&source, &order.scratch)?),
        _ => None,
    };
    let readable = unpacked.as_ref().map_or(file, |unpacked| &unpacked.file);
    let held = contents(&source, readable, tool_major, order.pg_bin.as_deref(), interrupt)?;
    interrupt.check()?;
    let verified = Verified {
        form: format!("{}{}", source.form, if source.packed { ", compressed by gzip" } else { "" }),
        bytes: file.metadata().map_err(|error| cannot("read", file, &error))?.len(),
        unpacked_bytes: inside.as_ref().map(|inside| inside.bytes),
        file: file.to_owned(),
        sha256: sha256.clone(),
        compared: expected.map_or(Compared::Nothing, |(compared, ..)| compared),
        created_at: description.as_ref().map(|description| description.created_at.clone()),
        database: description.as_ref().map(|description| description.database.clone()),
        authly_version: description.as_ref().map(|description| description.authly_version.clone()),
        deploy_files,
        tables: held.tables,
        holds_accounts: held.holds_accounts,
    };
    Ok(Examined {
        verified,
        unpacked,
        digest: inside.map_or(sha256, |Measured { sha256, .. }| sha256),
        server_major: description.and_then(|description| description.server_major).or(held.server_major),
        tool_major,
        about_the_database: held.about_the_database,
        source,
    })
}

/// Looks whether the file can be read at all.
pub fn readable(file: &Path) -> Result<(), Trouble> {
    File::open(file).map(drop).map_err(|error| cannot("read", file, &error))
}

/// Reads a copy to its end; an SQLite file is read where it can be read as one.
pub(crate) fn contents(
    source: &Source,
    readable: &Path,
    tool_major: Option<u32>,
    pg_bin: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Contents, Trouble> {
    match source.form {
        Form::Sqlite => {
            let contents = sqlite::check(readable).map_err(|error| unreadable(&error))?;
            let holds_accounts = contents.tables.iter().any(|table| table == "users");
            Ok(Contents { tables: contents.tables.len(), holds_accounts, ..Contents::default() })
        }
        Form::Script => {
            let script = script::read(source)?;
            let holds_accounts = script.holds_accounts();
            let (server_major, about_the_database) = (script.server_major, script.about_the_database);
            Ok(Contents { tables: script.tables.len(), holds_accounts, server_major, about_the_database })
        }
        Form::Archive => {
            let least = tool_major.unwrap_or(0);
            let tool = find("pg_restore", least, least, pg_bin)?;
            let entries = postgres::entries(&tool, source, interrupt)?;
            postgres::read_to_the_end(&tool, source, interrupt)?;
            // `215; 1259 16386 TABLE public users authly`
            let tables: Vec<&str> =
                entries.iter().filter_map(|line| line.split_once(" TABLE ")).map(|(_, rest)| rest).collect();
            let tables: Vec<&str> = tables.into_iter().filter(|rest| !rest.starts_with("DATA ")).collect();
            let holds_accounts = tables.iter().any(|rest| rest.split(' ').nth(1) == Some("users"));
            Ok(Contents { tables: tables.len(), holds_accounts, ..Contents::default() })
        }
    }
}

pub(crate) fn unreadable(error: &CopyError) -> Trouble {
    Trouble::caused("the copy cannot be used", error, "use another backup")
}

fn agree(file: &Path, what: &str, found: &str, path: &Path, expected: &str) -> Result<(), Trouble> {
    if found == expected {
        return Ok(());
    }
    Err(Trouble::new(
        format!("{} is not what was written", file.display()),
        format!("{what} is {found}, and {} says {expected}", path.display()),
        "use another backup",
    ))
}

/// The file that was compressed, as it was called before.
fn before_gzip(source: &Source) -> Option<PathBuf> {
    (source.packed && source.path.extension().is_some_and(|ending| ending == "gz"))
        .then(|| source.path.with_extension(""))
}

/// The copy beside which the description stands: a backup that was compressed later is described under its former name.
fn described(source: &Source) -> PathBuf {
    let before = before_gzip(source).filter(|_| !description_of(&source.path).exists());
    before.unwrap_or_else(|| source.path.clone())
}

/// The checksum that was written beside the copy, and what of. What we made has one; what others made may lack it, where a broken-off
/// file shows: a plain dump by its last line, and what gzip made by its own sum.
fn expected(source: &Source) -> Result<Option<(Compared, PathBuf, String)>, Trouble> {
    let own = checksum_of(&source.path);
    let places =
        [(Compared::File, Some(own.clone())), (Compared::Contents, before_gzip(source).map(|file| checksum_of(&file)))];
    for (compared, path) in places {
        let Some(path) = path else { continue };
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((compared, path.clone(), sum(&path, &text)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot("read", &path, &error)),
        }
    }
    if source.packed || source.form == Form::Script {
        return Ok(None);
    }
    Err(Trouble::new(
        format!("cannot read {}", own.display()),
        "there is no such file",
        "the checksum belongs beside the backup; `sha256sum FILE > FILE.sha256` makes one for a file that you trust",
    ))
}

fn sum(path: &Path, text: &str) -> Result<String, Trouble> {
    let word = text.split_whitespace().next().unwrap_or_default();
    if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(word.to_ascii_lowercase());
    }
    Err(Trouble::new(format!("cannot use {}", path.display()), "it holds no SHA-256", ""))
}
