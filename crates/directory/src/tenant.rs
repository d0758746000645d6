//! Tenants and groups: what a directory keeps of them, and the port behind it.
//!
//! A group belongs to one tenant and has members of that tenant only, or to none and may have anybody. An account shows the groups
//! that are within its reach, whatever stands in the table of memberships.

use std::future::Future;

use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    ids::{GroupId, TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};

use crate::account::Account;

/// The short name of a tenant: 1 to 63 lower-case letters, digits and hyphens, neither first nor last a hyphen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The most bytes of a short name: those of a label in a host name.
    pub const MOST: usize = 63;

    /// Reads a short name.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fine = (1..=Self::MOST).contains(&text.len())
            && text.bytes().all(plain)
            && !text.starts_with('-')
            && !text.ends_with('-');
        fine.then(|| Self(text.to_owned()))
    }

    /// The short name nearest to `text`: lower case, and one hyphen for whatever else stands between letters and digits.
    ///
    /// `None` if nothing is left, or too much.
    pub fn normalized(text: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in text.trim().chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        Self::parse(slug.trim_end_matches('-'))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a group is for in its tenant (S001-27, S001-28).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupRole {
    /// Its administrators.
    Admin,
    /// Everybody of the tenant.
    Member,
}

impl GroupRole {
    /// Both roles, in the order in which groups are made.
    pub const ALL: [Self; 2] = [Self::Member, Self::Admin];

    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// The name of the tenant's group for this role.
    pub fn group_name(self, slug: &str) -> String {
        match self {
            Self::Admin => format!("tenant_{slug}_admins"),
            Self::Member => format!("tenant_{slug}_users"),
        }
    }

    /// What people read (S001-32).
    pub fn description(self, slug: &str) -> String {
        match self {
            Self::Admin => format!("{slug} Admins"),
            Self::Member => format!("{slug} Users"),
        }
    }
}

/// That somebody said for a tenant that it has moved (S001-56).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A tenant as the directory keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// What the catalog holds of it.
    pub record: TenantRecord,
    /// Who confirmed it, if somebody did.
    pub confirmed: Option<Confirmation>,
    /// When it was removed; its short name is never given again.
    pub deleted_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// How many accounts it has that are not deleted.
    pub members: u64,
    /// How many groups it has.
    pub groups: u64,
}

/// A group of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its tenant; one of none may have anybody as a member.
    pub tenant: Option<TenantId>,
    /// Its name; the claim `groups` carries it. Unique in its tenant.
    pub name: String,
    /// What people read.
    pub description: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// How many accounts are in it.
    pub members: u64,
}

/// A group to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its id.
    pub id: GroupId,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its name.
    pub name: String,
    /// What people read.
    pub description: String,
}

/// That a group of an identity provider stands for a tenant (S001-32).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TenantGroup {
    /// The tenant.
    pub tenant: TenantId,
    /// Whose group it is: [`TenantGroup::OWN`], or the name of an upstream provider.
    pub provider: String,
    /// The provider's id of the group.
    pub group: String,
    /// The provider's name of the group.
    pub name: String,
    /// What being in it means.
    pub role: GroupRole,
}

impl TenantGroup {
    /// The provider of groups of this installation.
    pub const OWN: &'static str = "authly";
}

/// Groups and mappings to create; those that are there already stay as they are.
#[derive(Clone, Debug)]
pub struct GroupCreation {
    /// The groups; `Conflict("groups.name")` if a name is taken in its tenant, and nothing is written.
    pub groups: Vec<NewGroup>,
    /// The mappings; a known one is replaced.
    pub mappings: Vec<TenantGroup>,
    /// When.
    pub at: Timestamp,
    /// What the log says.
    pub audit: AuditEvent,
}

/// What becomes of the members of a group that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// While there are any, nothing is removed.
    Protect,
    /// They lose the group.
    Release,
}

/// What a removal did.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, and so many members with it.
    Removed {
        /// Memberships that ended with it.
        members: u64,
    },
    /// It has so many members, and stays.
    HasMembers(u64),
    /// It was not there.
    Unknown,
}

/// Tenants, groups and memberships.
pub trait TenantRepository: Send + Sync {
    /// All tenants by short name, removed ones too.
    fn tenants(&self) -> impl Future<Output = Result<Vec<Tenant>, StoreError>> + Send;
    /// Notes who confirmed a tenant, or takes that back; `Lost` if it is not there or was removed.
    fn confirm_tenant(
        &self,
        tenant: TenantId,
        confirmation: Option<Confirmation>,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Removes a tenant that has no accounts any more: its groups and mappings go, its clients are switched off, in one step. One that
    /// never had an account or a client goes without a trace; otherwise its row stays and keeps the short name.
    fn delete_tenant(
        &self,
        tenant: TenantId,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Removal, StoreError>> + Send;
    /// The groups that stand for tenants, by tenant, provider and id; of one tenant, if given.
    fn tenant_groups(
        &self,
        tenant: Option<TenantId>,
    ) -> impl Future<Output = Result<Vec<TenantGroup>, StoreError>> + Send;
    /// All groups by name, then by id; of one tenant, if given.
    fn groups(&self, tenant: Option<TenantId>) -> impl Future<Output = Result<Vec<Group>, StoreError>> + Send;
    /// Creates groups and mappings in one step.
    fn create_groups(&self, write: GroupCreation) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Changes what people read of a group; `Lost` if it is not there.
    fn describe_group(
        &self,
        group: GroupId,
        description: String,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Removes a group with its memberships and mappings.
    fn delete_group(
        &self,
        group: GroupId,
        members: Members,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Removal, StoreError>> + Send;
    /// Puts an account into a group; `Lost` if either is not there, the account is deleted, or it is of another tenant than the group.
    fn add_member(
        &self,
        group: GroupId,
        user: UserId,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Takes an account out of a group; `Lost` if it is not in it.
    fn remove_member(
        &self,
        group: GroupId,
        user: UserId,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// One page of a group's members in id order.
    fn group_members(
        &self,
        group: GroupId,
        after: Option<UserId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Account>, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_plain_and_bounded() {
        for good in ["a", "acme", "acme-2", &"a".repeat(63)] {
            assert_eq!(Slug::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "Acme", "a b", "a_b", "é", &"a".repeat(64)] {
            assert_eq!(Slug::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn whatever_people_call_a_tenant_becomes_a_short_name() {
        let of = |text| Slug::normalized(text).map(|slug| slug.as_str().to_owned());
        for (text, slug) in [
            ("Acme Corp.", "acme-corp"),
            ("  north_east -- 2 ", "north-east-2"),
            ("O'Brien & Söhne", "o-brien-s-hne"),
            ("a--b", "a-b"),
        ] {
            assert_eq!(of(text).as_deref(), Some(slug), "{text:?}");
        }
        for nothing in ["", "---", "日本", &"a".repeat(64)] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }

    proptest::proptest! {
        /// A second pass finds nothing to do, and what comes out is a short name.
        #[test]
        fn normalizing_twice_changes_nothing(text in "\\PC{0,80}") {
            if let Some(slug) = Slug::normalized(&text) {
                proptest::prop_assert_eq!(Slug::parse(slug.as_str()), Some(slug.clone()));
                proptest::prop_assert_eq!(Slug::normalized(slug.as_str()), Some(slug));
            }
        }
    }
}
