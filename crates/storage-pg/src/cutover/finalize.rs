//! The end of a migration: its record, what it would do, and the archive.
//!
//! A row of the archive is the row itself as JSON, whatever columns an older program has added to its table: it goes back as it was.

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
use serde_json::{Value, json};
use tokio_postgres::types::Json;

use super::{ledger, runs, unsigned};
use crate::{
    audit::{AuditParams, RECORD},
    catalog::PUT_SETTING,
    db::{Gate, Params, Steps, TRIES},
    error::unavailable,
    rows,
    store::PgStore,
    value::{At, Reader},
};

const READ: &str = "SELECT value FROM settings WHERE name = $1 AND value <> 'null'";

/// An upgraded hash counts while it was made from the one that stands beside it.
macro_rules! has_password {
    () => {
        "external_subject IS NOT NULL
           AND (password_hash IS NOT NULL OR (upgraded_hash IS NOT NULL AND upgraded_from IS NULL))"
    };
}

const CONCERNED: &str = concat!(
    "SELECT id FROM users
      WHERE status <> 'deleted' AND ",
    rows::behind!("id", "$1"),
    "   AND (auth_method <> 'oauth' AND completed_at IS NOT NULL OR $3 AND auth_method = 'oauth' AND ",
    has_password!(),
    ") ORDER BY id LIMIT $2"
);

const COUNTS: &str = concat!(
    "SELECT count(*) FILTER (WHERE completed_at IS NOT NULL AND auth_method <> 'oauth'),
            count(*) FILTER (WHERE (completed_at IS NOT NULL OR auth_method = 'oauth') AND ",
    has_password!(),
    "),
            (SELECT count(*) FROM api_keys),
            (SELECT count(*) FROM legacy_families),
            (SELECT count(*) FROM tokens WHERE client_id IS NULL),
            (SELECT count(*) FROM migration_pen)
       FROM users WHERE status <> 'deleted'"
);

const ARCHIVE_COUNTS: &str = "SELECT kind, count(*) FROM migration_archive GROUP BY kind";

const KEYS: &str = "SELECT id::text, to_jsonb(k) FROM api_keys k ORDER BY id LIMIT $1";

const FAMILIES: &str = "SELECT jti, to_jsonb(f) FROM legacy_families f ORDER BY jti LIMIT $1";

const TOKENS: &str = "SELECT jti, to_jsonb(k) FROM tokens k WHERE client_id IS NULL ORDER BY jti LIMIT $1";

const WAITING: &str = "
    SELECT jsonb_build_array(source, source_id)::text, to_jsonb(p) FROM migration_pen p ORDER BY source, source_id LIMIT $1";

const ARCHIVED: &str = "
    SELECT kind, key, sealed FROM migration_archive WHERE kind = ANY ($1) AND starts_with(key, $2)
     ORDER BY kind, key LIMIT $3";

impl FinalizeStore for PgStore {
    async fn finalization(&self) -> Result<Option<Finalization>, StoreError> {
        let Some(row) = self.db().read_one(READ, &[&CatalogRecords::FINALIZATION]).await? else { return Ok(None) };
        let mut row = Reader::new(&row, "settings", &CatalogRecords::FINALIZATION);
        row.parse("value", |text: &str| serde_json::from_str(text).ok()).map(Some)
    }

    async fn outlook(&self) -> Result<Outlook, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_snapshot(&mut client).await?;
        let counts = steps.run(COUNTS, &[]).await?;
        let archived = steps.run(ARCHIVE_COUNTS, &[]).await?;
        steps.commit().await?;
        let mut outlook = Outlook::default();
        if let Some(row) = counts.first() {
            let mut row = Reader::new(row, "users", &"-");
            outlook.accounts = row.take("id").map(unsigned)?;
            outlook.passwords = row.take("id").map(unsigned)?;
            for kind in RelicKind::ALL {
                let rows = row.take("jti").map(unsigned)?;
                outlook.relics.extend((rows > 0).then_some((kind, rows)));
            }
        }
        for row in &archived {
            let mut row = Reader::new(row, "migration_archive", &"-");
            outlook.archived.insert(row.parse("kind", RelicKind::parse)?, row.take("kind").map(unsigned)?);
        }
        Ok(outlook)
    }

    async fn concerned_accounts(
        &self,
        passwords: Passwords,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let params: Params<'_> = &[&after.map(UserId::uuid), &i64::from(limit), &passwords.go()];
        let rows = self.db().read(CONCERNED, params).await?;
        rows.iter().map(|row| Reader::new(row, "users", &"-").take("id").map(UserId::from_uuid)).collect()
    }

    async fn relics(&self, kind: RelicKind, limit: u32) -> Result<Vec<Relic>, StoreError> {
        let (sql, table) = match kind {
            RelicKind::AppRow | RelicKind::AppTable => return Ok(Vec::new()),
            RelicKind::ApiKey => (KEYS, "api_keys"),
            RelicKind::LegacyToken => (TOKENS, "tokens"),
            RelicKind::TokenFamily => (FAMILIES, "legacy_families"),
            RelicKind::WaitingRow => (WAITING, "migration_pen"),
        };
        let rows = self.db().read(sql, &[&i64::from(limit)]).await?;
        let read = |row| {
            let mut row = Reader::new(row, table, &"-");
            let key = row.take("key")?;
            Ok(Relic { kind, key, content: row.take::<Json<Value>>("content")?.0 })
        };
        rows.iter().map(read).collect()
    }

    async fn archived(&self, kinds: &[RelicKind], begin: &str, limit: u32) -> Result<Vec<SealedRelic>, StoreError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let rows = self.db().read(ARCHIVED, &[&kinds, &begin, &i64::from(limit)]).await?;
        let read = |row| {
            let mut row = Reader::new(row, "migration_archive", &"-");
            let kind = row.parse("kind", RelicKind::parse)?;
            Ok(SealedRelic { kind, key: row.take("key")?, sealed: row.take("sealed")? })
        };
        rows.iter().map(read).collect()
    }

    async fn commit_end(&self, write: EndWrite) -> Result<BatchCommit, StoreError> {
        let mut tries = 1;
        loop {
            match self.end_step(&write).await {
                // A deadlock or a short lock: nothing of the step is there.
                Err(error) if matches!(error.kind, StoreErrorKind::Busy) && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }
}

impl PgStore {
    async fn end_step(&self, write: &EndWrite) -> Result<BatchCommit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Catalog, &mut client).await?;
        if runs::held(&steps, write.lease).await?.is_none() {
            return Ok(BatchCommit::Fenced);
        }
        let at = At(write.at);
        match &write.step {
            EndStep::Archive(rows) => {
                if !remove(&steps, rows).await? {
                    return Ok(BatchCommit::Lost);
                }
                let sealed: Vec<&SealedRelic> = rows.iter().map(|(_, sealed)| sealed).collect();
                shelve(&steps, SHELVE, &sealed, at).await?;
            }
            EndStep::Purge(rows) => take_off(&steps, rows.iter().map(|(kind, key)| (*kind, key.as_str()))).await?,
            EndStep::Record(record) => {
                let value = serde_json::to_string(record).map_err(|error| unavailable(error.to_string()))?;
                steps.change(PUT_SETTING, &[&CatalogRecords::FINALIZATION, &value, &at]).await?;
            }
            EndStep::Shelve(rows) => {
                shelve(&steps, SHELVE_AGAIN, &rows.iter().collect::<Vec<_>>(), at).await?;
            }
            EndStep::Restore(rows) => {
                for (kind, sql) in PUT {
                    let of = rows.iter().filter(|relic| relic.kind == kind).map(|relic| relic.content.clone());
                    steps.change(sql, &[&Json(Value::Array(of.collect()))]).await?;
                }
                take_off(&steps, rows.iter().map(|relic| (relic.kind, relic.key.as_str()))).await?;
            }
        }
        ledger::add(&steps, &write.ledger).await?;
        let audit = AuditParams::from(write.audit.clone());
        let params: Params<'_> =
            &[&audit.id, &audit.at, &audit.kind, &audit.user, &audit.client, &audit.address, &audit.detail];
        steps.change(RECORD, params).await?;
        let progress = Progress { last_seq: write.last_seq, ..Progress::default() };
        runs::advance(&steps, write.lease, &progress, write.at).await?;
        reached(Place::EndWritten);
        steps.commit().await?;
        Ok(BatchCommit::Applied)
    }
}

const REMOVE: [(RelicKind, &str); 4] = [
    (RelicKind::ApiKey, REMOVE_KEYS),
    (RelicKind::TokenFamily, REMOVE_FAMILIES),
    (RelicKind::LegacyToken, REMOVE_TOKENS),
    (RelicKind::WaitingRow, REMOVE_WAITING),
];

const REMOVE_KEYS: &str = "
    DELETE FROM api_keys k USING jsonb_array_elements($1) w WHERE k.id = (w ->> 'id')::uuid AND to_jsonb(k) = w";

const REMOVE_FAMILIES: &str = "
    DELETE FROM legacy_families f USING jsonb_array_elements($1) w WHERE f.jti = w ->> 'jti' AND to_jsonb(f) = w";

const REMOVE_TOKENS: &str = "
    DELETE FROM tokens k USING jsonb_array_elements($1) w
     WHERE k.jti = w ->> 'jti' AND k.client_id IS NULL AND to_jsonb(k) = w";

const REMOVE_WAITING: &str = "
    DELETE FROM migration_pen p USING jsonb_array_elements($1) w
     WHERE p.source = w ->> 'source' AND p.source_id = w ->> 'source_id' AND to_jsonb(p) = w";

/// Removes rows from their tables; whether each of them stood there as it was read.
async fn remove(steps: &Steps<'_>, rows: &[(Relic, SealedRelic)]) -> Result<bool, StoreError> {
    let mut removed = 0;
    for (kind, sql) in REMOVE {
        let of = rows.iter().filter(|(relic, _)| relic.kind == kind).map(|(relic, _)| relic.content.clone());
        removed += steps.change(sql, &[&Json(json!(of.collect::<Vec<_>>()))]).await?;
    }
    Ok(usize::try_from(removed).is_ok_and(|removed| removed == rows.len()))
}

macro_rules! shelve {
    () => {
        "INSERT INTO migration_archive (kind, key, sealed, at)
         SELECT w.kind, w.key, w.sealed, $4 FROM unnest($1::text[], $2::text[], $3::bytea[]) AS w(kind, key, sealed)"
    };
}

const SHELVE: &str = shelve!();

const SHELVE_AGAIN: &str =
    concat!(shelve!(), " ON CONFLICT (kind, key) DO UPDATE SET sealed = EXCLUDED.sealed, at = EXCLUDED.at");

async fn shelve(steps: &Steps<'_>, sql: &'static str, rows: &[&SealedRelic], at: At) -> Result<(), StoreError> {
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let contents: Vec<&[u8]> = rows.iter().map(|row| row.sealed.as_slice()).collect();
    steps.change(sql, &[&kinds, &keys, &contents, &at]).await?;
    Ok(())
}

const TAKE_OFF: &str = "
    DELETE FROM migration_archive a USING unnest($1::text[], $2::text[]) AS w(kind, key)
     WHERE a.kind = w.kind AND a.key = w.key";

async fn take_off<'r>(steps: &Steps<'_>, rows: impl Iterator<Item = (RelicKind, &'r str)>) -> Result<(), StoreError> {
    let (kinds, keys): (Vec<&str>, Vec<&str>) = rows.map(|(kind, key)| (kind.as_str(), key)).unzip();
    steps.change(TAKE_OFF, &[&kinds, &keys]).await?;
    Ok(())
}

/// Tokens before what refers to them.
const PUT: [(RelicKind, &str); 4] = [
    (RelicKind::ApiKey, PUT_KEYS),
    (RelicKind::LegacyToken, PUT_TOKENS),
    (RelicKind::TokenFamily, PUT_FAMILIES),
    (RelicKind::WaitingRow, PUT_WAITING),
];

const PUT_KEYS: &str = "
    INSERT INTO api_keys
    SELECT k.* FROM jsonb_populate_recordset(NULL::api_keys, $1) k
     WHERE EXISTS (SELECT FROM users u WHERE u.id = k.user_id)
    ON CONFLICT DO NOTHING";

const PUT_FAMILIES: &str = "
    INSERT INTO legacy_families
    SELECT f.* FROM jsonb_populate_recordset(NULL::legacy_families, $1) f
     WHERE EXISTS (SELECT FROM tokens k WHERE k.jti = f.jti)
    ON CONFLICT DO NOTHING";

const PUT_TOKENS: &str = "
    INSERT INTO tokens
    SELECT k.* FROM jsonb_populate_recordset(NULL::tokens, $1) k
     WHERE EXISTS (SELECT FROM users u WHERE u.id = k.user_id)
    ON CONFLICT DO NOTHING";

const PUT_WAITING: &str = "
    INSERT INTO migration_pen SELECT p.* FROM jsonb_populate_recordset(NULL::migration_pen, $1) p ON CONFLICT DO NOTHING";
