//! The search in the ledger.

use askama::Template;

use super::{MigrationPlace, named, readable};
use crate::frame::{Frame, render};

/// The page that searches the ledger.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrationLedger<'a> {
    /// The navigation.
    pub place: MigrationPlace<'a>,
    /// What was looked for as an account.
    pub account: &'a str,
    /// What was looked for as a row's id.
    pub row: &'a str,
    /// What was looked for as a run.
    pub run: &'a str,
    /// What was found; `None` where nothing was looked for.
    pub lines: Option<&'a [LedgerLine<'a>]>,
    /// Whether what was typed can be no id.
    pub unreadable: bool,
    /// The address of older lines.
    pub more: Option<&'a str>,
}

/// A line of the ledger.
#[derive(Debug, Clone, Copy, Default)]
pub struct LedgerLine<'a> {
    /// When, in UTC as RFC 3339.
    pub at: &'a str,
    /// The run.
    pub run: &'a str,
    /// Its number in the run.
    pub number: u64,
    /// The source.
    pub source: &'a str,
    /// The row's id there.
    pub source_id: &'a str,
    /// The account; empty where there is none.
    pub account: &'a str,
    /// What was done.
    pub action: &'a str,
    /// What became of the row; empty where the line is none's outcome.
    pub outcome: &'a str,
    /// The code of the reason; empty where there is none.
    pub reason: &'a str,
    /// The names of the columns that changed; never what they held.
    pub columns: &'a str,
    /// Whether it was taken back.
    pub undone: bool,
}

impl LedgerLine<'_> {
    fn at_words(&self) -> String {
        readable(self.at)
    }

    fn action_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "action", self.action)
    }

    fn outcome_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "outcome", self.outcome)
    }

    fn reason_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "reason", self.reason)
    }
}

#[derive(Template)]
#[template(path = "migration_ledger.html")]
struct Page<'a> {
    view: &'a MigrationLedger<'a>,
    place: MigrationPlace<'a>,
    here: &'static str,
    frame: &'a Frame<'a>,
}

/// Renders the search in the ledger.
#[must_use]
pub fn migration_ledger(view: &MigrationLedger<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, place: view.place, here: "ledger", frame })
}
