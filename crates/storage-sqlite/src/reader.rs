//! Connections that read: some for short reads on the caller's thread, one with a thread for long ones.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use oauth_core::store::{StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    connection,
    db::Db,
    error::{OpenError, Outcome},
};

/// Connections for short reads; as many can run at the same instant.
const SHORT: usize = 4;

/// Long reads that may wait.
const QUEUE: usize = 64;

type LongRead = Box<dyn FnOnce(&Connection) + Send>;

#[derive(Debug)]
pub(crate) struct Readers {
    short: Vec<Mutex<Connection>>,
    long: Option<SyncSender<LongRead>>,
    thread: Option<JoinHandle<()>>,
}

impl Readers {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let short = (0..SHORT).map(|_| connection::reader(path).map(Mutex::new)).collect::<Result<_, _>>()?;
        let connection = connection::reader(path)?;
        let (long, waiting) = sync_channel::<LongRead>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-reader".to_owned())
            .spawn(move || waiting.iter().for_each(|ask| ask(&connection)))
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(Self { short, long: Some(long), thread: Some(thread) })
    }

    /// Runs a short read here and now. The first connection is preferred: its pages and statements are warm.
    pub(crate) fn short<T>(&self, ask: impl FnOnce(Db<'_>) -> Outcome<T>) -> Result<T, StoreError> {
        let free = self.short.iter().find_map(|connection| match connection.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        });
        let first = || self.short.first().map(|connection| connection.lock().unwrap_or_else(PoisonError::into_inner));
        let guard = free.or_else(first).ok_or(StoreError::new(StoreErrorKind::Unavailable))?;
        ask(Db(&guard)).map_err(|fault| fault.0)
    }

    /// Runs a read that may take long on the thread for those.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let read: LongRead = Box::new(move |connection| {
            if !reply.is_closed() {
                // Nobody waits any more: then nobody misses the answer.
                let _ = reply.send(ask(Db(connection)).map_err(|fault| fault.0));
            }
        });
        let long = self.long.as_ref().ok_or(StoreError::new(StoreErrorKind::Unavailable))?;
        long.try_send(read).map_err(|error| {
            StoreError::new(match error {
                TrySendError::Full(_) => StoreErrorKind::Busy,
                TrySendError::Disconnected(_) => StoreErrorKind::Unavailable,
            })
        })?;
        answer.await.unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::Unavailable)))
    }
}

impl Drop for Readers {
    /// Waits until the thread has closed its connection: while one is open, the log cannot be folded into the file.
    fn drop(&mut self) {
        drop(self.long.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}
