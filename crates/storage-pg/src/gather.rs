//! A short wait in which a group gathers.
//!
//! Callers that were answered together come back one after the other. Without a wait the first of them goes alone and the others
//! wait for it, so that every second statement, and every second flush of a write, serves a single caller. Where calls come
//! singly nobody waits.

use std::time::Duration;

use tokio::sync::mpsc::Receiver;

/// How long a group gathers where programs wait: a part of what a statement and its way there and back take.
pub(crate) const BRIEFLY: Duration = Duration::from_micros(250);
/// How long where a person signs in, who notices no millisecond: more share a statement then.
pub(crate) const FOR_A_PERSON: Duration = Duration::from_millis(1);

/// How much of one group a mean of sizes takes up, and the unit that it is kept in.
const SHARE: usize = 8;

/// How big groups have been lately, and the timer.
pub(crate) struct Gathering {
    /// The mean, in eighths.
    mean: usize,
    /// How long a wait is.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "elsewhere nobody waits"))]
    pause: Duration,
    #[cfg(target_os = "linux")]
    timer: Option<linux::Timer>,
}

impl Gathering {
    pub(crate) const fn new(pause: Duration) -> Self {
        Self {
            mean: SHARE,
            pause,
            #[cfg(target_os = "linux")]
            timer: None,
        }
    }

    /// Waits, if it is worth it, and takes what has come meanwhile; `most` is the limit of a group.
    pub(crate) async fn complete<T>(&mut self, group: &mut Vec<T>, waiting: &mut Receiver<T>, most: usize) {
        if self.is_worth_a_wait(group.len()) {
            self.wait().await;
            while group.len() < most
                && let Ok(next) = waiting.try_recv()
            {
                group.push(next);
            }
        }
        self.note(group.len());
    }

    /// Whether so many are fewer than there will be in a moment.
    const fn is_worth_a_wait(&self, waiting: usize) -> bool {
        self.mean >= 2 * SHARE && waiting * SHARE < self.mean
    }

    /// Takes a group's size into the mean.
    const fn note(&mut self, size: usize) {
        self.mean = self.mean - self.mean / 4 + size * SHARE / 4;
    }

    /// Waits for a moment. The runtime's own timers know no less than a millisecond, which is too long for this.
    #[cfg(target_os = "linux")]
    async fn wait(&mut self) {
        if self.timer.is_none() {
            self.timer = linux::Timer::new().ok();
        }
        if let Some(timer) = &self.timer {
            timer.wait(self.pause).await.ok();
        }
    }

    /// Elsewhere groups are what gathered anyway.
    #[cfg(not(target_os = "linux"))]
    async fn wait(&mut self) {}
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{io, os::fd::OwnedFd, time::Duration};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::io::{Interest, unix::AsyncFd};

    /// A timer of the system.
    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        #[expect(
            deprecated,
            reason = "what takes its place wants a promise in unsafe code that the descriptor stays open; an owned one does"
        )]
        pub(super) fn new() -> io::Result<Self> {
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
        }

        pub(super) async fn wait(&self, time: Duration) -> io::Result<()> {
            let once = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
            let never = Timespec { tv_sec: 0, tv_nsec: 0 };
            // Setting it takes an expiry back that nobody has read.
            timerfd_settime(
                self.0.get_ref(),
                TimerfdTimerFlags::empty(),
                &Itimerspec { it_interval: never, it_value: once },
            )?;
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_alone_does_not_wait() {
        let mut gathering = Gathering::new(BRIEFLY);
        for _ in 0..100 {
            assert!(!gathering.is_worth_a_wait(1));
            gathering.note(1);
        }
    }

    #[test]
    fn a_group_waits_for_those_who_came_with_it_the_last_times_and_for_no_more() {
        let mut gathering = Gathering::new(BRIEFLY);
        (0..20).for_each(|_| gathering.note(6));
        assert!(gathering.is_worth_a_wait(1) && gathering.is_worth_a_wait(5) && !gathering.is_worth_a_wait(6));
        (0..20).for_each(|_| gathering.note(1));
        assert!(!gathering.is_worth_a_wait(1));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_wait_ends_every_time() {
        let mut gathering = Gathering::new(BRIEFLY);
        let begin = std::time::Instant::now();
        for _ in 0..3 {
            gathering.wait().await;
        }
        assert!(begin.elapsed() >= 3 * BRIEFLY);
    }
}
