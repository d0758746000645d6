//! Whether a batch may be decided while the one before it is still being written.
//!
//! What it is decided from was read before that write took effect, so nothing of it may be what the write changes: no account, no
//! name, no id at the external provider, no row. Where anything is, it is decided afterwards. Others who write meanwhile are kept
//! off by the guards of the write, as ever.

use std::collections::HashSet;

use authly_cutover::{
    account::TargetAccount,
    decide::folded_names,
    source::SourceId,
    store::{AccountWrite, BatchWrite, LinkWrite, RowKeys, TargetSnapshot},
};
use oauth_core::ids::UserId;

/// What a write touches.
#[derive(Debug, Default)]
pub(super) struct Touched {
    users: HashSet<UserId>,
    names: HashSet<String>,
    subjects: HashSet<String>,
    rows: HashSet<SourceId>,
}

impl Touched {
    /// By that write.
    pub(super) fn by(write: &BatchWrite) -> Self {
        let mut touched = Self::default();
        for account in &write.accounts {
            match account {
                AccountWrite::Create(to) | AccountWrite::Remove(to) => touched.account(to),
                AccountWrite::Change { from, to } => {
                    touched.account(from);
                    touched.account(to);
                }
            }
        }
        for link in &write.links {
            match link {
                LinkWrite::Put(link) => {
                    touched.users.insert(link.user);
                    touched.rows.insert(link.source_id.clone());
                }
                LinkWrite::Remove { source_id, .. } => {
                    touched.rows.insert(source_id.clone());
                }
            }
        }
        touched.rows.extend(write.pen.iter().map(|entry| entry.source_id.clone()));
        touched.rows.extend(write.settled.iter().cloned());
        touched.rows.extend(write.resolutions.iter().map(|resolution| resolution.source_id.clone()));
        touched
    }

    fn account(&mut self, account: &TargetAccount) {
        self.users.insert(account.user);
        self.names.extend(folded_names(account));
        self.subjects.extend(account.external_subject.clone());
    }

    /// Whether rows with these keys ask for anything of it.
    pub(super) fn is_asked_for(&self, rows: &[RowKeys]) -> bool {
        rows.iter().any(|row| {
            let subject = row.external_subject.as_deref();
            let named = subject.and_then(|subject| UserId::parse(&subject.to_ascii_lowercase()));
            self.rows.contains(&row.source_id)
                || row.user.iter().chain(&named).any(|user| self.users.contains(user))
                || row.names.iter().any(|name| self.names.contains(name))
                || subject.is_some_and(|subject| self.subjects.contains(subject))
        })
    }

    /// Whether anything of it was found.
    pub(super) fn is_in(&self, snapshot: &TargetSnapshot) -> bool {
        snapshot.accounts.iter().any(|account| self.users.contains(&account.user))
            || snapshot.links.iter().any(|link| self.users.contains(&link.user))
    }
}
