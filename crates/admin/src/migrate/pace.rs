//! How hard an import works: as hard as it can, or so that whoever signs in meanwhile does not notice.
//!
//! A sign-in hashes a password: it wants one processor for some milliseconds, and the store for a moment. A low priority is not
//! enough for that: Linux weighs it within a session, and the database has none. So an import does one thing at a time, in small
//! pieces, and looks before each whether anybody else wants a processor. If so it waits until they are done, which a sign-in is soon:
//! it works while people type. Who comes in the middle of a piece meets the rest of it, so it rests nine times as long behind each for
//! some seconds after it had to wait: nine of ten who come then meet nothing.
//!
//! Where the processors do not tell, because the database works on those of another machine or the import is held to some of them,
//! it rests instead: a fifth of the time, and three quarters while the store counts sign-ins.

use std::time::Duration;

use authly_cutover::store::{CutoverStore as _, Turn};
use oauth_core::{services::Clock as _, time::Timestamp};

use super::{
    Tools,
    company::{Company, Processors},
};

/// How hard an import works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// One thing at a time, in small pieces, while nobody else wants a processor: for when people sign in.
    #[default]
    Gentle,
    /// The next rows are read and decided while others are written, without a rest: for when nobody does.
    Full,
}

/// How many rows are written at a time at most where nobody waits for the write: what a processor is busy with for less time than
/// with a sign-in.
const PIECE: u32 = 100;

/// How many in company: what takes some milliseconds with all that belongs to it. Fewer would be mostly ways to and fro.
const LITTLE: usize = 25;

/// How many rows are read at a time in company: what takes as long.
const SHORT_PAGE: u32 = 250;

/// How often it looks at once: what the store has left to do behind its answer is over in a moment.
const LOOKS: usize = 8;

/// After how long it looks again whether the processors are free.
const AGAIN: Duration = Duration::from_millis(1);

/// How long it waits for them at first: longer than a hash takes mostly.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// How many times as long as a piece it rests behind it in company.
const RESTS: u32 = 9;

/// The longest of these rests.
const LONGEST_GAP: Duration = Duration::from_millis(100);

/// How often it must have waited in a row for others to be there. Less may be what a database has to do behind an answer, or now and
/// then; a hash takes longer.
const COMPANY: u32 = 4;

/// How long it waits for them at least. On a machine that is busy all the time an import has to end, too; this is three times what
/// a little piece takes.
const SHORTEST_WAIT: Duration = Duration::from_millis(12);

/// The longest rest. Work that took long waited for somebody else, most of all: that was a rest already.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// How long it works at a time while others sign in: less would leave no sign-in alone, however long the rests are.
const SPELL: Duration = Duration::from_millis(50);

impl Pace {
    /// How many rows may be written at a time, where so many were asked for.
    pub(super) fn most_rows(self, asked: u32, turn: Option<Turn>) -> u32 {
        match (turn, self) {
            (None, Self::Gentle) => asked.min(PIECE),
            // How long a write may take decides, or nothing does.
            (Some(_), _) | (None, Self::Full) => asked,
        }
    }

    /// Whether rows are read and decided while others are written.
    pub(super) const fn works_ahead(self) -> bool {
        matches!(self, Self::Full)
    }

    /// How long to rest after so much work, where the processors do not tell. Alone, a quarter as long.
    fn rest(self, worked: Duration, in_company: bool) -> Duration {
        match (self, in_company) {
            (Self::Full, _) => Duration::ZERO,
            (Self::Gentle, false) => (worked / 4).min(LONGEST_REST),
            (Self::Gentle, true) if worked < SPELL => Duration::ZERO,
            (Self::Gentle, true) => (worked * 3).min(LONGEST_REST),
        }
    }
}

/// The rests of one import.
pub(super) struct Rests {
    pace: Pace,
    /// Whether it can see who wants the processors that it and the store work on.
    watches: bool,
    /// When the last rest ended.
    since: Timestamp,
    /// How much of the next one it has had.
    had: Duration,
    company: Company,
    in_company: bool,
    /// How long it waits for the processors.
    patience: Duration,
}

impl Rests {
    pub(super) fn new(pace: Pace, tools: &impl Tools) -> Self {
        let watches = tools.target().works_on_this_machine() && tools.processors().is_some();
        Self::of(pace, watches, tools.clock().now())
    }

    const fn of(pace: Pace, watches: bool, now: Timestamp) -> Self {
        let (had, company, patience) = (Duration::ZERO, Company::NONE, LONGEST_WAIT);
        Self { pace, watches, since: now, had, company, in_company: false, patience }
    }

    /// How many rows to write at a time, of so many.
    pub(super) fn rows(&self, rows: usize) -> usize {
        if self.works_little() { rows.min(LITTLE) } else { rows }
    }

    /// How many rows to read at a time, of so many.
    pub(super) fn page(&self, rows: u32) -> u32 {
        if self.works_little() { rows.min(SHORT_PAGE) } else { rows }
    }

    /// Whether it works in the smallest pieces: others came lately, and it can see when they come again.
    pub(super) const fn works_little(&self) -> bool {
        self.watches && self.in_company
    }

    /// Counts what it held back for another reason.
    pub(super) fn held_back(&mut self, time: Duration) {
        self.had += time;
    }

    /// How long it has to rest yet.
    fn due(&self, now: Timestamp) -> Duration {
        let worked = now.since(self.since).saturating_sub(self.had);
        self.pace.rest(worked, self.in_company).saturating_sub(self.had)
    }

    /// Rests as long as others or the work since the last time ask for, and at least that long.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T, least: Duration) {
        let rest = match self.pace {
            Pace::Full => least,
            Pace::Gentle if self.watches => {
                let now = tools.clock().now();
                let gap =
                    if self.in_company { (now.since(self.since) * RESTS).min(LONGEST_GAP) } else { Duration::ZERO };
                if !gap.is_zero() {
                    tools.pause(gap).await;
                }
                let waited = self.until_free(tools).await;
                self.since = tools.clock().now();
                least.saturating_sub(gap + waited)
            }
            Pace::Gentle => {
                self.count(tools).await;
                self.due(tools.clock().now()).max(least)
            }
        };
        if !rest.is_zero() {
            tools.pause(rest).await;
            (self.since, self.had) = (tools.clock().now(), Duration::ZERO);
        }
    }

    /// Waits until nobody else needs the processors; tells how long that was. Half as long each time that it waited in vain.
    async fn until_free<T: Tools>(&mut self, tools: &T) -> Duration {
        let began = tools.clock().now();
        let (mut now, mut waits) = (began, 0u32);
        let free = loop {
            if !(0..LOOKS).all(|_| tools.processors().is_some_and(Processors::are_needed)) {
                break true;
            }
            if now.since(began) >= self.patience {
                break false;
            }
            tools.pause(AGAIN).await;
            (now, waits) = (tools.clock().now(), waits.saturating_add(1));
        };
        self.patience = if free { LONGEST_WAIT } else { (self.patience / 2).max(SHORTEST_WAIT) };
        if waits >= COMPANY {
            self.company.seen(now);
        }
        self.in_company = self.company.is_there(now);
        now.since(began)
    }

    /// Asks the store for company.
    async fn count<T: Tools>(&mut self, tools: &T) {
        let now = tools.clock().now();
        if self.company.is_to_be_counted(now) {
            // A store that cannot tell has other troubles, of which the next write will.
            if let Ok(figure) = tools.target().others_at_work().await {
                self.company.count(figure, now);
            }
        }
        self.in_company = self.company.is_there(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn where_the_processors_do_not_tell_it_works_for_four_fifths_of_the_time_and_a_full_one_always() {
        assert_eq!(Pace::Gentle.rest(millis(16), false), millis(4));
        assert_eq!(Pace::Gentle.rest(Duration::ZERO, false), Duration::ZERO);
        assert_eq!(Pace::Gentle.rest(millis(60_000), false), LONGEST_REST, "a lease is not slept through");
        assert_eq!(
            (Pace::Full.rest(millis(18), false), Pace::Full.rest(millis(60), true)),
            (Duration::ZERO, Duration::ZERO)
        );
    }

    #[test]
    fn there_it_works_for_a_moment_in_company_and_rests_three_times_as_long() {
        assert_eq!(Pace::Gentle.rest(millis(49), true), Duration::ZERO, "it goes on, and rests for all of it later");
        assert_eq!(Pace::Gentle.rest(millis(50), true), millis(150));
        assert_eq!(Pace::Gentle.rest(millis(60_000), true), LONGEST_REST);
    }

    #[test]
    fn pieces_are_small_where_the_store_does_not_see_to_it() {
        let turn = Some(Turn { write: millis(10), gap: millis(3) });
        assert_eq!((Pace::Gentle.most_rows(500, None), Pace::Gentle.most_rows(20, None)), (100, 20));
        assert_eq!((Pace::Full.most_rows(500, None), Pace::Gentle.most_rows(500, turn)), (500, 500));
    }

    #[test]
    fn what_was_held_back_is_a_part_of_the_rest() {
        let began = Timestamp::from_seconds(1_000);
        let mut rests = Rests::of(Pace::Gentle, false, began);
        let now = began.plus(millis(23));
        assert_eq!(rests.due(now), Duration::from_micros(5_750));
        rests.held_back(millis(3));
        assert_eq!(rests.due(now), millis(2), "a quarter of twenty, and three it has had");
        rests.held_back(millis(20));
        assert_eq!(rests.due(now), Duration::ZERO);
    }
}
