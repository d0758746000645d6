//! Figures counted over the accounts in memory.

use std::{cmp::Reverse, collections::BTreeMap};

use authly_directory::password::StoredHash;
use oauth_core::{ids::TenantId, subject::AccountStatus, time::Timestamp};

use super::{State, TargetAccount};
use crate::{
    account::{AuthMethod, CredentialState},
    board::mark,
    finalize::{GateFacts, ImportedSource},
    run::RunKind,
    source::SourceName,
    store::{DailyCount, Lacks, LegacyUse, PenKind, PendingAccount, PendingAsk, TenantFigures, TimedFact},
};

impl State {
    fn living(&self) -> impl Iterator<Item = &TargetAccount> {
        self.accounts.values().filter(|account| account.status != AccountStatus::Deleted)
    }

    pub(super) fn figures(&self) -> Vec<TenantFigures> {
        let mut figures: BTreeMap<Option<TenantId>, TenantFigures> = BTreeMap::new();
        figures.insert(None, TenantFigures::default());
        for tenant in &self.tenants {
            let one = figures.entry(Some(tenant.id)).or_default();
            (one.tenant, one.slug, one.name) = (Some(tenant.id), Some(tenant.slug.clone()), Some(tenant.name.clone()));
        }
        for account in self.living() {
            let one = figures.entry(account.tenant).or_default();
            let count = |yes: bool| u64::from(yes);
            one.tenant = account.tenant;
            one.total += 1;
            one.password += count(account.auth_method == AuthMethod::Password);
            one.dual += count(account.auth_method == AuthMethod::Dual);
            one.oauth += count(account.auth_method == AuthMethod::Oauth);
            one.imported += count(account.imported_at.is_some());
            one.invited += count(account.invited_at.is_some());
            one.completed += count(account.completed_at.is_some());
            one.hash_upgraded += count(account.hash_upgraded_at.is_some());
            one.reset_required += count(account.reset_required);
            one.disabled += count(account.status == AccountStatus::Disabled);
            one.legacy_scheme += count(account.credential_state == CredentialState::LegacyScheme);
            one.wrapped += count(account.credential_state == CredentialState::Wrapped);
            one.last_password_login_at = one.last_password_login_at.max(account.last_password_login_at);
        }
        for entry in self.pen.values().filter(|entry| entry.resolution.is_none()) {
            figures.entry(entry.tenant).or_default().waiting += 1;
        }
        figures.into_values().collect()
    }

    pub(super) fn figures_and_old_hashes(&self) -> (Vec<TenantFigures>, Vec<StoredHash>) {
        let mut groups: BTreeMap<String, (StoredHash, BTreeMap<Option<TenantId>, u64>)> = BTreeMap::new();
        let old = |account: &&TargetAccount| account.credential_state.is_foreign();
        for account in self.living().filter(old) {
            let Some(hash) = account.effective_hash() else { continue };
            let group = groups.entry(mark(hash.expose()).into_owned());
            *group.or_insert_with(|| (hash.clone(), BTreeMap::new())).1.entry(account.tenant).or_default() += 1;
        }
        let (mut figures, mut samples) = (self.figures(), Vec::new());
        for (place, (sample, accounts)) in groups.into_values().enumerate() {
            samples.push(sample);
            for one in &mut figures {
                one.old_hashes.extend(accounts.get(&one.tenant).map(|accounts| (place, *accounts)));
            }
        }
        (figures, samples)
    }

    pub(super) fn daily(&self, tenant: Option<TenantId>, from: Timestamp, to: Timestamp) -> Vec<DailyCount> {
        let mut days: BTreeMap<i64, u64> = BTreeMap::new();
        let of = |account: &&TargetAccount| tenant.is_none() || account.tenant == tenant;
        for at in self.living().filter(of).filter_map(|account| account.completed_at) {
            if at >= from && at < to {
                *days.entry(at.seconds().div_euclid(86_400)).or_default() += 1;
            }
        }
        days.into_iter().map(|(day, completed)| DailyCount { day, completed }).collect()
    }

    pub(super) fn pending(&self, ask: PendingAsk) -> Vec<PendingAccount> {
        let wanted = |account: &&TargetAccount| {
            let lacks = match ask.lacks {
                Lacks::Completion => account.completed_at.is_none() && account.auth_method != AuthMethod::Oauth,
                Lacks::OwnHash => account.status == AccountStatus::Active && account.credential_state.is_foreign(),
            };
            lacks && (ask.tenant.is_none() || account.tenant == ask.tenant)
        };
        let mut accounts: Vec<&TargetAccount> = self.living().filter(wanted).collect();
        accounts.sort_by_key(|account| (Reverse(account.last_login_at), account.user));
        let behind = |account: &&&TargetAccount| {
            ask.after.is_none_or(|(at, user)| (Reverse(account.last_login_at), account.user) > (Reverse(at), user))
        };
        let slug = |id: TenantId| self.tenants.iter().find(|tenant| tenant.id == id).map(|tenant| tenant.slug.clone());
        accounts
            .iter()
            .filter(behind)
            .take(ask.limit as usize)
            .map(|account| PendingAccount {
                user: account.user,
                tenant: account.tenant.and_then(slug),
                email: account.email.clone(),
                name: account.profile.name.clone(),
                last_login_at: account.last_login_at,
                invited_at: account.invited_at,
            })
            .collect()
    }

    /// Sources with links that imports brought.
    fn imported(&self) -> Vec<ImportedSource> {
        let mut sources: BTreeMap<SourceName, Timestamp> = BTreeMap::new();
        for run in self.runs.iter().filter(|run| run.plan.kind == RunKind::Import) {
            let last = sources.entry(run.plan.source.clone()).or_insert(run.heartbeat_at);
            *last = run.heartbeat_at.max(*last);
        }
        sources.retain(|source, _| self.links.keys().any(|(linked, _)| linked == source));
        let source = |(source, last_import_at)| ImportedSource { source, last_import_at, verified: None };
        sources.into_iter().map(source).collect()
    }

    pub(super) fn gate_facts(&self, window_start: Timestamp) -> GateFacts {
        let active = || self.living().filter(|account| account.status == AccountStatus::Active);
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let mut facts = GateFacts {
            active: count(active().count()),
            not_completed: count(active().filter(|account| account.completed_at.is_none()).count()),
            foreign_hashes: count(active().filter(|account| account.credential_state.is_foreign()).count()),
            inactive: count(
                self.accounts
                    .values()
                    .filter(|account| account.status != AccountStatus::Active && account.completed_at.is_none())
                    // Who came by no migration and was deleted here is nobody's question any more.
                    .filter(|account| account.status != AccountStatus::Deleted || account.imported_at.is_some())
                    .count(),
            ),
            sources: self.imported(),
            ..GateFacts::default()
        };
        for entry in self.pen.values().filter(|entry| entry.resolution.is_none()) {
            match entry.kind {
                PenKind::Quarantine => facts.quarantined += 1,
                PenKind::Conflict | PenKind::Failed => facts.conflicts += 1,
            }
        }
        let mut uses: BTreeMap<Option<TenantId>, Timestamp> = BTreeMap::new();
        for account in self.accounts.values() {
            if let Some(at) = account.last_password_login_at.filter(|at| *at >= window_start) {
                let last = uses.entry(account.tenant).or_insert(at);
                *last = at.max(*last);
            }
        }
        facts.legacy_uses = uses.into_iter().map(|(tenant, last_at)| LegacyUse { tenant, last_at }).collect();
        let mut confirmed = Vec::new();
        for fact in &self.facts {
            match fact {
                TimedFact::BackupVerified { at, .. } => facts.backup_verified_at = Some(*at),
                TimedFact::Verified { source, at, clean } => {
                    let known = facts.sources.iter_mut().find(|one| one.source == *source);
                    if let Some(one) = known {
                        one.verified = Some((*at, *clean));
                    }
                }
                TimedFact::TenantConfirmed { tenant, .. } => confirmed.push(*tenant),
                TimedFact::InactiveDecided { at, .. } => facts.inactive_decided_at = Some(*at),
                TimedFact::CountingSince { at } => facts.counting_since = Some(*at),
                TimedFact::BoxConfirmed { .. } | TimedFact::SchemaVerified { .. } | TimedFact::Validated { .. } => {}
            }
        }
        let open = self.tenants.iter().filter(|tenant| tenant.active && !confirmed.contains(&tenant.id));
        facts.unconfirmed_tenants = open.map(|tenant| (tenant.id, tenant.slug.clone())).collect();
        facts
    }
}
