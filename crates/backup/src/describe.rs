//! What is written beside a copy: what it is of, which program made it, and the configuration without secrets (S000-12).

use std::path::Path;

use authly_runtime::Trouble;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    deploy::DeployFile,
    files::{Draft, cannot},
    name::description_of,
};

/// Longer files are no descriptions.
const LIMIT: u64 = 4 * 1024 * 1024;

/// The description of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The name of the copy.
    pub file: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// The version of this program.
    pub authly_version: String,
    /// The database, without its password.
    pub database: String,
    /// The engine with its version.
    pub engine: String,
    /// The major version of the PostgreSQL server that was dumped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_major: Option<u32>,
    /// The major version of the program that made the dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_major: Option<u32>,
    /// The size of the copy.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Every setting with its origin; secrets are masked.
    pub configuration: Value,
    /// The files of the deployment that stand beside it, secrets masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deploy_files: Vec<DeployFile>,
}

impl Description {
    pub(crate) fn write(&self, copy: &Path) -> Result<(), Trouble> {
        let draft = Draft::of(&description_of(copy))?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Trouble::caused("cannot describe the backup", &error, ""))?;
        draft.write(text.as_bytes())?;
        draft.publish()
    }

    /// The description beside a copy; none where there is none.
    pub(crate) fn read(copy: &Path) -> Result<Option<Self>, Trouble> {
        let path = description_of(copy);
        let text = match std::fs::metadata(&path) {
            Err(_) => return Ok(None),
            Ok(found) if found.len() > LIMIT => None,
            Ok(_) => Some(std::fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error))?),
        };
        let description = text.and_then(|text| serde_json::from_str(&text).ok());
        description.map(Some).ok_or_else(|| {
            Trouble::new(
                format!("cannot use {}", path.display()),
                "it is no description of a backup",
                "remove it, or restore it",
            )
        })
    }
}
