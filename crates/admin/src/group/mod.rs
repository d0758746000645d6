//! Groups: create, list, show, describe, delete, and who is in them.

use authly_directory::{
    services::DirectoryServices,
    tenant::{Group, GroupCreation, Members, NewGroup, Removal, TenantRepository as _},
};
use oauth_core::{
    audit::AuditKind,
    ids::{GroupId, TenantId, UserId},
    store::{CatalogRepository as _, Commit},
    text,
};
use serde::Serialize;
use serde_json::json;

use crate::{Admin, AdminError, tenant::slug_of, user::UserView};

/// A group as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// Its name, which the claim `groups` carries.
    pub name: String,
    /// What people read.
    pub description: String,
    /// Its tenant's short name; a group of none may have anybody as a member.
    pub tenant: Option<String>,
    /// How many accounts are in it.
    pub members: u64,
    /// When it was created, RFC 3339.
    pub created_at: String,
}

/// A group to be created.
#[derive(Clone, Debug, Default)]
pub struct GroupDraft {
    /// Its name.
    pub name: String,
    /// Its tenant's short name.
    pub tenant: Option<String>,
    /// What people read.
    pub description: Option<String>,
}

impl<V: DirectoryServices> Admin<V> {
    /// Creates a group.
    pub async fn create_group(&self, draft: GroupDraft) -> Result<GroupView, AdminError> {
        let name = text::line(&draft.name, 255).map_err(|error| AdminError::invalid("name", error))?.trim().to_owned();
        let description = described(draft.description.as_deref().unwrap_or_default())?;
        let tenant = match &draft.tenant {
            Some(slug) => Some(self.find_tenant(slug).await?.record.id),
            None => None,
        };
        let now = self.now();
        let id = GroupId::generate(now, self.services.random());
        let audit = self.event(AuditKind::GroupChanged, None, None, json!({ "created": name, "tenant": draft.tenant }));
        let groups = vec![NewGroup { id, tenant, name: name.clone(), description }];
        let write = GroupCreation { groups, mappings: Vec::new(), at: now, audit };
        let written = self.services.accounts().create_groups(write).await;
        written.map_err(|error| AdminError::taken(error, "group", &name))?;
        self.group(&id.to_string(), None).await
    }

    /// All groups by name; of one tenant, if given.
    pub async fn groups(&self, tenant: Option<&str>) -> Result<Vec<GroupView>, AdminError> {
        let id = match tenant {
            Some(slug) => Some(self.find_tenant(slug).await?.record.id),
            None => None,
        };
        let groups = self.services.accounts().groups(id).await?;
        self.views(&groups).await
    }

    /// The group with that id or name; a name that several tenants use needs the tenant.
    pub async fn group(&self, name: &str, tenant: Option<&str>) -> Result<GroupView, AdminError> {
        let group = self.find_group(name, tenant).await?;
        let mut views = self.views(std::slice::from_ref(&group)).await?;
        views.pop().ok_or_else(|| AdminError::not_found("group", name))
    }

    /// Changes what people read of a group. Its name stays: tokens carry it.
    pub async fn describe_group(
        &self,
        name: &str,
        tenant: Option<&str>,
        description: &str,
    ) -> Result<GroupView, AdminError> {
        let group = self.find_group(name, tenant).await?;
        let text = described(description)?;
        let audit = self.event(AuditKind::GroupChanged, None, None, json!({ "described": group.name }));
        match self.services.accounts().describe_group(group.id, text, self.now(), audit).await? {
            Commit::Applied => self.group(&group.id.to_string(), None).await,
            Commit::Lost => Err(AdminError::not_found("group", name)),
        }
    }

    /// Removes a group; returns how many memberships ended.
    pub async fn delete_group(&self, name: &str, tenant: Option<&str>, members: Members) -> Result<u64, AdminError> {
        let group = self.find_group(name, tenant).await?;
        let audit = self.event(AuditKind::GroupChanged, None, None, json!({ "deleted": group.name }));
        match self.services.accounts().delete_group(group.id, members, audit).await? {
            Removal::Removed { members } => Ok(members),
            Removal::HasMembers(count) => Err(AdminError::invalid(
                "with_members",
                format!("{} has {count} members; take them out, or say that they lose the group", group.name),
            )),
            Removal::Unknown => Err(AdminError::not_found("group", name)),
        }
    }

    /// Puts a user into a group of the same tenant, or of none.
    pub async fn add_group_member(&self, name: &str, tenant: Option<&str>, user: &str) -> Result<UserView, AdminError> {
        let group = self.find_group(name, tenant).await?;
        let account = self.find_user(user).await?;
        let own = account.subject.tenant.as_ref().map(|tenant| tenant.id);
        if group.tenant.is_some() && group.tenant != own {
            let theirs = slug_of(&account).map_or("no tenant".to_owned(), |slug| format!("tenant {slug}"));
            let why = format!("{user:?} is of {theirs}, and the group {} of another", group.name);
            return Err(AdminError::invalid("user", why));
        }
        let id = account.subject.id;
        let audit = self.member_event(&group, id, "joined");
        match self.services.accounts().add_member(group.id, id, audit).await? {
            Commit::Applied => self.user(&id.to_string()).await,
            Commit::Lost => Err(AdminError::not_found("user", user)),
        }
    }

    /// Takes a user out of a group.
    pub async fn remove_group_member(
        &self,
        name: &str,
        tenant: Option<&str>,
        user: &str,
    ) -> Result<UserView, AdminError> {
        let group = self.find_group(name, tenant).await?;
        let id = self.find_user(user).await?.subject.id;
        let audit = self.member_event(&group, id, "left");
        match self.services.accounts().remove_member(group.id, id, audit).await? {
            Commit::Applied => self.user(&id.to_string()).await,
            Commit::Lost => Err(AdminError::invalid("user", format!("{user:?} is not in {}", group.name))),
        }
    }

    /// One page of the users in a group, in id order.
    pub async fn group_members(
        &self,
        name: &str,
        tenant: Option<&str>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserView>, AdminError> {
        let group = self.find_group(name, tenant).await?;
        let members = self.services.accounts().group_members(group.id, after, limit).await?;
        Ok(members.iter().map(crate::user::view).collect())
    }

    fn member_event(&self, group: &Group, user: UserId, did: &str) -> oauth_core::audit::AuditEvent {
        self.event(AuditKind::GroupChanged, Some(user), None, json!({ "group": group.name, "member": did }))
    }

    async fn find_group(&self, name: &str, tenant: Option<&str>) -> Result<Group, AdminError> {
        let within = match tenant {
            Some(slug) => Some(self.find_tenant(slug).await?.record.id),
            None => None,
        };
        let id = GroupId::parse(name);
        let groups = self.services.accounts().groups(within).await?;
        let mut found: Vec<Group> =
            groups.into_iter().filter(|group| id.map_or(group.name == name, |id| group.id == id)).collect();
        match (found.pop(), found.len()) {
            (Some(group), 0) => Ok(group),
            (None, _) => Err(AdminError::not_found("group", name)),
            (Some(_), _) => {
                Err(AdminError::invalid("group", format!("{name:?} means several groups; give the tenant or the id")))
            }
        }
    }

    async fn views(&self, groups: &[Group]) -> Result<Vec<GroupView>, AdminError> {
        let tenants = self.services.store().load_catalog().await?.tenants;
        let slug = |id: TenantId| tenants.iter().find(|tenant| tenant.id == id).map(|tenant| tenant.slug.clone());
        let view = |group: &Group| GroupView {
            id: group.id.to_string(),
            name: group.name.clone(),
            description: group.description.clone(),
            tenant: group.tenant.and_then(slug),
            members: group.members,
            created_at: group.created_at.to_rfc3339(),
        };
        Ok(groups.iter().map(view).collect())
    }
}

fn described(text: &str) -> Result<String, AdminError> {
    let text = text::opaque(text, 1_000).map_err(|error| AdminError::invalid("description", error))?;
    Ok(text.trim().to_owned())
}
