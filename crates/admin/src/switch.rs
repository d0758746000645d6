//! The stored switches: OAuth and the legacy doors, on and off at run time.

use authly_directory::services::DirectoryServices;
use oauth_core::{
    audit::AuditKind,
    catalog::{CatalogRecords, Switches},
    store::CatalogRepository as _,
};

use crate::{Admin, AdminError};

impl<V: DirectoryServices> Admin<V> {
    /// The switches as stored; the environment of a server may decide otherwise.
    pub async fn switches(&self) -> Result<Switches, AdminError> {
        Ok(self.services.store().load_catalog().await?.switches())
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
