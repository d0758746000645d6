//! A bounded queue with its threads.

use std::{
    collections::VecDeque,
    io,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::Memory;

/// A piece of work on one of the threads.
pub(crate) type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Takes jobs until it is dropped; jobs that wait then are forgotten.
pub(crate) struct Queue(Arc<Shared>);

impl Queue {
    /// A queue of so many waiting jobs, worked on by so many threads.
    pub(crate) fn start(threads: NonZeroUsize, capacity: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new(), capacity });
        let queue = Self(shared);
        for _ in 0..threads.get() {
            let shared = queue.0.clone();
            thread::Builder::new().name("password-hash".to_owned()).spawn(move || shared.work())?;
        }
        Ok(queue)
    }

    /// Appends a job unless the queue is full; an idle thread counts as a free place.
    pub(crate) fn push(&self, job: Job) -> Result<(), Full> {
        let mut state = self.0.lock();
        if state.jobs.len() >= self.0.capacity.saturating_add(state.idle) {
            return Err(Full);
        }
        state.jobs.push_back(job);
        drop(state);
        self.0.wake.notify_one();
        Ok(())
    }

    /// Jobs that wait.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().jobs.len()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.0.wake.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    idle: usize,
    closed: bool,
}

impl Shared {
    /// A thread gives its memory back when it had nothing to do for so long.
    const PATIENCE: Duration = Duration::from_secs(5);

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        yield_to_others();
        let mut memory = Memory::default();
        while let Some(job) = self.next(&mut memory) {
            job(&mut memory);
            memory.shrink();
        }
    }

    /// Waits for a job; `None` when the queue was closed.
    fn next(&self, memory: &mut Memory) -> Option<Job> {
        let mut state = self.lock();
        state.idle += 1;
        let (mut state, waited) = self
            .wake
            .wait_timeout_while(state, Self::PATIENCE, |state| state.jobs.is_empty() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            drop(state);
            memory.release();
            state = self
                .wake
                .wait_while(self.lock(), |state| state.jobs.is_empty() && !state.closed)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.idle -= 1;
        state.jobs.pop_front()
    }
}

/// Lets the threads that answer requests go first: a hash takes as long as hundreds of other requests, and where all
/// cores hash, those would wait for it.
fn yield_to_others() {
    // On Linux this is about the calling thread. Where it is not allowed, everything works as well, less evenly.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}
