//! Courtesy: while requests are answered that hash nothing, one processor is left to them.
//!
//! A low priority alone does not do it. Systems weigh groups of processes before they weigh threads, so that a database on the
//! same machine waits behind hashes of the lowest priority as long as behind anything else.

use std::{
    cell::Cell,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

tokio::task_local! {
    /// Whether the request that is served has asked for a hash.
    static HASHES: Cell<bool>;
}

/// Knows when a request was answered that hashed nothing.
#[derive(Clone, Debug)]
pub struct Others(Arc<Latest>);

#[derive(Debug)]
struct Latest {
    start: Instant,
    /// Microseconds after the start; 0 where there was none.
    answered: AtomicU64,
}

impl Others {
    /// For so long after such an answer more of them are expected.
    const EXPECTED: Duration = Duration::from_millis(5);

    pub(crate) fn new() -> Self {
        Self(Arc::new(Latest { start: Instant::now(), answered: AtomicU64::default() }))
    }

    /// Serves a request, and takes note of it unless it asks for a hash itself.
    pub fn serve<F: Future>(&self, request: F) -> impl Future<Output = F::Output> + use<F> {
        let others = self.clone();
        HASHES.scope(Cell::new(false), async move {
            let answer = request.await;
            if !HASHES.with(Cell::get) {
                others.note();
            }
            answer
        })
    }

    /// The request that is served now asks for a hash.
    pub(crate) fn excuse() {
        // Outside of requests there is nothing to excuse.
        HASHES.try_with(|hashes| hashes.set(true)).ok();
    }

    fn note(&self) {
        self.0.answered.store(self.now(), Ordering::Relaxed);
    }

    /// Whether more of them are expected now.
    pub(crate) fn are_expected(&self) -> bool {
        let answered = self.0.answered.load(Ordering::Relaxed);
        answered > 0 && self.now().saturating_sub(answered) < micros(Self::EXPECTED)
    }

    fn now(&self) -> u64 {
        micros(self.0.start.elapsed()).max(1)
    }
}

#[cfg(test)]
impl Others {
    /// As if somebody were answered all the time, or as if nobody ever had been.
    pub(crate) fn pretend(&self, are_expected: bool) {
        self.0.answered.store(if are_expected { u64::MAX } else { 0 }, Ordering::Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_that_hashes_nothing_is_noted_and_one_that_hashes_is_not() {
        let others = Others::new();
        others.serve(async { Others::excuse() }).await;
        assert!(!others.are_expected());
        Others::excuse();
        assert_eq!(others.serve(async { 7 }).await, 7);
        assert_ne!(others.0.answered.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn they_are_expected_for_a_moment_only() {
        let others = Others::new();
        assert!(!others.are_expected());
        others.pretend(true);
        assert!(others.are_expected());
        let start = Instant::now().checked_sub(Others::EXPECTED * 2).unwrap();
        let past = Others(Arc::new(Latest { start, answered: 1.into() }));
        assert!(!past.are_expected());
    }
}
