//! Connections that read: some for short reads on the caller's thread, one with a thread for long ones.
//!
//! Each holds the schema and pages of its own, a third of a megabyte: all but the first are opened when they are needed, and that
//! of long reads, which are rare, is closed again.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
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

/// After so long without a long read their connection is closed.
const PATIENCE: Duration = Duration::from_secs(5);

type LongRead = Box<dyn FnOnce(Option<&Connection>) + Send>;

#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    /// The first is open from the start, the others from their first use.
    short: Vec<Mutex<Option<Connection>>>,
    long: Option<SyncSender<LongRead>>,
    thread: Option<JoinHandle<()>>,
}

impl Readers {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let first = connection::reader(path)?;
        let short = std::iter::once(Some(first)).chain((1..SHORT).map(|_| None)).map(Mutex::new).collect();
        let (long, waiting) = sync_channel::<LongRead>(QUEUE);
        let file = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("sqlite-reader".to_owned())
            .spawn(move || read_long(&file, &waiting, PATIENCE))
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), short, long: Some(long), thread: Some(thread) })
    }

    /// Runs a short read here and now. The first connection is preferred: its pages and statements are warm.
    pub(crate) fn short<T>(&self, ask: impl FnOnce(Db<'_>) -> Outcome<T>) -> Result<T, StoreError> {
        let unavailable = || StoreError::new(StoreErrorKind::Unavailable);
        if let Some(mut free) = self.free()
            && let Some(connection) = opened(&mut free, &self.path)
        {
            return ask(Db(connection)).map_err(|fault| fault.0);
        }
        // All are busy, or no file can be opened any more: what is open from the start serves one after another.
        let first = self.short.first().ok_or_else(unavailable)?.lock().unwrap_or_else(PoisonError::into_inner);
        ask(Db(first.as_ref().ok_or_else(unavailable)?)).map_err(|fault| fault.0)
    }

    /// The first connection that nobody uses; those that are open come before those that are not.
    fn free(&self) -> Option<MutexGuard<'_, Option<Connection>>> {
        self.short.iter().find_map(|connection| match connection.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// Runs a read that may take long on the thread for those.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let read: LongRead = Box::new(move |connection| {
            if !reply.is_closed() {
                let read = connection.ok_or(StoreError::new(StoreErrorKind::Unavailable));
                // Nobody waits any more: then nobody misses the answer.
                let _ = reply.send(read.and_then(|connection| ask(Db(connection)).map_err(|fault| fault.0)));
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

/// Runs long reads until nobody can ask for one any more.
fn read_long(file: &Path, waiting: &Receiver<LongRead>, patience: Duration) {
    let mut own = None;
    loop {
        let asked = match own {
            None => waiting.recv().map_err(RecvTimeoutError::from),
            Some(_) => waiting.recv_timeout(patience),
        };
        match asked {
            Ok(ask) => ask(opened(&mut own, file)),
            Err(RecvTimeoutError::Timeout) => own = None,
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The connection in its place, opened now where it was not yet; none where the file cannot be opened.
fn opened<'a>(place: &'a mut Option<Connection>, path: &Path) -> Option<&'a Connection> {
    if place.is_none() {
        *place = connection::reader(path)
            .inspect_err(|error| tracing::warn!(%error, "one more connection to the database file cannot be opened"))
            .ok();
    }
    place.as_ref()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(readers: &Readers) -> usize {
        readers.short.iter().filter(|place| place.try_lock().is_ok_and(|place| place.is_some())).count()
    }

    fn answer(db: Db<'_>) -> Outcome<i64> {
        Ok(db.0.query_row("SELECT 42", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn connections_are_opened_as_reads_meet() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("read.db");
        drop(connection::writer(&file).unwrap());
        let readers = Readers::open(&file).unwrap();
        assert_eq!(readers.short(answer).unwrap(), 42);
        assert_eq!(open(&readers), 1);
        // A read within a read finds the first connection busy.
        assert_eq!(readers.short(|_| Ok(readers.short(answer))).unwrap().unwrap(), 42);
        assert_eq!(open(&readers), 2);
        assert_eq!(readers.long(answer).await.unwrap(), 42);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_connection_of_long_reads_is_closed_when_it_is_not_needed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("read.db");
        drop(connection::writer(&file).unwrap());
        let held = || {
            let all = std::fs::read_dir("/proc/self/fd").unwrap();
            all.filter(|link| std::fs::read_link(link.as_ref().unwrap().path()).is_ok_and(|target| target == file))
                .count()
        };
        let (long, waiting) = sync_channel::<LongRead>(QUEUE);
        std::thread::scope(|scope| {
            let file = &file;
            scope.spawn(move || read_long(file, &waiting, Duration::from_millis(20)));
            for _ in 0..2 {
                let (answer, answered) = std::sync::mpsc::channel();
                long.send(Box::new(move |connection| {
                    let found = connection.is_some_and(|connection| answer_of(connection) == 42);
                    answer.send(found).unwrap();
                }))
                .unwrap();
                assert!(answered.recv().unwrap());
                while held() > 0 {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            drop(long);
        });
    }

    fn answer_of(connection: &Connection) -> i64 {
        connection.query_row("SELECT 42", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn where_no_more_can_be_opened_reads_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("read.db");
        drop(connection::writer(&file).unwrap());
        let readers = Readers::open(&file).unwrap();
        std::fs::rename(&file, folder.path().join("gone.db")).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let slow = |db: Db<'_>| {
                        std::thread::sleep(std::time::Duration::from_millis(5));
                        answer(db)
                    };
                    assert_eq!(readers.short(slow).unwrap(), 42);
                });
            }
        });
        assert_eq!(open(&readers), 1);
    }
}
