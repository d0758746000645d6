//! Rows that wait for a decision, when the imports that they are of are taken back.

use authly_cutover::{
    ledger::LedgerScope,
    store::{BatchCommit, BatchWrite, CutoverStore as _},
};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    services::Clock as _,
};
use serde_json::json;

use super::{Back, MigrateError, PAGE, RollbackReport, Tools, event};

impl<T: Tools> Back<'_, T> {
    /// Rows that wait are of the imports that are taken back. What an operator decided about rows is kept: it is heeded by the next
    /// import, as the decisions of the profile are.
    pub(super) async fn clear_waiting(&mut self, report: &mut RollbackReport) -> Result<(), MigrateError> {
        let of_run = match self.scope {
            LedgerScope::All => None,
            LedgerScope::Run(run) => Some(run),
            LedgerScope::Tenant(_) | LedgerScope::User(_) => return Ok(()),
        };
        let mut after = None;
        loop {
            let rows = self.tools.target().pen(Some(self.source), false, after, PAGE).await?;
            let Some(last) = rows.last().map(|row| (row.source.clone(), row.source_id.clone())) else { return Ok(()) };
            let end = u32::try_from(rows.len()).is_ok_and(|count| count < PAGE);
            let gone: Vec<_> = rows.into_iter().filter(|row| of_run.is_none_or(|run| row.run == run)).collect();
            report.waiting_cleared += u64::try_from(gone.len()).unwrap_or(u64::MAX);
            if let Some(run) = self.run.filter(|_| !gone.is_empty()) {
                let mut write = BatchWrite::empty(run.lease(), self.tools.clock().now());
                write.progress.last_seq = self.seq;
                let detail = json!({ "migration_run": run.plan.id, "waiting_cleared": gone.len() });
                write.audit.push(AuditEvent { user: self.by, ..event(self.tools, AuditKind::SettingChanged, detail) });
                write.settled = gone.into_iter().map(|row| row.source_id).collect();
                match self.put(write.settled.len(), write).await? {
                    BatchCommit::Applied => {}
                    BatchCommit::Fenced => return Err(MigrateError::Fenced),
                    BatchCommit::Lost => {
                        let why = "rows that wait changed at this moment; run the rollback again".to_owned();
                        return Err(MigrateError::Refused(why));
                    }
                }
            }
            self.pieces.rest(self.tools).await;
            if end {
                return Ok(());
            }
            after = Some(last);
        }
    }
}
