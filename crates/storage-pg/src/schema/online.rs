//! Runs migrations beside the traffic: short waits for locks, and marked files statement by statement without a transaction.

use std::error::Error as _;

use authly_failpoint::{Place, reached};
use refinery::Migration;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use tokio_postgres::{Client, error::SqlState};

use super::indexes;

/// The first line of a file whose statements run by themselves; each must be one that may be repeated.
pub(super) const MARK: &str = "-- authly: no-transaction";

/// A connection that migrates.
pub(super) struct Online<'a>(pub(super) &'a mut Client);

impl AsyncTransaction for Online<'_> {
    type Error = tokio_postgres::Error;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Self::Error> {
        let queries: Vec<&str> = queries.collect();
        let marked = queries.iter().any(|query| query.starts_with(MARK));
        if !marked {
            // Whoever else uses the table waits behind us while we wait for it (G9).
            self.0.batch_execute("SET lock_timeout = '100ms'").await?;
            return AsyncTransaction::execute(self.0, queries.into_iter()).await;
        }
        // Building beside the traffic waits for transactions that hold nothing up.
        self.0.batch_execute("SET lock_timeout = '10min'").await?;
        for query in &queries {
            for statement in indexes::statements(query) {
                indexes::drop_if_broken(self.0, &statement).await?;
                reached(Place::IndexBegun);
                let took = indexes::build(self.0, &statement).await?;
                reached(Place::IndexBuilt);
                tokio::time::sleep(indexes::rest(took)).await;
            }
        }
        Ok(queries.len())
    }
}

impl AsyncQuery<Vec<Migration>> for Online<'_> {
    async fn query<'a>(&'a mut self, query: &'a str) -> Result<Vec<Migration>, Self::Error> {
        AsyncQuery::query(self.0, query).await
    }
}

impl AsyncMigrate for Online<'_> {}

/// Whether another holder of a lock was in the way.
pub(super) fn may_try_again(error: &refinery::Error) -> bool {
    let in_the_way = [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED];
    database_error(error).and_then(tokio_postgres::Error::code).is_some_and(|code| in_the_way.contains(code))
}

/// What went wrong, the server's own words included.
pub(super) fn describe(error: &refinery::Error) -> String {
    let told = database_error(error).and_then(tokio_postgres::Error::as_db_error);
    told.map_or_else(|| error.to_string(), |told| format!("{error}: {}", told.message()))
}

fn database_error(error: &refinery::Error) -> Option<&tokio_postgres::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<tokio_postgres::Error>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
