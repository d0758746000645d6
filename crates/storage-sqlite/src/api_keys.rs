//! API keys of the older program: found by their hash, counted, listed, revoked (C-32).

use oauth_core::{
    audit::AuditEvent,
    ids::{ApiKeyId, ClientId, UserId},
    legacy::{
        LegacyAccount,
        api_key::{ApiKey, ApiKeySnapshot},
    },
    store::{ApiKeyRepository, Commit, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use rusqlite::params;
use uuid::Uuid;

use crate::{
    SqliteStore, audit,
    cursor::Cursor,
    db::Db,
    error::Outcome,
    person::{Person, person_columns},
};

macro_rules! key_columns {
    () => {
        "a.id, a.user_id, a.client, a.scope, a.label, a.hash, a.created_at, a.expires_at, a.revoked_at, a.uses, a.last_used_at"
    };
}

const FIND: &str = concat!(
    "SELECT ",
    key_columns!(),
    ", u.is_locked, u.legacy_login AND u.auth_method <> 'oauth', ",
    person_columns!(),
    " FROM api_keys a JOIN users u ON u.id = a.user_id LEFT JOIN tenants t ON t.id = u.tenant_id WHERE a.hash = ?1"
);

const NOTE: &str =
    "UPDATE api_keys SET uses = uses + 1, last_used_at = max(coalesce(last_used_at, ?2), ?2) WHERE id = ?1";

const PAGE: &str =
    concat!("SELECT ", key_columns!(), " FROM api_keys a WHERE ?1 IS NULL OR a.id > ?1 ORDER BY a.id LIMIT ?2");

const REVOKE: &str = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";

const END: &str = "UPDATE api_keys SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL";

fn read(row: &mut Cursor<'_>) -> Outcome<ApiKey> {
    Ok(ApiKey {
        id: row.id("api_keys.id", ApiKeyId::from_uuid)?,
        user: row.id("api_keys.user_id", UserId::from_uuid)?,
        client: row.parse_opt("api_keys.client", |text| ClientId::parse(text).ok())?,
        scope: row.scopes("api_keys.scope")?,
        label: row.value("api_keys.label")?,
        hash: row.hash("api_keys.hash")?,
        created_at: row.time("api_keys.created_at")?,
        expires_at: row.time_opt("api_keys.expires_at")?,
        revoked_at: row.time_opt("api_keys.revoked_at")?,
        uses: u64::try_from(row.value::<i64>("api_keys.uses")?).unwrap_or_default(),
        last_used_at: row.time_opt("api_keys.last_used_at")?,
    })
}

pub(crate) fn find(db: Db<'_>, hash: TokenHash) -> Outcome<Option<ApiKeySnapshot>> {
    db.one(FIND, [hash.bytes().as_slice()], |cursor| {
        let key = read(cursor)?;
        let is_locked = cursor.value("users.is_locked")?;
        let legacy_login = cursor.value("users.legacy_login")?;
        let Person { subject, email, username, is_verified, updated_at } = Person::read(cursor)?;
        let account = LegacyAccount { subject, email, username, is_verified, is_locked, legacy_login, updated_at };
        Ok(ApiKeySnapshot { key, account })
    })
}

pub(crate) fn note(db: Db<'_>, key: ApiKeyId, at: Timestamp) -> Outcome<()> {
    db.run(NOTE, params![key.uuid(), at.micros()]).map(drop)
}

/// Ends all keys of an account.
pub(crate) fn end(db: Db<'_>, user: UserId, at: Timestamp) -> Outcome<()> {
    db.run(END, params![user.uuid(), at.micros()]).map(drop)
}

impl ApiKeyRepository for SqliteStore {
    async fn api_keys(&self, after: Option<ApiKeyId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        let after: Option<Uuid> = after.map(ApiKeyId::uuid);
        self.read_long(move |db| db.all(PAGE, params![after, limit], read)).await
    }

    async fn revoke_api_key(&self, key: ApiKeyId, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| {
            if db.run(REVOKE, params![key.uuid(), audit.at.micros()])? == 0 {
                return Ok(Commit::Lost);
            }
            audit::write(db, &audit)?;
            Ok(Commit::Applied)
        })
        .await
    }
}
