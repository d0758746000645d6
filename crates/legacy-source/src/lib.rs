//! Databases as older programs left them: realistic, dirty if wanted, the same for the same seed.
//!
//! [`fill`] makes the tables of one of the built-in profiles and puts people into them. With dirt, every kind of it is there:
//! addresses that are equal but for case or Unicode form, NULLs, values of 10,000 characters, deleted, inactive and already
//! linked accounts, invalid links, columns with hyphens, short names of tenants with blanks, quotes, times without zone, and
//! hashes that are weak, unsupported, hostile or huge. Only for tests, benchmarks and guides: the passwords are known.

mod dirt;
mod hashes;
mod people;
mod postgres;
mod random;
mod sqlite;
mod table;

use std::collections::BTreeMap;

use thiserror::Error;

pub use people::Legacy;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whose tables.
    pub legacy: Legacy,
    /// How many people.
    pub users: u32,
    /// Another seed gives other people.
    pub seed: u64,
    /// Whether there is dirt.
    pub dirty: bool,
    /// How many tenants; as many as suit the people, if not given.
    pub tenants: Option<u32>,
    /// Whether the columns for the identity provider are spelled with underscores (C-37).
    pub underscores: bool,
}

impl Plan {
    /// Clean tables of a thousand people.
    pub const fn new(legacy: Legacy) -> Self {
        Self { legacy, users: 1_000, tenants: None, seed: 1, dirty: false, underscores: false }
    }
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// Rows by table, in the order in which they were made.
    pub tables: Vec<(String, u64)>,
    /// The passwords of the first people who have one that verifies, by their keys.
    pub canaries: BTreeMap<String, String>,
    /// The addresses of the same people with their passwords.
    pub people: Vec<(String, String)>,
}

/// The source could not be made.
#[derive(Debug, Error)]
pub enum FillError {
    /// The address names nothing that can be filled.
    #[error("name an empty database: postgresql://user@host/name, or sqlite:path")]
    Address,
    /// That profile is of a PostgreSQL database.
    #[error("tables of the profile {0} are made in PostgreSQL only")]
    Postgres(&'static str),
    /// PostgreSQL refused.
    #[error("PostgreSQL: {0}")]
    Server(String),
    /// SQLite refused.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl From<tokio_postgres::Error> for FillError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error.as_db_error().map_or_else(|| error.to_string(), |refusal| refusal.message().to_owned()))
    }
}

/// Makes tables in an empty database and fills them. Tables that are there already are never touched: it fails.
pub async fn fill(address: &str, plan: &Plan) -> Result<Filled, FillError> {
    if address.starts_with("postgres") && address.contains("://") {
        return postgres::fill(address, plan).await;
    }
    let path = address.strip_prefix("sqlite:").ok_or(FillError::Address)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if plan.legacy == Legacy::Authly {
        return Err(FillError::Postgres("authly"));
    }
    sqlite::fill(path, plan)
}
