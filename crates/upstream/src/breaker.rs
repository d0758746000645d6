//! A circuit breaker: after some failures in a row a provider is left alone for a while, then tried by one request.

use std::time::Duration;

use oauth_core::time::Timestamp;

/// Failures in a row after which it opens.
const FAILURES: u32 = 3;
/// How long it stays open.
const OPEN: Duration = Duration::from_secs(30);
/// How long one trial keeps others away.
const TRIAL: Duration = Duration::from_secs(15);

/// The state of one provider as this server sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// While it is open: until when nobody asks.
    closed_until: Option<Timestamp>,
    last_success: Option<Timestamp>,
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Ask.
    Free,
    /// Do not: the provider was away a moment ago. One may try after this time.
    Blocked(Duration),
}

/// How a provider does, for pages and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers, or nobody has asked yet.
    Up,
    /// It does not answer.
    Down,
}

impl Breaker {
    /// Whether to ask; of those who come after the pause the first one tries, and the others wait for what it finds.
    pub fn pass(&mut self, now: Timestamp) -> Passage {
        match self.closed_until {
            Some(until) if now < until => Passage::Blocked(until.since(now)),
            Some(_) => {
                self.closed_until = Some(now.plus(TRIAL));
                Passage::Free
            }
            None => Passage::Free,
        }
    }

    /// The provider answered as it should. True if it had been taken for away.
    pub const fn succeed(&mut self, now: Timestamp) -> bool {
        let was_open = self.closed_until.is_some();
        *self = Self { failures: 0, closed_until: None, last_success: Some(now) };
        was_open
    }

    /// It did not. True if this opens the breaker.
    pub fn fail(&mut self, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return false;
        }
        let opens = self.closed_until.is_none();
        self.closed_until = Some(now.plus(OPEN));
        opens
    }

    /// How the provider does, without asking it. It counts as down until somebody has seen it answer.
    pub const fn health(&self) -> Health {
        if self.closed_until.is_some() { Health::Down } else { Health::Up }
    }

    /// Whether it answered within that time.
    pub fn answered_within(&self, span: Duration, now: Timestamp) -> bool {
        self.last_success.is_some_and(|at| now.since(at) < span && self.failures == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        assert!(!breaker.fail(at(0)) && !breaker.fail(at(0)));
        assert!(breaker.fail(at(0)), "the third opens it");
        breaker
    }

    #[test]
    fn three_failures_in_a_row_open_it() {
        let mut breaker = Breaker::default();
        breaker.fail(at(0));
        breaker.fail(at(1));
        breaker.succeed(at(2));
        breaker.fail(at(3));
        breaker.fail(at(4));
        assert_eq!((breaker.pass(at(5)), breaker.health()), (Passage::Free, Health::Up));
        breaker.fail(at(5));
        assert_eq!((breaker.pass(at(6)), breaker.health()), (Passage::Blocked(Duration::from_secs(29)), Health::Down));
    }

    #[test]
    fn after_the_pause_one_tries_and_the_others_wait() {
        let mut breaker = open();
        assert_eq!(breaker.pass(at(29)), Passage::Blocked(Duration::from_secs(1)));
        assert_eq!(breaker.pass(at(30)), Passage::Free);
        assert_eq!(breaker.pass(at(30)), Passage::Blocked(Duration::from_secs(15)));
        assert_eq!(breaker.health(), Health::Down, "nobody has seen it answer yet");
        assert!(breaker.succeed(at(31)), "it closes");
        assert_eq!((breaker.pass(at(31)), breaker.health()), (Passage::Free, Health::Up));
    }

    #[test]
    fn a_trial_that_fails_or_is_never_heard_of_is_followed_by_another() {
        let mut breaker = open();
        assert_eq!(breaker.pass(at(30)), Passage::Free);
        assert!(!breaker.fail(at(31)), "it was open already");
        assert_eq!(breaker.pass(at(60)), Passage::Blocked(Duration::from_secs(1)));
        assert_eq!(breaker.pass(at(61)), Passage::Free);
        assert_eq!(breaker.pass(at(76)), Passage::Free, "the trial was abandoned");
    }

    #[test]
    fn a_failure_undoes_a_recent_success() {
        let mut breaker = Breaker::default();
        assert!(!breaker.answered_within(Duration::from_secs(10), at(0)));
        breaker.succeed(at(0));
        assert!(breaker.answered_within(Duration::from_secs(10), at(9)));
        assert!(!breaker.answered_within(Duration::from_secs(10), at(10)));
        breaker.fail(at(1));
        assert!(!breaker.answered_within(Duration::from_secs(10), at(2)));
    }
}
