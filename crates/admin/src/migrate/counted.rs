//! The rests of work to which the processors do not tell who else wants them, because the database works on those of another machine
//! or it is held to some of them: a fifth of the time, and three quarters while the store counts sign-ins.

use std::time::Duration;

use oauth_core::{services::Clock as _, time::Timestamp};

use super::{Tools, company::Company};

/// The longest rest. Work that took long waited for somebody else, most of all: that was a rest already.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// How long it works at a time while others sign in: less would leave no sign-in alone, however long the rests are.
const SPELL: Duration = Duration::from_millis(50);

/// Where it stands.
pub(super) struct Counted {
    /// When the last rest ended.
    since: Timestamp,
    /// How much of the next one it has had.
    had: Duration,
    company: Company,
}

impl Counted {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { since: now, had: Duration::ZERO, company: Company::NONE }
    }

    /// Counts what it held back for another reason.
    pub(super) fn held_back(&mut self, time: Duration) {
        self.had += time;
    }

    /// Rests as long as the work since the last time asks for, and at least that long.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T, least: Duration) {
        self.company.ask(tools, tools.clock().now()).await;
        let rest = self.due(tools.clock().now()).max(least);
        if !rest.is_zero() {
            tools.pause(rest).await;
            (self.since, self.had) = (tools.clock().now(), Duration::ZERO);
        }
    }

    /// How long it has to rest yet.
    fn due(&self, now: Timestamp) -> Duration {
        let worked = now.since(self.since).saturating_sub(self.had);
        rest(worked, self.company.is_there(now)).saturating_sub(self.had)
    }
}

/// How long to rest after so much work. Alone, a quarter as long.
fn rest(worked: Duration, in_company: bool) -> Duration {
    match in_company {
        false => (worked / 4).min(LONGEST_REST),
        true if worked < SPELL => Duration::ZERO,
        true => (worked * 3).min(LONGEST_REST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn alone_it_works_for_four_fifths_of_the_time() {
        assert_eq!((rest(millis(16), false), rest(Duration::ZERO, false)), (millis(4), Duration::ZERO));
        assert_eq!(rest(millis(60_000), false), LONGEST_REST, "a lease is not slept through");
    }

    #[test]
    fn in_company_it_works_for_a_moment_and_rests_three_times_as_long() {
        assert_eq!(rest(millis(49), true), Duration::ZERO, "it goes on, and rests for all of it later");
        assert_eq!(rest(millis(50), true), millis(150));
        assert_eq!(rest(millis(60_000), true), LONGEST_REST);
    }

    #[test]
    fn what_was_held_back_is_a_part_of_the_rest() {
        let began = Timestamp::from_seconds(1_000);
        let mut rests = Counted::new(began);
        let now = began.plus(millis(23));
        assert_eq!(rests.due(now), Duration::from_micros(5_750));
        rests.held_back(millis(3));
        assert_eq!(rests.due(now), millis(2), "a quarter of twenty, and three it has had");
        rests.held_back(millis(20));
        assert_eq!(rests.due(now), Duration::ZERO);
    }
}
