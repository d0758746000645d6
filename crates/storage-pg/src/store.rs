//! The store itself: what it is made from, and what its parts share.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime};
use oauth_core::store::StoreError;
use tokio_postgres::Client;

use crate::{
    connect::{Driver, OnDriver, Target},
    db::{Db, Unknown},
    error::ConnectError,
    reader::Readers,
    writer::Writers,
};

/// How the store uses its server.
#[derive(Clone, Copy, Debug)]
pub struct PgOptions {
    /// Connections of the pool at most; the three writers and the reader have one each beside it.
    pub max_connections: usize,
    /// How long a caller waits for a free connection before it is told that the store is busy.
    pub wait_timeout: Duration,
    /// How long a statement may take before its connection is given up.
    pub answer_timeout: Duration,
    /// How long a statement waits for a lock before it is told that the store is busy; zero leaves it to the server.
    pub lock_timeout: Duration,
}

impl Default for PgOptions {
    fn default() -> Self {
        Self {
            max_connections: 8,
            wait_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(15),
            lock_timeout: Duration::from_secs(3),
        }
    }
}

/// The repositories on PostgreSQL; clones share their connections.
#[derive(Clone)]
pub struct PgStore {
    inner: Arc<Inner>,
}

struct Inner {
    // Before the driver: connections end before the threads that drive them.
    db: Arc<Db>,
    readers: Readers,
    writers: Writers,
    target: Target,
    driver: Driver,
}

impl PgStore {
    /// Reads the address and prepares the pool; connections are made when they are needed.
    pub fn new(url: &str, options: PgOptions) -> Result<Self, ConnectError> {
        let target = Target::parse(url, options.lock_timeout)?;
        let driver = Driver::start()?;
        let handle = driver.handle().clone();
        let manager = Manager::from_connect(
            target.config().clone(),
            OnDriver { target: target.clone(), driver: handle.clone() },
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(options.max_connections.max(1))
            // The one that was used last is warm: its server process has its caches, and the others may sleep.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(options.wait_timeout))
            .create_timeout(Some(options.wait_timeout.max(Duration::from_secs(5))))
            .build()
            .map_err(|error| ConnectError::Refused(error.to_string()))?;
        let db = Arc::new(Db::new(pool, options.answer_timeout));
        let readers = Readers::start(&target, &handle, &db, options.answer_timeout);
        let writers = Writers::start(&target, &handle, &db, options.answer_timeout);
        Ok(Self { inner: Arc::new(Inner { db, readers, writers, target, driver }) })
    }

    /// How many times the server was asked something so far, statements being prepared apart: for tests and measurements.
    pub fn round_trips(&self) -> u64 {
        self.inner.db.trips()
    }

    /// Whether the server is on this machine by its address: by a socket in a folder, or on the loopback interface.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        self.inner.target.is_on_this_machine()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    pub(crate) fn writers(&self) -> &Writers {
        &self.inner.writers
    }

    /// A connection of the pool, or why there is none, in the words that a connection of its own has for it.
    pub(crate) async fn pooled_connection(&self) -> Result<Object, ConnectError> {
        self.db().pool().get().await.map_err(|error| match error {
            PoolError::Backend(error) => self.inner.target.refusal(error),
            PoolError::Timeout(_) => ConnectError::Refused("no connection in time".to_owned()),
            other => ConnectError::Refused(other.to_string()),
        })
    }

    /// A connection of its own, outside the pool.
    pub(crate) async fn own_connection(&self) -> Result<Client, ConnectError> {
        self.connection(&self.inner.target).await
    }

    /// A connection of its own to another database of the same server.
    pub(crate) async fn connection_to(&self, database: &str) -> Result<Client, ConnectError> {
        self.connection(&self.inner.target.to(database)).await
    }

    async fn connection(&self, target: &Target) -> Result<Client, ConnectError> {
        let opened = target.open(self.inner.driver.handle()).await;
        let (client, _) = opened.map_err(|error| target.refusal(error))?;
        Ok(client)
    }

    /// A write that changes nothing the second time.
    pub(crate) async fn settle(&self, sql: &'static str, params: crate::db::Params<'_>) -> Result<(), StoreError> {
        self.db().run(sql, params, Unknown::Repeat).await?;
        Ok(())
    }
}

impl std::fmt::Debug for PgStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgStore").field("pool", &self.db().pool().status()).finish_non_exhaustive()
    }
}
