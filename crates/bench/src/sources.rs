//! The databases of older programs that migrations are measured with.

use std::process::Command;

use tempfile::TempDir;

use crate::failure::Failure;
use crate::migrate::Size;

/// Databases of older programs, made once for all targets.
#[derive(Debug)]
pub struct Sources {
    folder: TempDir,
    /// Their kinds and addresses.
    pub all: Vec<(&'static str, String)>,
}

impl Sources {
    /// Fills an SQLite file, and a database of PostgreSQL where there is one.
    pub fn make(program: &std::path::Path, postgres: Option<&str>, size: Size) -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("authly-old-").map_err(|error| Failure::of("no temporary folder", error))?;
        let mut all = vec![("sqlite", format!("sqlite:{}", folder.path().join("old.db").display()))];
        all.extend(postgres.map(|url| ("postgres", format!("{url}_source"))));
        for (_, address) in &all {
            fill(program, "tenants", size, address)?;
        }
        Ok(Self { folder, all })
    }

    /// Where the files are.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Makes the tables of an older program.
pub fn fill(program: &std::path::Path, profile: &str, size: Size, address: &str) -> Result<(), Failure> {
    let (users, tenants) = (size.users.to_string(), size.tenants.to_string());
    let mut command = Command::new(program);
    command.args(["--profile", profile, "--users", &users, "--tenants", &tenants, "--dirty", address]);
    let output = command.output().map_err(|error| Failure::of("cannot run legacy-source", error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Failure::of("legacy-source", String::from_utf8_lossy(&output.stderr))),
    }
}
