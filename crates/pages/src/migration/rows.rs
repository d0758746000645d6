//! Rows that wait for a decision.

use askama::Template;

use super::{MigrationPlace, named, readable};
use crate::frame::{Frame, render};

/// The page of rows that wait for a decision.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrationRows<'a> {
    /// The navigation.
    pub place: MigrationPlace<'a>,
    /// The only kind that is shown; empty for all.
    pub kind: &'a str,
    /// The only reason that is shown; empty for all.
    pub reason: &'a str,
    /// The rows.
    pub rows: &'a [WaitingRow<'a>],
    /// The address of the rows that follow.
    pub more: Option<&'a str>,
}

/// A row that waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaitingRow<'a> {
    /// The source.
    pub source: &'a str,
    /// Its id there.
    pub source_id: &'a str,
    /// `conflict`, `quarantine` or `failed`.
    pub kind: &'a str,
    /// The code of the reason.
    pub reason: &'a str,
    /// What of it cannot be read: the code of each flaw, and the column.
    pub flaws: &'a [(&'a str, &'a str)],
    /// Who it is, masked by the caller.
    pub label: &'a str,
    /// The short name of its tenant.
    pub tenant: &'a str,
    /// Since when, in UTC as RFC 3339.
    pub since: &'a str,
}

impl WaitingRow<'_> {
    fn kind_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "waiting", self.kind)
    }

    fn reason_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "reason", self.reason)
    }

    fn flaws_words(&self, frame: &Frame<'_>) -> String {
        let words = self.flaws.iter().map(|(kind, column)| format!("{} ({column})", named(frame, "flaw", kind)));
        words.collect::<Vec<_>>().join(", ")
    }

    fn since_words(&self) -> String {
        readable(self.since)
    }
}

impl MigrationRows<'_> {
    fn filter_words(&self, frame: &Frame<'_>) -> Option<String> {
        let kind = (!self.kind.is_empty()).then(|| named(frame, "waiting", self.kind));
        let reason = (!self.reason.is_empty()).then(|| named(frame, "reason", self.reason));
        let words: Vec<String> = [kind, reason].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(" · "))
    }
}

#[derive(Template)]
#[template(path = "migration_rows.html")]
struct Page<'a> {
    view: &'a MigrationRows<'a>,
    place: MigrationPlace<'a>,
    here: &'static str,
    frame: &'a Frame<'a>,
}

/// Renders the page of rows that wait.
#[must_use]
pub fn migration_rows(view: &MigrationRows<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, place: view.place, here: "rows", frame })
}
