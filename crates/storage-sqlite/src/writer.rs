//! The one thread that writes: it takes all writes that wait and commits them in one transaction.
//!
//! A lone caller does not wait for company: a batch is what has gathered while the previous one was on its way to the disk. Each
//! write of a batch has a savepoint, so that one that fails leaves nothing behind and harms nobody.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

use oauth_core::store::{StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    db::Db,
    error::{Fault, OpenError, Outcome},
    flusher::Flusher,
};

/// Writes that may wait; beyond that the answer is "busy".
const QUEUE: usize = 4_096;

/// The most writes of one transaction.
const BATCH: usize = 256;

/// From when on a write outlives an outage of power; a crash of the process takes none back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// Once it is answered: its log is on the disk.
    AtOnce,
    /// Once a later write is: until then it may be taken back, with whatever came after it. It holds the lock for as long as it
    /// takes, and not for as long as the disk does.
    Later,
}

/// The way to the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<Sender<Box<dyn Step>>>,
    /// How many wait. A bounded channel would hold room for all of them from the start.
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Self, OpenError> {
        let (queue, steps) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut incoming = Incoming { steps, waiting: waiting.clone() };
        let path = connection.path().unwrap_or_default().into();
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(&connection, &mut incoming))
            .map_err(|source| OpenError::Io { path, source })?;
        Ok(Self { queue: Some(queue), waiting, thread: Some(thread) })
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        last: Last,
        work: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let step = Box::new(Write { work: Some(work), last, outcome: None, reply });
        let queue = self.queue.as_ref().ok_or(StoreError::new(StoreErrorKind::Unavailable))?;
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::new(StoreErrorKind::Busy));
        }
        queue.send(step).map_err(|_| StoreError::new(StoreErrorKind::Unavailable))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::Unavailable)))
    }
}

impl Drop for Writer {
    /// Waits until what was queued is written.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// One write under way, whatever its type.
trait Step: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// From when on it lasts.
    fn last(&self) -> Last;
    /// Does it; tells whether what it wrote may stay.
    fn run(&mut self, db: Db<'_>) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>, committed: Result<(), StoreErrorKind>);
}

struct Write<T, F> {
    work: Option<F>,
    last: Last,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(Db<'_>) -> Outcome<T> + Send> Step for Write<T, F> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn last(&self) -> Last {
        self.last
    }

    fn run(&mut self, db: Db<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // The savepoint is rolled back and the connection holds nothing of the step, so unwinding leaves no broken state.
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| work(db)));
        let outcome = done.unwrap_or_else(|_| Err(Fault(StoreError::new(StoreErrorKind::Unavailable))));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome.map_err(|fault| fault.0));
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreErrorKind>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Ok(_)), Err(kind)) => Err(StoreError::new(kind)),
            (None, Err(kind)) => Err(StoreError::new(kind)),
            (None, Ok(())) => Err(StoreError::new(StoreErrorKind::Unavailable)),
        };
        // Nobody waits any more: the write stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// What comes to the thread.
struct Incoming {
    steps: Receiver<Box<dyn Step>>,
    waiting: Arc<AtomicUsize>,
}

impl Incoming {
    /// Waits for the next batch; `false` when there will be none.
    fn gather(&mut self, batch: &mut Vec<Box<dyn Step>>) -> bool {
        let Ok(first) = self.steps.recv() else { return false };
        batch.push(first);
        batch.extend(self.steps.try_iter().take(BATCH - 1));
        self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        true
    }
}

fn work(connection: &Connection, incoming: &mut Incoming) {
    let (mut batch, mut flusher) = (Vec::new(), Flusher::of(connection));
    while incoming.gather(&mut batch) {
        batch.retain(|step| !step.is_abandoned());
        if batch.is_empty() {
            continue;
        }
        let waits = batch.iter().any(|step| step.last() == Last::AtOnce);
        let committed = commit(Db(connection), &mut batch, waits).map_err(|fault| {
            tracing::error!(error = ?fault.0, writes = batch.len(), "a batch of writes was not committed");
            // Whatever is still open is not going to be committed.
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            match fault.0.kind {
                StoreErrorKind::Busy => StoreErrorKind::Busy,
                _ => StoreErrorKind::Unavailable,
            }
        });
        if !waits {
            flusher.wake();
        }
        batch.drain(..).for_each(|step| step.answer(committed.clone()));
    }
}

/// Runs all steps in one transaction, which waits for the disk or does not.
fn commit(db: Db<'_>, batch: &mut [Box<dyn Step>], waits: bool) -> Outcome<()> {
    if waits {
        return transact(db, batch);
    }
    db.0.pragma_update(None, "synchronous", "NORMAL")?;
    let done = transact(db, batch);
    db.0.pragma_update(None, "synchronous", "FULL")?;
    done
}

fn transact(db: Db<'_>, batch: &mut [Box<dyn Step>]) -> Outcome<()> {
    db.run("BEGIN IMMEDIATE", [])?;
    if let [only] = batch {
        // The transaction itself is the savepoint of a lone write.
        let end = if only.run(db) { "COMMIT" } else { "ROLLBACK" };
        return db.run(end, []).map(drop);
    }
    for step in batch {
        db.run("SAVEPOINT step", [])?;
        if !step.run(db) {
            db.run("ROLLBACK TO step", [])?;
        }
        db.run("RELEASE step", [])?;
    }
    db.run("COMMIT", []).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_is_busy_and_what_waits_in_it_is_written() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE written (id INTEGER PRIMARY KEY)").unwrap();
        let writer = Arc::new(Writer::start(connection).unwrap());
        let write = |work: fn(Db<'_>) -> Outcome<()>| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.write(Last::AtOnce, work).await })
        };
        let insert = |db: Db<'_>| db.run("INSERT INTO written DEFAULT VALUES", []).map(drop);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (entering, entered) = oneshot::channel();
        let blocking = writer.clone();
        let first = tokio::spawn(async move {
            let held = move |_: Db<'_>| {
                entering.send(()).ok();
                gate.recv().ok();
                Ok(())
            };
            blocking.write(Last::AtOnce, held).await
        });
        entered.await.unwrap();
        let all: Vec<_> = (0..QUEUE).map(|_| write(insert)).collect();
        while writer.waiting.load(Ordering::Relaxed) < QUEUE {
            tokio::task::yield_now().await;
        }
        assert_eq!(write(insert).await.unwrap().unwrap_err().kind, StoreErrorKind::Busy);
        open.send(()).unwrap();
        first.await.unwrap().unwrap();
        for one in all {
            one.await.unwrap().unwrap();
        }
        let count = |db: Db<'_>| Ok(db.0.query_row("SELECT count(*) FROM written", [], |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.write(Last::AtOnce, count).await.unwrap(), 4_096);
        assert_eq!(writer.waiting.load(Ordering::Relaxed), 0);
    }

    /// What `PRAGMA synchronous` says in the middle of a write: 2 waits for the disk, 1 does not.
    fn synchronous(db: Db<'_>) -> Outcome<i64> {
        Ok(db.0.query_row("PRAGMA synchronous", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn only_a_transaction_of_writes_that_may_last_later_does_not_wait_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = crate::connection::writer(&folder.path().join("a.db")).unwrap();
        let writer = Writer::start(connection).unwrap();
        for (last, expected) in [(Last::AtOnce, 2), (Last::Later, 1), (Last::AtOnce, 2), (Last::Later, 1)] {
            assert_eq!(writer.write(last, synchronous).await.unwrap(), expected);
        }
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (entering, entered) = oneshot::channel();
        let held = move |_: Db<'_>| {
            entering.send(()).ok();
            Ok(gate.recv().ok())
        };
        // What comes while the first is under way is one transaction.
        let gathered = async {
            entered.await.unwrap();
            let both =
                async { tokio::join!(writer.write(Last::Later, synchronous), writer.write(Last::AtOnce, synchronous)) };
            let opened = async {
                while writer.waiting.load(Ordering::Relaxed) < 2 {
                    tokio::task::yield_now().await;
                }
                open.send(()).ok();
            };
            tokio::join!(both, opened).0
        };
        let (first, (later, at_once)) = tokio::join!(writer.write(Last::Later, held), gathered);
        first.unwrap();
        assert_eq!((later.unwrap(), at_once.unwrap()), (2, 2));
        let refused = |db: Db<'_>| db.run("INSERT INTO nowhere DEFAULT VALUES", []).map(drop);
        writer.write(Last::Later, refused).await.unwrap_err();
        assert_eq!(writer.write(Last::AtOnce, synchronous).await.unwrap(), 2, "also behind one that failed");
    }
}
