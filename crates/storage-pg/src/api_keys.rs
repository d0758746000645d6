//! API keys of the older program: found by their hash, counted, listed, revoked (C-32).

use authly_directory::mail::store::ApiKeys;
use oauth_core::{
    audit::AuditEvent,
    ids::{ApiKeyId, ClientId, UserId},
    legacy::api_key::{ApiKey, ApiKeySnapshot},
    scope::ScopeSet,
    store::{ApiKeyRepository, Commit, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    audit::{AuditParams, RECORD},
    db::{Db, Params, Steps},
    rows,
    store::PgStore,
    value::{At, Reader},
};

macro_rules! key_columns {
    () => {
        "a.id, a.user_id, a.client, a.scope, a.label, a.hash, a.created_at, a.expires_at, a.revoked_at, a.uses, a.last_used_at"
    };
}

const FIND: &str = concat!(
    "SELECT ",
    key_columns!(),
    ", ",
    rows::account_columns!(),
    " FROM api_keys a",
    rows::user_of!("a.user_id"),
    "WHERE a.hash = $1"
);

const NOTE: &str = "UPDATE api_keys SET uses = uses + 1, last_used_at = greatest(last_used_at, $2) WHERE id = $1";

const PAGE: &str =
    concat!("SELECT ", key_columns!(), " FROM api_keys a WHERE $1::uuid IS NULL OR a.id > $1 ORDER BY a.id LIMIT $2");

const REVOKE: &str = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

const END: &str = "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";

fn read(row: &mut Reader<'_>) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(row.take("id")?),
        user: UserId::from_uuid(row.take("user_id")?),
        client: row.take::<Option<&str>>("client")?.and_then(|text| ClientId::parse(text).ok()),
        scope: row.parse("scope", |text: &str| ScopeSet::parse(text).ok())?,
        label: row.take("label")?,
        hash: row.hash("hash")?,
        created_at: row.at("created_at")?,
        expires_at: row.maybe_at("expires_at")?,
        revoked_at: row.maybe_at("revoked_at")?,
        uses: u64::try_from(row.take::<i64>("uses")?).unwrap_or_default(),
        last_used_at: row.maybe_at("last_used_at")?,
    })
}

pub(crate) async fn find(db: &Db, hash: TokenHash) -> Result<Option<ApiKeySnapshot>, StoreError> {
    let Some(row) = db.read_one(FIND, &[&hash.bytes().as_slice()]).await? else { return Ok(None) };
    let mut row = Reader::new(&row, "api_keys", &"-");
    let key = read(&mut row)?;
    Ok(Some(ApiKeySnapshot { key, account: rows::legacy_account(&mut row)? }))
}

/// A use whose answer was lost is counted once or not at all: nothing hangs on the number.
pub(crate) async fn note(db: &Db, key: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
    db.run(NOTE, &[&key.uuid(), &At(at)], crate::db::Unknown::Report).await?;
    Ok(())
}

/// What a password that is set by link does to the account's keys.
pub(crate) async fn end(steps: &Steps<'_>, fate: ApiKeys, user: UserId, at: Timestamp) -> Result<(), StoreError> {
    if fate == ApiKeys::End {
        steps.change(END, &[&user.uuid(), &At(at)]).await?;
    }
    Ok(())
}

impl ApiKeyRepository for PgStore {
    async fn api_keys(&self, after: Option<ApiKeyId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        let after: Option<Uuid> = after.map(ApiKeyId::uuid);
        let rows = self.db().read(PAGE, &[&after, &i64::from(limit)]).await?;
        rows.iter().map(|row: &Row| read(&mut Reader::new(row, "api_keys", &"-"))).collect()
    }

    async fn revoke_api_key(&self, key: ApiKeyId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if steps.change(REVOKE, &[&key.uuid(), &At(audit.at)]).await? == 0 {
            return Ok(Commit::Lost);
        }
        let event = AuditParams::from(audit);
        let params: Params<'_> =
            &[&event.id, &event.at, &event.kind, &event.user, &event.client, &event.address, &event.detail];
        steps.change(RECORD, params).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }
}
