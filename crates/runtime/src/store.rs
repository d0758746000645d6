//! The database that the settings name: its schema, and a visitor that runs over either kind.

use std::future::Future;

use authly_config::{Database as Named, Settings};
use authly_cutover::{board::BoardStore, store::CutoverStore};
use oauth_core::time::Timestamp;

use crate::{development, live::AnyStore, postgres::Postgres, sqlite::Sqlite, trouble::Trouble};

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

/// What a database holds; numbers are unknown where there is no such table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Its tables, by name.
    pub tables: Vec<String>,
    /// Users.
    pub users: Option<u64>,
    /// Users whose address is verified.
    pub verified_users: Option<u64>,
    /// Tokens that have not expired.
    pub living_tokens: Option<u64>,
}

/// A database that is named but not open yet: its schema comes first.
pub trait Database: Send + Sync {
    /// The store that it opens to, with what a migration writes to; clones share their connections.
    type Store: AnyStore + CutoverStore + BoardStore + Clone + 'static;

    /// The newest step of the schema that this program knows.
    fn newest_step(&self) -> &'static str;
    /// Looks at the schema, and touches nothing.
    fn schema(&self) -> impl Future<Output = Result<SchemaReport, Trouble>> + Send;
    /// Compares the schema with what the steps make, by name and definition; it must be up to date. Touches nothing.
    fn deviations(&self) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;
    /// Makes the view `auth_users` for applications that know accounts by its names (C-08).
    fn make_auth_users(&self) -> impl Future<Output = Result<(), Trouble>> + Send;
    /// Looks at what is there, whether it is ours or not.
    fn survey(&self, now: Timestamp) -> impl Future<Output = Result<Survey, Trouble>> + Send;
    /// A stored setting, whether the schema is up to date or not; none where there is no such table. Touches nothing.
    fn setting(&self, name: &str) -> impl Future<Output = Result<Option<String>, Trouble>> + Send;
    /// Applies what is pending; harmless when nothing is, and when several do it at once. Returns the names of the steps.
    fn migrate(&self) -> impl Future<Output = Result<Vec<String>, Trouble>> + Send;
    /// Opens the store, whose schema must be up to date.
    fn open(&self) -> impl Future<Output = Result<Self::Store, Trouble>> + Send;
    /// The engine with its version, as it says itself.
    fn engine(&self) -> impl Future<Output = Result<String, Trouble>> + Send;
}

/// Work over a database of either kind.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it.
    fn visit<D: Database>(self, database: D) -> impl Future<Output = Self::Output>;
}

/// Does the work over the database that the settings name.
pub async fn visit<T: Visitor>(settings: &Settings, visitor: T) -> Result<T::Output, Trouble> {
    match &settings.store.database {
        Named::Postgres(url) => Ok(visitor.visit(Postgres::new(url, &settings.store)?).await),
        Named::Sqlite(path) => Ok(visitor.visit(Sqlite::new(path)).await),
    }
}

/// Makes sure that the schema is what this program needs: applies what is pending where AUTHLY_MIGRATE_ON_START allows it, and
/// refuses otherwise, naming the command. Returns the names of the steps that were applied.
pub async fn bring_up_to_date<D: Database>(settings: &Settings, database: &D) -> Result<Vec<String>, Trouble> {
    let report = database.schema().await?;
    if !report.differences.is_empty() {
        return Err(unfit(&report));
    }
    match (report.pending.is_empty(), settings.store.migrate_on_start) {
        (true, _) => Ok(Vec::new()),
        (false, true) => {
            development::may_bring_up_to_date(settings, database).await?;
            database.migrate().await
        }
        (false, false) => Err(behind(&report)),
    }
}

/// Makes sure that the schema is what this program needs and touches nothing, for work that only reads: it neither makes a store
/// nor changes one.
pub async fn must_be_up_to_date<D: Database>(settings: &Settings, database: &D) -> Result<(), Trouble> {
    let report = database.schema().await?;
    if !report.differences.is_empty() {
        return Err(unfit(&report));
    }
    if report.pending.iter().any(|step| step.starts_with("V1__")) {
        return Err(absent(settings));
    }
    if report.pending.is_empty() { Ok(()) } else { Err(behind(&report)) }
}

/// Nobody has made the store yet.
fn absent(settings: &Settings) -> Trouble {
    Trouble::new(
        "there is no store yet",
        format!("{} holds nothing of Authly", settings.store.database),
        "name another one in DATABASE_URL, or go to the folder of the installation; a first start of `authly-server`, or \
         `authly-admin migrate schema up`, makes this one",
    )
}

/// A database that will not be touched.
pub fn unfit(report: &SchemaReport) -> Trouble {
    Trouble::new(
        "this database cannot be used, and was left untouched",
        report.differences.join("\n"),
        "correct each line, or name another database in DATABASE_URL",
    )
}

/// A database that somebody must bring up to date.
pub fn behind(report: &SchemaReport) -> Trouble {
    Trouble::new(
        "the schema of the database is not up to date",
        format!("pending: {}", report.pending.join(", ")),
        "run `authly-admin migrate schema up`, or set AUTHLY_MIGRATE_ON_START=true",
    )
}
