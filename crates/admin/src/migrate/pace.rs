//! How hard an import works: as hard as it can, or so that whoever signs in meanwhile does not notice.
//!
//! A sign-in hashes a password: it wants one processor for some milliseconds, and the store for a moment. A low priority is not
//! enough for that: Linux weighs it within a session, and the database has none. So an import works in small pieces, one thing at a
//! time where others are or may be, and rests between them: as long as others want a processor where [it can see them](Watched),
//! else [a part of the time](Counted).

use std::time::Duration;

use authly_cutover::store::{CutoverStore as _, Turn};
use oauth_core::services::Clock as _;

use super::{Tools, counted::Counted, watched::Watched};

/// How hard an import works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// In small pieces, while nobody else wants a processor, and one thing at a time behind others: for when people sign in.
    #[default]
    Gentle,
    /// In large pieces without a rest, the next rows read and decided while others are written: for when nobody does.
    Full,
}

/// How many rows are written at a time at most where nobody waits for the write: what a processor is busy with for about as long
/// as with a sign-in. Half as many take a twelfth longer in all.
const PIECE: u32 = 200;

impl Pace {
    /// How many rows may be written at a time, where so many were asked for.
    pub(super) fn most_rows(self, asked: u32, turn: Option<Turn>) -> u32 {
        match (turn, self) {
            (None, Self::Gentle) => asked.min(PIECE),
            // How long a write may take decides, or nothing does.
            (Some(_), _) | (None, Self::Full) => asked,
        }
    }
}

/// The rests of one import.
pub(super) enum Rests {
    /// None but those that were asked for.
    None,
    /// As long as others want the processors.
    Watched(Watched),
    /// A part of the time.
    Counted(Counted),
}

impl Rests {
    pub(super) fn new(pace: Pace, tools: &impl Tools) -> Self {
        let sees = || tools.target().works_on_this_machine() && tools.processors().is_some();
        match pace {
            Pace::Full => Self::None,
            Pace::Gentle if sees() => Self::Watched(Watched::new(tools.clock().now())),
            Pace::Gentle => Self::Counted(Counted::new(tools.clock().now())),
        }
    }

    /// How many rows to write at a time, of so many.
    pub(super) fn rows(&self, rows: usize) -> usize {
        if let Self::Watched(watched) = self { watched.rows(rows) } else { rows }
    }

    /// How many rows to read at a time, of so many.
    pub(super) fn page(&self, rows: u32) -> u32 {
        if let Self::Watched(watched) = self { watched.page(rows) } else { rows }
    }

    /// Whether the next rows are read and decided while others are written. That takes two processors, which a gentle import has
    /// while it sees that nobody else wants one.
    pub(super) const fn works_ahead(&self) -> bool {
        match self {
            Self::None => true,
            Self::Watched(watched) => !watched.is_in_company(),
            Self::Counted(_) => false,
        }
    }

    /// Whether it works in the smallest pieces: others came lately, and it can see when they come again.
    pub(super) const fn works_little(&self) -> bool {
        matches!(self, Self::Watched(watched) if watched.is_in_company())
    }

    /// Counts what it held back for another reason.
    pub(super) fn held_back(&mut self, time: Duration) {
        if let Self::Counted(counted) = self {
            counted.held_back(time);
        }
    }

    /// Rests behind a piece, at least that long.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T, least: Duration) {
        match self {
            Self::None if least.is_zero() => {}
            Self::None => tools.pause(least).await,
            Self::Watched(watched) => watched.rest(tools, least).await,
            Self::Counted(counted) => counted.rest(tools, least).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_small_where_the_store_does_not_see_to_it() {
        let turn = Some(Turn { write: Duration::from_millis(10), gap: Duration::from_millis(3) });
        assert_eq!((Pace::Gentle.most_rows(500, None), Pace::Gentle.most_rows(20, None)), (200, 20));
        assert_eq!((Pace::Full.most_rows(500, None), Pace::Gentle.most_rows(500, turn)), (500, 500));
    }
}
