//! Which ways to sign in an account has, a tenant, or everybody (S001-50..53): set, show, remove.

pub use authly_cutover::policy::PolicyChange;
use authly_cutover::{policy::PolicyScope, store::CutoverStore};
use authly_directory::services::DirectoryServices;
use oauth_core::{
    audit::AuditKind,
    ids::TenantId,
    policy::{Mode, Policies, Policy},
    store::CatalogRepository as _,
    text,
};
use serde::Serialize;
use serde_json::json;

use crate::{Admin, AdminError};

/// A policy as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyView {
    /// The tenant's short name; nothing for the installation's and an account's.
    pub tenant: Option<String>,
    /// The account's e-mail address, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which ways to sign in are open: `password`, `dual` or `oauth-only`.
    pub mode: &'static str,
    /// The same for new users, where it is another.
    pub new_users: Option<&'static str>,
    /// Accounts that were created from then on are new users, RFC 3339; where they have no rule of their own, when the policy was set.
    pub since: Option<String>,
    /// When the mode becomes `oauth-only`, RFC 3339.
    pub until: Option<String>,
    /// The name of the wave.
    pub wave: Option<String>,
}

impl<V: DirectoryServices> Admin<V> {
    /// Sets the policy of a tenant, or of everybody whose tenant has none.
    pub async fn set_policy(&self, tenant: Option<&str>, change: PolicyChange) -> Result<PolicyView, AdminError> {
        let id = self.tenant_of_policy(tenant).await?;
        let before = self.policies().await?;
        let policy = self.policy(change, before.of_tenant(id))?;
        self.write_policy(tenant, id, Some(&policy)).await?;
        Ok(view(tenant, &policy))
    }

    /// Sets the policy of one account, or removes it; it counts before the tenant's and the installation's.
    pub async fn set_user_policy(
        &self,
        target: &impl CutoverStore,
        name: &str,
        change: Option<PolicyChange>,
    ) -> Result<PolicyView, AdminError> {
        let account = self.find_living(name).await?;
        let policy = change.map(|change| self.policy(change, account.subject.policy.as_deref())).transpose()?;
        let user = account.subject.id;
        let audit = self.event(AuditKind::SettingChanged, Some(user), None, json!({ "policy": policy }));
        target.put_policy(PolicyScope::Account(user), policy.clone(), audit).await?;
        Ok(PolicyView { user: Some(account.email), ..view(None, &policy.unwrap_or_default()) })
    }

    /// The policy of one account, where it has its own.
    pub async fn user_policy(&self, name: &str) -> Result<Option<PolicyView>, AdminError> {
        let account = self.find_living(name).await?;
        let own = account.subject.policy.as_deref();
        Ok(own.map(|policy| PolicyView { user: Some(account.email.clone()), ..view(None, policy) }))
    }

    /// The policy that is asked for, where `before` counts so far.
    fn policy(&self, change: PolicyChange, before: Option<&Policy>) -> Result<Policy, AdminError> {
        if let Some(wave) = &change.wave {
            text::line(wave, 100).map_err(|error| AdminError::invalid("wave", error))?;
        }
        change.apply(before, self.now()).map_err(|flaw| AdminError::invalid(flaw.field(), flaw))
    }

    /// Removes the policy of a tenant or of the installation; what is wider counts again.
    pub async fn clear_policy(&self, tenant: Option<&str>) -> Result<(), AdminError> {
        let id = self.tenant_of_policy(tenant).await?;
        self.write_policy(tenant, id, None).await
    }

    /// The policies: the installation's first, then those of tenants by short name.
    pub async fn show_policies(&self) -> Result<Vec<PolicyView>, AdminError> {
        let records = self.services.store().load_catalog().await?;
        let policies = Policies::read(&records.settings);
        let mut tenants: Vec<_> = records.tenants.iter().collect();
        tenants.sort_by(|a, b| a.slug.cmp(&b.slug));
        let of_tenants = tenants
            .into_iter()
            .filter_map(|tenant| policies.tenants.get(&tenant.id).map(|policy| view(Some(&tenant.slug), policy)));
        Ok(policies.installation.iter().map(|policy| view(None, policy)).chain(of_tenants).collect())
    }

    pub(super) async fn policies(&self) -> Result<Policies, AdminError> {
        Ok(Policies::read(&self.services.store().load_without_tenants().await?.settings))
    }

    async fn tenant_of_policy(&self, tenant: Option<&str>) -> Result<Option<TenantId>, AdminError> {
        Ok(match tenant {
            Some(slug) => Some(self.find_tenant(slug).await?.record.id),
            None => None,
        })
    }

    async fn write_policy(
        &self,
        tenant: Option<&str>,
        id: Option<TenantId>,
        policy: Option<&Policy>,
    ) -> Result<(), AdminError> {
        let value = json!(policy);
        let detail = json!({ "policy": value, "tenant": tenant });
        let audit = self.event(AuditKind::SettingChanged, None, None, detail);
        self.services.store().put_setting(&Policies::setting(id), &value.to_string(), audit).await?;
        Ok(())
    }
}

fn view(tenant: Option<&str>, policy: &Policy) -> PolicyView {
    PolicyView {
        tenant: tenant.map(str::to_owned),
        user: None,
        mode: policy.mode.as_str(),
        new_users: policy.new_users.map(Mode::as_str),
        since: policy.since.map(|at| at.to_rfc3339()),
        until: policy.until.map(|at| at.to_rfc3339()),
        wave: policy.wave.clone(),
    }
}
