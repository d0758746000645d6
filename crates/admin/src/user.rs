//! Users: create, list, show, update, set a password, deactivate, delete.

use std::collections::BTreeMap;

use authly_directory::{
    account::{Account, AccountChange, NewAccount, TenantMove},
    identifier::{EmailAddress, Identifier, fold},
    password::{PasswordService as _, PresentedPassword, StoredHash},
    services::DirectoryServices,
    store::{AccountQuery, AccountRepository as _, PasswordChange, Replace},
    tenant::Slug,
    uniqueness::EmailUniqueness,
};
use oauth_core::{
    audit::AuditKind,
    claims::Profile,
    ids::{TenantId, UserId},
    secret::Secret,
    store::{Commit, RevocationReason, SessionRepository as _, StoreErrorKind},
    subject::AccountStatus,
    text,
};
use serde::Serialize;

use crate::{Admin, AdminError, claims, tenant::TenantDraft};

/// A user as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// Its id, the `sub` of tokens.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// The user name.
    pub username: String,
    /// The name for display.
    pub name: Option<String>,
    /// Its state.
    pub status: &'static str,
    /// Whether the address is verified.
    pub is_verified: bool,
    /// Whether it is an administrator.
    pub is_admin: bool,
    /// Whether an administrator locked it.
    pub is_locked: bool,
    /// Until when wrong passwords lock it, RFC 3339; told where one account is shown, while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<String>,
    /// The short name of its tenant.
    pub tenant: Option<String>,
    /// Its roles.
    pub roles: Vec<String>,
    /// The names of its groups.
    pub groups: Vec<String>,
    /// Its other standard claims, by the names that [`claims::set`] takes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<&'static str, String>,
    /// When it was created, RFC 3339.
    pub created_at: String,
    /// When somebody last signed in, RFC 3339.
    pub last_login_at: Option<String>,
}

/// A user to be created.
#[derive(Clone, Debug, Default)]
pub struct UserDraft {
    /// The e-mail address.
    pub email: String,
    /// The user name; the e-mail address if not given.
    pub username: Option<String>,
    /// The name for display.
    pub name: Option<String>,
    /// The password; without one it is set by link.
    pub password: Option<Secret<String>>,
    /// Whether the address counts as verified.
    pub verified: bool,
    /// Whether it is an administrator.
    pub admin: bool,
    /// The short name of its tenant, created if it does not exist.
    pub tenant: Option<String>,
    /// Its roles; `user` if none is given.
    pub roles: Vec<String>,
    /// Other standard claims, as `NAME=VALUE`.
    pub claims: Vec<String>,
}

impl<V: DirectoryServices> Admin<V> {
    /// Creates a user.
    pub async fn create_user(&self, draft: UserDraft) -> Result<UserView, AdminError> {
        let email = EmailAddress::parse(&draft.email)
            .ok_or_else(|| AdminError::invalid("email", format!("{:?} is not an e-mail address", draft.email)))?;
        let username = draft.username.as_deref().unwrap_or(email.as_str()).trim().to_owned();
        text::line(&username, 255).map_err(|error| AdminError::invalid("username", error))?;
        if let Some(name) = &draft.name {
            text::line(name, 255).map_err(|error| AdminError::invalid("name", error))?;
        }
        let mut profile =
            Profile { name: draft.name, preferred_username: Some(username.clone()), ..Profile::default() };
        claims::set(&mut profile, &draft.claims)?;
        let (hash, older_hash) = match &draft.password {
            Some(password) => self.hashes(password, &[email.as_str(), &username]).await?,
            None => (None, None),
        };
        let tenant = match &draft.tenant {
            Some(slug) => Some(self.tenant_named(slug).await?),
            None => None,
        };
        let now = self.now();
        let id = UserId::generate(now, self.services.random());
        let account = NewAccount {
            id,
            tenant,
            email: email.as_str().to_owned(),
            username: username.clone(),
            hash,
            older_hash,
            is_verified: draft.verified,
            is_admin: draft.admin,
            status: if draft.verified { AccountStatus::Active } else { AccountStatus::PendingVerification },
            roles: if draft.roles.is_empty() { vec!["user".to_owned()] } else { draft.roles },
            profile,
            created_at: now,
        };
        let audit = self.event(AuditKind::AccountCreated, Some(id), None, serde_json::json!({ "by": "administrator" }));
        let mut created = self.services.accounts().create_account(account.clone(), audit.clone()).await;
        if let (Err(error), None, Some(slug)) = (&created, &draft.username, &draft.tenant)
            && error.kind == StoreErrorKind::Conflict("users.username")
            && self.services.accounts().email_uniqueness().await? == EmailUniqueness::PerTenant
        {
            // Somebody of another tenant has the address, and with it the name that would follow from it.
            let username = format!("{slug}/{}", email.as_str());
            let profile = Profile { preferred_username: Some(username.clone()), ..account.profile.clone() };
            let account = NewAccount { username, profile, ..account };
            created = self.services.accounts().create_account(account, audit).await;
        }
        created.map_err(|error| AdminError::taken(error, "user", email.as_str()))?;
        if let Some(tenant) = tenant {
            self.join_tenant_group(tenant, id).await?;
        }
        self.user(&id.to_string()).await
    }

    /// One page of users in id order.
    pub async fn users(&self, query: AccountQuery) -> Result<Vec<UserView>, AdminError> {
        Ok(self.services.accounts().list_accounts(query).await?.iter().map(view).collect())
    }

    /// The user with that id, e-mail address or user name.
    pub async fn user(&self, name: &str) -> Result<UserView, AdminError> {
        let account = self.find_user(name).await?;
        let locked_until = self.services.accounts().locked_until(account.subject.id).await?;
        let still = locked_until.filter(|until| *until > self.now());
        Ok(UserView { locked_until: still.map(|until| until.to_rfc3339()), ..view(&account) })
    }

    /// Changes a user; switching an account off or moving it to another tenant ends its sessions and grants at once.
    pub async fn update_user(&self, name: &str, change: AccountChange) -> Result<UserView, AdminError> {
        let account = self.find_living(name).await?;
        let change = readdressed(&account, self.renamed(&account, change));
        if let Some(email) = &change.email
            && EmailAddress::parse(email).is_none()
        {
            return Err(AdminError::invalid("email", format!("{email:?} is not an e-mail address")));
        }
        let id = account.subject.id;
        let moved = change.tenant;
        let ends = moved.is_some()
            || change.is_locked == Some(true)
            || matches!(change.status, Some(AccountStatus::Disabled | AccountStatus::Deleted));
        let audit = self.event(AuditKind::AccountChanged, Some(id), None, serde_json::json!({ "by": "administrator" }));
        let wanted = change.email.clone().or_else(|| change.username.clone()).unwrap_or_default();
        let commit = self.services.accounts().change_account(id, change, self.now(), audit).await;
        match commit.map_err(|error| AdminError::taken(error, "user", &wanted))? {
            Commit::Applied => {}
            Commit::Lost => return Err(AdminError::not_found("user", name)),
        }
        if ends {
            self.end_everything(id).await?;
        }
        if let Some(tenant) = moved.and_then(TenantMove::target) {
            self.join_tenant_group(tenant, id).await?;
        }
        self.user(&id.to_string()).await
    }

    /// Deletes a user: the address is free again, what is known of the person is gone, and all that was opened ends. The id stays
    /// and is never given again.
    pub async fn delete_user(&self, name: &str) -> Result<UserView, AdminError> {
        let id = self.find_living(name).await?.subject.id;
        let audit = self.event(
            AuditKind::AccountChanged,
            Some(id),
            None,
            serde_json::json!({ "by": "administrator", "deleted": true }),
        );
        match self.services.accounts().delete_account(id, self.now(), audit).await? {
            Commit::Applied => self.user(&id.to_string()).await,
            Commit::Lost => Err(AdminError::not_found("user", name)),
        }
    }

    /// Sets a password, ends all sessions and grants, and forgets failures.
    pub async fn set_user_password(&self, name: &str, password: &Secret<String>) -> Result<UserView, AdminError> {
        let account = self.find_living(name).await?;
        let id = account.subject.id;
        let (hash, older_hash) = self.hashes(password, &[&account.email, &account.username]).await?;
        let hash = hash.ok_or_else(|| AdminError::invalid("password", "is empty"))?;
        let audit =
            self.event(AuditKind::PasswordChanged, Some(id), None, serde_json::json!({ "by": "administrator" }));
        let write =
            PasswordChange { user: id, replaces: Replace::Any, hash, older_hash, at: self.now(), audit: Some(audit) };
        match self.services.accounts().set_password(write).await? {
            Commit::Applied => {}
            Commit::Lost => return Err(AdminError::not_found("user", name)),
        }
        self.end_everything(id).await?;
        Ok(view(&account))
    }

    /// Forgets failed sign-ins and the lock that followed from them.
    pub async fn unlock_user(&self, name: &str) -> Result<UserView, AdminError> {
        let account = self.find_living(name).await?;
        self.services.accounts().clear_failures(account.subject.id).await?;
        if account.is_locked {
            return self.update_user(name, AccountChange { is_locked: Some(false), ..AccountChange::default() }).await;
        }
        Ok(view(&account))
    }

    /// The standard claims of a user, to be changed and given to [`update_user`](Self::update_user).
    pub async fn user_profile(&self, name: &str) -> Result<Profile, AdminError> {
        self.find_user(name).await.map(|account| account.subject.profile)
    }

    /// The tenant with that short name.
    pub async fn tenant_by_slug(&self, slug: &str) -> Result<TenantId, AdminError> {
        Ok(self.find_tenant(slug).await?.record.id)
    }

    async fn end_everything(&self, id: UserId) -> Result<(), AdminError> {
        let store = self.services.store();
        store.end_sessions_of(id, None, self.now(), RevocationReason::Administrator).await?;
        Ok(())
    }

    async fn hashes(
        &self,
        password: &Secret<String>,
        names: &[&str],
    ) -> Result<(Option<StoredHash>, Option<StoredHash>), AdminError> {
        let refused = |error: &dyn std::fmt::Display| AdminError::invalid("password", error);
        self.settings.password_policy.judge(password.expose(), names).map_err(|error| refused(&error))?;
        let presented = PresentedPassword::parse(password.expose()).ok_or_else(|| refused(&"is empty or too long"))?;
        let older = if self.services.accounts().shared_with_older_program().await? {
            Some(self.services.passwords().hash_for_older_program(presented.clone()).await?)
        } else {
            None
        };
        Ok((Some(self.services.passwords().hash(presented).await?), older))
    }

    pub(crate) async fn find_user(&self, name: &str) -> Result<Account, AdminError> {
        if let Some(id) = UserId::parse(name) {
            let found = self.services.accounts().account(id).await?;
            return found.map(|(account, _)| account).ok_or_else(|| AdminError::not_found("user", name));
        }
        let identifier = Identifier::parse(name).map_err(|error| AdminError::invalid("user", error))?;
        let mut found = self.services.accounts().find_accounts(&identifier).await?;
        match found.len() {
            0 => Err(AdminError::not_found("user", name)),
            1 => found.pop().ok_or_else(|| AdminError::not_found("user", name)),
            _ => Err(AdminError::invalid("user", format!("{name:?} means several users; give the id"))),
        }
    }

    /// The user with that name; a deleted one, which only its id finds, cannot be changed any more.
    pub(crate) async fn find_living(&self, name: &str) -> Result<Account, AdminError> {
        let account = self.find_user(name).await?;
        match account.subject.status {
            AccountStatus::Deleted => Err(AdminError::invalid("user", format!("{name:?} is deleted"))),
            _ => Ok(account),
        }
    }

    /// A name that followed from the user name follows the new one.
    fn renamed(&self, account: &Account, change: AccountChange) -> AccountChange {
        let profile = change.profile.as_ref().unwrap_or(&account.subject.profile);
        let follows = profile.preferred_username.as_ref() == Some(&account.username);
        if change.username.is_some() && follows {
            let profile = Profile { preferred_username: None, ..profile.clone() };
            return AccountChange { profile: Some(profile), ..change };
        }
        change
    }

    async fn tenant_named(&self, slug: &str) -> Result<TenantId, AdminError> {
        if Slug::parse(slug).is_none() {
            return Err(AdminError::invalid(
                "tenant",
                "a tenant's short name has 1 to 63 lower-case letters, digits and hyphens",
            ));
        }
        match self.find_tenant(slug).await {
            Err(AdminError::NotFound { .. }) => {
                let slug = Some(slug.to_owned());
                let created = self.create_tenant(TenantDraft { slug, ..TenantDraft::default() }).await?;
                Ok(self.find_tenant(&created.tenant.slug).await?.record.id)
            }
            found => Ok(found?.record.id),
        }
    }
}

/// Nobody has verified another address, unless it is said that it is right.
fn readdressed(account: &Account, change: AccountChange) -> AccountChange {
    let another = change.email.as_ref().is_some_and(|email| fold(email) != fold(&account.email));
    let unsaid = another && change.is_verified.is_none();
    if unsaid { AccountChange { is_verified: Some(false), ..change } } else { change }
}

/// A preferred name that is the user name says nothing new.
fn other_claims(account: &Account) -> BTreeMap<&'static str, String> {
    let mut claims = claims::shown(&account.subject.profile);
    claims.retain(|name, value| *name != "preferred_username" || *value != account.username);
    claims
}

pub(crate) fn view(account: &Account) -> UserView {
    UserView {
        id: account.subject.id.to_string(),
        email: account.email.clone(),
        username: account.username.clone(),
        name: account.subject.profile.name.clone(),
        status: account.subject.status.as_str(),
        is_verified: account.is_verified,
        is_admin: account.subject.is_admin,
        is_locked: account.is_locked,
        locked_until: None,
        tenant: account.subject.tenant.as_ref().map(|tenant| tenant.slug.clone()),
        roles: account.subject.roles.clone(),
        groups: account.subject.groups.clone(),
        claims: other_claims(account),
        created_at: account.subject.created_at.to_rfc3339(),
        last_login_at: account.last_login_at.map(|at| at.to_rfc3339()),
    }
}
