//! A migration as the web side sees it: the use cases behind one object, whatever store and services they run over.

use std::{future::Future, pin::Pin};

use authly_cutover::{
    board::{BoardStore, LineAsk, WaitingAsk},
    ledger::LedgerEntry,
    rollback::Later,
    store::PenEntry,
};
use oauth_core::{ids::UserId, subject::Reach};

use super::{
    Board, Gauges, MigrateError, Pace, RollbackOptions, RollbackReport, RollbackScope, Stop, Tools, board, rollback,
};

/// What the desk answers, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, MigrateError>> + Send + 'a>>;

/// A migration as the web side sees it.
pub trait Desk: Send + Sync {
    /// The board, of what is within reach.
    fn board(&self, reach: Reach) -> Answer<'_, Board>;
    /// Figures for metrics.
    fn gauges(&self) -> Answer<'_, Gauges>;
    /// One page of open rows.
    fn open_rows(&self, ask: WaitingAsk) -> Answer<'_, Vec<PenEntry>>;
    /// One page of the ledger.
    fn find_lines(&self, ask: LineAsk) -> Answer<'_, Vec<LedgerEntry>>;
    /// What a rollback would do; nothing is written.
    fn rehearse(&self, scope: RollbackScope, stop: Stop) -> Answer<'_, RollbackReport>;
    /// Takes back what `scope` names, on behalf of `by`; what owners changed since stays.
    fn roll_back(&self, scope: RollbackScope, by: UserId, stop: Stop) -> Answer<'_, RollbackReport>;
}

impl<T: Tools> Desk for T
where
    T::Target: BoardStore,
{
    fn board(&self, reach: Reach) -> Answer<'_, Board> {
        Box::pin(board::board(self, reach))
    }

    fn gauges(&self) -> Answer<'_, Gauges> {
        Box::pin(board::gauges(self))
    }

    fn open_rows(&self, ask: WaitingAsk) -> Answer<'_, Vec<PenEntry>> {
        Box::pin(board::open_rows(self, ask))
    }

    fn find_lines(&self, ask: LineAsk) -> Answer<'_, Vec<LedgerEntry>> {
        Box::pin(board::find_lines(self, ask))
    }

    fn rehearse(&self, scope: RollbackScope, stop: Stop) -> Answer<'_, RollbackReport> {
        let options = RollbackOptions { scope, execute: false, later: Later::Keep, pace: Pace::Gentle, by: None };
        Box::pin(async move { rollback::roll_back(self, &options, &stop).await })
    }

    fn roll_back(&self, scope: RollbackScope, by: UserId, stop: Stop) -> Answer<'_, RollbackReport> {
        let options = RollbackOptions { scope, execute: true, later: Later::Keep, pace: Pace::Gentle, by: Some(by) };
        Box::pin(async move { rollback::roll_back(self, &options, &stop).await })
    }
}
