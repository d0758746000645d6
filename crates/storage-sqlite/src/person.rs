//! The account in a row: its columns in one order, for every query that shows somebody.

use oauth_core::{
    claims::Profile,
    ids::{TenantId, UserId},
    policy::Policy,
    subject::{AccountStatus, Subject, TenantRef},
    time::Timestamp,
};

use crate::{
    cursor::{Cursor, unwritable},
    error::Outcome,
};

/// Columns of an account; tables `users u` and, joined from the left, `tenants t`.
macro_rules! person_columns {
    () => {
        "u.id, u.status, u.is_locked, u.is_admin, u.roles, u.profile, u.email, u.is_verified, u.updated_at, u.username, t.id, t.slug, t.active, \
         (SELECT json_group_array(n.name ORDER BY n.name) FROM group_members m JOIN groups n ON n.id = m.group_id \
           WHERE m.user_id = u.id AND (n.tenant_id IS NULL OR n.tenant_id = u.tenant_id)), u.sign_in_policy, u.created_at"
    };
}
pub(crate) use person_columns;

/// An account and the columns that its claims come from.
pub(crate) struct Person {
    pub(crate) subject: Subject,
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) is_verified: bool,
    pub(crate) updated_at: Timestamp,
}

impl Person {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Outcome<Self> {
        let id = cursor.id("users.id", UserId::from_uuid)?;
        let status = cursor.parse("users.status", AccountStatus::parse)?;
        let is_locked = cursor.value("users.is_locked")?;
        let is_admin = cursor.value("users.is_admin")?;
        let roles = cursor.json("users.roles")?;
        let profile: Profile = cursor.json("users.profile")?;
        let email: String = cursor.value("users.email")?;
        let is_verified = cursor.value("users.is_verified")?;
        let updated_at = cursor.time("users.updated_at")?;
        let username: String = cursor.value("users.username")?;
        let tenant = tenant(cursor)?;
        let groups = cursor.json("groups.name")?;
        let policy = cursor.parse_opt("users.sign_in_policy", |text| Some(Box::new(Policy::read(text))))?;
        let created_at = cursor.time("users.created_at")?;
        let profile = profile.of_account(&email, is_verified, &username, updated_at);
        let subject = Subject { id, status, is_locked, is_admin, tenant, roles, groups, profile, policy, created_at };
        Ok(Self { subject, email, username, is_verified, updated_at })
    }
}

fn tenant(cursor: &mut Cursor<'_>) -> Outcome<Option<TenantRef>> {
    if cursor.is_null() {
        cursor.skip(3);
        return Ok(None);
    }
    Ok(Some(TenantRef {
        id: cursor.id("tenants.id", TenantId::from_uuid)?,
        slug: cursor.value("tenants.slug")?,
        active: cursor.value("tenants.active")?,
    }))
}

/// The profile as JSON text, without what is absent and without what columns hold.
pub(crate) fn profile_text(profile: &Profile) -> Outcome<String> {
    let stored = Profile { email: None, email_verified: false, updated_at: None, ..profile.clone() };
    let mut value = serde_json::to_value(&stored).map_err(unwritable)?;
    if let Some(claims) = value.as_object_mut() {
        claims.retain(|_, claim| !claim.is_null() && claim != false);
    }
    Ok(value.to_string())
}
