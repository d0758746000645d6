//! The rests of work that sees who else wants the processors that it and the store work on.
//!
//! It looks before each piece; if somebody does it waits until they are done, which a sign-in is soon: it works while people type.
//! Who comes in the middle of a piece meets the rest of it. So where it had to wait it asks the store whether somebody signs in, and
//! rests nine times as long behind each piece for some seconds if so: nine of ten who come then meet nothing. A machine has other
//! things to do, too; for those it waits, and does not rest.

use std::time::Duration;

use oauth_core::{services::Clock as _, time::Timestamp};

use super::{
    Tools,
    company::{Company, Processors},
};

/// How many rows are written at a time in company: what takes some milliseconds with all that belongs to it. Fewer would be mostly
/// ways to and fro.
const LITTLE: usize = 25;

/// How many rows are read at a time in company: what takes as long.
const SHORT_PAGE: u32 = 250;

/// How often it looks at once: what the store has left to do behind its answer is over in a moment.
const LOOKS: usize = 8;

/// After how long it looks again whether the processors are free.
const AGAIN: Duration = Duration::from_millis(1);

/// How long it waits for them at first: longer than a hash takes mostly.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// How long it waits for them at least. On a machine that is busy all the time an import has to end, too; this is three times what
/// a little piece takes.
const SHORTEST_WAIT: Duration = Duration::from_millis(12);

/// How many times as long as a piece it rests behind it in company.
const RESTS: u32 = 9;

/// The longest of these rests.
const LONGEST_REST: Duration = Duration::from_millis(100);

/// How often in a row it must have waited to ask who was there. Less may be what a database has to do behind an answer, or now and
/// then; a hash takes longer.
const A_SIGN: u32 = 4;

/// Where it stands.
pub(super) struct Watched {
    /// When it last began to work.
    since: Timestamp,
    company: Company,
    in_company: bool,
    /// How long it waits for the processors.
    patience: Duration,
}

impl Watched {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { since: now, company: Company::NONE, in_company: false, patience: LONGEST_WAIT }
    }

    /// Whether others signed in lately: then it works in the smallest pieces.
    pub(super) const fn is_in_company(&self) -> bool {
        self.in_company
    }

    /// How many rows to write at a time, of so many.
    pub(super) fn rows(&self, rows: usize) -> usize {
        if self.in_company { rows.min(LITTLE) } else { rows }
    }

    /// How many rows to read at a time, of so many.
    pub(super) fn page(&self, rows: u32) -> u32 {
        if self.in_company { rows.min(SHORT_PAGE) } else { rows }
    }

    /// Rests as long as others ask for, and at least that long.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T, least: Duration) {
        let began = tools.clock().now();
        if self.in_company {
            tools.pause((began.since(self.since) * RESTS).min(LONGEST_REST)).await;
        }
        self.until_free(tools).await;
        let least = least.saturating_sub(tools.clock().now().since(began));
        if !least.is_zero() {
            tools.pause(least).await;
        }
        self.since = tools.clock().now();
    }

    /// Waits until nobody else needs the processors; half as long each time that it waited in vain.
    async fn until_free<T: Tools>(&mut self, tools: &T) {
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
        if waits >= A_SIGN || self.in_company {
            self.company.ask(tools, now).await;
        }
        self.in_company = self.company.is_there(now);
    }
}
