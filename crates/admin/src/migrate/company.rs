//! Who else is at work: the processors of this machine tell at once that somebody is, what the store counts tells within seconds
//! whether people sign in.

use std::time::Duration;

use authly_cutover::store::CutoverStore as _;
use oauth_core::time::Timestamp;

use super::Tools;

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

/// How often the store is asked whether others sign in.
const LOOK: Duration = Duration::from_millis(250);

/// How long others are taken to be there after the last sign of them.
const STAYS: Duration = Duration::from_secs(5);

/// Whether others sign in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Company {
    /// What the store counted last, and when.
    counted: Option<(u64, Timestamp)>,
    seen_at: Option<Timestamp>,
}

impl Company {
    pub(super) const NONE: Self = Self { counted: None, seen_at: None };

    /// Asks the store, unless it was asked a moment ago.
    pub(super) async fn ask<T: Tools>(&mut self, tools: &T, now: Timestamp) {
        if self.is_to_be_counted(now) {
            // A store that cannot tell has other troubles, of which the next write will.
            if let Ok(figure) = tools.target().others_at_work().await {
                self.count(figure, now);
            }
        }
    }

    /// Whether the store is to be asked again.
    fn is_to_be_counted(&self, now: Timestamp) -> bool {
        self.counted.is_none_or(|(_, at)| now.since(at) >= LOOK)
    }

    /// What the store counts now.
    fn count(&mut self, figure: u64, now: Timestamp) {
        if self.counted.replace((figure, now)).is_some_and(|(before, _)| before != figure) {
            self.seen_at = Some(now);
        }
    }

    /// Whether they are there.
    pub(super) fn is_there(&self, now: Timestamp) -> bool {
        self.seen_at.is_some_and(|seen| now.since(seen) < STAYS)
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
        company.count(9, came.plus(millis(7_000)));
        assert!(company.is_there(came.plus(millis(8_000))), "they came again");
    }
}
