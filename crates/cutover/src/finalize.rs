//! The finalize gate: nine conditions, each measured, each named when it is not met (C-31).

use oauth_core::{ids::TenantId, time::Timestamp};

use crate::store::LegacyUse;

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateFacts {
    /// Accounts that are active and not deleted.
    pub active: u64,
    /// Of them without `completed_at` and not waived.
    pub not_completed: u64,
    /// Of them waived.
    pub waived: u64,
    /// From when on uses of the legacy doors are counted; `None` if they are not.
    pub counting_since: Option<Timestamp>,
    /// Uses of a legacy door since the beginning of the quiet period, by tenant.
    pub legacy_uses: Vec<LegacyUse>,
    /// Tenants in operation that are not confirmed: id and short name.
    pub unconfirmed_tenants: Vec<(TenantId, String)>,
    /// Legacy refresh tokens that are neither expired nor invalidated.
    pub live_legacy_tokens: u64,
    /// API keys of the old system that still count.
    pub live_api_keys: u64,
    /// Sessions of the old system that still count.
    pub live_old_sessions: u64,
    /// Open rows in quarantine.
    pub quarantined: u64,
    /// Open rows in conflict or failed.
    pub conflicts: u64,
    /// Accounts that may sign in and whose hash is of another program or wrapped.
    pub foreign_hashes: u64,
    /// When a backup was last verified.
    pub backup_verified_at: Option<Timestamp>,
    /// When `verify` last ended, and whether it was clean.
    pub verified: Option<(Timestamp, bool)>,
    /// When the last import wrote.
    pub last_import_at: Option<Timestamp>,
    /// Accounts that are disabled or deleted, not completed.
    pub inactive: u64,
    /// When it was decided what becomes of them.
    pub inactive_decided_at: Option<Timestamp>,
}
