//! What somebody's groups at a provider say about tenants (S001-41..43).

use std::collections::{BTreeMap, BTreeSet};

use authly_upstream::{
    identity::Identity,
    provider::{PeopleRule, TenantRule},
};
use oauth_core::{audit::AuditKind, ids::TenantId, store::StoreError, time::Timestamp};

use super::store::UpstreamRepository as _;
use crate::{
    account::Account,
    directory::Directory,
    services::DirectoryServices,
    tenant::{GroupRole, TenantGroup, TenantRepository as _},
};

/// The tenants that somebody's groups stand for, with what being in them means; nothing where groups say nothing about tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission(Option<BTreeMap<TenantId, BTreeSet<GroupRole>>>);

impl Admission {
    /// What these mappings say.
    pub fn of(mappings: &[TenantGroup]) -> Self {
        let mut tenants: BTreeMap<TenantId, BTreeSet<GroupRole>> = BTreeMap::new();
        for mapping in mappings {
            tenants.entry(mapping.tenant).or_default().insert(mapping.role);
        }
        Self(Some(tenants))
    }

    /// The tenants.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.0.iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Whether a tenant is among them.
    pub fn names(&self, tenant: TenantId) -> bool {
        self.0.as_ref().is_some_and(|tenants| tenants.contains_key(&tenant))
    }

    fn has(&self, tenant: TenantId, role: GroupRole) -> bool {
        let roles = self.0.as_ref().and_then(|tenants| tenants.get(&tenant));
        roles.is_some_and(|roles| roles.contains(&role))
    }
}

impl<V: DirectoryServices> Directory<V> {
    /// What the person's groups say.
    pub(super) async fn admission(&self, identity: &Identity, rule: &PeopleRule) -> Result<Admission, StoreError> {
        if rule.tenants == TenantRule::Ignore {
            return Ok(Admission::default());
        }
        if identity.groups.is_empty() {
            return Ok(Admission::of(&[]));
        }
        let accounts = self.services().accounts();
        Ok(Admission::of(&accounts.mapped_groups(identity.provider.as_str(), &identity.groups).await?))
    }

    /// Brings the account into the groups of its tenant that it has at the provider, and out of those that it has not; returns it as it
    /// then is. Groups that are not mapped are let be.
    pub(super) async fn follow_groups(
        &self,
        account: Account,
        admission: &Admission,
        now: Timestamp,
    ) -> Result<Account, StoreError> {
        let Some(tenant) = account.subject.tenant.clone().filter(|_| admission.0.is_some()) else { return Ok(account) };
        let differs = |role: &GroupRole| {
            let is_in = account.subject.groups.contains(&role.group_name(&tenant.slug));
            is_in != admission.has(tenant.id, *role)
        };
        let wrong: Vec<GroupRole> = GroupRole::ALL.into_iter().filter(differs).collect();
        if wrong.is_empty() {
            return Ok(account);
        }
        let accounts = self.services().accounts();
        let groups = accounts.groups(Some(tenant.id)).await?;
        let user = account.subject.id;
        for role in wrong {
            let Some(group) = groups.iter().find(|group| group.name == role.group_name(&tenant.slug)) else { continue };
            let mut audit = self.engine.audit(AuditKind::GroupChanged, None, now);
            audit.user = Some(user);
            audit.detail = serde_json::json!({ "group": group.name, "by": "upstream", "tenant": tenant.slug });
            // Who lost a race to the same change is where they belong.
            let _ = match admission.has(tenant.id, role) {
                true => accounts.add_member(group.id, user, audit).await?,
                false => accounts.remove_member(group.id, user, audit).await?,
            };
        }
        Ok(self.account_of(user).await?.unwrap_or(account))
    }
}
