//! The board: one pass over the accounts for their numbers, one for their steps, one for their hashes.

use std::collections::BTreeMap;

use authly_cutover::{
    account::AuthMethod,
    board::{
        BoardAsk, BoardFigures, BoardStore, HashGroup, Instants, LineAsk, LineKey, Moves, Step, StepCount, WaitingAsk,
        WaitingCount, day_of,
    },
    ledger::LedgerEntry,
    outcome::ReasonCode,
    store::{DailyCount, PenEntry, PenKind},
};
use authly_directory::password::StoredHash;
use oauth_core::{
    ids::{TenantId, UserId},
    store::StoreError,
    time::Timestamp,
};
use rusqlite::params;
use uuid::Uuid;

use super::{batch::signed, batch::unsigned, counts, ledger, pen};
use crate::{
    SqliteStore,
    cursor::Cursor,
    db::{Db, consistently},
    error::Outcome,
};

const RECENT: &str = "SELECT tenant_id, count(*) FROM users WHERE last_password_login_at >= ?2 AND status <> 'deleted' \
                      AND (?1 IS NULL OR tenant_id = ?1) GROUP BY tenant_id";

/// Instants as they stand; they are counted while they are read, which sorts nothing.
const INSTANTS: &str = "SELECT auth_method, created_at, imported_at, completed_at, dual_at, oauth_at, hash_upgraded_at \
                        FROM users WHERE status <> 'deleted' AND (?1 IS NULL OR tenant_id = ?1)";

/// Groups as `authly_cutover::board::mark` makes them; the hash is the one that verifies.
const HASHES: &str = "SELECT hash, count(*) FROM \
                        (SELECT ifnull(upgraded_hash, password_hash) AS hash FROM users \
                          WHERE status <> 'deleted' AND (?1 IS NULL OR tenant_id = ?1)) \
                      WHERE hash IS NOT NULL \
                      GROUP BY CASE \
                        WHEN substr(hash, 1, 1) = '$' \
                          THEN substr(hash, 1, min(instr(substr(hash, 2) || '$', '$'), 25)) \
                        WHEN substr(hash, 1, 1) = '{' THEN substr(hash, 1, min(instr(hash || '}', '}') - 1, 32)) \
                        WHEN substr(hash, 1, 8) = 'wrapped:' THEN 'wrapped:' \
                        WHEN substr(hash, 1, 9) = 'declared:' \
                          THEN substr(hash, 1, 9 + min(instr(substr(hash, 10) || ':', ':') - 1, 32)) \
                        WHEN instr(hash, '$') BETWEEN 2 AND 41 THEN substr(hash, 1, instr(hash, '$') - 1) \
                        ELSE length(hash) || CASE substr(hash, 1, 1) WHEN '*' THEN '*' ELSE '' END END";

const WAITING: &str = "SELECT kind, json_extract(reason, '$.code') AS code, count(*) FROM migration_pen \
                       WHERE resolution IS NULL AND (?1 IS NULL OR tenant_id = ?1) GROUP BY kind, code ORDER BY kind, code";

impl BoardStore for SqliteStore {
    async fn board(&self, ask: BoardAsk) -> Result<BoardFigures, StoreError> {
        self.read_long(move |db| consistently(db, |db| board(db, &ask))).await
    }

    async fn waiting_rows(&self, ask: WaitingAsk) -> Result<Vec<PenEntry>, StoreError> {
        self.read_long(move |db| pen::open_rows(db, &ask)).await
    }

    async fn find_lines(&self, ask: LineAsk) -> Result<Vec<LedgerEntry>, StoreError> {
        self.read_long(move |db| find_lines(db, &ask)).await
    }
}

fn board(db: Db<'_>, ask: &BoardAsk) -> Outcome<BoardFigures> {
    let tenant = ask.tenant.map(TenantId::uuid);
    let mut found = BoardFigures { tenants: counts::by_tenant(db, ask.tenant)?, ..BoardFigures::default() };
    let recent = db.all(RECENT, params![tenant, ask.recent_from.micros()], |row| {
        let tenant = row.id_opt("users.tenant_id", TenantId::from_uuid)?;
        Ok((tenant, row.value("users.last_password_login_at").map(unsigned)?))
    })?;
    found.recent = recent.into_iter().collect();

    let before = ask.from_day - 1;
    let mut steps: BTreeMap<(Step, i64), u64> = BTreeMap::new();
    let mut upgrades: BTreeMap<i64, u64> = BTreeMap::new();
    db.each(INSTANTS, [tenant], |row| {
        let (instants, upgraded) = instants(row)?;
        instants.steps().for_each(|(step, day)| *steps.entry((step, day.max(before))).or_default() += 1);
        if let Some(day) = upgraded.map(day_of).filter(|day| *day >= ask.from_day) {
            *upgrades.entry(day).or_default() += 1;
        }
        Ok(())
    })?;
    found.steps = steps.into_iter().map(|((step, day), accounts)| StepCount { step, day, accounts }).collect();
    found.upgrades = upgrades.into_iter().map(|(day, completed)| DailyCount { day, completed }).collect();

    found.hashes = db.all(HASHES, [tenant], |row| {
        let sample = StoredHash::new(row.value("users.password_hash")?);
        Ok(HashGroup { sample, accounts: row.value("users.password_hash").map(unsigned)? })
    })?;
    found.waiting = db.all(WAITING, [tenant], |row| {
        Ok(WaitingCount {
            kind: row.parse("migration_pen.kind", PenKind::parse)?,
            reason: row.parse("migration_pen.reason", ReasonCode::parse)?,
            rows: row.value("migration_pen.kind").map(unsigned)?,
        })
    })?;
    Ok(found)
}

fn instants(row: &mut Cursor<'_>) -> Outcome<(Instants, Option<Timestamp>)> {
    let instants = Instants {
        method: row.parse("users.auth_method", AuthMethod::parse)?,
        created_at: row.time("users.created_at")?,
        imported_at: row.time_opt("users.imported_at")?,
        completed_at: row.time_opt("users.completed_at")?,
        moves: Moves { dual_at: row.time_opt("users.dual_at")?, oauth_at: row.time_opt("users.oauth_at")? },
    };
    Ok((instants, row.time_opt("users.hash_upgraded_at")?))
}

fn find_lines(db: Db<'_>, ask: &LineAsk) -> Outcome<Vec<LedgerEntry>> {
    let (run, seq) = (ask.before.map(|key| key.run.uuid()), ask.before.map(|key| signed(key.seq)));
    let tenant: Option<Uuid> = ask.tenant.map(TenantId::uuid);
    match &ask.by {
        LineKey::Account(user) => {
            let user = UserId::uuid(*user);
            db.all(ledger::FOUND_BY_USER, params![user, run, seq, tenant, ask.limit], ledger::read)
        }
        LineKey::Run(of) => db.all(ledger::FOUND_BY_RUN, params![of.uuid(), run, seq, tenant, ask.limit], ledger::read),
        LineKey::SourceId(id) => {
            db.all(ledger::FOUND_BY_SOURCE_ID, params![id.as_str(), run, seq, tenant, ask.limit], ledger::read)
        }
    }
}
