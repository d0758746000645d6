//! A run, as the first page shows it.

use super::{named, readable, share};
use crate::{
    chart::{self, spaced},
    frame::Frame,
    markup::Markup,
};

/// A run.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrationRun<'a> {
    /// Its id.
    pub id: &'a str,
    /// `import`, `rollback` or `finalize`.
    pub kind: &'a str,
    /// The source.
    pub source: &'a str,
    /// The profile.
    pub profile: &'a str,
    /// `running`, `finished`, `stopped` or `abandoned`.
    pub state: &'a str,
    /// When it began, in UTC as RFC 3339.
    pub started_at: &'a str,
    /// Its last sign of life: the last batch.
    pub heartbeat_at: &'a str,
    /// How far it is.
    pub progress: RunProgress,
    /// Rows that need a decision.
    pub decisions: u64,
    /// What stopped it.
    pub note: Option<&'a str>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunProgress {
    /// Rows that have their outcome.
    pub rows: u64,
    /// Rows of the source.
    pub of: Option<u64>,
    /// Rows a second.
    pub rate: Option<u64>,
    /// Seconds until the end.
    pub seconds_left: Option<u64>,
}

impl MigrationRun<'_> {
    pub(super) fn title<'f>(&self, frame: &'f Frame<'_>) -> &'f str {
        frame.t(if self.is_running() { "migration-run-under-way" } else { "migration-run-last" })
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }

    pub(super) fn state_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "run", self.state)
    }

    pub(super) fn kind_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "run", self.kind)
    }

    pub(super) fn bar(&self) -> Option<Markup> {
        self.progress.of.map(|of| chart::bar(self.progress.rows, of.max(1), "c3", true))
    }

    pub(super) fn rows(&self, frame: &Frame<'_>) -> String {
        match self.progress.of {
            Some(of) => {
                let done = share(self.progress.rows, of, frame).unwrap_or_default();
                format!("{} / {} ({done})", spaced(self.progress.rows), spaced(of))
            }
            None => spaced(self.progress.rows),
        }
    }

    pub(super) fn left(&self) -> Option<String> {
        let seconds = self.progress.seconds_left?;
        Some(match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, 0, seconds) => format!("{seconds} s"),
            (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
            (hours, minutes, _) => format!("{hours} h {minutes} min"),
        })
    }

    pub(super) fn started_words(&self) -> String {
        readable(self.started_at)
    }

    pub(super) fn heartbeat_words(&self) -> String {
        readable(self.heartbeat_at)
    }
}
