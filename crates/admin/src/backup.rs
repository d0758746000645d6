//! The last backup that was verified, which the end of the migration asks for; and what is left to people when one was put back.

use authly_cutover::store::{CutoverStore, TimedFact};
use authly_directory::services::DirectoryServices;
use oauth_core::{audit::AuditKind, catalog::CatalogRecords, store::CatalogRepository as _, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Admin, AdminError};

/// The setting that holds the record.
const LAST_VERIFIED_BACKUP: &str = "last_verified_backup";

/// Settings of OAuth that the program of before does not know. Where it takes over again, they leave its environment (S000-69); the last of
/// them is easily forgotten (S000-70).
pub const SETTINGS_OF_OAUTH: [&str; 4] =
    ["OAUTH_ENABLED", "AUTHORIZATION_CODE_EXPIRE_MINUTES", "PKCE_REQUIRED", "REQUIRE_USER_CONSENT"];

/// What only a person can see when a backup was put back (S000-69).
pub const CHECK_BY_HAND: [&str; 5] = [
    "start the servers with the settings of the backup's time: its description has them, secrets masked",
    "`authly-admin status` and `authly-admin doctor`: the numbers are those of then, and nothing is wrong",
    "sign in once as a user, once as an administrator, and once through each application",
    "what is newer than the backup is gone: accounts, new passwords, tokens; what was there before is kept, and may tell",
    "who signed out or was locked since is not any more: end the sessions of whom that concerns",
];

/// A backup that was read to its end and agreed with its checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRecord {
    /// The copy, as it was named where it was verified.
    pub file: String,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it was verified (RFC 3339).
    pub verified_at: String,
}

impl BackupRecord {
    /// The newest that was verified, as this catalog knows; none where none was, or where nobody told this store.
    pub fn last_in(records: &CatalogRecords) -> Option<Self> {
        records.settings.get(LAST_VERIFIED_BACKUP).and_then(|text| serde_json::from_str(text).ok())
    }

    /// The instant whose state it holds.
    pub fn created(&self) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(&self.created_at)
    }
}

impl<V: DirectoryServices> Admin<V> {
    /// Remembers a verified backup; an older one than the one remembered changes nothing.
    pub async fn record_backup(
        &self,
        file: &str,
        sha256: &str,
        created: Timestamp,
    ) -> Result<BackupRecord, AdminError> {
        let known = BackupRecord::last_in(&self.services.store().load_without_tenants().await?);
        if let Some(newer) = known.filter(|known| known.created().is_some_and(|at| at > created)) {
            return Ok(newer);
        }
        let record = BackupRecord {
            file: file.to_owned(),
            sha256: sha256.to_owned(),
            created_at: created.to_rfc3339(),
            verified_at: self.now().to_rfc3339(),
        };
        let text = serde_json::to_string(&record).map_err(|error| AdminError::invalid("file", error))?;
        let detail = serde_json::json!({ LAST_VERIFIED_BACKUP: record });
        let audit = self.event(AuditKind::SettingChanged, None, None, detail);
        self.services.store().put_setting(LAST_VERIFIED_BACKUP, &text, audit).await?;
        Ok(record)
    }

    /// Tells the gate at the end of a migration of the newest verified backup; what counts is the instant whose state it holds.
    pub async fn tell_gate_of_backup(
        &self,
        target: &impl CutoverStore,
        record: &BackupRecord,
    ) -> Result<(), AdminError> {
        let Some(at) = record.created() else { return Ok(()) };
        let detail = serde_json::json!({ "backup_verified": record.file });
        let audit = self.event(AuditKind::SettingChanged, None, None, detail);
        Ok(target.put_fact(TimedFact::BackupVerified { at, place: record.file.clone() }, audit).await?)
    }
}
