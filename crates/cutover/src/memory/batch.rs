//! A batch applied to a copy of the state: the copy replaces it only if every guard held.

use authly_directory::identifier::fold;
use oauth_core::time::Timestamp;

use super::{State, TargetAccount};
use crate::store::{AccountWrite, BatchWrite, LinkWrite, PenEntry, TargetGroup, TargetTenant};

impl State {
    /// Whether everything could be written.
    pub(super) fn apply(&mut self, write: BatchWrite) -> bool {
        for tenant in write.tenants {
            if self.tenants.iter().any(|known| known.slug == tenant.slug || known.id == tenant.id) {
                return false;
            }
            let (slug, name) = (tenant.slug, tenant.name);
            self.tenants.push(TargetTenant { id: tenant.id, slug, name, active: tenant.active });
        }
        for group in write.groups {
            if self.groups.iter().any(|known| known.tenant == group.tenant && known.name == group.name) {
                return false;
            }
            self.groups.push(TargetGroup { id: group.id, tenant: group.tenant, name: group.name });
        }
        if !self.write_accounts(write.accounts, write.at) {
            return false;
        }
        for link in write.links {
            match link {
                LinkWrite::Put(link) => {
                    self.links.insert((link.source.clone(), link.source_id.clone()), link);
                }
                LinkWrite::Remove { source, source_id } => {
                    self.links.remove(&(source, source_id));
                }
            }
        }
        for entry in write.pen {
            self.pen_in(entry);
        }
        let source = self.held(write.lease).map(|run| run.plan.source.clone());
        if let Some(source) = source {
            for id in write.settled {
                self.pen.remove(&(source.clone(), id));
            }
        }
        for write_one in write.resolutions {
            let Some(entry) = self.pen.get_mut(&(write_one.source, write_one.source_id)) else { return false };
            entry.resolved_at = write_one.resolution.is_some().then_some(write.at);
            entry.resolution = write_one.resolution;
        }
        self.ledger.extend(write.ledger);
        self.audit.extend(write.audit);
        let Some(run) = self.held(write.lease) else { return false };
        run.heartbeat_at = write.at;
        run.last_seq = write.progress.last_seq;
        run.counters = write.progress.counters;
        run.watermark = write.progress.watermark;
        run.checkpoint = write.progress.checkpoint.or_else(|| run.checkpoint.take());
        true
    }

    fn write_accounts(&mut self, writes: Vec<AccountWrite>, at: Timestamp) -> bool {
        let rank = |write: &AccountWrite| match write {
            AccountWrite::Remove(_) => 0,
            AccountWrite::Change { .. } => 1,
            AccountWrite::Create(_) => 2,
        };
        let mut writes = writes;
        writes.sort_by_key(rank);
        // Changes are judged as they stood, then written together: two of them may swap names.
        for write in &writes {
            let (from, create) = match write {
                AccountWrite::Remove(from) => (from, false),
                AccountWrite::Change { from, .. } => (from, false),
                AccountWrite::Create(account) => (account, true),
            };
            let known = self.accounts.get(&from.user);
            let fine = if create { known.is_none() } else { known.is_some_and(|known| guard(known) == guard(from)) };
            if !fine {
                return false;
            }
        }
        for write in writes {
            match write {
                AccountWrite::Remove(account) => {
                    self.accounts.remove(&account.user);
                }
                AccountWrite::Change { from, to } => {
                    let moves = self.moved.entry(to.user).or_default();
                    *moves = moves.after(from.auth_method, to.auth_method, at);
                    self.accounts.insert(to.user, *to);
                }
                AccountWrite::Create(to) => {
                    self.accounts.insert(to.user, *to);
                }
            }
        }
        self.names_are_unique()
    }

    fn names_are_unique(&self) -> bool {
        let mut emails = std::collections::HashSet::new();
        let mut usernames = std::collections::HashSet::new();
        self.accounts.values().all(|account| {
            let tenant = account.tenant.filter(|_| self.addresses_per_tenant);
            emails.insert((tenant, fold(&account.email))) && usernames.insert(fold(&account.username))
        })
    }

    fn pen_in(&mut self, mut entry: PenEntry) {
        let key = (entry.source.clone(), entry.source_id.clone());
        if let Some(known) = self.pen.get(&key)
            && known.kind == entry.kind
            && known.reason == entry.reason
        {
            entry.resolution.clone_from(&known.resolution);
            entry.resolved_at = known.resolved_at;
        }
        self.pen.insert(key, entry);
    }
}

/// What a guarded write compares.
fn guard(account: &TargetAccount) -> impl PartialEq + use<> {
    (
        account.email.clone(),
        account.username.clone(),
        account.hash.clone(),
        account.upgraded_hash.clone(),
        account.status,
        account.updated_at,
    )
}
