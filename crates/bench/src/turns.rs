//! A command that is stopped and goes on in turns: what people notice of it is measured against the same minute without it, since a
//! machine that shares its own with others is not as fast in every minute.

use std::fs;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;

/// How long a turn is.
const TURN: Duration = Duration::from_secs(1);
/// How long it takes at most until a process has stopped, outside of a write.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(1);

/// The turns of one process.
#[derive(Debug)]
pub struct Turns {
    process: Pid,
    stopped: bool,
    since: Instant,
}

impl Turns {
    /// Those of a process that has just begun.
    pub fn of(child: &Child) -> Self {
        Self { process: Pid::from_child(child), stopped: false, since: Instant::now() }
    }

    /// Whether it is stopped.
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Stops it or lets it go on when it is time; tells whether that was so.
    pub async fn next(&mut self) -> Result<bool, Failure> {
        if self.since.elapsed() < TURN {
            return Ok(false);
        }
        if self.stopped {
            self.go_on()?
        } else {
            self.stop().await?
        }
        self.since = Instant::now();
        Ok(true)
    }

    /// Ends it, as Ctrl-C does: after what it is at.
    pub fn end(mut self, child: &mut Child) -> Result<ExitStatus, Failure> {
        self.go_on()?;
        self.send(Signal::INT)?;
        child.wait().map_err(|error| Failure::of("cannot wait for authly-admin", error))
    }

    fn go_on(&mut self) -> Result<(), Failure> {
        self.stopped = false;
        self.send(Signal::CONT)
    }

    /// Nobody else could write while it is stopped with the lock of an SQLite file, so it goes on for a moment then.
    async fn stop(&mut self) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            self.send(Signal::STOP)?;
            while !threads_are_stopped(self.process) && Instant::now() < until {
                tokio::time::sleep(LOOK).await;
            }
            let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
            if !writes(&locks, self.process) {
                self.stopped = true;
                return Ok(());
            }
            self.send(Signal::CONT)?;
            tokio::time::sleep(LOOK).await;
        }
        Err(Failure::new("authly-admin cannot be stopped outside of a write"))
    }

    /// One that has just ended needs no signal; who waits for it finds out.
    fn send(&self, signal: Signal) -> Result<(), Failure> {
        match kill_process(self.process, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(Failure::of("cannot signal authly-admin", error)),
        }
    }
}

/// Whether none of its threads runs any more; one that has ended has none that does.
fn threads_are_stopped(process: Pid) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())) else { return true };
    let state = |line: &str| line.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok())
        .all(|line| matches!(state(&line), None | Some('T' | 'Z' | 'X')))
}

/// Whether a process holds a lock for writing: on the byte for the writer of an SQLite file's log, or on that for whoever brings the
/// log into the file (120 and 121 of its index, see SQLite's walformat). See proc_locks(5).
fn writes(locks: &str, process: Pid) -> bool {
    let process = process.as_raw_nonzero().to_string();
    locks.lines().any(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "WRITE").skip(1);
        let owner = words.next() == Some(process.as_str());
        let (first, last) = (words.nth(1), words.next());
        let byte = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        owner && byte(first).is_some_and(|first| first <= 121) && byte(last).is_none_or(|last| last >= 120)
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_lock_of_a_writer_is_told_from_those_of_readers_and_of_others() {
        let locks = "1: POSIX  ADVISORY  READ 42 fe:00:1234 123 123\n\
                     2: POSIX  ADVISORY  WRITE 42 fe:00:1234 128 128\n\
                     3: FLOCK  ADVISORY  WRITE 7 fe:00:99 0 EOF\n\
                     4: POSIX  ADVISORY  WRITE 8 fe:00:1234 120 120\n\
                     5: -> POSIX  ADVISORY  WRITE 9 fe:00:1234 121 121\n";
        let writing = |id| writes(locks, Pid::from_raw(id).unwrap());
        assert_eq!([42, 7, 8, 9, 10].map(writing), [false, true, true, true, false]);
    }

    #[tokio::test]
    async fn a_process_is_stopped_and_goes_on_in_turns_and_ends_as_by_ctrl_c() {
        let mut child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        let mut turns = Turns::of(&child);
        assert!(!turns.next().await.unwrap() && !turns.is_stopped(), "its turn has just begun");
        let long_ago = || Instant::now().checked_sub(TURN).unwrap();
        turns.since = long_ago();
        assert!(turns.next().await.unwrap() && turns.is_stopped());
        assert!(threads_are_stopped(turns.process));
        turns.since = long_ago();
        assert!(turns.next().await.unwrap() && !turns.is_stopped());
        assert!(!turns.end(&mut child).unwrap().success());
    }
}
