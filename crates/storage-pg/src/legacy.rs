//! The table `tokens` of the legacy contract.

use oauth_core::{
    ids::{ApiKeyId, LegacyTokenId},
    legacy::{LegacyRotation, LegacyTokenSnapshot, LegacyTokenType, api_key::ApiKeySnapshot},
    store::{Commit, LegacyTokenRepository, StoreError},
    time::Timestamp,
    token::TokenHash,
};

use crate::{
    api_keys,
    codes::commit,
    db::{Params, Unknown},
    rows,
    store::PgStore,
    value::{At, Reader},
};

const FIND: &str = concat!(
    "SELECT k.token_type, k.expires_at, COALESCE(k.invalidated, FALSE), k.client_id IS NOT NULL, ",
    rows::account_columns!(),
    " FROM tokens k",
    rows::user_of!("k.user_id"),
    "WHERE k.jti = $1"
);

/// The account is locked first: a new password that comes at the same moment ends this pair too, or comes before it.
const ROTATE: &str = "
    WITH person AS MATERIALIZED (
      SELECT id FROM users WHERE id = $2 FOR SHARE
    ), won AS (
      UPDATE tokens SET invalidated = TRUE
       WHERE jti = $1 AND invalidated IS NOT TRUE AND EXISTS (SELECT FROM person)
      RETURNING id
    ), pair AS (
      INSERT INTO tokens (id, jti, user_id, token_type, expires_at, invalidated, created_at)
      SELECT gen_random_uuid(), p.jti, $2, p.token_type, p.expires_at, FALSE, $3
        FROM won, (VALUES ($4::text, 'access', $5::timestamptz), ($6::text, 'refresh', $7::timestamptz))
               AS p (jti, token_type, expires_at)
      RETURNING jti
    ), family AS (
      INSERT INTO legacy_families (jti, family)
      SELECT pair.jti, f.family FROM pair, legacy_families f WHERE pair.jti = $6 AND f.jti = $1
    )
    SELECT count(*) FROM won";

const INVALIDATE: &str = "UPDATE tokens SET invalidated = TRUE WHERE jti = $1 AND invalidated IS NOT TRUE";

const END_FAMILY: &str = "
    UPDATE tokens SET invalidated = TRUE
     WHERE invalidated IS NOT TRUE
       AND jti = ANY(ARRAY(SELECT m.jti FROM legacy_families m
                            WHERE m.family = (SELECT f.family FROM legacy_families f WHERE f.jti = $1)))";

/// Whether a refresh whose answer was lost had happened: its pair is there.
const ROTATED: &str = "SELECT count(*) FROM tokens WHERE jti = $1 AND user_id = $2";

/// What is planned before anybody knows how many rows there will be, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 4] = [(FIND, 1), (ROTATE, 7), (INVALIDATE, 1), (END_FAMILY, 1)];

impl LegacyTokenRepository for PgStore {
    async fn legacy_token(&self, id: &LegacyTokenId) -> Result<Option<LegacyTokenSnapshot>, StoreError> {
        let Some(row) = self.db().read_one(FIND, &[&id.as_str()]).await? else { return Ok(None) };
        let key = id.as_str();
        let mut row = Reader::new(&row, "tokens", &key);
        Ok(Some(LegacyTokenSnapshot {
            id: id.clone(),
            kind: row.parse("token_type", LegacyTokenType::parse)?,
            expires_at: row.at("expires_at")?,
            invalidated: row.take("invalidated")?,
            bound_to_client: row.take("client_id")?,
            account: rows::legacy_account(&mut row)?,
        }))
    }

    async fn rotate_legacy(&self, write: LegacyRotation) -> Result<Commit, StoreError> {
        let pair = &write.pair;
        let params: Params<'_> = &[
            &write.spent.as_str(),
            &pair.user.uuid(),
            &At(pair.created_at),
            &pair.access.as_str(),
            &At(pair.access_expires_at),
            &pair.refresh.as_str(),
            &At(pair.refresh_expires_at),
        ];
        match self.db().write(ROTATE, params, Unknown::Report).await {
            Err(crate::error::Trouble::Disconnected(_)) => {}
            outcome => return Ok(commit(outcome?)),
        }
        if self.db().write(ROTATE, params, Unknown::Report).await? > 0 {
            return Ok(Commit::Applied);
        }
        let params: Params<'_> = &[&pair.refresh.as_str(), &pair.user.uuid()];
        Ok(commit(self.db().write(ROTATED, params, Unknown::Repeat).await?))
    }

    async fn invalidate_legacy(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        self.settle(INVALIDATE, &[&id.as_str()]).await
    }

    async fn end_legacy_family(&self, id: &LegacyTokenId) -> Result<(), StoreError> {
        self.settle(END_FAMILY, &[&id.as_str()]).await
    }

    async fn api_key(&self, hash: TokenHash) -> Result<Option<ApiKeySnapshot>, StoreError> {
        api_keys::find(self.db(), hash).await
    }

    async fn note_api_key(&self, key: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        api_keys::note(self.db(), key, at).await
    }
}
