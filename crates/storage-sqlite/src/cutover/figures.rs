//! Figures: how far days and the whole installation are.

use authly_cutover::{
    finalize::{GateFacts, ImportedSource},
    source::SourceName,
    store::{DailyCount, Lacks, LegacyUse, PendingAccount, PendingAsk},
};
use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use rusqlite::params;

use super::batch::unsigned;
use crate::{cursor::Cursor, db::Db, error::Outcome};

/// Days as whole numbers, also before 1970: the instant within its day is never negative.
const DAILY: &str = "SELECT (completed_at - ((completed_at % 86400000000) + 86400000000) % 86400000000) / 86400000000 AS day, \
                     count(*) FROM users WHERE completed_at >= ?2 AND completed_at < ?3 \
                     AND (?1 IS NULL OR tenant_id = ?1) AND status <> 'deleted' GROUP BY day ORDER BY day";

pub(super) fn daily(db: Db<'_>, tenant: Option<TenantId>, from: Timestamp, to: Timestamp) -> Outcome<Vec<DailyCount>> {
    db.all(DAILY, params![tenant.map(TenantId::uuid), from.micros(), to.micros()], |row| {
        let day = row.value("users.completed_at")?;
        Ok(DailyCount { day, completed: row.value("users.completed_at").map(unsigned)? })
    })
}

/// Those who never signed in come last, as the least of all instants.
const PENDING: &str = "SELECT u.id, t.slug, u.email, u.profile, u.last_login_at, u.invited_at FROM users u \
                       LEFT JOIN tenants t ON t.id = u.tenant_id \
                       WHERE CASE WHEN ?5 THEN u.status = 'active' AND u.credential_state IN ('legacy_scheme', 'wrapped') \
                         ELSE u.completed_at IS NULL AND u.auth_method <> 'oauth' AND u.status <> 'deleted' END \
                       AND (?1 IS NULL OR u.tenant_id = ?1) \
                       AND (?3 IS NULL OR (-ifnull(u.last_login_at, -9223372036854775807), u.id) > (?2, ?3)) \
                       ORDER BY -ifnull(u.last_login_at, -9223372036854775807), u.id LIMIT ?4";

pub(super) fn pending(db: Db<'_>, ask: &PendingAsk) -> Outcome<Vec<PendingAccount>> {
    let rank = ask.after.map(|(at, _)| at.map_or(i64::MAX, |at| -at.micros()));
    let user = ask.after.map(|(_, user)| user.uuid());
    let own_hash = ask.lacks == Lacks::OwnHash;
    db.all(PENDING, params![ask.tenant.map(TenantId::uuid), rank, user, ask.limit, own_hash], |row| {
        let user = row.id("users.id", UserId::from_uuid)?;
        let tenant = row.value("tenants.slug")?;
        let email = row.value("users.email")?;
        let profile: oauth_core::claims::Profile = row.json("users.profile")?;
        let last_login_at = row.time_opt("users.last_login_at")?;
        let invited_at = row.time_opt("users.invited_at")?;
        Ok(PendingAccount { user, tenant, email, name: profile.name, last_login_at, invited_at })
    })
}

const ACCOUNTS: &str = "SELECT ifnull(sum(status = 'active'), 0), ifnull(sum(status = 'active' AND completed_at IS NULL), 0), \
                        ifnull(sum(status = 'active' AND credential_state IN ('legacy_scheme', 'wrapped')), 0), \
                        ifnull(sum(status <> 'active' AND completed_at IS NULL \
                                   AND (status <> 'deleted' OR imported_at IS NOT NULL)), 0) FROM users";

const PEN: &str = "SELECT ifnull(sum(kind = 'quarantine'), 0), ifnull(sum(kind <> 'quarantine'), 0) FROM migration_pen \
                   WHERE resolution IS NULL";

const TOKENS: &str = "SELECT count(*) FROM tokens WHERE token_type = 'refresh' AND invalidated = 0 AND client_id IS NULL \
                      AND expires_at > ?1";

const API_KEYS: &str =
    "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)";

/// What accounts tell, and what is counted by way: a legacy refresh changes no account.
const USES: &str = "SELECT tenant_id, max(at) FROM (\
                      SELECT tenant_id, last_password_login_at AS at FROM users WHERE last_password_login_at >= ?1 \
                      UNION ALL \
                      SELECT nullif(tenant_id, zeroblob(16)), last_at FROM client_uses \
                       WHERE way IN ('json_login', 'legacy_refresh', 'password_grant') AND last_at >= ?1) \
                    GROUP BY tenant_id";

const UNCONFIRMED: &str =
    "SELECT id, slug FROM tenants WHERE active AND deleted_at IS NULL AND confirmed_at IS NULL ORDER BY slug";

/// A source whose accounts were all taken back again has nothing to compare.
const SOURCES: &str = "SELECT r.source, max(r.heartbeat_at), \
                         (SELECT f.at FROM migration_facts f WHERE f.name = 'verified:' || r.source), \
                         (SELECT f.detail = 'true' FROM migration_facts f WHERE f.name = 'verified:' || r.source) \
                       FROM migration_runs r WHERE r.kind = 'import' \
                       AND EXISTS (SELECT 1 FROM source_links l WHERE l.source = r.source) \
                       GROUP BY r.source ORDER BY r.source";

const FACTS: &str = "SELECT name, at FROM migration_facts";

pub(super) fn gate_facts(db: Db<'_>, now: Timestamp, window_start: Timestamp) -> Outcome<GateFacts> {
    let mut facts = GateFacts::default();
    db.one(ACCOUNTS, [], |row| {
        let mut next = || row.value("users.status").map(unsigned);
        (facts.active, facts.not_completed) = (next()?, next()?);
        (facts.foreign_hashes, facts.inactive) = (next()?, next()?);
        Ok(())
    })?;
    db.one(PEN, [], |row| {
        let mut next = || row.value("migration_pen.kind").map(unsigned);
        (facts.quarantined, facts.conflicts) = (next()?, next()?);
        Ok(())
    })?;
    let tokens = db.one(TOKENS, [now.micros()], |row| row.value("tokens.jti").map(unsigned))?;
    facts.live_legacy_tokens = tokens.unwrap_or_default();
    let keys = db.one(API_KEYS, [now.micros()], |row| row.value("api_keys.id").map(unsigned))?;
    facts.live_api_keys = keys.unwrap_or_default();
    facts.legacy_uses = db.all(USES, [window_start.micros()], |row| {
        let tenant = row.id_opt("users.tenant_id", TenantId::from_uuid)?;
        Ok(LegacyUse { tenant, last_at: row.time("users.last_password_login_at")? })
    })?;
    facts.unconfirmed_tenants =
        db.all(UNCONFIRMED, [], |row| Ok((row.id("tenants.id", TenantId::from_uuid)?, row.value("tenants.slug")?)))?;
    facts.sources = db.all(SOURCES, [], imported)?;
    for (name, at) in db.all(FACTS, [], fact)? {
        match name.as_str() {
            "backup_verified" => facts.backup_verified_at = Some(at),
            "inactive_decided" => facts.inactive_decided_at = Some(at),
            "counting_since" => facts.counting_since = Some(at),
            _ => {}
        }
    }
    Ok(facts)
}

fn fact(row: &mut Cursor<'_>) -> Outcome<(String, Timestamp)> {
    Ok((row.value("migration_facts.name")?, row.time("migration_facts.at")?))
}

fn imported(row: &mut Cursor<'_>) -> Outcome<ImportedSource> {
    let source = row.parse("migration_runs.source", SourceName::parse)?;
    let last_import_at = row.time("migration_runs.heartbeat_at")?;
    let at = row.time_opt("migration_facts.at")?;
    let clean = row.value::<Option<bool>>("migration_facts.detail")?;
    Ok(ImportedSource { source, last_import_at, verified: at.zip(clean) })
}
