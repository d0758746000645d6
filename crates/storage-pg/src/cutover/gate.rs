//! What the finalize gate judges, at one instant.

use authly_cutover::{
    finalize::{GateFacts, ImportedSource},
    source::SourceName,
    store::LegacyUse,
};
use oauth_core::{ids::TenantId, store::StoreError, time::Timestamp};
use uuid::Uuid;

use super::unsigned;
use crate::{
    db::Db,
    value::{At, Reader},
};

const COUNTS: &str = "
    SELECT count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE status = 'active' AND completed_at IS NULL),
           count(*) FILTER (WHERE status = 'active' AND credential_state IN ('legacy_scheme', 'wrapped')),
           count(*) FILTER (WHERE status <> 'active' AND completed_at IS NULL
                             AND (status <> 'deleted' OR imported_at IS NOT NULL)),
           (SELECT count(*) FROM migration_pen WHERE resolution IS NULL AND kind = 'quarantine'),
           (SELECT count(*) FROM migration_pen WHERE resolution IS NULL AND kind <> 'quarantine'),
           (SELECT count(*) FROM tokens
             WHERE token_type = 'refresh' AND invalidated IS NOT TRUE AND client_id IS NULL AND expires_at > $1),
           (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1))
      FROM users";

/// What accounts tell, and what is counted by way: a legacy refresh changes no account.
const USES: &str = "
    SELECT tenant_id, max(at)
      FROM (SELECT tenant_id, last_password_login_at AS at FROM users WHERE last_password_login_at >= $1
             UNION ALL
            SELECT nullif(tenant_id, '00000000-0000-0000-0000-000000000000'), last_at FROM client_uses
             WHERE way IN ('json_login', 'legacy_refresh', 'password_grant') AND last_at >= $1) used
     GROUP BY tenant_id";

/// A source whose accounts were all taken back again has nothing to compare.
const SOURCES: &str = "
    SELECT r.source, r.last_at, f.at, f.detail = 'true'
      FROM (SELECT source, max(heartbeat_at) AS last_at FROM migration_runs WHERE kind = 'import' GROUP BY source) r
      LEFT JOIN migration_facts f ON f.name = 'verified:' || r.source
     WHERE EXISTS (SELECT FROM source_links l WHERE l.source = r.source)
     ORDER BY r.source";

const UNCONFIRMED: &str = "
    SELECT id, slug FROM tenants WHERE is_active AND deleted_at IS NULL AND confirmed_at IS NULL ORDER BY slug";

const FACTS: &str = "SELECT name, at FROM migration_facts";

pub(super) async fn facts(db: &Db, now: Timestamp, window_start: Timestamp) -> Result<GateFacts, StoreError> {
    let mut client = db.client().await?;
    let steps = db.begin_snapshot(&mut client).await?;
    let counts = steps.run(COUNTS, &[&At(now)]).await?;
    let uses = steps.run(USES, &[&At(window_start)]).await?;
    let unconfirmed = steps.run(UNCONFIRMED, &[]).await?;
    let known = steps.run(FACTS, &[]).await?;
    let sources = steps.run(SOURCES, &[]).await?;
    steps.commit().await?;

    let mut facts = GateFacts::default();
    if let Some(row) = counts.first() {
        let mut row = Reader::new(row, "users", &"-");
        let mut next = || row.take("status").map(unsigned);
        (facts.active, facts.not_completed) = (next()?, next()?);
        (facts.foreign_hashes, facts.inactive) = (next()?, next()?);
        (facts.quarantined, facts.conflicts, facts.live_legacy_tokens) = (next()?, next()?, next()?);
        facts.live_api_keys = next()?;
    }
    for row in &uses {
        let mut row = Reader::new(row, "users", &"-");
        let tenant = row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid);
        facts.legacy_uses.push(LegacyUse { tenant, last_at: row.at("last_password_login_at")? });
    }
    for row in &unconfirmed {
        let mut row = Reader::new(row, "tenants", &"-");
        facts.unconfirmed_tenants.push((TenantId::from_uuid(row.take("id")?), row.take("slug")?));
    }
    for row in &known {
        let mut row = Reader::new(row, "migration_facts", &"-");
        let (name, at): (&str, Timestamp) = (row.take("name")?, row.at("at")?);
        match name {
            "backup_verified" => facts.backup_verified_at = Some(at),
            "inactive_decided" => facts.inactive_decided_at = Some(at),
            "counting_since" => facts.counting_since = Some(at),
            _ => {}
        }
    }
    for row in &sources {
        let mut row = Reader::new(row, "migration_runs", &"-");
        let source = row.parse("source", SourceName::parse)?;
        let last_import_at = row.at("heartbeat_at")?;
        let (at, clean) = (row.maybe_at("at")?, row.take::<Option<bool>>("detail")?);
        facts.sources.push(ImportedSource { source, last_import_at, verified: at.zip(clean) });
    }
    Ok(facts)
}
