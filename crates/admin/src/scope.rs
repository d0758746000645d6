//! Scopes: create, list, show, update, deactivate, delete.

use authly_directory::services::DirectoryServices;
use oauth_core::{
    audit::AuditKind,
    catalog::ScopeRecord,
    ids::ScopeKey,
    scope::Scope,
    store::{CatalogRepository as _, Commit},
    text,
};
use serde::Serialize;

use crate::{Admin, AdminError, seed::DEFAULT_SCOPES};

/// A scope as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScopeView {
    /// Its name.
    pub name: String,
    /// What users read at consent.
    pub description: String,
    /// Whether clients that ask for nothing get it.
    pub is_default: bool,
    /// Whether it may be asked for.
    pub is_active: bool,
}

/// What may be said of a scope; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ScopeChange {
    /// What users read at consent.
    pub description: Option<String>,
    /// Whether clients that ask for nothing get it.
    pub is_default: Option<bool>,
    /// Whether it may be asked for.
    pub is_active: Option<bool>,
}

impl<V: DirectoryServices> Admin<V> {
    /// All scopes, defaults first, then by name (S000-36).
    pub async fn scopes(&self) -> Result<Vec<ScopeView>, AdminError> {
        let mut scopes: Vec<_> = self.services.store().load_without_tenants().await?.scopes.iter().map(view).collect();
        scopes.sort_by(|a, b| b.is_default.cmp(&a.is_default).then_with(|| a.name.cmp(&b.name)));
        Ok(scopes)
    }

    /// The scope of that name.
    pub async fn scope(&self, name: &str) -> Result<ScopeView, AdminError> {
        self.find_scope(name).await.map(|scope| view(&scope))
    }

    /// Creates a scope.
    pub async fn create_scope(&self, name: &str, change: ScopeChange) -> Result<ScopeView, AdminError> {
        let parsed = Scope::parse(name).map_err(|error| AdminError::invalid("name", error))?;
        if self.find_scope(name).await.is_ok() {
            return Err(AdminError::Exists { what: "scope", name: name.to_owned() });
        }
        let key = ScopeKey::generate(self.now(), self.services.random());
        let fresh = ScopeRecord { key, name: parsed, description: String::new(), is_default: false, is_active: true };
        self.put(fresh, change).await
    }

    /// Changes a scope.
    pub async fn update_scope(&self, name: &str, change: ScopeChange) -> Result<ScopeView, AdminError> {
        let scope = self.find_scope(name).await?;
        self.put(scope, change).await
    }

    /// Removes a scope; tokens that carry it keep it until they expire, refreshes lose it.
    ///
    /// Those that the protocol or this program gives a meaning to stay: every client would lose them, and a start would bring
    /// them back without their clients.
    pub async fn delete_scope(&self, name: &str) -> Result<(), AdminError> {
        if DEFAULT_SCOPES.iter().any(|(own, ..)| *own == name) {
            return Err(AdminError::invalid(
                "scope",
                format!("{name:?} has a meaning of its own; deactivate it instead"),
            ));
        }
        let scope = self.find_scope(name).await?;
        let audit = self.event(AuditKind::SettingChanged, None, None, serde_json::json!({ "scope_deleted": name }));
        match self.services.store().delete_scope(scope.key, audit).await? {
            Commit::Applied => Ok(()),
            Commit::Lost => Err(AdminError::not_found("scope", name)),
        }
    }

    async fn put(&self, mut scope: ScopeRecord, change: ScopeChange) -> Result<ScopeView, AdminError> {
        if let Some(description) = change.description {
            text::opaque(&description, 1_000).map_err(|error| AdminError::invalid("description", error))?;
            scope.description = description;
        }
        scope.is_default = change.is_default.unwrap_or(scope.is_default);
        scope.is_active = change.is_active.unwrap_or(scope.is_active);
        let audit =
            self.event(AuditKind::SettingChanged, None, None, serde_json::json!({ "scope": scope.name.as_str() }));
        self.services.store().put_scope(&scope, audit).await?;
        Ok(view(&scope))
    }

    async fn find_scope(&self, name: &str) -> Result<ScopeRecord, AdminError> {
        let scopes = self.services.store().load_without_tenants().await?.scopes;
        scopes.into_iter().find(|scope| scope.name.as_str() == name).ok_or_else(|| AdminError::not_found("scope", name))
    }
}

fn view(scope: &ScopeRecord) -> ScopeView {
    ScopeView {
        name: scope.name.as_str().to_owned(),
        description: scope.description.clone(),
        is_default: scope.is_default,
        is_active: scope.is_active,
    }
}
