//! The legacy table `tokens`.

use oauth_core::{
    ids::{ApiKeyId, LegacyTokenId},
    legacy::{
        LegacyAccount, LegacyRotation, LegacyTokenSnapshot, LegacyTokenType, NewLegacyPair, api_key::ApiKeySnapshot,
    },
    store::{Commit, LegacyTokenRepository, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use rusqlite::params;

use crate::{
    SqliteStore, api_keys,
    db::Db,
    error::Outcome,
    person::{Person, person_columns},
};

impl LegacyTokenRepository for SqliteStore {
    async fn legacy_token(&self, id: &LegacyTokenId) -> Result<Option<LegacyTokenSnapshot>, StoreError> {
        self.read(|db| find(db, id))
    }

    async fn rotate_legacy(&self, write: LegacyRotation) -> Result<Commit, StoreError> {
        self.write(move |db| {
            if db.run(SPEND, [write.spent.as_str()])? == 0 {
                return Ok(Commit::Lost);
            }
            record(db, &write.pair)?;
            db.run(NEXT_OF_FAMILY, [write.pair.refresh.as_str(), write.spent.as_str()])?;
            Ok(Commit::Applied)
        })
        .await
    }

    async fn invalidate_legacy(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |db| db.run(SPEND, [id.as_str()]).map(drop)).await
    }

    async fn end_legacy_family(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |db| db.run(END_FAMILY, [id.as_str()]).map(drop)).await
    }

    async fn api_key(&self, hash: TokenHash) -> Result<Option<ApiKeySnapshot>, StoreError> {
        self.read(|db| api_keys::find(db, hash))
    }

    async fn note_api_key(&self, key: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| api_keys::note(db, key, at)).await
    }
}

const FIND: &str = concat!(
    "SELECT k.token_type, k.expires_at, k.invalidated, k.client_id IS NOT NULL, u.is_locked, u.legacy_login AND u.auth_method <> 'oauth', ",
    person_columns!(),
    " FROM tokens k JOIN users u ON u.id = k.user_id LEFT JOIN tenants t ON t.id = u.tenant_id WHERE k.jti = ?1",
);

fn find(db: Db<'_>, id: &LegacyTokenId) -> Outcome<Option<LegacyTokenSnapshot>> {
    db.one(FIND, [id.as_str()], |cursor| {
        let kind = cursor.parse("tokens.token_type", LegacyTokenType::parse)?;
        let expires_at = cursor.time("tokens.expires_at")?;
        let invalidated = cursor.value("tokens.invalidated")?;
        let bound_to_client = cursor.value("tokens.client_id")?;
        let is_locked = cursor.value("users.is_locked")?;
        let legacy_login = cursor.value("users.legacy_login")?;
        let Person { subject, email, username, is_verified, updated_at } = Person::read(cursor)?;
        let account = LegacyAccount { subject, email, username, is_verified, is_locked, legacy_login, updated_at };
        Ok(LegacyTokenSnapshot { id: id.clone(), kind, expires_at, invalidated, bound_to_client, account })
    })
}

const SPEND: &str = "UPDATE tokens SET invalidated = 1 WHERE jti = ?1 AND invalidated = 0";

const NEXT_OF_FAMILY: &str =
    "INSERT INTO legacy_families (jti, family) SELECT ?1, family FROM legacy_families WHERE jti = ?2";

const END_FAMILY: &str = "UPDATE tokens SET invalidated = 1 WHERE invalidated = 0 AND jti IN \
     (SELECT m.jti FROM legacy_families f JOIN legacy_families m ON m.family = f.family WHERE f.jti = ?1)";

const INSERT: &str = "INSERT INTO tokens (jti, user_id, token_type, expires_at, invalidated, created_at) \
                      VALUES (?1, ?2, ?3, ?4, 0, ?5)";

/// Records both tokens of a pair.
pub(crate) fn record(db: Db<'_>, pair: &NewLegacyPair) -> Outcome<()> {
    for (id, kind, expires_at) in [
        (&pair.access, LegacyTokenType::Access, pair.access_expires_at),
        (&pair.refresh, LegacyTokenType::Refresh, pair.refresh_expires_at),
    ] {
        let (user, created_at) = (pair.user.uuid(), pair.created_at.micros());
        db.run(INSERT, params![id.as_str(), user, kind.as_str(), expires_at.micros(), created_at])?;
    }
    Ok(())
}
