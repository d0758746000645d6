//! API keys of the older program, as an administrator sees them (C-32).

use std::future::Future;

use super::{Commit, StoreError};
use crate::{audit::AuditEvent, ids::ApiKeyId, legacy::api_key::ApiKey};

/// The list of imported API keys.
pub trait ApiKeyRepository: Send + Sync {
    /// Keys in order of ids, behind `after`; revoked ones too.
    fn api_keys(
        &self,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<ApiKey>, StoreError>> + Send;
    /// Revokes a key at the audit event's time; `Lost` if there is none, or it was revoked before.
    fn revoke_api_key(
        &self,
        key: ApiKeyId,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
}
