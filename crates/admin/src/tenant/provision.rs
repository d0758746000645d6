//! Groups and people at an upstream provider (`migrate tenants sync --idp external`): whatever is missing there is found or made by a
//! provisioner, and what it answers is remembered here. Everything has one outcome; a second run finds nothing to do.
//!
//! Find-or-create is the provisioner's word: a run that was cut off between its answer and our write asks again and gets the same id
//! (S001-31). A person is linked only to the id that it names, once.

use std::{collections::BTreeSet, future::Future};

use authly_directory::{
    account::Account,
    services::DirectoryServices,
    store::{AccountQuery, AccountRepository as _},
    tenant::{GroupCreation, GroupRole, Slug, Tenant, TenantGroup, TenantRepository as _},
    upstream::{UpstreamKey, UpstreamRepository as _},
};
use authly_upstream::{
    identity::UpstreamSubject,
    provider::{ProviderName, UpstreamIssuer},
};
use oauth_core::{
    audit::AuditKind,
    store::Commit,
    subject::{AccountStatus, TenantRef},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SyncMode;
use crate::{Admin, AdminError};

/// What is wanted at the provider, as a provisioner is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wanted {
    /// A group of a tenant.
    Group {
        /// Its name.
        name: String,
        /// What people read.
        display_name: String,
        /// The short name of the tenant.
        tenant: String,
        /// `member` or `admin`.
        role: &'static str,
    },
    /// A person.
    Person {
        /// The account here: find by it, so that nobody is made twice.
        account: String,
        /// The address.
        email: String,
        /// The full name.
        name: Option<String>,
        /// The short name of the tenant.
        tenant: Option<String>,
        /// The groups to be in.
        groups: Vec<String>,
    },
}

/// What a provisioner answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Provided {
    /// The provider's id: of a group as its claims name it, of a person the `sub`.
    pub id: String,
    /// Whether it was made just now.
    #[serde(default)]
    pub created: bool,
}

/// Finds or makes things at a provider.
pub trait Provisioner {
    /// Finds it, or makes it; the error is for the operator.
    fn provide(&self, wanted: &Wanted) -> impl Future<Output = Result<Provided, String>> + Send;
}

/// What is done for a group or a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provision {
    /// Another account or person has it; nothing is written.
    Conflict,
    /// It was made there.
    Created,
    /// It is known already.
    Exists,
    /// The provisioner failed.
    Failed,
    /// It was there.
    Found,
    /// It is to be found or made.
    Provide,
    /// The short name of the tenant makes no group name.
    Unusable,
}

/// A group or a person, and what is done for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProvisionRow {
    /// `group` or `person`.
    pub kind: &'static str,
    /// The short name of the tenant.
    pub tenant: Option<String>,
    /// The name of the group, or the address.
    pub name: String,
    /// What is done.
    pub action: Provision,
    /// The id there.
    pub id: Option<String>,
    /// Why nothing is done.
    pub reason: Option<String>,
}

/// What a run did, or would do. The numbers add up to `total`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProvisionReport {
    /// Whether it was done.
    pub executed: bool,
    /// Groups and people.
    pub total: usize,
    /// Known already.
    pub exists: usize,
    /// To be found or made.
    pub provide: usize,
    /// Found there.
    pub found: usize,
    /// Made there.
    pub created: usize,
    /// Failed, in conflict, or unusable.
    pub refused: usize,
    /// Every group and person.
    pub rows: Vec<ProvisionRow>,
}

/// Where, and how far.
#[derive(Clone, Debug)]
pub struct ProvisionOrder {
    /// The provider's short name, under which groups are mapped.
    pub provider: ProviderName,
    /// Its issuer, under which people are linked.
    pub issuer: UpstreamIssuer,
    /// Whether people are provided too, or groups alone.
    pub people: People,
    /// Only this tenant.
    pub tenant: Option<String>,
    /// Whether anything is done.
    pub mode: SyncMode,
}

/// Whether people are provided too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// Groups alone.
    No,
    /// Active accounts that are linked to nobody there.
    Yes,
}

/// How many accounts are read at once.
const PAGE: u32 = 500;

impl<V: DirectoryServices> Admin<V> {
    /// Brings groups and people at a provider into step.
    pub async fn provision(
        &self,
        order: &ProvisionOrder,
        provisioner: &impl Provisioner,
    ) -> Result<ProvisionReport, AdminError> {
        let mut tenants = self.services.accounts().tenants().await?;
        tenants.retain(|tenant| {
            let wanted = order.tenant.as_ref().is_none_or(|slug| *slug == tenant.record.slug);
            wanted && tenant.record.active && tenant.deleted_at.is_none()
        });
        if let (Some(slug), true) = (&order.tenant, tenants.is_empty()) {
            self.find_tenant(slug).await?;
        }
        let mut rows = Vec::new();
        let known: BTreeSet<(String, String)> = self
            .services
            .accounts()
            .tenant_groups(None)
            .await?
            .into_iter()
            .filter(|mapping| mapping.provider == order.provider.as_str())
            .map(|mapping| (mapping.tenant.to_string(), mapping.role.as_str().to_owned()))
            .collect();
        for tenant in &tenants {
            for role in GroupRole::ALL {
                let is_known = known.contains(&(tenant.record.id.to_string(), role.as_str().to_owned()));
                rows.push(self.provide_group(order, provisioner, tenant, role, is_known).await?);
            }
        }
        if order.people == People::Yes {
            self.provide_people(order, provisioner, &tenants, &mut rows).await?;
        }
        let count = |action: Provision| rows.iter().filter(|row| row.action == action).count();
        let (exists, provide) = (count(Provision::Exists), count(Provision::Provide));
        let (found, created) = (count(Provision::Found), count(Provision::Created));
        let refused = count(Provision::Conflict) + count(Provision::Failed) + count(Provision::Unusable);
        let executed = order.mode == SyncMode::Execute;
        Ok(ProvisionReport { executed, total: rows.len(), exists, provide, found, created, refused, rows })
    }

    async fn provide_group(
        &self,
        order: &ProvisionOrder,
        provisioner: &impl Provisioner,
        tenant: &Tenant,
        role: GroupRole,
        is_known: bool,
    ) -> Result<ProvisionRow, AdminError> {
        let raw = tenant.record.slug.clone();
        let row = |name: String, action, id, reason| ProvisionRow {
            kind: "group",
            tenant: Some(raw.clone()),
            name,
            action,
            id,
            reason,
        };
        let Some(slug) = Slug::normalized(&raw) else {
            return Ok(row(
                raw.clone(),
                Provision::Unusable,
                None,
                Some("its short name makes no group name".to_owned()),
            ));
        };
        let (name, display_name) = (role.group_name(slug.as_str()), role.description(slug.as_str()));
        if is_known {
            return Ok(row(name, Provision::Exists, None, None));
        }
        if order.mode == SyncMode::DryRun {
            return Ok(row(name, Provision::Provide, None, None));
        }
        let wanted =
            Wanted::Group { name: name.clone(), display_name, tenant: slug.as_str().to_owned(), role: role.as_str() };
        let provided = match provisioner.provide(&wanted).await {
            Ok(provided) if !provided.id.is_empty() && provided.id.len() <= 255 => provided,
            Ok(_) => return Ok(row(name, Provision::Failed, None, Some("its id is empty or too long".to_owned()))),
            Err(reason) => return Ok(row(name, Provision::Failed, None, Some(reason))),
        };
        let mapping = TenantGroup {
            tenant: tenant.record.id,
            provider: order.provider.as_str().to_owned(),
            group: provided.id.clone(),
            name: name.clone(),
            role,
        };
        let detail = json!({ "mapped": name, "provider": order.provider.as_str(), "group": provided.id });
        let audit = self.event(AuditKind::GroupChanged, None, None, detail);
        let write = GroupCreation { groups: Vec::new(), mappings: vec![mapping], at: self.now(), audit };
        self.services.accounts().create_groups(write).await?;
        Ok(row(name, outcome(&provided), Some(provided.id), None))
    }

    async fn provide_people(
        &self,
        order: &ProvisionOrder,
        provisioner: &impl Provisioner,
        tenants: &[Tenant],
        rows: &mut Vec<ProvisionRow>,
    ) -> Result<(), AdminError> {
        let accounts = self.services.accounts();
        let mut after = None;
        loop {
            let page = accounts.list_accounts(AccountQuery { after, limit: PAGE, ..AccountQuery::default() }).await?;
            let Some(last) = page.last().map(|account| account.subject.id) else { return Ok(()) };
            after = Some(last);
            for account in page {
                let tenant = account.subject.tenant.as_ref();
                let wanted = match (tenant, &order.tenant) {
                    (Some(tenant), _) => tenants.iter().any(|known| known.record.id == tenant.id),
                    (None, only) => only.is_none(),
                };
                if wanted && account.subject.status == AccountStatus::Active && !account.subject.is_admin {
                    rows.push(self.provide_person(order, provisioner, account).await?);
                }
            }
        }
    }

    async fn provide_person(
        &self,
        order: &ProvisionOrder,
        provisioner: &impl Provisioner,
        account: Account,
    ) -> Result<ProvisionRow, AdminError> {
        let accounts = self.services.accounts();
        let user = account.subject.id;
        let tenant = account.subject.tenant.as_ref().map(|tenant| tenant.slug.clone());
        let row = |action, id, reason: Option<&str>| ProvisionRow {
            kind: "person",
            tenant: tenant.clone(),
            name: account.email.clone(),
            action,
            id,
            reason: reason.map(str::to_owned),
        };
        let links = accounts.upstream_links(user).await?;
        if let Some(link) = links.into_iter().find(|link| link.key.issuer == order.issuer.as_str()) {
            return Ok(row(Provision::Exists, Some(link.key.subject), None));
        }
        if order.mode == SyncMode::DryRun {
            return Ok(row(Provision::Provide, None, None));
        }
        let wanted = Wanted::Person {
            account: user.to_string(),
            email: account.email.clone(),
            name: account.subject.profile.name.clone(),
            tenant: tenant.clone(),
            groups: groups(account.subject.tenant.as_ref(), &account.subject.groups),
        };
        let provided = match provisioner.provide(&wanted).await {
            Ok(provided) => provided,
            Err(reason) => return Ok(row(Provision::Failed, None, Some(&reason))),
        };
        // A program that could not find an id once wrote `null` (S001-26): that is none.
        let Some(subject) = UpstreamSubject::parse(&provided.id) else {
            return Ok(row(Provision::Failed, None, Some("it answered with an id that is none")));
        };
        let key = UpstreamKey { issuer: order.issuer.as_str().to_owned(), subject: subject.as_str().to_owned() };
        let detail = json!({ "by": "provisioner", "provider": order.provider.as_str(), "subject": key.subject });
        let audit = self.event(AuditKind::UpstreamLinked, Some(user), None, detail);
        match accounts.link_upstream(user, &key, self.now(), audit).await? {
            Commit::Applied => Ok(row(outcome(&provided), Some(provided.id), None)),
            Commit::Lost => {
                let reason = "the id is another account's, or the account is somebody else's there";
                Ok(row(Provision::Conflict, Some(provided.id), Some(reason)))
            }
        }
    }
}

const fn outcome(provided: &Provided) -> Provision {
    if provided.created { Provision::Created } else { Provision::Found }
}

/// The groups of a tenant that an account has there: everybody its first, administrators of the tenant both.
fn groups(tenant: Option<&TenantRef>, own: &[String]) -> Vec<String> {
    let Some(slug) = tenant.and_then(|tenant| Slug::normalized(&tenant.slug)) else { return Vec::new() };
    let admins = GroupRole::Admin.group_name(slug.as_str());
    let mut groups = vec![GroupRole::Member.group_name(slug.as_str())];
    groups.extend(own.contains(&admins).then_some(admins));
    groups
}
