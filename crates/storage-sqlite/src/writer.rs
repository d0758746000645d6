//! The one thread that writes: it takes all writes that wait and commits them in one transaction.
//!
//! A lone caller does not wait for company: a batch is what has gathered while the previous one was on its way to the disk. Each
//! write of a batch has a savepoint, so that one that fails leaves nothing behind and harms nobody.

use std::{
    panic::AssertUnwindSafe,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use oauth_core::store::{StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    db::Db,
    error::{Fault, OpenError, Outcome},
};

/// Writes that may wait; beyond that the answer is "busy".
const QUEUE: usize = 4_096;

/// The most writes of one transaction.
const BATCH: usize = 256;

/// The way to the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Step>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Self, OpenError> {
        let (queue, waiting) = sync_channel(QUEUE);
        let path = connection.path().unwrap_or_default().into();
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(&connection, &waiting))
            .map_err(|source| OpenError::Io { path, source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(Db<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let step = Box::new(Write { work: Some(work), outcome: None, reply });
        let queue = self.queue.as_ref().ok_or(StoreError::new(StoreErrorKind::Unavailable))?;
        queue.try_send(step).map_err(|error| {
            StoreError::new(match error {
                TrySendError::Full(_) => StoreErrorKind::Busy,
                TrySendError::Disconnected(_) => StoreErrorKind::Unavailable,
            })
        })?;
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
    /// Does it; tells whether what it wrote may stay.
    fn run(&mut self, db: Db<'_>) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>, committed: Result<(), StoreErrorKind>);
}

struct Write<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(Db<'_>) -> Outcome<T> + Send> Step for Write<T, F> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
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

fn work(connection: &Connection, waiting: &Receiver<Box<dyn Step>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = waiting.recv() {
        batch.push(first);
        batch.extend(waiting.try_iter().take(BATCH - 1));
        batch.retain(|step| !step.is_abandoned());
        if batch.is_empty() {
            continue;
        }
        let committed = commit(Db(connection), &mut batch).map_err(|fault| {
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
        batch.drain(..).for_each(|step| step.answer(committed.clone()));
    }
}

/// Runs all steps in one transaction.
fn commit(db: Db<'_>, batch: &mut [Box<dyn Step>]) -> Outcome<()> {
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
