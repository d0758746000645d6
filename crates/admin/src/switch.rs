//! The stored switches: OAuth and the legacy doors, on and off at run time.

use authly_directory::services::DirectoryServices;
use oauth_core::{
    audit::AuditKind,
    catalog::{CatalogRecords, Switches},
    store::{CatalogRepository as _, PauseRepository, Paused},
};

use crate::{Admin, AdminError};

impl<V: DirectoryServices> Admin<V> {
    /// The switches as stored; the environment of a server may decide otherwise.
    pub async fn switches(&self) -> Result<Switches, AdminError> {
        Ok(self.services.store().load_without_tenants().await?.switches())
    }

    /// Turns the OAuth endpoints on or off (C-42), on all nodes within a second.
    pub async fn set_oauth_enabled(&self, enabled: bool) -> Result<(), AdminError> {
        self.put_switch(CatalogRecords::OAUTH_ENABLED, enabled).await
    }

    /// Turns the password grant and the JSON doors on or off (C-02).
    pub async fn set_legacy_login(&self, enabled: bool) -> Result<(), AdminError> {
        self.put_switch(CatalogRecords::LEGACY_LOGIN_ENABLED, enabled).await
    }

    async fn put_switch(&self, name: &str, on: bool) -> Result<(), AdminError> {
        let audit = self.event(AuditKind::SettingChanged, None, None, serde_json::json!({ name: on }));
        let value = if on { "true" } else { "false" };
        Ok(self.services.store().put_setting(name, value, audit).await?)
    }
}

impl<V: DirectoryServices> Admin<V>
where
    V::Store: PauseRepository,
{
    /// Switches OAuth off with every client and what their tokens could do, in one step (S000-71). Who signed in by the legacy
    /// doors notices nothing.
    pub async fn pause_oauth(&self) -> Result<Paused, AdminError> {
        let audit = self.event(AuditKind::SettingChanged, None, None, serde_json::json!({ "oauth": "paused" }));
        Ok(self.services.store().pause_oauth(audit).await?)
    }

    /// Switches OAuth on and restores what [`pause_oauth`](Self::pause_oauth) has switched off (S000-72).
    pub async fn resume_oauth(&self) -> Result<Paused, AdminError> {
        let audit = self.event(AuditKind::SettingChanged, None, None, serde_json::json!({ "oauth": "resumed" }));
        Ok(self.services.store().resume_oauth(audit).await?)
    }
}
