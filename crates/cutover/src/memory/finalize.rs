//! The end of a migration in memory. There are no tokens here: only rows that waited can be removed.

use oauth_core::{ids::UserId, store::StoreError};
use serde_json::json;

use super::{MemoryTarget, State};
use crate::{
    account::TargetAccount,
    finalization::{self, Finalization, Passwords, Relic, RelicKind, SealedRelic},
    store::{BatchCommit, EndStep, EndWrite, FinalizeStore, Outlook, PenEntry},
};

impl FinalizeStore for MemoryTarget {
    async fn finalization(&self) -> Result<Option<Finalization>, StoreError> {
        Ok(self.lock().finalization.clone())
    }

    async fn outlook(&self) -> Result<Outlook, StoreError> {
        let state = self.lock();
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let going = state.concerned(Passwords::Remove).filter(|account| Passwords::Remove.goes(account));
        let (accounts, passwords) = (count(state.concerned(Passwords::Keep).count()), count(going.count()));
        let mut outlook = Outlook { accounts, passwords, ..Outlook::default() };
        if !state.pen.is_empty() {
            outlook.relics.insert(RelicKind::WaitingRow, count(state.pen.len()));
        }
        for (kind, _) in state.archive.keys() {
            *outlook.archived.entry(*kind).or_default() += 1;
        }
        Ok(outlook)
    }

    async fn concerned_accounts(
        &self,
        passwords: Passwords,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let state = self.lock();
        let behind = |account: &&TargetAccount| after.is_none_or(|after| account.user > after);
        Ok(state.concerned(passwords).filter(behind).take(limit as usize).map(|account| account.user).collect())
    }

    async fn relics(&self, kind: RelicKind, limit: u32) -> Result<Vec<Relic>, StoreError> {
        let state = self.lock();
        let entries = state.pen.values().filter(|_| kind == RelicKind::WaitingRow);
        Ok(entries
            .take(limit as usize)
            .map(|entry| Relic { kind, key: key(entry), content: json!(entry.label) })
            .collect())
    }

    async fn archived(&self, kinds: &[RelicKind], begin: &str, limit: u32) -> Result<Vec<SealedRelic>, StoreError> {
        let state = self.lock();
        let asked = state.archive.iter().filter(|((kind, key), _)| kinds.contains(kind) && key.starts_with(begin));
        Ok(asked.take(limit as usize).map(|(_, (sealed, _))| sealed.clone()).collect())
    }

    async fn commit_end(&self, write: EndWrite) -> Result<BatchCommit, StoreError> {
        let mut state = self.lock();
        let Some(run) = state.held(write.lease) else { return Ok(BatchCommit::Fenced) };
        (run.heartbeat_at, run.last_seq) = (write.at, write.last_seq);
        match write.step {
            EndStep::Archive(rows) => {
                for (relic, sealed) in rows {
                    let found = state.pen.iter().find(|(_, entry)| key(entry) == relic.key).map(|(key, _)| key.clone());
                    let Some(entry) = found.and_then(|found| state.pen.remove(&found)) else {
                        return Ok(BatchCommit::Lost);
                    };
                    state.archive.insert((relic.kind, relic.key), (sealed, Some(entry)));
                }
            }
            EndStep::Purge(rows) => rows.iter().for_each(|row| {
                state.archive.remove(row);
            }),
            EndStep::Record(record) => state.finalization = record,
            EndStep::Shelve(rows) => {
                state.archive.extend(rows.into_iter().map(|row| ((row.kind, row.key.clone()), (row, None))));
            }
            EndStep::Restore(rows) => {
                for relic in rows {
                    if let Some((_, Some(entry))) = state.archive.remove(&(relic.kind, relic.key)) {
                        state.pen.insert((entry.source.clone(), entry.source_id.clone()), entry);
                    }
                }
            }
        }
        state.ledger.extend(write.ledger);
        state.audit.push(write.audit);
        Ok(BatchCommit::Applied)
    }
}

impl State {
    fn concerned(&self, passwords: Passwords) -> impl Iterator<Item = &TargetAccount> {
        self.accounts.values().filter(move |account| finalization::concerns(account, passwords))
    }
}

fn key(entry: &PenEntry) -> String {
    json!([entry.source, entry.source_id]).to_string()
}
