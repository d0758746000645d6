//! PostgreSQL's own programs at work: dump, list, read to the end, restore. Passwords go into their environment and never into
//! their arguments, which every user of the machine may read.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::{ChildStdin, Command, Stdio},
};

use authly_config::{Login, SecretUrl, Settings};
use authly_runtime::{
    Trouble,
    postgres::{Postgres, remedy},
    store::Database as _,
};
use authly_storage_pg::{PgStore, schema::SchemaError};

use crate::{
    interrupt::Interrupt,
    program::{Feed, contents, run},
    script::{self, Owners},
    source::Source,
    tools::{Tool, clean},
};

/// How long a dump waits for a table that somebody has locked.
const LOCK_PATIENCE: &str = "--lock-wait-timeout=30000";

/// The store at that address.
pub(crate) async fn store(url: &SecretUrl, settings: &Settings) -> Result<PgStore, Trouble> {
    Postgres::new(url, &settings.store)?.open().await
}

/// What the server refused.
pub(crate) fn refused(what: impl Into<String>) -> impl FnOnce(SchemaError) -> Trouble {
    let what = what.into();
    move |error| {
        let remedy = match &error {
            SchemaError::Connect(error) => remedy(error),
            _ => "check that the database answers, and what its user may do".to_owned(),
        };
        Trouble::caused(what, &error, remedy)
    }
}

/// How the programs reach a database.
pub(crate) struct Access<'a> {
    login: Login,
    certificate: Option<&'a Path>,
}

impl<'a> Access<'a> {
    pub(crate) fn new(url: &SecretUrl, settings: &'a Settings) -> Self {
        Self { login: url.login(), certificate: settings.store.ca_certificate.as_deref() }
    }

    fn command(&self, tool: &Tool, login: &Login) -> Command {
        let mut command = clean(&tool.path);
        command.args(["--no-password", &format!("--dbname={}", login.address)]);
        command.env("PGAPPNAME", "authly-backup").env("PGCONNECT_TIMEOUT", "10");
        if let Some(password) = &login.password {
            command.env("PGPASSWORD", password.expose());
        }
        if let Some(certificate) = self.certificate {
            command.env("PGSSLROOTCERT", certificate);
        }
        command
    }

    /// Writes a dump of the database, as of one instant, into `file`.
    pub(crate) fn dump(&self, tool: &Tool, file: File, interrupt: &Interrupt) -> Result<(), Trouble> {
        let mut command = self.command(tool, &self.login);
        command.args(["--format=custom", LOCK_PATIENCE]).stdout(file);
        run(command, "pg_dump", "correct what it says, and try again; nothing was kept", None, interrupt).map(drop)
    }

    /// Fills the empty database of that name from a dump in the custom format.
    pub(crate) fn fill(
        &self,
        tool: &Tool,
        database: &str,
        dump: &Source,
        owners: Owners,
        interrupt: &Interrupt,
    ) -> Result<(), Trouble> {
        let mut command = self.command(tool, &self.login.to(database));
        command.arg("--exit-on-error").stdout(Stdio::null());
        if owners == Owners::LeaveOut {
            command.args(["--no-owner", "--no-privileges", "--no-comments"]);
        }
        read_by(command, "pg_restore", FOREIGN, dump, interrupt).map(drop)
    }

    /// Fills the empty database of that name from a dump in plain SQL: all of it, or nothing.
    ///
    /// `digest` is the SHA-256 of the dump. It is the word that would let commands of psql through again, and no dump can hold its own.
    pub(crate) fn tell(
        &self,
        tool: &Tool,
        database: &str,
        dump: &Source,
        digest: &str,
        owners: Owners,
        interrupt: &Interrupt,
    ) -> Result<(), Trouble> {
        let mut command = self.command(tool, &self.login.to(database));
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--file=-"]);
        command.stdout(Stdio::null());
        let restricts = tool.restricts();
        let feed: Feed<'_> = Box::new(move |into: &mut ChildStdin| {
            // What it does not take it has a reason for, and tells.
            if restricts && writeln!(into, "\\restrict {digest}").is_err() {
                return Ok(());
            }
            script::copy(dump, owners, into).map(drop)
        });
        run(command, "psql", FOREIGN, Some(feed), interrupt).map(drop)
    }
}

/// What to do where a dump does not go into a database.
const FOREIGN: &str = "correct what it says, and try again; where it is about roles or owners, add --no-owner";

/// The entries of a dump, one line each.
pub(crate) fn entries(tool: &Tool, dump: &Source, interrupt: &Interrupt) -> Result<Vec<String>, Trouble> {
    let mut command = clean(&tool.path);
    command.arg("--list").stdout(Stdio::piped());
    let list = read_by(command, "pg_restore --list", "the file is no dump, or damaged; use another", dump, interrupt)?;
    let text = String::from_utf8_lossy(&list);
    Ok(text.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty()).map(str::to_owned).collect())
}

/// Reads and unpacks a dump from its first byte to its last, and throws away what comes out.
pub(crate) fn read_to_the_end(tool: &Tool, dump: &Source, interrupt: &Interrupt) -> Result<(), Trouble> {
    let mut command = clean(&tool.path);
    command.arg("--file=-").stdout(Stdio::null());
    read_by(command, "pg_restore", "the dump is damaged; use another", dump, interrupt).map(drop)
}

/// Lets a program read a dump: from its file, which it may then read in any order, or unpacked as it comes.
fn read_by(
    mut command: Command,
    name: &str,
    remedy: &str,
    dump: &Source,
    interrupt: &Interrupt,
) -> Result<Vec<u8>, Trouble> {
    if dump.packed {
        return run(command, name, remedy, Some(contents(dump)), interrupt);
    }
    command.arg(&dump.path);
    run(command, name, remedy, None, interrupt)
}
