//! Tokens and API keys of a source.

use authly_cutover::{
    parts::{NewApiKey, NewToken, PartStore, Put},
    source::SourceName,
};
use oauth_core::{
    ids::{ApiKeyId, ClientId, UserId},
    store::StoreError,
    time::Timestamp,
};
use rusqlite::params;

use crate::{SqliteStore, db::Db, error::Outcome};

impl PartStore for SqliteStore {
    async fn put_tokens(&self, tokens: Vec<NewToken>, write: bool) -> Result<Vec<Put>, StoreError> {
        if write {
            self.write(move |db| tokens.iter().map(|token| put_token(db, token, true)).collect()).await
        } else {
            self.read_long(move |db| tokens.iter().map(|token| put_token(db, token, false)).collect()).await
        }
    }

    async fn put_api_keys(
        &self,
        source: &SourceName,
        keys: Vec<NewApiKey>,
        write: bool,
    ) -> Result<Vec<Put>, StoreError> {
        let source = source.clone();
        if write {
            self.write(move |db| keys.iter().map(|key| put_key(db, &source, key, true)).collect()).await
        } else {
            self.read_long(move |db| keys.iter().map(|key| put_key(db, &source, key, false)).collect()).await
        }
    }
}

const KNOWN_TOKEN: &str = "SELECT user_id, token_type, invalidated FROM tokens WHERE jti = ?1";

const ADD_TOKEN: &str = "INSERT INTO tokens (jti, user_id, token_type, expires_at, invalidated, created_at) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const ADD_FAMILY: &str = "INSERT INTO legacy_families (jti, family) VALUES (?1, ?2)";

const END_TOKEN: &str = "UPDATE tokens SET invalidated = 1 WHERE jti = ?1";

fn put_token(db: Db<'_>, token: &NewToken, write: bool) -> Outcome<Put> {
    let jti = token.id.as_str();
    let known = db.one(KNOWN_TOKEN, [jti], |row| {
        let user = row.id("tokens.user_id", UserId::from_uuid)?;
        Ok((user, row.value::<String>("tokens.token_type")?, row.value::<bool>("tokens.invalidated")?))
    })?;
    let put = match known {
        Some((user, kind, _)) if user != token.user || kind != token.kind.as_str() => Put::Taken,
        Some((_, _, over)) if over || !token.invalidated => Put::Same,
        Some(_) => Put::Ended,
        None => Put::Added,
    };
    match put {
        Put::Added if write => {
            let (user, kind) = (token.user.uuid(), token.kind.as_str());
            let (expires_at, created_at) = (token.expires_at.micros(), token.created_at.micros());
            db.run(ADD_TOKEN, params![jti, user, kind, expires_at, token.invalidated, created_at])?;
            if let Some(family) = &token.family {
                db.run(ADD_FAMILY, [jti, family.as_str()])?;
            }
        }
        Put::Ended if write => drop(db.run(END_TOKEN, [jti])?),
        _ => {}
    }
    Ok(put)
}

const KNOWN_KEY: &str = "SELECT id, hash = ?1 AND source = ?2 AND source_id = ?3 AND user_id = ?4, revoked_at IS NOT NULL \
                         FROM api_keys WHERE hash = ?1 OR (source = ?2 AND source_id = ?3)";

const ADD_KEY: &str = "INSERT INTO api_keys (id, source, source_id, user_id, client, scope, label, hash, created_at, expires_at, \
                       revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const END_KEY: &str = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1";

fn put_key(db: Db<'_>, source: &SourceName, key: &NewApiKey, write: bool) -> Outcome<Put> {
    let (hash, source_id, user) = (key.hash.bytes().as_slice(), key.source_id.as_str(), key.user.uuid());
    let known = db.all(KNOWN_KEY, params![hash, source.as_str(), source_id, user], |row| {
        let id = row.id("api_keys.id", ApiKeyId::from_uuid)?;
        Ok((id, row.value::<bool>("api_keys.hash")?, row.value::<bool>("api_keys.revoked_at")?))
    })?;
    let put = match known.as_slice() {
        [] => Put::Added,
        [(_, true, over)] if *over || key.revoked_at.is_none() => Put::Same,
        [(_, true, _)] => Put::Ended,
        _ => Put::Taken,
    };
    match (put, known.first()) {
        (Put::Added, _) if write => {
            let client = key.client.as_ref().map(ClientId::as_str);
            let (expires_at, revoked_at) =
                (key.expires_at.map(Timestamp::micros), key.revoked_at.map(Timestamp::micros));
            let (scope, created_at) = (key.scope.to_string(), key.created_at.micros());
            let id = key.id.uuid();
            db.run(
                ADD_KEY,
                params![
                    id,
                    source.as_str(),
                    source_id,
                    user,
                    client,
                    scope,
                    key.label,
                    hash,
                    created_at,
                    expires_at,
                    revoked_at
                ],
            )?;
        }
        (Put::Ended, Some((id, ..))) if write => {
            db.run(END_KEY, params![id.uuid(), key.revoked_at.map(Timestamp::micros)])?;
        }
        _ => {}
    }
    Ok(put)
}
