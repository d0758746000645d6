//! Tenants: create, list, show, update, confirm, delete; their groups in step with them; and which ways to sign in they have.

mod policy;
mod provision;
mod sync;
mod view;

use authly_cutover::words;
use authly_directory::{
    account::Account,
    services::DirectoryServices,
    store::{AccountQuery, AccountRepository as _},
    tenant::{
        Confirmation, GroupCreation, GroupRole, NewGroup, Removal, Slug, Tenant, TenantGroup, TenantRepository as _,
    },
};
use oauth_core::{
    audit::AuditKind,
    catalog::TenantRecord,
    ids::{GroupId, TenantId, UserId},
    store::{CatalogRepository as _, Commit},
    text,
};
use serde_json::json;

pub use self::{
    policy::{PolicyChange, PolicyView},
    provision::{People, Provided, Provision, ProvisionOrder, ProvisionReport, ProvisionRow, Provisioner, Wanted},
    sync::{SyncAction, SyncMode, SyncReport, SyncRow},
    view::{MappingView, TenantDetail, TenantView},
};
use crate::{Admin, AdminError};

/// The longest name for people, in bytes.
const NAME: usize = 255;

/// A tenant to be created.
#[derive(Clone, Debug, Default)]
pub struct TenantDraft {
    /// Its short name; made of the name if not given.
    pub slug: Option<String>,
    /// Its name for people; the short name if not given.
    pub name: Option<String>,
    /// Whether its two groups are made with it.
    pub groups: WithGroups,
}

/// Whether a new tenant gets `tenant_<slug>_users` and `tenant_<slug>_admins`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithGroups {
    /// None yet.
    #[default]
    No,
    /// Both.
    Yes,
}

/// A change of a tenant; `None` leaves a field as it is. The short name never changes: tokens and groups carry it.
#[derive(Clone, Debug, Default)]
pub struct TenantChange {
    /// Its name for people.
    pub name: Option<String>,
    /// Whether it is in operation.
    pub active: Option<bool>,
    /// Whether its users may use the password grant and the JSON logins.
    pub legacy_login: Option<bool>,
}

/// What becomes of the accounts of a tenant that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// While there are any, nothing is removed.
    Protect,
    /// They are deleted, one after the other, and then the tenant.
    Delete,
}

impl<V: DirectoryServices> Admin<V> {
    /// Creates a tenant.
    pub async fn create_tenant(&self, draft: TenantDraft) -> Result<TenantDetail, AdminError> {
        let said = draft.slug.as_deref().or(draft.name.as_deref()).unwrap_or_default();
        let slug = Slug::normalized(said).ok_or_else(|| {
            let why = format!("{said:?} makes no short name of 1 to {} letters a-z, digits and hyphens", Slug::MOST);
            AdminError::invalid("slug", why)
        })?;
        let name = display_name(draft.name.as_deref().unwrap_or(slug.as_str()))?;
        let now = self.now();
        let id = TenantId::generate(now, self.services.random());
        let record = TenantRecord { id, slug: slug.as_str().to_owned(), name, active: true, legacy_login: true };
        let audit = self.event(AuditKind::TenantChanged, None, None, json!({ "created": record.slug }));
        let written = self.services.accounts().put_tenant(&record, now, audit).await;
        if let Err(error) = written.map_err(|error| AdminError::taken(error, "tenant", slug.as_str())) {
            return Err(self.told_of_removed(error, slug.as_str()).await?);
        }
        if draft.groups == WithGroups::Yes {
            self.create_tenant_groups(id, &record.slug, &GroupRole::ALL).await?;
        }
        self.tenant(slug.as_str()).await
    }

    /// Says of a short name that is taken if a tenant had it that was removed: nobody can change that one.
    async fn told_of_removed(&self, error: AdminError, slug: &str) -> Result<AdminError, AdminError> {
        let gone = |tenant: &TenantView| tenant.slug == slug && tenant.deleted_at.is_some();
        if matches!(error, AdminError::Exists { .. }) && self.tenants(true).await?.iter().any(gone) {
            let why = format!("{slug:?} was the short name of a tenant that is removed, and stays with it");
            return Ok(AdminError::invalid("slug", why));
        }
        Ok(error)
    }

    /// All tenants by short name, those that were removed only if asked for.
    pub async fn tenants(&self, removed_too: bool) -> Result<Vec<TenantView>, AdminError> {
        let policies = self.policies().await?;
        let tenants = self.services.accounts().tenants().await?;
        let listed = tenants.iter().filter(|tenant| removed_too || tenant.deleted_at.is_none());
        Ok(listed.map(|tenant| TenantView::of(tenant, &policies)).collect())
    }

    /// The tenant of that short name, with its groups and clients.
    pub async fn tenant(&self, slug: &str) -> Result<TenantDetail, AdminError> {
        let tenant = self.find_tenant(slug).await?;
        let id = tenant.record.id;
        let records = self.services.store().load_catalog().await?;
        let mappings = self.services.accounts().tenant_groups(Some(id)).await?;
        let groups = self.services.accounts().groups(Some(id)).await?;
        let clients = records.clients.iter().filter(|client| client.tenant == Some(id));
        Ok(TenantDetail {
            tenant: TenantView::of(&tenant, &self.policies().await?),
            groups_by_name: groups.into_iter().map(|group| group.name).collect(),
            mappings: mappings.iter().map(MappingView::of).collect(),
            clients: clients.map(|client| client.id.to_string()).collect(),
        })
    }

    /// Changes a tenant; one that is not in operation issues nothing and lets nobody in, at once.
    pub async fn update_tenant(&self, slug: &str, change: TenantChange) -> Result<TenantDetail, AdminError> {
        let mut record = self.find_tenant(slug).await?.record;
        if let Some(name) = change.name {
            record.name = display_name(&name)?;
        }
        record.active = change.active.unwrap_or(record.active);
        record.legacy_login = change.legacy_login.unwrap_or(record.legacy_login);
        let detail = json!({ "updated": slug, "active": record.active, "legacy_login": record.legacy_login });
        let audit = self.event(AuditKind::TenantChanged, None, None, detail);
        self.services.accounts().put_tenant(&record, self.now(), audit).await?;
        self.tenant(slug).await
    }

    /// Notes that somebody said for a tenant that it has moved (S001-56).
    pub async fn confirm_tenant(&self, slug: &str, by: &str) -> Result<TenantDetail, AdminError> {
        let by = text::line(by, NAME).map_err(|error| AdminError::invalid("by", error))?.trim().to_owned();
        let id = self.find_tenant(slug).await?.record.id;
        let at = self.now();
        let audit = self.event(AuditKind::TenantChanged, None, None, json!({ "confirmed": slug, "by": by }));
        let said = Some(Confirmation { by, at });
        match self.services.accounts().confirm_tenant(id, said, at, audit).await? {
            Commit::Applied => self.tenant(slug).await,
            Commit::Lost => Err(AdminError::not_found("tenant", slug)),
        }
    }

    /// Takes a confirmation back.
    pub async fn withdraw_confirmation(&self, slug: &str) -> Result<TenantDetail, AdminError> {
        let id = self.find_tenant(slug).await?.record.id;
        let audit = self.event(AuditKind::TenantChanged, None, None, json!({ "confirmation_withdrawn": slug }));
        match self.services.accounts().confirm_tenant(id, None, self.now(), audit).await? {
            Commit::Applied => self.tenant(slug).await,
            Commit::Lost => Err(AdminError::not_found("tenant", slug)),
        }
    }

    /// Removes a tenant; returns how many accounts were deleted before it.
    ///
    /// Accounts are deleted one by one, each with its own audit event; stopped halfway, the rest is done by asking again.
    pub async fn delete_tenant(&self, slug: &str, accounts: Accounts) -> Result<u64, AdminError> {
        let tenant = self.find_tenant(slug).await?;
        let id = tenant.record.id;
        let mut deleted = 0;
        if accounts == Accounts::Delete {
            // Nobody of it signs in any more while its accounts go.
            if tenant.members > 0 {
                let change = TenantChange { active: Some(false), ..TenantChange::default() };
                self.update_tenant(slug, change).await?;
            }
            loop {
                let query = AccountQuery { tenant: Some(id), limit: 200, ..AccountQuery::default() };
                let page = self.services.accounts().list_accounts(query).await?;
                if page.is_empty() {
                    break;
                }
                for account in page {
                    self.delete_user(&account.subject.id.to_string()).await?;
                    deleted += 1;
                }
            }
        }
        let audit = self.event(AuditKind::TenantChanged, None, None, json!({ "deleted": slug, "accounts": deleted }));
        match self.services.accounts().delete_tenant(id, self.now(), audit).await? {
            Removal::Removed { .. } => Ok(deleted),
            Removal::HasMembers(count) => Err(AdminError::invalid(
                "with_members",
                format!(
                    "{slug} has {}; move them, delete them, or say that they are deleted with it",
                    words::count(count, "account", "accounts")
                ),
            )),
            Removal::Unknown => Err(AdminError::not_found("tenant", slug)),
        }
    }

    /// The tenant with that short name, unless it was removed.
    pub(crate) async fn find_tenant(&self, slug: &str) -> Result<Tenant, AdminError> {
        let tenants = self.services.accounts().tenants().await?;
        let found = tenants.into_iter().find(|tenant| tenant.record.slug == slug && tenant.deleted_at.is_none());
        found.ok_or_else(|| AdminError::not_found("tenant", slug))
    }

    /// Makes the groups for these roles, with the mapping.
    async fn create_tenant_groups(&self, tenant: TenantId, slug: &str, roles: &[GroupRole]) -> Result<(), AdminError> {
        let now = self.now();
        let new = |role: &GroupRole| NewGroup {
            id: GroupId::generate(now, self.services.random()),
            tenant: Some(tenant),
            name: role.group_name(slug),
            description: role.description(slug),
        };
        let groups: Vec<NewGroup> = roles.iter().map(new).collect();
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        let audit = self.event(AuditKind::GroupChanged, None, None, json!({ "created": names, "tenant": slug }));
        let mappings = groups.iter().zip(roles).map(|(group, role)| mapping(tenant, group.id, &group.name, *role));
        let write = GroupCreation { mappings: mappings.collect(), at: now, audit, groups };
        let written = self.services.accounts().create_groups(write).await;
        written.map_err(|error| AdminError::taken(error, "group", &format!("tenant_{slug}_*")))
    }

    /// Puts an account of a tenant into the group that stands for everybody of it, where there is one.
    pub(crate) async fn join_tenant_group(&self, tenant: TenantId, user: UserId) -> Result<(), AdminError> {
        let mappings = self.services.accounts().tenant_groups(Some(tenant)).await?;
        let everybody = mappings.iter().find(|own| own.provider == TenantGroup::OWN && own.role == GroupRole::Member);
        let Some(group) = everybody.and_then(|own| GroupId::parse(&own.group)) else { return Ok(()) };
        let detail = json!({ "group": group, "joined": user });
        let audit = self.event(AuditKind::GroupChanged, Some(user), None, detail);
        match self.services.accounts().add_member(group, user, audit).await? {
            // Whoever was moved on meanwhile needs no group here.
            Commit::Applied | Commit::Lost => Ok(()),
        }
    }
}

/// That one of our groups stands for a tenant.
fn mapping(tenant: TenantId, group: GroupId, name: &str, role: GroupRole) -> TenantGroup {
    TenantGroup { tenant, provider: TenantGroup::OWN.to_owned(), group: group.to_string(), name: name.to_owned(), role }
}

/// Unicode is fine; control characters and nothing at all are not.
fn display_name(text: &str) -> Result<String, AdminError> {
    let name = text::line(text, NAME).map_err(|error| AdminError::invalid("name", error))?;
    Ok(name.trim().to_owned())
}

/// The tenant of an account, for messages.
pub(crate) fn slug_of(account: &Account) -> Option<&str> {
    account.subject.tenant.as_ref().map(|tenant| tenant.slug.as_str())
}
