//! PostgreSQL's own programs at work: dump, list, read to the end, restore. Passwords go into their environment and never into
//! their arguments, which every user of the machine may read.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
};

use authly_config::{Login, SecretUrl, Settings};
use authly_runtime::{
    Trouble,
    postgres::{Postgres, remedy},
    store::Database as _,
};
use authly_storage_pg::{PgStore, schema::SchemaError};

use crate::tools::{Tool, clean};

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
    pub(crate) fn dump(&self, tool: &Tool, file: File) -> Result<(), Trouble> {
        let mut command = self.command(tool, &self.login);
        command.args(["--format=custom", LOCK_PATIENCE]).stdout(file);
        run(command, "pg_dump", "correct what it says, and try again; nothing was kept")
    }

    /// Fills the empty database of that name from a dump.
    pub(crate) fn fill(&self, tool: &Tool, database: &str, dump: &Path, foreign: bool) -> Result<(), Trouble> {
        let mut command = self.command(tool, &self.login.to(database));
        command.arg("--exit-on-error").stdout(Stdio::null());
        if foreign {
            command.args(["--no-owner", "--no-privileges", "--no-comments"]);
        }
        command.arg(dump);
        let remedy = "correct what it says, and try again; where it is about roles or owners, add --no-owner";
        run(command, "pg_restore", remedy)
    }
}

/// The entries of a dump, one line each.
pub(crate) fn entries(tool: &Tool, dump: &Path) -> Result<Vec<String>, Trouble> {
    let mut command = clean(&tool.path);
    let output = command.arg("--list").arg(dump).stdin(Stdio::null()).output();
    let output = output.map_err(|error| Trouble::caused("cannot run pg_restore", &error, ""))?;
    if !output.status.success() {
        return Err(told("pg_restore --list", &output.stderr, "the file is no dump, or damaged; use another"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty()).map(str::to_owned).collect())
}

/// Reads and unpacks a dump from its first byte to its last, and throws away what comes out.
pub(crate) fn read_to_the_end(tool: &Tool, dump: &Path) -> Result<(), Trouble> {
    let mut command = clean(&tool.path);
    command.arg("--file=-").arg(dump).stdout(Stdio::null());
    run(command, "pg_restore", "the dump is damaged; use another")
}

fn run(mut command: Command, name: &str, remedy: &str) -> Result<(), Trouble> {
    let ended = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().and_then(|child| child.wait_with_output());
    let ended = ended.map_err(|error| Trouble::caused(format!("cannot run {name}"), &error, ""))?;
    if ended.status.success() { Ok(()) } else { Err(told(name, &ended.stderr, remedy)) }
}

/// The last lines of what a program said.
fn told(name: &str, stderr: &[u8], remedy: &str) -> Trouble {
    const LINES: usize = 12;
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n");
    let why = if last.trim().is_empty() { "it ended without a word".to_owned() } else { last };
    Trouble::new(format!("{name} failed"), why, remedy)
}
