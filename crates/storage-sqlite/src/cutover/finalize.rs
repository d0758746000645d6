//! The end of a migration: its record, what it would do, and the archive.

use std::collections::BTreeMap;

use authly_cutover::{
    finalization::{Finalization, Passwords, Relic, RelicKind, SealedRelic},
    store::{BatchCommit, EndStep, EndWrite, FinalizeStore, Outlook, Progress},
};
use authly_failpoint::{Place, reached};
use oauth_core::{
    catalog::CatalogRecords,
    ids::UserId,
    store::{StoreError, StoreErrorKind},
};
use rusqlite::params;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    batch::{from_json, unsigned},
    ledger, runs,
};
use crate::{
    SqliteStore, audit, catalog,
    cursor::Cursor,
    db::{Db, consistently},
    error::{Fault, Outcome},
};

impl FinalizeStore for SqliteStore {
    async fn finalization(&self) -> Result<Option<Finalization>, StoreError> {
        self.read(record)
    }

    async fn outlook(&self) -> Result<Outlook, StoreError> {
        self.read_long(|db| consistently(db, outlook)).await
    }

    async fn concerned_accounts(
        &self,
        passwords: Passwords,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let (after, go) = (after.map(UserId::uuid), passwords.go());
        let id = |row: &mut Cursor<'_>| row.id("users.id", UserId::from_uuid);
        self.read_long(move |db| db.all(CONCERNED, params![after, limit, go], id)).await
    }

    async fn relics(&self, kind: RelicKind, limit: u32) -> Result<Vec<Relic>, StoreError> {
        self.read_long(move |db| match kind {
            RelicKind::AppRow | RelicKind::AppTable => Ok(Vec::new()),
            RelicKind::ApiKey => db.all(KEYS, [limit], api_key),
            RelicKind::LegacyToken => db.all(TOKENS, [limit], token),
            RelicKind::TokenFamily => db.all(FAMILIES, [limit], family),
            RelicKind::WaitingRow => db.all(WAITING, [limit], waiting),
        })
        .await
    }

    async fn archived(&self, kinds: &[RelicKind], begin: &str, limit: u32) -> Result<Vec<SealedRelic>, StoreError> {
        let (kinds, begin) = (json!(kinds).to_string(), begin.to_owned());
        self.read_long(move |db| db.all(ARCHIVED, params![kinds, begin, limit], sealed)).await
    }

    async fn commit_end(&self, write: EndWrite) -> Result<BatchCommit, StoreError> {
        self.write(move |db| commit(db, &write)).await
    }
}

const RECORD: &str = "SELECT value FROM settings WHERE name = ?1 AND value <> 'null'";

fn record(db: Db<'_>) -> Outcome<Option<Finalization>> {
    db.one(RECORD, [CatalogRecords::FINALIZATION], |row| row.parse("settings.value", from_json))
}

macro_rules! has_password {
    () => {
        "external_subject IS NOT NULL AND (password_hash IS NOT NULL OR upgraded_hash IS NOT NULL)"
    };
}

const CONCERNED: &str = concat!(
    "SELECT id FROM users WHERE status <> 'deleted' AND (?1 IS NULL OR id > ?1) \
     AND (auth_method <> 'oauth' AND completed_at IS NOT NULL OR ?3 AND auth_method = 'oauth' AND ",
    has_password!(),
    ") ORDER BY id LIMIT ?2"
);

const COUNTS: &str = concat!(
    "SELECT count(*) FILTER (WHERE completed_at IS NOT NULL AND auth_method <> 'oauth'), \
            count(*) FILTER (WHERE (completed_at IS NOT NULL OR auth_method = 'oauth') AND ",
    has_password!(),
    "), (SELECT count(*) FROM api_keys), \
        (SELECT count(*) FROM legacy_families), \
        (SELECT count(*) FROM tokens WHERE client_id IS NULL), \
        (SELECT count(*) FROM migration_pen) \
     FROM users WHERE status <> 'deleted'"
);

const ARCHIVE_COUNTS: &str = "SELECT kind, count(*) FROM migration_archive GROUP BY kind";

fn outlook(db: Db<'_>) -> Outcome<Outlook> {
    let mut outlook = Outlook::default();
    db.one(COUNTS, [], |row| {
        outlook.accounts = row.value("users.id").map(unsigned)?;
        outlook.passwords = row.value("users.id").map(unsigned)?;
        for kind in RelicKind::ALL {
            let rows = row.value("tokens.jti").map(unsigned)?;
            outlook.relics.extend((rows > 0).then_some((kind, rows)));
        }
        Ok(())
    })?;
    let archived = db.all(ARCHIVE_COUNTS, [], |row| {
        let kind = row.parse("migration_archive.kind", RelicKind::parse)?;
        Ok((kind, row.value("migration_archive.kind").map(unsigned)?))
    })?;
    outlook.archived = archived.into_iter().collect::<BTreeMap<_, _>>();
    Ok(outlook)
}

const KEYS: &str = "SELECT lower(hex(id)), source, source_id, user_id, client, scope, label, lower(hex(hash)), created_at, \
                    expires_at, revoked_at, uses, last_used_at FROM api_keys ORDER BY id LIMIT ?1";

fn api_key(row: &mut Cursor<'_>) -> Outcome<Relic> {
    let key: String = row.value("api_keys.id")?;
    let content = json!({
        "id": key,
        "source": row.value::<String>("api_keys.source")?,
        "source_id": row.value::<String>("api_keys.source_id")?,
        "user_id": row.value::<Uuid>("api_keys.user_id")?,
        "client": row.value::<Option<String>>("api_keys.client")?,
        "scope": row.value::<String>("api_keys.scope")?,
        "label": row.value::<String>("api_keys.label")?,
        "hash": row.value::<String>("api_keys.hash")?,
        "created_at": row.value::<i64>("api_keys.created_at")?,
        "expires_at": row.value::<Option<i64>>("api_keys.expires_at")?,
        "revoked_at": row.value::<Option<i64>>("api_keys.revoked_at")?,
        "uses": row.value::<i64>("api_keys.uses")?,
        "last_used_at": row.value::<Option<i64>>("api_keys.last_used_at")?,
    });
    Ok(Relic { kind: RelicKind::ApiKey, key, content })
}

const FAMILIES: &str = "SELECT jti, family FROM legacy_families ORDER BY jti LIMIT ?1";

fn family(row: &mut Cursor<'_>) -> Outcome<Relic> {
    let key: String = row.value("legacy_families.jti")?;
    let content = json!({ "jti": key, "family": row.value::<String>("legacy_families.family")? });
    Ok(Relic { kind: RelicKind::TokenFamily, key, content })
}

const TOKENS: &str = "SELECT jti, user_id, token_type, expires_at, invalidated, created_at FROM tokens \
                      WHERE client_id IS NULL ORDER BY jti LIMIT ?1";

fn token(row: &mut Cursor<'_>) -> Outcome<Relic> {
    let key: String = row.value("tokens.jti")?;
    let content = json!({
        "jti": key,
        "user_id": row.value::<Uuid>("tokens.user_id")?,
        "token_type": row.value::<String>("tokens.token_type")?,
        "expires_at": row.value::<i64>("tokens.expires_at")?,
        "invalidated": row.value::<bool>("tokens.invalidated")?,
        "created_at": row.value::<i64>("tokens.created_at")?,
    });
    Ok(Relic { kind: RelicKind::LegacyToken, key, content })
}

const WAITING: &str = "SELECT source, source_id, kind, reason, label, tenant_id, run, at, resolution, resolved_at \
                       FROM migration_pen ORDER BY source, source_id LIMIT ?1";

fn waiting(row: &mut Cursor<'_>) -> Outcome<Relic> {
    let (source, id): (String, String) = (row.value("migration_pen.source")?, row.value("migration_pen.source_id")?);
    let content = json!({
        "source": source,
        "source_id": id,
        "kind": row.value::<String>("migration_pen.kind")?,
        "reason": row.value::<String>("migration_pen.reason")?,
        "label": row.value::<String>("migration_pen.label")?,
        "tenant_id": row.value::<Option<Uuid>>("migration_pen.tenant_id")?,
        "run": row.value::<Uuid>("migration_pen.run")?,
        "at": row.value::<i64>("migration_pen.at")?,
        "resolution": row.value::<Option<String>>("migration_pen.resolution")?,
        "resolved_at": row.value::<Option<i64>>("migration_pen.resolved_at")?,
    });
    Ok(Relic { kind: RelicKind::WaitingRow, key: json!([source, id]).to_string(), content })
}

const ARCHIVED: &str = "SELECT kind, key, sealed FROM migration_archive \
                        WHERE kind IN (SELECT value FROM json_each(?1)) AND substr(key, 1, length(?2)) = ?2 \
                        ORDER BY kind, key LIMIT ?3";

fn sealed(row: &mut Cursor<'_>) -> Outcome<SealedRelic> {
    let kind = row.parse("migration_archive.kind", RelicKind::parse)?;
    Ok(SealedRelic { kind, key: row.value("migration_archive.key")?, sealed: row.value("migration_archive.sealed")? })
}

/// What was written before a row turned out to have changed is taken back to the savepoint.
fn commit(db: Db<'_>, write: &EndWrite) -> Outcome<BatchCommit> {
    db.run("SAVEPOINT step", [])?;
    let done = apply(db, write);
    match done {
        Ok(BatchCommit::Applied) => reached(Place::EndWritten),
        _ => db.run("ROLLBACK TO step", []).map(drop)?,
    }
    db.run("RELEASE step", [])?;
    done
}

fn apply(db: Db<'_>, write: &EndWrite) -> Outcome<BatchCommit> {
    if runs::held(db, write.lease)?.is_none() {
        return Ok(BatchCommit::Fenced);
    }
    match &write.step {
        EndStep::Archive(rows) => {
            for (relic, sealed) in rows {
                if !remove(db, relic)? {
                    return Ok(BatchCommit::Lost);
                }
                db.run(SHELVE, params![sealed.kind.as_str(), sealed.key, sealed.sealed, write.at.micros()])?;
            }
            audit::write(db, &write.audit)?;
        }
        EndStep::Purge(rows) => {
            rows.iter().try_for_each(|(kind, key)| take_off(db, *kind, key))?;
            audit::write(db, &write.audit)?;
        }
        EndStep::Record(record) => {
            let value = super::batch::json(record)?;
            catalog::put_setting(db, CatalogRecords::FINALIZATION, &value, &write.audit)?;
        }
        EndStep::Shelve(rows) => {
            for row in rows {
                db.run(SHELVE_AGAIN, params![row.kind.as_str(), row.key, row.sealed, write.at.micros()])?;
            }
            audit::write(db, &write.audit)?;
        }
        EndStep::Restore(rows) => {
            for relic in rows {
                put_back(db, relic)?;
                take_off(db, relic.kind, &relic.key)?;
            }
            audit::write(db, &write.audit)?;
        }
    }
    write.ledger.iter().try_for_each(|item| ledger::add(db, item))?;
    let progress = Progress { last_seq: write.last_seq, ..Progress::default() };
    runs::advance(db, write.lease, &progress, write.at)?;
    Ok(BatchCommit::Applied)
}

const SHELVE: &str = "INSERT INTO migration_archive (kind, key, sealed, at) VALUES (?1, ?2, ?3, ?4)";

const SHELVE_AGAIN: &str = "INSERT OR REPLACE INTO migration_archive (kind, key, sealed, at) VALUES (?1, ?2, ?3, ?4)";

const TAKE_OFF: &str = "DELETE FROM migration_archive WHERE kind = ?1 AND key = ?2";

fn take_off(db: Db<'_>, kind: RelicKind, key: &str) -> Outcome<()> {
    db.run(TAKE_OFF, [kind.as_str(), key]).map(drop)
}

const TOKEN: &str = "SELECT jti, user_id, token_type, expires_at, invalidated, created_at FROM tokens \
                     WHERE client_id IS NULL AND jti = ?1";
const KEY: &str = "SELECT lower(hex(id)), source, source_id, user_id, client, scope, label, lower(hex(hash)), created_at, \
                   expires_at, revoked_at, uses, last_used_at FROM api_keys WHERE id = unhex(?1)";
const REMOVE_KEY: &str = "DELETE FROM api_keys WHERE id = unhex(?1)";

const FAMILY: &str = "SELECT jti, family FROM legacy_families WHERE jti = ?1";
const REMOVE_FAMILY: &str = "DELETE FROM legacy_families WHERE jti = ?1";

const REMOVE_TOKEN: &str = "DELETE FROM tokens WHERE jti = ?1";

const ROW: &str = "SELECT source, source_id, kind, reason, label, tenant_id, run, at, resolution, resolved_at \
                   FROM migration_pen WHERE source = ?1 AND source_id = ?2";
const REMOVE_ROW: &str = "DELETE FROM migration_pen WHERE source = ?1 AND source_id = ?2";

/// Removes a row from its table, if it stands there as it was read.
fn remove(db: Db<'_>, relic: &Relic) -> Outcome<bool> {
    let (source, id) = (text(relic, "source"), text(relic, "source_id"));
    let stands = match relic.kind {
        RelicKind::AppRow | RelicKind::AppTable => return Ok(false),
        RelicKind::ApiKey => db.one(KEY, [&relic.key], api_key)?,
        RelicKind::LegacyToken => db.one(TOKEN, [&relic.key], token)?,
        RelicKind::TokenFamily => db.one(FAMILY, [&relic.key], family)?,
        RelicKind::WaitingRow => db.one(ROW, params![source, id], waiting)?,
    };
    if stands.as_ref() != Some(relic) {
        return Ok(false);
    }
    let removed = match relic.kind {
        RelicKind::AppRow | RelicKind::AppTable => return Ok(false),
        RelicKind::ApiKey => db.run(REMOVE_KEY, [&relic.key])?,
        RelicKind::LegacyToken => db.run(REMOVE_TOKEN, [&relic.key])?,
        RelicKind::TokenFamily => db.run(REMOVE_FAMILY, [&relic.key])?,
        RelicKind::WaitingRow => db.run(REMOVE_ROW, params![source, id])?,
    };
    Ok(removed > 0)
}

const PUT_KEY: &str = "INSERT INTO api_keys (id, source, source_id, user_id, client, scope, label, hash, created_at, expires_at, \
                       revoked_at, uses, last_used_at) \
                       SELECT unhex(?1), ?2, ?3, u.id, ?5, ?6, ?7, unhex(?8), ?9, ?10, ?11, ?12, ?13 FROM users u WHERE u.id = ?4 \
                       ON CONFLICT DO NOTHING";

const PUT_FAMILY: &str = "INSERT INTO legacy_families (jti, family) SELECT t.jti, ?2 FROM tokens t WHERE t.jti = ?1 \
                          ON CONFLICT (jti) DO NOTHING";

const PUT_TOKEN: &str = "INSERT INTO tokens (jti, user_id, token_type, expires_at, invalidated, created_at) \
                         SELECT ?1, u.id, ?3, ?4, ?5, ?6 FROM users u WHERE u.id = ?2 ON CONFLICT (jti) DO NOTHING";

const PUT_ROW: &str = "INSERT INTO migration_pen (source, source_id, kind, reason, label, tenant_id, run, at, resolution, \
                       resolved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
                       ON CONFLICT (source, source_id) DO NOTHING";

fn put_back(db: Db<'_>, relic: &Relic) -> Outcome<()> {
    match relic.kind {
        RelicKind::AppRow | RelicKind::AppTable => Ok(0),
        RelicKind::ApiKey => db.run(
            PUT_KEY,
            params![
                text(relic, "id"),
                text(relic, "source"),
                text(relic, "source_id"),
                id(relic, "user_id")?,
                text(relic, "client"),
                text(relic, "scope"),
                text(relic, "label"),
                text(relic, "hash"),
                number(relic, "created_at"),
                number(relic, "expires_at"),
                number(relic, "revoked_at"),
                number(relic, "uses"),
                number(relic, "last_used_at"),
            ],
        ),
        RelicKind::TokenFamily => db.run(PUT_FAMILY, params![text(relic, "jti"), text(relic, "family")]),
        RelicKind::LegacyToken => db.run(
            PUT_TOKEN,
            params![
                text(relic, "jti"),
                id(relic, "user_id")?,
                text(relic, "token_type"),
                number(relic, "expires_at"),
                relic.content.get("invalidated").and_then(Value::as_bool),
                number(relic, "created_at"),
            ],
        ),
        RelicKind::WaitingRow => db.run(
            PUT_ROW,
            params![
                text(relic, "source"),
                text(relic, "source_id"),
                text(relic, "kind"),
                text(relic, "reason"),
                text(relic, "label"),
                id(relic, "tenant_id")?,
                id(relic, "run")?,
                number(relic, "at"),
                text(relic, "resolution"),
                number(relic, "resolved_at"),
            ],
        ),
    }
    .map(drop)
}

fn text<'r>(relic: &'r Relic, name: &str) -> Option<&'r str> {
    relic.content.get(name).and_then(Value::as_str)
}

fn number(relic: &Relic, name: &str) -> Option<i64> {
    relic.content.get(name).and_then(Value::as_i64)
}

fn id(relic: &Relic, name: &'static str) -> Outcome<Option<Uuid>> {
    let read = |text| {
        let kind = || StoreErrorKind::Corrupt { table: "migration_archive", column: name, key: relic.key.clone() };
        Uuid::try_parse(text).map_err(|error| Fault(StoreError::caused(kind(), error)))
    };
    text(relic, name).map(read).transpose()
}
