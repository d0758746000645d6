//! The store that the settings name, opened, and a visitor that runs over either kind.

use std::future::Future;

use authly_config::{Database, Settings};

use crate::{live::AnyStore, trouble::Trouble};

/// What a database is, compared with what this program needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaReport {
    /// Steps that are still to be applied, by name.
    pub pending: Vec<String>,
    /// Why they cannot be: what stands in the database otherwise than it should.
    pub differences: Vec<String>,
}

impl SchemaReport {
    /// Whether this program can work on it as it is.
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.differences.is_empty()
    }
}

/// The schema of a store.
pub trait Schema: Send + Sync {
    /// Looks, and touches nothing.
    fn schema(&self) -> impl Future<Output = Result<SchemaReport, Trouble>> + Send;
    /// Applies what is pending; harmless when nothing is, and when several do it at once. Returns the names of the steps.
    fn migrate(&self) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;
    /// The engine with its version, as it says itself.
    fn engine(&self) -> impl Future<Output = Result<String, Trouble>> + Send;
}

/// A store with its schema; clones share their connections.
pub trait OpenStore: AnyStore + Schema + Clone {}

impl<S: AnyStore + Schema + Clone> OpenStore for S {}

/// Work over a store of either kind.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it.
    fn visit<S: OpenStore>(self, store: S) -> impl Future<Output = Self::Output>;
}

/// Opens the store that the settings name and does the work over it.
pub async fn open<T: Visitor>(settings: &Settings, visitor: T) -> Result<T::Output, Trouble> {
    match &settings.store.database {
        Database::Postgres(_) => Err(Trouble::new("no postgres yet", "", "")),
        Database::Sqlite(_) => Err(Trouble::new("no sqlite yet", "", "")),
    }
}

/// Whether the schema may be brought up to date without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Yes: AUTHLY_MIGRATE_ON_START.
    OnStart,
    /// No: refuse, naming the command.
    OnCommand,
}

/// Makes sure that the schema is what this program needs; applies what is pending where that is allowed. Returns the names of
/// the steps that were applied.
pub async fn bring_up_to_date<S: Schema>(settings: &Settings, store: &S) -> Result<Vec<String>, Trouble> {
    let migrate = if settings.store.migrate_on_start { Migrate::OnStart } else { Migrate::OnCommand };
    let report = store.schema().await?;
    if !report.differences.is_empty() {
        return Err(unfit(&report));
    }
    match (report.pending.is_empty(), migrate) {
        (true, _) => Ok(Vec::new()),
        (false, Migrate::OnStart) => store.migrate().await,
        (false, Migrate::OnCommand) => Err(Trouble::new(
            "the schema of the database is not up to date",
            format!("pending: {}", report.pending.join(", ")),
            "run `authly-admin migrate schema up`, or set AUTHLY_MIGRATE_ON_START=true",
        )),
    }
}

/// A database that will not be touched.
pub fn unfit(report: &SchemaReport) -> Trouble {
    Trouble::new(
        "this database cannot be used, and was left untouched",
        report.differences.join("\n"),
        "correct each line, or name another database in DATABASE_URL",
    )
}
