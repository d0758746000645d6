//! Where an e-mail address stands for one account only.

use authly_directory::{
    services::DirectoryServices,
    store::AccountRepository as _,
    uniqueness::{EmailUniqueness, UniquenessChange},
};
use oauth_core::audit::AuditKind;

use crate::{Admin, AdminError};

impl<V: DirectoryServices> Admin<V> {
    /// Brings the store to `wanted`, unless addresses collide or an older program shares it.
    pub async fn set_email_uniqueness(&self, wanted: EmailUniqueness) -> Result<UniquenessChange, AdminError> {
        let detail = serde_json::json!({ EmailUniqueness::SETTING: wanted.as_json().trim_matches('"') });
        let audit = self.event(AuditKind::SettingChanged, None, None, detail);
        Ok(self.services.accounts().set_email_uniqueness(wanted, audit).await?)
    }
}
