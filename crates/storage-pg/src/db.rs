//! Running statements: connections from the pool, prepared once each, repeated where that is harmless.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use deadpool_postgres::{Object, Pool, PoolError, TimeoutType};
use futures_util::future::try_join_all;
use oauth_core::store::StoreError;
use tokio_postgres::{IsolationLevel, Row, types::ToSql};

use crate::error::{Trouble, busy, unavailable};

/// The parameters of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A statement with its parameters, as part of several.
pub(crate) type Statement<'a> = (&'static str, Vec<&'a (dyn ToSql + Sync)>);

/// So few are polled in their order.
const SENT_AT_ONCE: usize = 16;

/// How often a statement that another transaction came between is tried in all.
pub(crate) const TRIES: u32 = 5;

/// What to do when nobody can tell whether a statement took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Run it again: a read, or a write that changes nothing the second time.
    Repeat,
    /// Report it.
    Report,
}

/// The pool and what is known of its use.
pub(crate) struct Db {
    pool: Pool,
    answer_within: Duration,
    trips: AtomicU64,
}

impl Db {
    pub(crate) const fn new(pool: Pool, answer_within: Duration) -> Self {
        Self { pool, answer_within, trips: AtomicU64::new(0) }
    }

    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// How many times the server was asked something.
    pub(crate) fn trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    pub(crate) fn count_trip(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    /// A read.
    pub(crate) async fn read(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(sql, params, Unknown::Repeat).await?)
    }

    /// A read of one row at most.
    pub(crate) async fn read_one(&self, sql: &'static str, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        Ok(self.run(sql, params, Unknown::Repeat).await?.into_iter().next())
    }

    /// A write that answers how many rows it changed, as the only column of its only row.
    pub(crate) async fn write(&self, sql: &'static str, params: Params<'_>, unknown: Unknown) -> Result<u64, Trouble> {
        let rows = self.run(sql, params, unknown).await?;
        let count: i64 = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => 0,
        };
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Runs one statement, again where that may help.
    pub(crate) async fn run(
        &self,
        sql: &'static str,
        params: Params<'_>,
        unknown: Unknown,
    ) -> Result<Vec<Row>, Trouble> {
        let (mut contended, mut stale, mut disconnected) = (0, 0, 0);
        loop {
            match self.once(sql, params).await {
                Err(Trouble::Contended(_)) if contended + 1 < TRIES => contended += 1,
                Err(Trouble::Stale(_)) if stale == 0 => {
                    stale += 1;
                    self.pool.manager().statement_caches.clear();
                }
                Err(Trouble::Disconnected(_)) if unknown == Unknown::Repeat && disconnected == 0 => disconnected += 1,
                outcome => return outcome,
            }
        }
    }

    async fn once(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Trouble> {
        let client = self.client().await?;
        let answer = self
            .answer(async {
                let statement = client.prepare_cached(sql).await?;
                client.query(&statement, params).await
            })
            .await;
        if matches!(answer, Err(Trouble::Disconnected(_))) {
            // Whatever is still under way on this connection must not hold up the next caller.
            drop(Object::take(client));
        }
        answer
    }

    /// Counts a trip and waits for its end, but not for ever.
    async fn answer<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Trouble> {
        self.answer_in(self.answer_within, asked).await
    }

    async fn answer_in<T>(
        &self,
        time: Duration,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Trouble> {
        self.count_trip();
        match tokio::time::timeout(time, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Trouble::Disconnected(unavailable("no answer in time"))),
        }
    }

    /// A connection for as long as it is held.
    pub(crate) async fn client(&self) -> Result<Object, Trouble> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => Trouble::Refused(busy("every connection is in use")),
            PoolError::Backend(error) => Trouble::Refused(unavailable(format!(
                "no connection: {}",
                StoreErrorText(&StoreError::from(Trouble::from(error)))
            ))),
            other => Trouble::Refused(unavailable(format!("no connection: {other}"))),
        })
    }

    /// Begins steps that belong together; each statement sees what was committed before it.
    pub(crate) async fn begin<'a>(&'a self, client: &'a mut Object) -> Result<Steps<'a>, Trouble> {
        let transaction = self.answer(client.transaction()).await?;
        Ok(Steps { db: self, transaction })
    }

    /// Begins reads that all see the same instant.
    pub(crate) async fn begin_snapshot<'a>(&'a self, client: &'a mut Object) -> Result<Steps<'a>, Trouble> {
        let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        Ok(Steps { db: self, transaction: self.answer(builder.start()).await? })
    }

    /// Begins steps of a kind that wait for each other: every statement sees what the former holder of the gate did.
    pub(crate) async fn begin_behind<'a>(&'a self, gate: Gate, client: &'a mut Object) -> Result<Steps<'a>, Trouble> {
        let steps = self.begin(client).await?;
        steps.run(LOCK_GATE, &[&gate.name()]).await?;
        Ok(steps)
    }
}

/// Waits for the holder of a gate.
pub(crate) const LOCK_GATE: &str = "SELECT revision FROM revisions WHERE name = $1 FOR UPDATE";

/// Which writes wait for each other; both kinds are rare.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gate {
    /// Names of accounts, which are unique by folded form.
    Accounts,
    /// The catalog.
    Catalog,
}

impl Gate {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Catalog => "catalog",
        }
    }
}

/// A transaction under way; dropped without a commit it leaves no trace.
pub(crate) struct Steps<'a> {
    db: &'a Db,
    transaction: deadpool_postgres::Transaction<'a>,
}

impl Steps<'_> {
    /// Runs one statement and returns its rows.
    pub(crate) async fn run(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Trouble> {
        self.step(async {
            let statement = self.transaction.prepare_cached(sql).await?;
            self.transaction.query(&statement, params).await
        })
        .await
    }

    /// Runs one statement and returns how many rows it changed.
    pub(crate) async fn change(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Trouble> {
        self.step(async {
            let statement = self.transaction.prepare_cached(sql).await?;
            self.transaction.execute(&statement, params).await
        })
        .await
    }

    /// Runs statements in their order and returns the rows of each. All are sent before the first is answered: the server has the
    /// next at hand when it is done with one. Where one fails, none behind it takes effect.
    pub(crate) async fn run_all(&self, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, Trouble> {
        let mut rows = Vec::with_capacity(statements.len());
        for part in statements.chunks(SENT_AT_ONCE) {
            let mut prepared = Vec::with_capacity(part.len());
            for (sql, _) in part {
                prepared.push(self.step(self.transaction.prepare_cached(sql)).await?);
            }
            // A query is sent when it is first polled, and the first poll goes through them in order.
            let asked = part.iter().zip(&prepared).map(|((_, params), known)| self.transaction.query(known, params));
            let patience = u32::try_from(part.len()).unwrap_or(u32::MAX);
            rows.extend(self.step_within(patience, try_join_all(asked)).await?);
        }
        Ok(rows)
    }

    async fn step<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Trouble> {
        self.step_within(1, asked).await
    }

    async fn step_within<T>(
        &self,
        patience: u32,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Trouble> {
        let answer = self.db.answer_in(self.db.answer_within.saturating_mul(patience), asked).await;
        if matches!(answer, Err(Trouble::Stale(_))) {
            // A transaction cannot go on after an error; the next one prepares anew.
            self.db.pool.manager().statement_caches.clear();
        }
        answer
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), Trouble> {
        self.db.answer(self.transaction.commit()).await
    }
}

/// The cause of an error for another error's text.
struct StoreErrorText<'a>(&'a StoreError);

impl std::fmt::Display for StoreErrorText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.source {
            Some(cause) => cause.fmt(f),
            None => self.0.fmt(f),
        }
    }
}
