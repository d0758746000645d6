//! A tenant as shown.

use authly_directory::tenant::{Tenant, TenantGroup};
use oauth_core::policy::{Mode, Policies};
use serde::Serialize;

/// A tenant as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantView {
    /// Its id.
    pub id: String,
    /// Its short name, which tokens and groups carry.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in operation.
    pub is_active: bool,
    /// Whether the password grant and the JSON logins are open for it.
    pub legacy_login: bool,
    /// Which ways to sign in are open: `password`, `dual` or `oauth-only`.
    pub mode: &'static str,
    /// The same for new users, where it is another.
    pub new_users: Option<&'static str>,
    /// Accounts that were created from then on are new users, RFC 3339; where they have a rule of their own.
    pub new_users_since: Option<String>,
    /// When the mode becomes `oauth-only`, RFC 3339.
    pub until: Option<String>,
    /// How many accounts it has.
    pub members: u64,
    /// How many groups it has.
    pub groups: u64,
    /// Who said that it has moved.
    pub confirmed_by: Option<String>,
    /// When that was said, RFC 3339.
    pub confirmed_at: Option<String>,
    /// When it was created, RFC 3339.
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
    /// When it was removed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
}

impl TenantView {
    pub(super) fn of(tenant: &Tenant, policies: &Policies) -> Self {
        let policy = policies.of_tenant(Some(tenant.record.id));
        Self {
            id: tenant.record.id.to_string(),
            slug: tenant.record.slug.clone(),
            name: tenant.record.name.clone(),
            is_active: tenant.record.active,
            legacy_login: tenant.record.legacy_login,
            mode: policy.map_or(Mode::Dual, |policy| policy.mode).as_str(),
            new_users: policy.and_then(|policy| policy.new_users).map(Mode::as_str),
            new_users_since: policy
                .and_then(|policy| policy.since.filter(|_| policy.new_users.is_some()))
                .map(|since| since.to_rfc3339()),
            until: policy.and_then(|policy| policy.until).map(|until| until.to_rfc3339()),
            members: tenant.members,
            groups: tenant.groups,
            confirmed_by: tenant.confirmed.as_ref().map(|said| said.by.clone()),
            confirmed_at: tenant.confirmed.as_ref().map(|said| said.at.to_rfc3339()),
            created_at: tenant.created_at.to_rfc3339(),
            updated_at: tenant.updated_at.to_rfc3339(),
            deleted_at: tenant.deleted_at.map(|at| at.to_rfc3339()),
        }
    }
}

/// A tenant with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantDetail {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: TenantView,
    /// The names of its groups.
    pub groups_by_name: Vec<String>,
    /// Which groups stand for it.
    pub mappings: Vec<MappingView>,
    /// Its clients.
    pub clients: Vec<String>,
}

/// That a group stands for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingView {
    /// Whose group it is: `authly`, or an upstream provider.
    pub provider: String,
    /// The provider's name of the group.
    pub group: String,
    /// What being in it means: `member` or `admin`.
    pub role: &'static str,
}

impl MappingView {
    pub(super) fn of(mapping: &TenantGroup) -> Self {
        Self { provider: mapping.provider.clone(), group: mapping.name.clone(), role: mapping.role.as_str() }
    }
}
