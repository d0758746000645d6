//! Who else is at work: the processors of this machine tell at once, what the store counts within seconds.

use std::time::Duration;

use oauth_core::time::Timestamp;

/// The processors of this machine at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processors {
    /// How many there are.
    pub count: u32,
    /// How many threads besides the one that asks run or want to.
    pub wanted: u32,
}

impl Processors {
    /// Whether others need them: more than half are to be free for whoever comes next, and for the one that asks. Of two none may
    /// be in use.
    pub(super) const fn are_needed(self) -> bool {
        let half = self.count / 2;
        self.wanted >= if half > 1 { half } else { 1 }
    }
}

/// How often it is looked whether others sign in, where only the store can tell.
const LOOK: Duration = Duration::from_millis(250);

/// How long others are taken to be there after the last sign of them.
const COMPANY: Duration = Duration::from_secs(5);

/// Whether others are at work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Company {
    /// What the store counted last, and when.
    counted: Option<(u64, Timestamp)>,
    seen_at: Option<Timestamp>,
}

impl Company {
    pub(super) const NONE: Self = Self { counted: None, seen_at: None };

    /// Whether the store is to be asked again.
    pub(super) fn is_to_be_counted(&self, now: Timestamp) -> bool {
        self.counted.is_none_or(|(_, at)| now.since(at) >= LOOK)
    }

    /// What the store counts now.
    pub(super) fn count(&mut self, figure: u64, now: Timestamp) {
        if self.counted.replace((figure, now)).is_some_and(|(before, _)| before != figure) {
            self.seen(now);
        }
    }

    /// They were noticed.
    pub(super) const fn seen(&mut self, now: Timestamp) {
        self.seen_at = Some(now);
    }

    /// Whether they are there.
    pub(super) fn is_there(&self, now: Timestamp) -> bool {
        self.seen_at.is_some_and(|seen| now.since(seen) < COMPANY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_the_processors_are_left_to_whoever_comes_next() {
        let needed = |count| (0..=count).find(|wanted| Processors { count, wanted: *wanted }.are_needed());
        assert_eq!([1, 2, 3, 4, 5, 8, 64].map(needed), [1, 1, 1, 2, 2, 4, 32].map(Some));
        assert!(Processors { count: 0, wanted: 1 }.are_needed() && !Processors { count: 0, wanted: 0 }.are_needed());
    }

    #[test]
    fn others_are_there_for_some_seconds_after_each_sign_of_them() {
        let (began, millis) = (Timestamp::from_seconds(1_000), Duration::from_millis);
        let mut company = Company::NONE;
        assert!(company.is_to_be_counted(began), "what the figure is before anybody came");
        company.count(7, began);
        assert!(!company.is_to_be_counted(began.plus(millis(249))));
        assert!(company.is_to_be_counted(began.plus(millis(250))));
        assert!(!company.is_there(began));
        let came = began.plus(millis(60));
        company.count(8, came);
        assert!(company.is_there(came));
        company.count(8, began.plus(millis(4_000)));
        assert!(company.is_there(came.plus(millis(4_999))) && !company.is_there(came.plus(millis(5_000))));
        company.seen(came.plus(millis(7_000)));
        assert!(company.is_there(came.plus(millis(8_000))), "the processors told");
    }
}
