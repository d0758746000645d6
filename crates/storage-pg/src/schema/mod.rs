//! The schema: what is pending, how it is applied, and whether an existing database may be adopted.
//!
//! One connection at a time migrates. It asks for an advisory lock again and again instead of waiting for it, because
//! `CREATE INDEX CONCURRENTLY` waits for everybody who waits. The lock belongs to a session: migrations need a direct connection,
//! not one through a pooler that shares sessions.

mod adopt;
mod indexes;
mod online;
mod shape;
mod verify;
mod view;

use std::time::Duration;

use oauth_core::store::StoreError;
use refinery::Migration;
use refinery_core::AsyncMigrate as _;
use thiserror::Error;
use tokio_postgres::{Client, error::SqlState};

use self::online::Online;
use crate::{
    error::{ConnectError, Trouble},
    store::PgStore,
};

mod embedded {
    refinery::embed_migrations!("../../migrations/postgres");
}

/// Version, name and text of each migration, in order.
const KNOWN: &[(i32, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Where the applied migrations are listed.
const HISTORY: &str = "authly_schema_history";

/// The advisory lock of all who migrate: "authly" in ASCII.
const LOCK: i64 = 0x6175_7468_6c79;

/// How often and how long a busy database is tried.
const LOCK_PAUSE: Duration = Duration::from_millis(100);
const LOCK_TRIES: u32 = 6_000;
const STEP_PAUSE: Duration = Duration::from_millis(500);
const STEP_TRIES: u32 = 600;

/// The schema could not be read or changed.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Another program migrates and does not come to an end.
    #[error("another program has been migrating this database for too long")]
    Locked,
    /// The database is not one that can be adopted; nothing was changed.
    #[error("the database has another shape than expected, nothing was changed:\n- {}", .0.join("\n- "))]
    Different(Vec<String>),
    /// The database's user may not do what this takes.
    #[error("the database's user may not do that: {0}")]
    Denied(String),
    /// A newer release has changed the database so that this one cannot work on it; nothing was changed.
    #[error(
        "a newer release has used this database: its schema has version {found}, and this release knows versions up to \
         {known}:\n- {}", .differences.join("\n- ")
    )]
    Newer {
        /// The version in the database.
        found: i32,
        /// The newest version of this release.
        known: i32,
        /// What this release cannot work with.
        differences: Vec<String>,
    },
    /// A step failed; the steps before it are done, it has left no trace.
    #[error("the schema could not be changed: {0}")]
    Failed(String),
}

impl From<tokio_postgres::Error> for SchemaError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(refused) = error.as_db_error().filter(|error| *error.code() == SqlState::INSUFFICIENT_PRIVILEGE) {
            return Self::Denied(refused.message().to_owned());
        }
        let error = StoreError::from(Trouble::from(error));
        Self::Failed(error.source.map_or_else(|| format!("{:?}", error.kind), |cause| cause.to_string()))
    }
}

/// What a migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The steps that were applied, in order.
    pub applied: Vec<String>,
    /// Whether an older program's database was adopted, now or before.
    pub adopted: bool,
    /// Indexes that were missing or broken and were built again.
    pub rebuilt: Vec<String>,
}

impl PgStore {
    /// The steps that are not applied yet, in order.
    pub async fn pending(&self) -> Result<Vec<String>, SchemaError> {
        Ok(pending(applied(&self.own_connection().await?).await?.as_deref()))
    }

    /// The differences that would keep [`migrate`](Self::migrate) from adopting this database; none if it may.
    pub async fn differences(&self) -> Result<Vec<String>, SchemaError> {
        Ok(outstanding(&self.own_connection().await?).await?.1)
    }

    /// Both at once, for a start: what is not applied yet, and what would keep it from being. A connection of the pool is asked,
    /// which whoever goes on finds open.
    pub async fn outstanding(&self) -> Result<(Vec<String>, Vec<String>), SchemaError> {
        outstanding(&*self.pooled_connection().await?).await
    }

    /// What is missing or otherwise than the migrations make it, by name and definition; nothing where the schema is right. The
    /// schema must be up to date.
    pub async fn deviations(&self) -> Result<Vec<String>, SchemaError> {
        let mut client = self.own_connection().await?;
        verify::deviations(&mut client, &migrations()).await
    }

    /// Makes the view `auth_users` for applications that know accounts by its names.
    pub async fn make_auth_users(&self) -> Result<(), SchemaError> {
        view::make(&mut self.own_connection().await?).await
    }

    /// The server's version in its own words (S000-07).
    pub async fn server_version(&self) -> Result<String, SchemaError> {
        let client = self.own_connection().await?;
        Ok(client.query_one("SELECT version()", &[]).await?.try_get(0)?)
    }

    /// Applies what is pending. Others who migrate at the same time wait and then find nothing to do.
    pub async fn migrate(&self) -> Result<Report, SchemaError> {
        let mut client = self.own_connection().await?;
        lock(&client).await?;
        let outcome = migrate(&mut client).await;
        // The lock ends with the session in any case.
        client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await.ok();
        outcome
    }
}

/// An index is built on one processor, whatever the server would take for it: whoever signs in meanwhile has the others.
const GENTLY: &str = "SET max_parallel_maintenance_workers = 0";

async fn migrate(client: &mut Client) -> Result<Report, SchemaError> {
    client.batch_execute(GENTLY).await?;
    let (pending, differences) = outstanding(client).await?;
    if !differences.is_empty() {
        return Err(SchemaError::Different(differences));
    }
    let mut report = Report { applied: pending, ..Report::default() };
    if !report.applied.is_empty() {
        apply(client).await?;
    }
    report.rebuilt = indexes::repair(client, KNOWN.iter().map(|(_, _, text)| *text)).await?;
    report.adopted = client
        .query_opt("SELECT value = 'true' FROM settings WHERE name = 'shared_with_older_program'", &[])
        .await?
        .is_some_and(|row| row.get(0));
    Ok(report)
}

/// Runs the steps; one that had to wait for a lock too long is tried again, so that nobody waits long behind it.
async fn apply(client: &mut Client) -> Result<(), SchemaError> {
    for attempt in 1.. {
        let outcome =
            Online(client).migrate(&migrations(), true, false, false, refinery::Target::Latest, HISTORY).await;
        match outcome {
            Ok(_) => return Ok(()),
            Err(error) if attempt < STEP_TRIES && online::may_try_again(&error) => {
                tracing::info!("a step of the migration waits for a lock and is tried again");
                tokio::time::sleep(STEP_PAUSE).await;
            }
            Err(error) => return Err(SchemaError::Failed(online::describe(&error))),
        }
    }
    Ok(())
}

async fn lock(client: &Client) -> Result<(), SchemaError> {
    for _ in 0..LOCK_TRIES {
        if client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?.try_get(0)? {
            return Ok(());
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Err(SchemaError::Locked)
}

/// The versions that are applied; nothing where our first step was never done.
async fn applied(client: &Client) -> Result<Option<Vec<i32>>, SchemaError> {
    if !client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&HISTORY]).await?.try_get(0)? {
        return Ok(None);
    }
    let rows = client.query(&format!("SELECT version FROM {HISTORY}"), &[]).await?;
    Ok(Some(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?))
}

/// The name of the newest migration.
pub fn newest_step() -> &'static str {
    KNOWN.last().map_or("", |(_, name, _)| name)
}

fn pending(applied: Option<&[i32]>) -> Vec<String> {
    let known = applied.unwrap_or_default();
    let missing = KNOWN.iter().filter(|(version, ..)| !known.contains(version));
    missing.map(|(_, name, _)| (*name).to_owned()).collect()
}

/// What is not applied yet, and what would keep it from being.
async fn outstanding(client: &Client) -> Result<(Vec<String>, Vec<String>), SchemaError> {
    let applied = applied(client).await?;
    let pending = pending(applied.as_deref());
    let differences = adopt::differences(client, applied.is_some(), !pending.is_empty()).await?;
    let known = KNOWN.last().map_or(0, |(version, ..)| *version);
    let found = applied.into_iter().flatten().max().unwrap_or_default();
    // The release before a newer one works on, unless that one has changed what it stands on.
    if found > known && !differences.is_empty() {
        return Err(SchemaError::Newer { found, known, differences });
    }
    Ok((pending, differences))
}

/// The migrations as refinery applies them.
fn migrations() -> Vec<Migration> {
    let mut migrations = embedded::migrations::runner().get_migrations().clone();
    migrations.sort_by_key(Migration::version);
    migrations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_migrations_is_that_which_is_applied() {
        let all = migrations();
        let embedded: Vec<_> = all.iter().map(|one| (one.version(), one.to_string(), one.sql().unwrap())).collect();
        let known: Vec<_> = KNOWN.iter().map(|(version, name, text)| (*version, (*name).to_owned(), *text)).collect();
        assert_eq!(known, embedded);
    }
}
