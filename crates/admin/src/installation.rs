//! How far an installation itself is (S000-90), as far as its catalog and its settings show.

use authly_cutover::installation::Setup;
use authly_directory::{services::DirectoryServices, store::AccountCounts};
use oauth_core::catalog::{CatalogRecords, KeyState};

use crate::{
    Admin, AdminError,
    doctor::{Ground, Severity},
    seed::DEFAULT_SCOPES,
};

impl<V: DirectoryServices> Admin<V> {
    /// What this catalog shows of an installation with a current schema, whose newest step is given, and so many accounts.
    pub async fn setup(
        &self,
        records: &CatalogRecords,
        counts: AccountCounts,
        ground: Ground,
        newest_step: &str,
    ) -> Result<Setup, AdminError> {
        let findings = self.findings(records, counts, ground).await?;
        let count = |severity| {
            let found = findings.iter().filter(|finding| finding.severity == severity).count();
            u64::try_from(found).unwrap_or(u64::MAX)
        };
        let is_there = |name: &str| records.scopes.iter().any(|scope| scope.name.as_str() == name);
        Ok(Setup {
            pending: Vec::new(),
            newest_step: newest_step.to_owned(),
            missing_scopes: DEFAULT_SCOPES.iter().map(|(name, ..)| *name).filter(|name| !is_there(name)).collect(),
            signing_keys: records.keys.iter().any(|key| key.state == KeyState::Current),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        })
    }
}
