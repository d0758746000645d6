//! Figures: how far tenants, days and the whole installation are.

use std::collections::{BTreeMap, HashMap};

use authly_cutover::{
    board::mark,
    finalize::{GateFacts, ImportedSource},
    source::SourceName,
    store::{DailyCount, Lacks, LegacyUse, OldHashes, PendingAccount, PendingAsk, TenantFigures},
};
use authly_directory::password::StoredHash;
use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};
use rusqlite::params;

use super::batch::unsigned;
use crate::{cursor::Cursor, db::Db, error::Outcome};

const NAMES: &str = "SELECT id, slug, name FROM tenants WHERE deleted_at IS NULL AND (?1 IS NULL OR id = ?1)";

/// One number says everything that is counted of an account. The counting is done while the rows are read: grouping them here
/// would sort them all.
macro_rules! marks {
    ($besides:literal) => {
        concat!(
            "SELECT tenant_id, (auth_method = 'password') + (auth_method = 'dual') * 2 + (auth_method = 'oauth') * 4 \
             + (imported_at IS NOT NULL) * 8 + (invited_at IS NOT NULL) * 16 + (completed_at IS NOT NULL) * 32 \
             + (hash_upgraded_at IS NOT NULL) * 64 + (reset_required <> 0) * 128 + (status = 'disabled') * 256 \
             + (credential_state = 'legacy_scheme') * 512 + (credential_state = 'wrapped') * 1024, \
             last_password_login_at",
            $besides,
            " FROM users WHERE status <> 'deleted' AND (?1 IS NULL OR tenant_id = ?1)"
        )
    };
}

const MARKS: &str = marks!("");

/// Beside the marks, the hash that verifies, where it is to be replaced.
const MARKS_AND_HASHES: &str = marks!(
    ", CASE WHEN credential_state IN ('legacy_scheme', 'wrapped') THEN ifnull(upgraded_hash, password_hash) END"
);

const WAITING: &str = "SELECT tenant_id, count(*) FROM migration_pen WHERE resolution IS NULL \
                       AND (?1 IS NULL OR tenant_id = ?1) GROUP BY tenant_id";

/// Of all tenants and of accounts without one, or of one tenant alone.
pub(super) fn by_tenant(db: Db<'_>, only: Option<TenantId>) -> Outcome<Vec<TenantFigures>> {
    Ok(read(db, only, MARKS, |_: &mut (), _| Ok(()))?.into_iter().map(|(figures, ())| figures).collect())
}

/// Of all, with the hashes that are to be replaced.
pub(super) fn by_tenant_and_hash(db: Db<'_>) -> Outcome<(Vec<TenantFigures>, Vec<OldHashes>)> {
    let counted = read(db, None, MARKS_AND_HASHES, |groups: &mut Vec<Group>, row| {
        row.parse_opt("users.password_hash", |hash| {
            let mark = mark(hash);
            match groups.iter_mut().find(|group| group.mark == mark) {
                Some(group) => group.accounts += 1,
                None => groups.push(Group { mark: mark.into_owned(), sample: hash.to_owned(), accounts: 1 }),
            }
            Some(())
        })?;
        Ok(())
    })?;
    let mut hashes = Vec::new();
    let figures = counted.into_iter().map(|(figures, groups)| {
        let tenant = figures.tenant;
        hashes.extend(groups.into_iter().map(|Group { sample, accounts, .. }| {
            let sample = StoredHash::new(sample);
            OldHashes { tenant, sample, accounts }
        }));
        figures
    });
    Ok((figures.collect(), hashes))
}

/// Hashes of one tenant that look alike; a tenant has few schemes.
struct Group {
    mark: String,
    sample: String,
    accounts: u64,
}

/// Counts by marks; `besides` reads what else stands in the row of an account, into what is kept of its tenant.
fn read<B: Default>(
    db: Db<'_>,
    only: Option<TenantId>,
    marks: &str,
    mut besides: impl FnMut(&mut B, &mut Cursor<'_>) -> Outcome<()>,
) -> Outcome<Vec<(TenantFigures, B)>> {
    let mut figures: BTreeMap<Option<TenantId>, (TenantFigures, B)> = BTreeMap::new();
    if only.is_none() {
        figures.insert(None, Default::default());
    }
    let only = only.map(TenantId::uuid);
    let named = db.all(NAMES, [only], |row| {
        let tenant = row.id("tenants.id", TenantId::from_uuid)?;
        let (slug, name) = (row.value("tenants.slug")?, row.value("tenants.name")?);
        Ok((tenant, slug, name))
    })?;
    for (tenant, slug, name) in named {
        let names = TenantFigures { tenant: Some(tenant), slug, name, ..TenantFigures::default() };
        figures.insert(Some(tenant), (names, B::default()));
    }
    let mut counted: HashMap<Option<TenantId>, (TenantFigures, B)> = HashMap::new();
    db.each(marks, [only], |row| {
        let tenant = row.id_opt("users.tenant_id", TenantId::from_uuid)?;
        let marks = row.value("users.auth_method").map(unsigned)?;
        let (figures, kept) = counted.entry(tenant).or_default();
        count(figures, marks, row.time_opt("users.last_password_login_at")?);
        besides(kept, row)
    })?;
    for (tenant, (counted, kept)) in counted {
        let (one, beside) = figures.entry(tenant).or_default();
        *one = TenantFigures { tenant, slug: one.slug.take(), name: one.name.take(), ..counted };
        *beside = kept;
    }
    let waiting = db.all(WAITING, [only], |row| {
        let tenant = row.id_opt("migration_pen.tenant_id", TenantId::from_uuid)?;
        Ok((tenant, row.value("migration_pen.kind").map(unsigned)?))
    })?;
    for (tenant, rows) in waiting {
        let (one, _) = figures.entry(tenant).or_default();
        (one.tenant, one.waiting) = (tenant, rows);
    }
    Ok(figures.into_values().collect())
}

/// Adds an account with these marks.
fn count(figures: &mut TenantFigures, marks: u64, last: Option<Timestamp>) {
    let bit = |place: u32| marks >> place & 1;
    figures.total += 1;
    figures.password += bit(0);
    figures.dual += bit(1);
    figures.oauth += bit(2);
    figures.imported += bit(3);
    figures.invited += bit(4);
    figures.completed += bit(5);
    figures.hash_upgraded += bit(6);
    figures.reset_required += bit(7);
    figures.disabled += bit(8);
    figures.legacy_scheme += bit(9);
    figures.wrapped += bit(10);
    figures.last_password_login_at = figures.last_password_login_at.max(last);
}

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
