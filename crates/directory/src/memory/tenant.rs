//! Tenants, groups and memberships in memory.

use std::collections::{BTreeMap, BTreeSet};

use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    ids::{GroupId, TenantId, UserId},
    store::{CatalogRepository as _, Commit, StoreError, StoreErrorKind},
    subject::AccountStatus,
    time::Timestamp,
};

use super::{MemoryDirectory, People};
use crate::{
    account::Account,
    tenant::{Confirmation, Group, GroupCreation, Members, NewGroup, Removal, Tenant, TenantGroup, TenantRepository},
};

/// What stands beside the accounts.
#[derive(Debug, Default)]
pub(super) struct Organization {
    notes: BTreeMap<TenantId, Note>,
    groups: BTreeMap<GroupId, GroupRow>,
    members: BTreeSet<(GroupId, UserId)>,
    mappings: BTreeMap<(TenantId, String, String), TenantGroup>,
}

/// What the catalog's record of a tenant does not say.
#[derive(Debug, Default)]
struct Note {
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    confirmed: Option<Confirmation>,
    deleted_at: Option<Timestamp>,
}

#[derive(Debug)]
struct GroupRow {
    group: NewGroup,
    created_at: Timestamp,
}

impl Organization {
    /// The names of an account's groups: those of its own tenant and those of none.
    fn names(&self, account: &Account) -> Vec<String> {
        let (user, tenant) = (account.subject.id, tenant_of(account));
        let joined = self.members.iter().filter(|(_, member)| *member == user);
        let groups = joined.filter_map(|(group, _)| self.groups.get(group)).map(|row| &row.group);
        let mut names: Vec<String> =
            groups.filter(|group| fits(group.tenant, tenant)).map(|group| group.name.clone()).collect();
        names.sort();
        names
    }

    /// Ends all memberships of an account.
    pub(super) fn forget(&mut self, user: UserId) {
        self.members.retain(|(_, member)| *member != user);
    }

    fn count(&self, group: GroupId) -> u64 {
        self.members.iter().filter(|(of, _)| *of == group).count().try_into().unwrap_or(u64::MAX)
    }

    fn drop_groups(&mut self, which: impl Fn(&NewGroup) -> bool) {
        let gone: BTreeSet<GroupId> =
            self.groups.values().filter(|row| which(&row.group)).map(|row| row.group.id).collect();
        self.groups.retain(|id, _| !gone.contains(id));
        self.members.retain(|(group, _)| !gone.contains(group));
        let texts: BTreeSet<String> = gone.iter().map(ToString::to_string).collect();
        self.mappings.retain(|_, own| own.provider != TenantGroup::OWN || !texts.contains(&own.group));
    }
}

fn tenant_of(account: &Account) -> Option<TenantId> {
    account.subject.tenant.as_ref().map(|tenant| tenant.id)
}

/// Whether accounts of `tenant` may be in a group of `group`.
fn fits(group: Option<TenantId>, tenant: Option<TenantId>) -> bool {
    group.is_none() || group == tenant
}

impl MemoryDirectory {
    /// Notes when a tenant was created and changed.
    pub(super) fn note_tenant(&self, tenant: TenantId, at: Timestamp) {
        let mut people = self.lock();
        let note = people.organization.notes.entry(tenant).or_default();
        note.created_at = note.created_at.or(Some(at));
        note.updated_at = Some(at);
    }

    /// Ends memberships in groups that an account is out of reach of, and shows the others.
    pub(super) fn settle_groups(&self, people: &mut People, user: UserId) {
        let Some(person) = people.accounts.get(&user) else { return };
        let tenant = tenant_of(&person.account);
        let organization = &mut people.organization;
        let groups = &organization.groups;
        organization.members.retain(|(group, member)| {
            *member != user || groups.get(group).is_some_and(|row| fits(row.group.tenant, tenant))
        });
        self.show_groups(people, user);
    }

    fn show_groups(&self, people: &mut People, user: UserId) {
        let Some(person) = people.accounts.get(&user) else { return };
        let mut account = person.account.clone();
        account.subject.groups = people.organization.names(&account);
        let hash = person.hash.clone();
        self.keep(people, account, hash);
    }

    fn show_all_groups(&self, people: &mut People, users: impl IntoIterator<Item = UserId>) {
        for user in users {
            self.show_groups(people, user);
        }
    }

    async fn record_of(&self, tenant: TenantId) -> Result<Option<TenantRecord>, StoreError> {
        Ok(self.store.load_catalog().await?.tenants.into_iter().find(|record| record.id == tenant))
    }
}

impl TenantRepository for MemoryDirectory {
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.reachable()?;
        let records = self.store.load_catalog().await?.tenants;
        let people = self.lock();
        let alive = |person: &&super::Person| person.account.subject.status != AccountStatus::Deleted;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut tenants: Vec<Tenant> = records
            .into_iter()
            .map(|record| {
                let note = people.organization.notes.get(&record.id);
                let zero = Timestamp::from_micros(0);
                let of = people.accounts.values().filter(|person| tenant_of(&person.account) == Some(record.id));
                let groups = people.organization.groups.values().filter(|row| row.group.tenant == Some(record.id));
                Tenant {
                    confirmed: note.and_then(|note| note.confirmed.clone()),
                    deleted_at: note.and_then(|note| note.deleted_at),
                    created_at: note.and_then(|note| note.created_at).unwrap_or(zero),
                    updated_at: note.and_then(|note| note.updated_at).unwrap_or(zero),
                    members: number(of.filter(alive).count()),
                    groups: number(groups.count()),
                    record,
                }
            })
            .collect();
        tenants.sort_by(|a, b| a.record.slug.cmp(&b.record.slug));
        Ok(tenants)
    }

    async fn confirm_tenant(
        &self,
        tenant: TenantId,
        confirmation: Option<Confirmation>,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        if self.record_of(tenant).await?.is_none() {
            return Ok(Commit::Lost);
        }
        let mut people = self.lock();
        let note = people.organization.notes.entry(tenant).or_default();
        if note.deleted_at.is_some() {
            return Ok(Commit::Lost);
        }
        note.confirmed = confirmation;
        note.updated_at = Some(at);
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn delete_tenant(&self, tenant: TenantId, at: Timestamp, audit: AuditEvent) -> Result<Removal, StoreError> {
        let Some(record) = self.record_of(tenant).await? else { return Ok(Removal::Unknown) };
        let mut people = self.lock();
        if people.organization.notes.get(&tenant).is_some_and(|note| note.deleted_at.is_some()) {
            return Ok(Removal::Unknown);
        }
        let all = || people.accounts.values().filter(|person| tenant_of(&person.account) == Some(tenant));
        let used = all().next().is_some();
        let alive = all().filter(|person| person.account.subject.status != AccountStatus::Deleted).count();
        if alive > 0 {
            return Ok(Removal::HasMembers(u64::try_from(alive).unwrap_or(u64::MAX)));
        }
        people.organization.drop_groups(|group| group.tenant == Some(tenant));
        people.organization.mappings.retain(|(of, ..), _| *of != tenant);
        if self.store.close_tenant(record, used, audit) {
            let note = people.organization.notes.entry(tenant).or_default();
            (note.deleted_at, note.updated_at) = (Some(at), Some(at));
        } else {
            people.organization.notes.remove(&tenant);
        }
        Ok(Removal::Removed { members: 0 })
    }

    async fn tenant_groups(&self, tenant: Option<TenantId>) -> Result<Vec<TenantGroup>, StoreError> {
        let people = self.lock();
        let all = people.organization.mappings.values();
        Ok(all.filter(|own| tenant.is_none_or(|wanted| own.tenant == wanted)).cloned().collect())
    }

    async fn groups(&self, tenant: Option<TenantId>) -> Result<Vec<Group>, StoreError> {
        let people = self.lock();
        let rows = people.organization.groups.values();
        let mut groups: Vec<Group> = rows
            .filter(|row| tenant.is_none_or(|wanted| row.group.tenant == Some(wanted)))
            .map(|row| Group {
                id: row.group.id,
                tenant: row.group.tenant,
                name: row.group.name.clone(),
                description: row.group.description.clone(),
                created_at: row.created_at,
                members: people.organization.count(row.group.id),
            })
            .collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(groups)
    }

    async fn create_groups(&self, write: GroupCreation) -> Result<(), StoreError> {
        let mut people = self.lock();
        let organization = &mut people.organization;
        for (position, new) in write.groups.iter().enumerate() {
            let same = |other: &NewGroup| other.tenant == new.tenant && other.name == new.name;
            let earlier = write.groups.get(..position).unwrap_or_default();
            if organization.groups.values().any(|row| same(&row.group)) || earlier.iter().any(same) {
                return Err(StoreError::new(StoreErrorKind::Conflict("groups.name")));
            }
        }
        for group in write.groups {
            organization.groups.insert(group.id, GroupRow { group, created_at: write.at });
        }
        for mapping in write.mappings {
            organization.mappings.insert((mapping.tenant, mapping.provider.clone(), mapping.group.clone()), mapping);
        }
        self.store.record(write.audit);
        Ok(())
    }

    async fn describe_group(
        &self,
        group: GroupId,
        description: String,
        _at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(row) = people.organization.groups.get_mut(&group) else { return Ok(Commit::Lost) };
        row.group.description = description;
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn delete_group(&self, group: GroupId, members: Members, audit: AuditEvent) -> Result<Removal, StoreError> {
        let mut people = self.lock();
        if !people.organization.groups.contains_key(&group) {
            return Ok(Removal::Unknown);
        }
        let users: Vec<UserId> =
            people.organization.members.iter().filter(|(of, _)| *of == group).map(|(_, user)| *user).collect();
        let count = u64::try_from(users.len()).unwrap_or(u64::MAX);
        if count > 0 && members == Members::Protect {
            return Ok(Removal::HasMembers(count));
        }
        people.organization.drop_groups(|row| row.id == group);
        self.show_all_groups(&mut people, users);
        self.store.record(audit);
        Ok(Removal::Removed { members: count })
    }

    async fn add_member(&self, group: GroupId, user: UserId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(of) = people.organization.groups.get(&group).map(|row| row.group.tenant) else {
            return Ok(Commit::Lost);
        };
        let may_join = people.accounts.get(&user).is_some_and(|person| {
            person.account.subject.status != AccountStatus::Deleted && fits(of, tenant_of(&person.account))
        });
        if !may_join {
            return Ok(Commit::Lost);
        }
        people.organization.members.insert((group, user));
        self.show_groups(&mut people, user);
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn remove_member(&self, group: GroupId, user: UserId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        if !people.organization.members.remove(&(group, user)) {
            return Ok(Commit::Lost);
        }
        self.show_groups(&mut people, user);
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn group_members(
        &self,
        group: GroupId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let people = self.lock();
        let members = people.organization.members.iter().filter(|(of, _)| *of == group).map(|(_, user)| *user);
        let page = members.filter(|user| after.is_none_or(|after| *user > after));
        let page = page.take(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(page.filter_map(|user| people.accounts.get(&user)).map(|person| self.current(person)).collect())
    }
}
