//! Groups in step with tenants (S001-32, S001-33): every tenant in operation gets `tenant_<slug>_users` and `tenant_<slug>_admins`
//! with their mapping; what is there already stays. A second run finds nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use authly_directory::{
    services::DirectoryServices,
    tenant::{Group, GroupCreation, GroupRole, NewGroup, Slug, Tenant, TenantGroup, TenantRepository as _},
};
use oauth_core::{audit::AuditKind, ids::GroupId, store::StoreErrorKind};
use serde::Serialize;
use serde_json::json;

use super::mapping;
use crate::{Admin, AdminError};

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMode {
    /// Only told.
    DryRun,
    /// Done.
    Execute,
}

/// What is done for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncAction {
    /// Another group has that name, or two tenants come to the same one; nothing is done.
    Collision,
    /// It is missing.
    Create,
    /// It is there, with its mapping.
    Exists,
    /// It is there, and its mapping is missing.
    Map,
    /// The tenant's short name makes no group name; nothing is done.
    Unusable,
}

impl SyncAction {
    /// Whether an operator must decide something first.
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::Collision | Self::Unusable)
    }
}

/// A group of a tenant, and what is done for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncRow {
    /// The tenant's short name.
    pub tenant: String,
    /// The group's name.
    pub group: String,
    /// What it is for: `member` or `admin`.
    pub role: &'static str,
    /// What is done.
    pub action: SyncAction,
    /// Why nothing is done, or with whom it collides.
    pub reason: Option<String>,
}

/// What a run did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Whether it was done.
    pub executed: bool,
    /// How many tenants in operation were looked at.
    pub tenants: usize,
    /// How many groups were made, or would be.
    pub created: usize,
    /// How many were only mapped, or would be.
    pub mapped: usize,
    /// How many were there already.
    pub existing: usize,
    /// How many need a decision first.
    pub refused: usize,
    /// Every group.
    pub rows: Vec<SyncRow>,
}

impl<V: DirectoryServices> Admin<V> {
    /// Brings the groups of all tenants in operation into step, or those of one (its short name).
    pub async fn sync_tenants(&self, mode: SyncMode, only: Option<&str>) -> Result<SyncReport, AdminError> {
        let accounts = self.services.accounts();
        let tenants = accounts.tenants().await?;
        let (groups, mappings) = (accounts.groups(None).await?, accounts.tenant_groups(None).await?);
        let active: Vec<&Tenant> =
            tenants.iter().filter(|tenant| tenant.record.active && tenant.deleted_at.is_none()).collect();
        let known = Known::of(&active, &groups, &mappings);
        if let Some(slug) = only {
            self.find_tenant(slug).await?;
        }
        // Whose short names collide is seen only among all of them.
        let wanted: Vec<&Tenant> =
            active.into_iter().filter(|tenant| only.is_none_or(|slug| slug == tenant.record.slug)).collect();
        let mut rows = Vec::with_capacity(wanted.len() * 2);
        for tenant in &wanted {
            let mut planned: Vec<Planned> = GroupRole::ALL.into_iter().map(|role| known.plan(tenant, role)).collect();
            if mode == SyncMode::Execute {
                self.execute(tenant, &mut planned).await?;
            }
            rows.extend(planned.into_iter().map(|planned| planned.row));
        }
        let count = |which: SyncAction| rows.iter().filter(|row| row.action == which).count();
        Ok(SyncReport {
            executed: mode == SyncMode::Execute,
            tenants: wanted.len(),
            created: count(SyncAction::Create),
            mapped: count(SyncAction::Map),
            existing: count(SyncAction::Exists),
            refused: rows.iter().filter(|row| row.action.is_refused()).count(),
            rows,
        })
    }

    /// Writes what is planned for one tenant, in one step.
    async fn execute(&self, tenant: &Tenant, planned: &mut [Planned]) -> Result<(), AdminError> {
        let (id, now) = (tenant.record.id, self.now());
        let (mut groups, mut mappings) = (Vec::new(), Vec::new());
        for one in planned.iter() {
            let group = match (one.row.action, one.group) {
                (SyncAction::Create, _) => GroupId::generate(now, self.services.random()),
                (SyncAction::Map, Some(group)) => group,
                _ => continue,
            };
            if one.row.action == SyncAction::Create {
                let (name, description) = (one.row.group.clone(), one.description.clone());
                groups.push(NewGroup { id: group, tenant: Some(id), name, description });
            }
            mappings.push(mapping(id, group, &one.row.group, one.role));
        }
        if mappings.is_empty() {
            return Ok(());
        }
        let detail = json!({ "synchronized": tenant.record.slug, "groups": groups.len() });
        let audit = self.event(AuditKind::GroupChanged, None, None, detail);
        match self.services.accounts().create_groups(GroupCreation { groups, mappings, at: now, audit }).await {
            Ok(()) => Ok(()),
            // Somebody made one of them meanwhile; the next run sees it.
            Err(error) if matches!(error.kind, StoreErrorKind::Conflict(_)) => {
                for one in planned.iter_mut().filter(|one| !one.row.action.is_refused()) {
                    one.row.action = SyncAction::Collision;
                    one.row.reason = Some("somebody else makes groups at the same time; run it again".to_owned());
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

struct Planned {
    row: SyncRow,
    role: GroupRole,
    /// The group, where it exists.
    group: Option<GroupId>,
    description: String,
}

/// What decides about a group.
struct Known<'a> {
    /// Which tenants come to a short name.
    slugs: BTreeMap<Slug, Vec<&'a str>>,
    groups: BTreeMap<&'a str, Vec<&'a Group>>,
    mapped: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(tenants: &[&'a Tenant], groups: &'a [Group], mappings: &'a [TenantGroup]) -> Self {
        let mut slugs: BTreeMap<Slug, Vec<&str>> = BTreeMap::new();
        for tenant in tenants {
            if let Some(slug) = Slug::normalized(&tenant.record.slug) {
                slugs.entry(slug).or_default().push(&tenant.record.slug);
            }
        }
        let mut by_name: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
        for group in groups {
            by_name.entry(&group.name).or_default().push(group);
        }
        let own = mappings.iter().filter(|mapping| mapping.provider == TenantGroup::OWN);
        Self { slugs, groups: by_name, mapped: own.map(|mapping| mapping.group.as_str()).collect() }
    }

    fn plan(&self, tenant: &Tenant, role: GroupRole) -> Planned {
        let raw = &tenant.record.slug;
        let slug = Slug::normalized(raw);
        let text = slug.as_ref().map_or(raw.as_str(), Slug::as_str);
        let name = role.group_name(text);
        let (action, group, reason) = match &slug {
            None => (SyncAction::Unusable, None, Some(format!("{raw:?} has no letters a-z or digits, or too many"))),
            Some(slug) => self.judge(tenant, slug, &name),
        };
        let row = SyncRow { tenant: raw.clone(), group: name, role: role.as_str(), action, reason };
        Planned { row, role, group, description: role.description(text) }
    }

    fn judge(&self, tenant: &Tenant, slug: &Slug, name: &str) -> (SyncAction, Option<GroupId>, Option<String>) {
        let rivals = self.slugs.get(slug).map(Vec::as_slice).unwrap_or_default();
        if rivals.len() > 1 {
            let others: Vec<&str> = rivals.iter().copied().filter(|other| *other != tenant.record.slug).collect();
            let reason = format!("{} comes to the same short name", others.join(", "));
            return (SyncAction::Collision, None, Some(reason));
        }
        let named = self.groups.get(name).map(Vec::as_slice).unwrap_or_default();
        if let Some(own) = named.iter().find(|group| group.tenant == Some(tenant.record.id)) {
            let is_mapped = self.mapped.contains(own.id.to_string().as_str());
            return (if is_mapped { SyncAction::Exists } else { SyncAction::Map }, Some(own.id), None);
        }
        if named.is_empty() {
            (SyncAction::Create, None, None)
        } else {
            let reason = "a group of that name exists outside the tenant".to_owned();
            (SyncAction::Collision, None, Some(reason))
        }
    }
}
