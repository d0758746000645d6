//! How hard an import works: as hard as it can, or so that whoever signs in meanwhile hardly notices.
//!
//! A sign-in hashes a password: it wants one processor for some milliseconds, and the store for a moment. A low priority is not
//! enough for that: Linux weighs it within a session, and the database has none. So an import does one thing at a time, which
//! leaves a processor to others wherever there are two, does it in small pieces, and rests. While nobody signs in it rests for a
//! fifth of the time; while somebody does it works for a moment and rests three times as long, so that most sign-ins never meet it.

use std::time::Duration;

use authly_cutover::store::{CutoverStore as _, Turn};
use oauth_core::{services::Clock as _, time::Timestamp};

use super::Tools;

/// How hard an import works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// One thing at a time, in small pieces, with a rest after each: for when people sign in.
    #[default]
    Gentle,
    /// The next rows are read and decided while others are written, without a rest: for when nobody does.
    Full,
}

/// How many rows are written at a time at most where nobody waits for the write: what a processor is busy with for less time than
/// with a sign-in. No fewer, as each write waits for a disk, maybe a slow one.
const PIECE: u32 = 100;

/// The longest rest. Work that took long waited for somebody else, most of all: that was a rest already.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// How long it works at a time while others sign in: less would leave no sign-in alone, however long the rests are.
const SPELL: Duration = Duration::from_millis(50);

/// How often it looks whether others sign in.
const LOOK: Duration = Duration::from_millis(250);

/// How long others are taken to be there after the last sign of them.
const COMPANY: Duration = Duration::from_secs(5);

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

    /// How long to rest after so much work. Alone, a quarter as long, so that one processor of two is free and the other one for a fifth.
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
    /// When the last one ended.
    since: Timestamp,
    /// How much of the next one it has had.
    had: Duration,
    others: Others,
}

/// Whether others sign in, by a figure of the store that changes when they do.
struct Others {
    figure: Option<u64>,
    looked_at: Timestamp,
    seen_at: Option<Timestamp>,
}

impl Others {
    fn are_to_be_looked_for(&self, now: Timestamp) -> bool {
        self.figure.is_none() || now.since(self.looked_at) >= LOOK
    }

    fn note(&mut self, figure: u64, now: Timestamp) {
        if self.figure.replace(figure).is_some_and(|before| before != figure) {
            self.seen_at = Some(now);
        }
        self.looked_at = now;
    }

    fn are_there(&self, now: Timestamp) -> bool {
        self.seen_at.is_some_and(|seen| now.since(seen) < COMPANY)
    }
}

impl Rests {
    pub(super) const fn new(pace: Pace, now: Timestamp) -> Self {
        Self { pace, since: now, had: Duration::ZERO, others: Others { figure: None, looked_at: now, seen_at: None } }
    }

    /// Counts what it held back for another reason.
    pub(super) fn held_back(&mut self, time: Duration) {
        self.had += time;
    }

    /// How long it has to rest yet.
    fn due(&self, now: Timestamp) -> Duration {
        let worked = now.since(self.since).saturating_sub(self.had);
        self.pace.rest(worked, self.others.are_there(now)).saturating_sub(self.had)
    }

    /// Rests as long as the work since the last time asks for, and at least that long.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T, least: Duration) {
        let now = tools.clock().now();
        if self.pace == Pace::Gentle && self.others.are_to_be_looked_for(now) {
            // A store that cannot tell has other troubles, of which the next write will.
            if let Ok(figure) = tools.target().others_at_work().await {
                self.others.note(figure, now);
            }
        }
        let rest = self.due(now).max(least);
        if !rest.is_zero() {
            tools.pause(rest).await;
            (self.since, self.had) = (tools.clock().now(), Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_gentle_import_works_for_four_fifths_of_the_time_and_a_full_one_always() {
        assert_eq!(Pace::Gentle.rest(millis(16), false), millis(4));
        assert_eq!(Pace::Gentle.rest(Duration::ZERO, false), Duration::ZERO);
        assert_eq!(Pace::Gentle.rest(millis(60_000), false), LONGEST_REST, "a lease is not slept through");
        assert_eq!(
            (Pace::Full.rest(millis(18), false), Pace::Full.rest(millis(60), true)),
            (Duration::ZERO, Duration::ZERO)
        );
    }

    #[test]
    fn while_others_sign_in_it_works_for_a_moment_and_rests_three_times_as_long() {
        assert_eq!(Pace::Gentle.rest(millis(49), true), Duration::ZERO, "it goes on, and rests for all of it later");
        assert_eq!(Pace::Gentle.rest(millis(50), true), millis(150));
        assert_eq!(Pace::Gentle.rest(millis(60_000), true), LONGEST_REST);
    }

    #[test]
    fn others_are_there_for_some_seconds_after_each_sign_of_them() {
        let began = Timestamp::from_seconds(1_000);
        let mut rests = Rests::new(Pace::Gentle, began);
        assert!(rests.others.are_to_be_looked_for(began), "what the figure is before anybody came");
        rests.others.note(7, began);
        assert!(!rests.others.are_to_be_looked_for(began.plus(millis(249))));
        assert!(rests.others.are_to_be_looked_for(began.plus(millis(250))));
        let now = began.plus(millis(60));
        assert_eq!(rests.due(now), millis(15), "nobody is there");
        rests.others.note(8, now);
        assert_eq!(rests.due(now), millis(180));
        rests.others.note(8, now.plus(millis(4_000)));
        assert!(rests.others.are_there(now.plus(millis(4_999))) && !rests.others.are_there(now.plus(millis(5_000))));
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
        let mut rests = Rests::new(Pace::Gentle, began);
        let now = began.plus(millis(23));
        assert_eq!(rests.due(now), Duration::from_micros(5_750));
        rests.held_back(millis(3));
        assert_eq!(rests.due(now), millis(2), "a quarter of twenty, and three it has had");
        rests.held_back(millis(20));
        assert_eq!(rests.due(now), Duration::ZERO);
    }
}
