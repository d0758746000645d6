//! The connection, kept up by a task of its own: whoever needs it takes it or does without, nobody waits for it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::bucket::Take;

/// A connection that is there or not.
pub(crate) struct Link {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    connection: Mutex<Option<MultiplexedConnection>>,
    broken: Notify,
    up: watch::Sender<bool>,
}

impl Link {
    /// The time to connect, and to answer the first commands.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// Between looks at a connection that nobody complains about.
    const LOOK: Duration = Duration::from_secs(10);
    /// The first and the longest pause between attempts.
    const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

    /// Starts to connect; the connection lives on the runtime of the caller.
    pub(crate) fn start(client: Client, script: Arc<Take>) -> Self {
        let shared =
            Arc::new(Shared { connection: Mutex::default(), broken: Notify::new(), up: watch::Sender::new(false) });
        let task = tokio::spawn(shared.clone().keep_up(client, script));
        Self { shared, task }
    }

    /// The connection, if there is one.
    pub(crate) fn connection(&self) -> Option<MultiplexedConnection> {
        self.shared.lock().clone()
    }

    /// Gives the connection up; another is made in the background.
    pub(crate) fn give_up(&self) {
        if self.shared.lock().take().is_some() {
            self.shared.up.send_replace(false);
            self.shared.broken.notify_one();
        }
    }

    /// Tells changes between up and down.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.shared.up.subscribe()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep_up(self: Arc<Self>, client: Client, script: Arc<Take>) {
        let mut pause = Link::PAUSE.0;
        loop {
            let Ok(connection) = connect(&client, &script).await else {
                sleep(pause).await;
                pause = (pause * 2).min(Link::PAUSE.1);
                continue;
            };
            pause = Link::PAUSE.0;
            *self.lock() = Some(connection.clone());
            self.up.send_replace(true);
            self.while_alive(connection).await;
            *self.lock() = None;
            self.up.send_replace(false);
            // A Redis that accepts connections and then fails must not be hammered either.
            sleep(pause).await;
        }
    }

    /// Returns when somebody gave the connection up, or it does not answer.
    async fn while_alive(&self, mut connection: MultiplexedConnection) {
        while timeout(Link::LOOK, self.broken.notified()).await.is_err() {
            let ping = redis::cmd("PING");
            if !matches!(timeout(Link::PATIENCE, ping.query_async::<()>(&mut connection)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

async fn connect(client: &Client, script: &Take) -> Result<MultiplexedConnection, Option<RedisError>> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(Link::PATIENCE)).set_response_timeout(None);
    let attempt = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        script.load(&mut connection).await?;
        Ok(connection)
    };
    timeout(Link::PATIENCE * 2, attempt).await.map_err(|_| None)?.map_err(Some)
}
