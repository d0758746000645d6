//! A bounded queue with its threads.

use std::{
    collections::VecDeque,
    io,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::{Memory, courtesy::Others};

/// A piece of work on one of the threads.
pub(crate) type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Takes jobs until it is dropped; jobs that wait then are forgotten.
pub(crate) struct Queue(Arc<Shared>);

impl Queue {
    /// A queue of so many waiting jobs, worked on by so many threads; of several, one leaves its processor to `others`.
    pub(crate) fn start(threads: NonZeroUsize, capacity: usize, others: Others) -> io::Result<Self> {
        let (wake, wake_courteous) = (Condvar::new(), Condvar::new());
        let queue = Self(Arc::new(Shared { state: Mutex::default(), wake, wake_courteous, capacity, others }));
        for place in 0..threads.get() {
            let shared = queue.0.clone();
            let manners = if place == 1 { Manners::Courteous } else { Manners::Steady };
            thread::Builder::new().name("password-hash".to_owned()).spawn(move || shared.work(manners))?;
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
        // Both: a steady thread may be busy, and the courteous one may hold back.
        self.0.wake.notify_one();
        self.0.wake_courteous.notify_one();
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
        self.0.wake_courteous.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    wake_courteous: Condvar,
    capacity: usize,
    others: Others,
}

/// How a thread takes jobs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manners {
    /// Whenever there are any.
    Steady,
    /// Only while nobody else is expected to want its processor.
    Courteous,
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

    /// How often the courteous thread looks whether it may go on, while jobs wait.
    const LOOK: Duration = Duration::from_millis(2);

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, manners: Manners) {
        yield_to_others();
        let mut memory = Memory::default();
        while let Some(job) = self.next(manners, &mut memory) {
            job(&mut memory);
            memory.shrink();
        }
    }

    /// Waits for a job; `None` when the queue was closed.
    fn next(&self, manners: Manners, memory: &mut Memory) -> Option<Job> {
        let wake = if manners == Manners::Courteous { &self.wake_courteous } else { &self.wake };
        let mut state = self.lock();
        state.idle += 1;
        while !state.closed {
            if state.jobs.is_empty() {
                state = self.wait(wake, state, memory);
            } else if manners == Manners::Courteous && self.others.are_expected() {
                state = wake.wait_timeout(state, Self::LOOK).unwrap_or_else(PoisonError::into_inner).0;
            } else {
                break;
            }
        }
        state.idle -= 1;
        state.jobs.pop_front()
    }

    /// Waits until there are jobs, after a while without the memory.
    fn wait<'a>(&'a self, wake: &Condvar, state: MutexGuard<'a, State>, memory: &mut Memory) -> MutexGuard<'a, State> {
        let nothing = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let (state, waited) =
            wake.wait_timeout_while(state, Self::PATIENCE, nothing).unwrap_or_else(PoisonError::into_inner);
        if !waited.timed_out() {
            return state;
        }
        drop(state);
        memory.release();
        wake.wait_while(self.lock(), nothing).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the threads that answer requests go first: a hash takes as long as hundreds of other requests, and where all
/// cores hash, those would wait for it.
fn yield_to_others() {
    // On Linux this is about the calling thread. Where it is not allowed, everything works as well, less evenly.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    /// Two jobs that say when they begin and go on until they are told to end.
    fn begun(queue: &Queue) -> (mpsc::Receiver<()>, [mpsc::Sender<()>; 2]) {
        let (beginning, begun) = mpsc::channel();
        let ends = [(), ()].map(|()| {
            let (end, told) = mpsc::channel();
            let beginning = beginning.clone();
            let job = move |_: &mut Memory| {
                beginning.send(()).ok();
                told.recv().ok();
            };
            assert_eq!(queue.push(Box::new(job)), Ok(()));
            end
        });
        (begun, ends)
    }

    fn beside_others(threads: usize) -> (Queue, Others) {
        let others = Others::new();
        others.pretend(true);
        (Queue::start(NonZeroUsize::new(threads).unwrap(), 8, others.clone()).unwrap(), others)
    }

    #[test]
    fn one_thread_of_several_holds_back_while_others_are_answered() {
        let (queue, others) = beside_others(2);
        let (begun, _ends) = begun(&queue);
        begun.recv_timeout(SOON).unwrap();
        assert!(begun.recv_timeout(Duration::from_millis(50)).is_err());
        assert_eq!(queue.len(), 1);
        others.pretend(false);
        begun.recv_timeout(SOON).unwrap();
    }

    #[test]
    fn what_waits_meanwhile_is_done_by_the_threads_that_do_not_hold_back() {
        for threads in [1, 2, 3] {
            let (queue, _others) = beside_others(threads);
            let (begun, ends) = begun(&queue);
            drop(ends);
            for _ in 0..2 {
                begun.recv_timeout(SOON).unwrap();
            }
        }
    }

    #[test]
    fn a_thread_that_holds_back_ends_with_the_queue() {
        let (queue, _others) = beside_others(2);
        let shared = Arc::downgrade(&queue.0);
        let (begun, ends) = begun(&queue);
        begun.recv_timeout(SOON).unwrap();
        drop((queue, ends));
        let start = Instant::now();
        while shared.strong_count() > 0 && start.elapsed() < SOON {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(shared.strong_count(), 0);
    }
}
