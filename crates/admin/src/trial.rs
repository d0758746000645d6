//! What was tried and looked at, remembered for `migrate status` and the checklist: how far an installation is (S000-90).

use std::collections::BTreeMap;

use authly_cutover::store::{CutoverStore, SchemaFound, TimedFact};
use authly_directory::services::DirectoryServices;
use oauth_core::audit::AuditKind;
use serde_json::json;

use crate::{Admin, AdminError};

impl<V: DirectoryServices> Admin<V> {
    /// Remembers how the parts of `validate` ended; those that were not asked are left out.
    pub async fn remember_trial(
        &self,
        target: &impl CutoverStore,
        parts: BTreeMap<String, bool>,
    ) -> Result<(), AdminError> {
        let audit = self.event(AuditKind::SettingChanged, None, None, json!({ "validated": parts }));
        Ok(target.put_fact(TimedFact::Validated { at: self.now(), parts }, audit).await?)
    }

    /// Remembers what a look at the schema found.
    pub async fn remember_schema(&self, target: &impl CutoverStore, found: SchemaFound) -> Result<(), AdminError> {
        let audit = self.event(AuditKind::SettingChanged, None, None, json!({ "schema_verified": found }));
        Ok(target.put_fact(TimedFact::SchemaVerified { at: self.now(), found }, audit).await?)
    }
}
