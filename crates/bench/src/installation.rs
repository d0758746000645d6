//! One installation: the programs, a store and the settings, as an operator would have them in production.

use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::failure::Failure;

/// The issuer of every installation here. Nothing is resolved: the name is only sent.
pub const ISSUER: &str = "https://auth.example.com";
/// The issuer's host.
pub const HOST: &str = "auth.example.com";

/// The two programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `authly-server`.
    pub server: PathBuf,
    /// `authly-admin`.
    pub admin: PathBuf,
}

impl Programs {
    /// The programs that were built into this folder.
    pub fn within(folder: &Path) -> Result<Self, Failure> {
        let program = |name: &str| {
            let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            let found = file.is_file();
            found.then_some(file).ok_or_else(|| Failure::new(format!("{} is not built", folder.join(name).display())))
        };
        Ok(Self { server: program("authly-server")?, admin: program("authly-admin")? })
    }
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StoreKind {
    /// PostgreSQL.
    Postgres,
    /// The embedded SQLite.
    Sqlite,
}

impl StoreKind {
    /// Its name in options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// Where an installation keeps its data.
#[derive(Clone, Debug)]
pub enum Store {
    /// An empty database of a PostgreSQL server; its first process tells what the database costs.
    Postgres {
        /// The URL of the database.
        url: String,
        /// The server's process, where it is known.
        process: Option<u32>,
    },
    /// A file in the installation's folder.
    Sqlite,
}

impl Store {
    /// Which kind it is.
    pub const fn kind(&self) -> StoreKind {
        match self {
            Self::Postgres { .. } => StoreKind::Postgres,
            Self::Sqlite => StoreKind::Sqlite,
        }
    }
}

/// An installation in a temporary folder.
#[derive(Debug)]
pub struct Installation {
    /// The programs.
    pub programs: Programs,
    /// Where it keeps its data.
    pub store: Store,
    /// The port that its server listens on, the same after each start.
    pub port: u16,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Installation {
    /// Prepares folder and settings; nothing is started.
    pub fn new(programs: Programs, store: Store) -> Result<Self, Failure> {
        let folder =
            TempDir::with_prefix("authly-bench-").map_err(|error| Failure::of("no temporary folder", error))?;
        let database = match &store {
            Store::Postgres { url, .. } => url.clone(),
            Store::Sqlite => format!("sqlite://{}", folder.path().join("authly.db").display()),
        };
        let port = free_port()?;
        let settings = [
            ("ENVIRONMENT", "production".to_owned()),
            ("DATABASE_URL", database),
            ("AUTHLY_DATA_DIR", folder.path().join("data").display().to_string()),
            ("AUTHLY_LISTEN", format!("127.0.0.1:{port}")),
            ("AUTHLY_ISSUER", ISSUER.to_owned()),
            ("ALLOWED_HOSTS", HOST.to_owned()),
            ("CORS_ORIGINS", "https://app.example.com".to_owned()),
            ("OAUTH_ENABLED", "true".to_owned()),
            ("JWT_SECRET_KEY", secret()?),
            ("JWT_REFRESH_SECRET_KEY", secret()?),
            ("SECRET_ENCRYPTION_KEY", secret()?),
            // One address sends everything.
            ("RATE_LIMIT_ENABLED", "false".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Ok(Self { programs, store, port, folder, settings })
    }

    /// One more setting, or another value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a setting.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// A program with the installation's settings and nothing of ours but the search path.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.settings.iter().map(|(name, value)| (name, value))).current_dir(self.folder.path());
        command
    }

    /// Its folder, in which commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// The file that the server on this port prints into.
    pub fn log(&self, port: u16) -> PathBuf {
        self.folder.path().join(format!("server-{port}.log"))
    }
}

/// 256 random bits in base64.
fn secret() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    let filled = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    filled.map_err(|error| Failure::of("no randomness", error))?;
    Ok(STANDARD.encode(bytes))
}

/// A port on which nothing listens.
pub fn free_port() -> Result<u16, Failure> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|error| Failure::of("no free port", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_installation_has_secrets_of_its_own_and_a_later_setting_replaces_an_earlier() {
        let programs = Programs { server: "s".into(), admin: "a".into() };
        let new = || Installation::new(programs.clone(), Store::Sqlite).unwrap();
        let value = |installation: &Installation, name: &str| {
            let values: Vec<_> = installation.settings.iter().filter(|(known, _)| known == name).collect();
            assert_eq!(values.len(), 1);
            values[0].1.clone()
        };
        let (one, two) = (new(), new().with("OAUTH_ENABLED", "false"));
        assert_ne!(value(&one, "JWT_SECRET_KEY"), value(&two, "JWT_SECRET_KEY"));
        assert_ne!(value(&one, "JWT_SECRET_KEY"), value(&one, "JWT_REFRESH_SECRET_KEY"));
        assert_eq!(value(&two, "OAUTH_ENABLED"), "false");
    }

    #[test]
    fn programs_that_are_not_built_are_named() {
        let folder = TempDir::new().unwrap();
        let failure = Programs::within(folder.path()).unwrap_err();
        assert!(failure.to_string().contains("authly-server is not built"), "{failure}");
    }
}
