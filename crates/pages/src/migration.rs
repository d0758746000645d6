//! The pages of a migration, for administrators: how far it is, rows that wait, the ledger, and taking back.

mod board;
mod gate;
mod ledger;
mod rollback;
mod rows;
mod run;

use crate::{chart::percent, frame::Frame};

pub use self::{
    board::{Migration, MigrationPhase, MigrationTenant, SchemeCount, TenantOrder, WaitingLine, migration},
    gate::{GateDoubt, GateDoubtReason, GateFound, GateLine},
    ledger::{LedgerLine, MigrationLedger, migration_ledger},
    rollback::{MigrationRollback, Rehearsal, RollbackConflict, RollbackNotice, RollbackTarget, migration_rollback},
    rows::{MigrationRows, WaitingRow, migration_rows},
    run::{MigrationRun, RunProgress},
};

/// What the navigation of these pages needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrationPlace<'a> {
    /// The path of the first page, such as `/admin/migration`; the others are below it.
    pub base: &'a str,
    /// The path of the reader's own account; empty for no link.
    pub account: &'a str,
    /// The name of the only tenant that is shown; `None` where all are.
    pub tenant: Option<&'a str>,
    /// Whether taking back is offered.
    pub may_roll_back: bool,
}

/// A text of the catalogue whose key is made from data; the data itself where there is none.
fn named(frame: &Frame<'_>, kind: &str, code: &str) -> String {
    frame.locale.find(&format!("{kind}-{}", code.replace('_', "-"))).unwrap_or(code).to_owned()
}

/// A part of a whole in per cent, as the language writes it; nothing of nothing.
fn share(part: u64, whole: u64, frame: &Frame<'_>) -> Option<String> {
    percent(part, whole, frame.t("migration-decimal-mark"))
}

/// `2026-11-20T23:39:26Z` as `2026-11-20 23:39 UTC`; anything else as it is.
fn readable(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16)) {
        (Some(day), Some("T"), Some(minute)) if time.ends_with('Z') => format!("{day} {minute} UTC"),
        _ => time.to_owned(),
    }
}
