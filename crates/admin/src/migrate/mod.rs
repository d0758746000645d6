//! The use cases of a migration: import, status, rollback, decisions, the gate.
//!
//! The rules are those of `authly-cutover`; here they are walked through a source and a store, batch by batch. Nothing here
//! prints: what is worth telling while it happens goes to an [`Observer`].

mod ahead;
mod assess;
mod board;
mod breath;
mod by_scheme;
mod checklist;
mod commit;
mod company;
mod counted;
mod desk;
mod feed;
mod finalize;
mod import;
mod inactive;
mod link;
mod pace;
mod parts;
mod pen;
mod pieces;
mod rate;
mod report;
mod rollback;
mod since;
mod status;
mod stride;
mod tenants;
#[cfg(test)]
mod tests;
mod tools;
mod verify;
mod walk;
mod watched;
mod wrap;
mod write_back;

pub use self::{
    assess::{
        AssessOptions, Assessed, ExportOptions, Exported, PasswordCheck, PasswordResult, Surveyed, assess, export,
        survey, verify_password,
    },
    board::{Board, Gauges, Phase, SchemeLine, TenantLine, board, gauges},
    checklist::{checklist, confirm_box, installation, withdraw_box},
    company::Processors,
    desk::{Answer, Desk},
    finalize::{
        ColumnsReport, Executed, FinalizePlan, FinalizeTerms, Purged, Undone, Waived, WaiverLine, decide_inactive,
        drop_columns, execute as finalize, finalization, gate_with, kept_columns, may_drop_columns, may_purge,
        may_restore_columns, may_write_back, plan as finalize_plan, purge, read_waivers, restore_columns, undo,
    },
    import::{ImportOptions, OnError, import},
    inactive::inactive_as,
    link::{Linked, Subject, link, unlink},
    pace::Pace,
    parts::{PartOptions, import_part},
    pen::{Quarantined, WaitingRows, resolve, retry, show, waiting},
    report::{ImportReport, Stopped},
    rollback::{RollbackOptions, RollbackReport, RollbackScope, RolledBack, roll_back},
    status::{MigrationStatus, OAuthSwitch, RunView, Standing, daily, gate, pending, runs, status},
    tools::{Observer, Silent, Stop, Tools, Wrap},
    verify::{Difference, Verified, VerifyOptions, verify},
    write_back::{Foreseeing, Foreseen, Unwritten, WriteBack, WriteBackReport, compare_written, write_back},
};

use authly_cutover::{columns::ColumnError, finalization::StepRefused, run::Run, source::SourceError};
use oauth_core::{services::Busy, store::StoreError};
use thiserror::Error;

/// Why a migration did not do what was asked.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// A run of that source is under way.
    #[error("a run of {source_name} is under way since {since}, and gave a sign of life {heartbeat}")]
    Busy {
        /// The source.
        source_name: String,
        /// When it began.
        since: String,
        /// Its last sign of life.
        heartbeat: String,
    },
    /// Another process has the run now.
    #[error("another process has taken the run over; this one has stopped, and lost nothing")]
    Fenced,
    /// The pool of password hashes is full.
    #[error(transparent)]
    Hashes(#[from] Busy),
    /// The source has no such tenant.
    #[error("{}", no_tenant(.name, .alike, *.more))]
    NoTenant {
        /// What was asked for.
        name: String,
        /// Short names that it has, those that are most like it first.
        alike: Vec<String>,
        /// How many others there are.
        more: usize,
    },
    /// What was asked for is not there.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// What a row is to be linked to is no account here, and the row has none whose id at the external provider it could be.
    #[error(
        "no account here has the id, e-mail address or user name {subject:?}; as an id at the external provider it could be \
         noted for a row that is imported, and row {row} of {source_name} is not"
    )]
    NotImported {
        /// What was named.
        subject: String,
        /// The row.
        row: String,
        /// Its source.
        source_name: String,
    },
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ColumnError),
    /// What was asked for cannot be.
    #[error("{0}")]
    Refused(String),
    /// The doors are closed; the end can be taken back first.
    #[error("the migration is finalized since {0}")]
    Over(String),
    /// The step of the end does not follow.
    #[error(transparent)]
    Step(#[from] StepRefused),
    /// The source cannot be read.
    #[error("{}", in_full(.0))]
    Source(#[from] SourceError),
    /// The store failed.
    #[error("the store failed: {}", in_full(.0))]
    Store(#[from] StoreError),
}

impl MigrateError {
    fn busy(run: &Run) -> Self {
        Self::Busy {
            source_name: run.plan.source.to_string(),
            since: run.started_at.to_rfc3339(),
            heartbeat: run.heartbeat_at.to_rfc3339(),
        }
    }
}

fn no_tenant(name: &str, alike: &[String], more: usize) -> String {
    match (alike, more) {
        ([], _) => format!("there is no tenant {name:?} in the source: it has no tenants"),
        (alike, 0) => format!("there is no tenant {name:?} in the source: it has {}", alike.join(", ")),
        (alike, more) => {
            format!("there is no tenant {name:?} in the source: it has {}, and {more} more", alike.join(", "))
        }
    }
}

/// An error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
