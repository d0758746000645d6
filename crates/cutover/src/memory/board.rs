//! The board counted over the accounts in memory.

use std::collections::BTreeMap;

use authly_directory::password::StoredHash;
use oauth_core::{store::StoreError, subject::AccountStatus};

use super::{MemoryTarget, State};
use crate::{
    account::TargetAccount,
    board::{
        BoardAsk, BoardFigures, BoardStore, HashGroup, Instants, LineAsk, LineKey, Step, StepCount, WaitingAsk,
        WaitingCount, day_of, mark,
    },
    ledger::LedgerEntry,
    store::{DailyCount, PenEntry},
};

impl BoardStore for MemoryTarget {
    async fn board(&self, ask: BoardAsk) -> Result<BoardFigures, StoreError> {
        Ok(self.lock().board(&ask))
    }

    async fn waiting_rows(&self, ask: WaitingAsk) -> Result<Vec<PenEntry>, StoreError> {
        let state = self.lock();
        let wanted = |entry: &&PenEntry| {
            entry.resolution.is_none()
                && (ask.tenant.is_none() || entry.tenant == ask.tenant)
                && ask.kind.is_none_or(|kind| entry.kind == kind)
                && ask.reason.is_none_or(|reason| entry.reason.code == reason)
                && ask.after.as_ref().is_none_or(|after| (&entry.source, &entry.source_id) > (&after.0, &after.1))
        };
        Ok(state.pen.values().filter(wanted).take(ask.limit as usize).cloned().collect())
    }

    async fn find_lines(&self, ask: LineAsk) -> Result<Vec<LedgerEntry>, StoreError> {
        let state = self.lock();
        let undone = |key| state.ledger.iter().any(|item| item.undoes == Some(key));
        let mut items: Vec<_> = state
            .ledger
            .iter()
            .filter(|item| match &ask.by {
                LineKey::Account(user) => item.user == Some(*user),
                LineKey::Run(run) => item.key.run == *run,
                LineKey::SourceId(id) => item.source_id == *id,
            })
            .filter(|item| ask.tenant.is_none() || item.tenant == ask.tenant)
            .filter(|item| ask.before.is_none_or(|before| item.key < before))
            .cloned()
            .collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.key));
        items.truncate(ask.limit as usize);
        Ok(items.into_iter().map(|item| LedgerEntry { undone: undone(item.key), item }).collect())
    }
}

impl State {
    fn board(&self, ask: &BoardAsk) -> BoardFigures {
        let accounts = || {
            let living = self.accounts.values().filter(|account| account.status != AccountStatus::Deleted);
            living.filter(|account| ask.tenant.is_none() || account.tenant == ask.tenant)
        };
        let tenants = self.figures().into_iter().filter(|one| ask.tenant.is_none() || one.tenant == ask.tenant);
        let mut recent = BTreeMap::new();
        let used = |account: &&TargetAccount| account.last_password_login_at.is_some_and(|at| at >= ask.recent_from);
        accounts().filter(used).for_each(|account| *recent.entry(account.tenant).or_default() += 1);
        let clamped = |day: i64| day.max(ask.from_day - 1);
        let mut steps: BTreeMap<(Step, i64), u64> = BTreeMap::new();
        for (step, day) in accounts().flat_map(|account| self.instants(account).steps()) {
            *steps.entry((step, clamped(day))).or_default() += 1;
        }
        let mut upgrades: BTreeMap<i64, u64> = BTreeMap::new();
        for at in accounts().filter_map(|account| account.hash_upgraded_at) {
            if day_of(at) >= ask.from_day {
                *upgrades.entry(day_of(at)).or_default() += 1;
            }
        }
        let mut hashes: BTreeMap<String, (&StoredHash, u64)> = BTreeMap::new();
        for hash in accounts().filter_map(TargetAccount::effective_hash) {
            hashes.entry(mark(hash.expose()).into_owned()).or_insert((hash, 0)).1 += 1;
        }
        let mut waiting = BTreeMap::new();
        let open = self.pen.values().filter(|entry| entry.resolution.is_none());
        for entry in open.filter(|entry| ask.tenant.is_none() || entry.tenant == ask.tenant) {
            *waiting.entry((entry.kind, entry.reason.code)).or_insert(0) += 1;
        }
        BoardFigures {
            tenants: tenants.collect(),
            recent,
            steps: steps.into_iter().map(|((step, day), accounts)| StepCount { step, day, accounts }).collect(),
            upgrades: upgrades.into_iter().map(|(day, completed)| DailyCount { day, completed }).collect(),
            hashes: hashes
                .into_values()
                .map(|(sample, accounts)| HashGroup { sample: sample.clone(), accounts })
                .collect(),
            waiting: waiting.into_iter().map(|((kind, reason), rows)| WaitingCount { kind, reason, rows }).collect(),
        }
    }

    fn instants(&self, account: &TargetAccount) -> Instants {
        let moves = self.moved.get(&account.user).copied().unwrap_or_default();
        Instants {
            method: account.auth_method,
            created_at: account.created_at,
            imported_at: account.imported_at,
            completed_at: account.completed_at,
            moves,
        }
    }
}
