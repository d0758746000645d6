//! Brings the log to the disk behind writes that do not wait for it.
//!
//! A write that waits brings all of the log there that is not there yet, whoever wrote it: a sign-in of the server would wait for
//! what an import left. So a thread of the import's process is always at it, without the lock and without anybody waiting.

use std::{
    fs::File,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;

/// The thread, once there was anything for it to do.
#[derive(Debug)]
pub(crate) struct Flusher {
    log: Option<PathBuf>,
    running: Option<(SyncSender<()>, JoinHandle<()>)>,
}

impl Flusher {
    /// For the log of the file of that connection, which must outlive this: the log is another one after the last is closed.
    pub(crate) fn of(connection: &Connection) -> Self {
        let file = connection.path().filter(|path| !path.is_empty());
        Self { log: file.map(|path| format!("{path}-wal").into()), running: None }
    }

    /// Something is in the log that ought to be on the disk.
    pub(crate) fn wake(&mut self) {
        if let Some(log) = self.log.take() {
            // One that waits is enough for all that comes meanwhile.
            let (wake, woken) = sync_channel(1);
            let thread = std::thread::Builder::new().name("sqlite-flusher".to_owned());
            // Without it the next write that waits has more to do, and nothing is lost.
            self.running = thread.spawn(move || flush(&log, &woken)).ok().map(|thread| (wake, thread));
        }
        if let Some((wake, _)) = &self.running {
            // Full: it will see this, too.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if let Some((wake, thread)) = self.running.take() {
            drop(wake);
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn flush(log: &PathBuf, woken: &Receiver<()>) {
    // The locks of SQLite are on other files, so that it takes no harm when this one is closed.
    let Ok(file) = File::open(log) else { return };
    while woken.recv().is_ok() {
        if let Err(error) = file.sync_data() {
            // SQLite hears the same of its own handle, and takes back what it must.
            tracing::warn!(%error, "the log of the database could not be brought to the disk ahead");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_memory_has_no_log_and_a_log_that_is_not_there_harms_nobody() {
        let mut flusher = Flusher::of(&Connection::open_in_memory().unwrap());
        flusher.wake();
        assert!(flusher.running.is_none());
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("a.db")).unwrap();
        let mut flusher = Flusher::of(&connection);
        (0..3).for_each(|_| flusher.wake());
        assert!(flusher.running.is_some());
    }

    #[test]
    fn it_ends_with_its_owner_and_leaves_the_locks_of_the_store_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = crate::connection::writer(&path).unwrap();
        connection.execute_batch("CREATE TABLE a (b); BEGIN IMMEDIATE; INSERT INTO a VALUES (1)").unwrap();
        let mut flusher = Flusher::of(&connection);
        flusher.wake();
        drop(flusher);
        // The lock is still held after the thread has closed its handle of the log.
        let other = Connection::open(&path).unwrap();
        assert!(other.execute_batch("BEGIN IMMEDIATE").is_err());
        connection.execute_batch("COMMIT").unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
    }
}
