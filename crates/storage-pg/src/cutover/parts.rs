//! Tokens and API keys of a source.

use std::collections::HashMap;

use authly_cutover::{
    parts::{NewApiKey, NewToken, PartStore, Put},
    source::SourceName,
};
use oauth_core::{
    ids::{ApiKeyId, ClientId, UserId},
    store::StoreError,
    time::Timestamp,
};
use serde_json::{Value, json};
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::instant;
use crate::{store::PgStore, value::Reader};

const KNOWN_TOKENS: &str = "
    SELECT jti, token_type, user_id, COALESCE(invalidated, FALSE) FROM tokens WHERE jti = ANY($1) FOR UPDATE";

const ADD_TOKENS: &str = concat!(
    "INSERT INTO tokens (id, jti, user_id, token_type, expires_at, invalidated, created_at)
     SELECT gen_random_uuid(), w.jti, w.user_id, w.kind, ",
    instant!("w.expires_at"),
    ", w.invalidated, ",
    instant!("w.created_at"),
    " FROM jsonb_to_recordset($1)
           AS w(jti text, user_id uuid, kind text, expires_at bigint, invalidated boolean, created_at bigint)
     ON CONFLICT (jti) DO NOTHING"
);

const ADD_FAMILIES: &str = "
    INSERT INTO legacy_families (jti, family)
    SELECT w.jti, w.family FROM jsonb_to_recordset($1) AS w(jti text, family text) WHERE w.family IS NOT NULL
    ON CONFLICT (jti) DO NOTHING";

const END_TOKENS: &str = "UPDATE tokens SET invalidated = TRUE WHERE jti = ANY($1)";

const KNOWN_KEYS: &str = "
    SELECT hash, id, source, source_id, user_id, revoked_at IS NOT NULL FROM api_keys
     WHERE hash = ANY($1) OR (source = $2 AND source_id = ANY($3)) FOR UPDATE";

const ADD_KEYS: &str = concat!(
    "INSERT INTO api_keys (id, source, source_id, user_id, client, scope, label, hash, created_at, expires_at, revoked_at)
     SELECT w.id, $2, w.source_id, w.user_id, w.client, w.scope, w.label, decode(w.hash, 'hex'), ",
    instant!("w.created_at"),
    ", ",
    instant!("w.expires_at"),
    ", ",
    instant!("w.revoked_at"),
    " FROM jsonb_to_recordset($1)
           AS w(id uuid, source_id text, user_id uuid, client text, scope text, label text, hash text, created_at bigint,
                expires_at bigint, revoked_at bigint)
     ON CONFLICT DO NOTHING"
);

const END_KEYS: &str =
    concat!("UPDATE api_keys SET revoked_at = ", instant!("$2::bigint"), " WHERE id = ANY($1) AND revoked_at IS NULL");

impl PartStore for PgStore {
    async fn put_tokens(&self, tokens: Vec<NewToken>, write: bool) -> Result<Vec<Put>, StoreError> {
        let ids: Vec<&str> = tokens.iter().map(|token| token.id.as_str()).collect();
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        let mut known = HashMap::new();
        for row in steps.run(KNOWN_TOKENS, &[&ids]).await? {
            let mut row = Reader::new(&row, "tokens", &"-");
            let jti: String = row.take("jti")?;
            let kind: String = row.take("token_type")?;
            let user = UserId::from_uuid(row.take::<Uuid>("user_id")?);
            // The columns come in the order of the statement.
            known.insert(jti, (user, kind, row.take::<bool>("invalidated")?));
        }
        let judge = |token: &NewToken| match known.get(token.id.as_str()) {
            Some((user, kind, _)) if *user != token.user || kind != token.kind.as_str() => Put::Taken,
            Some((_, _, over)) if *over || !token.invalidated => Put::Same,
            Some(_) => Put::Ended,
            None => Put::Added,
        };
        let put: Vec<Put> = tokens.iter().map(judge).collect();
        if write {
            let of = |wanted| tokens.iter().zip(&put).filter(move |(_, put)| **put == wanted).map(|(token, _)| token);
            let row = |token: &NewToken| {
                json!({
                    "jti": token.id.as_str(),
                    "user_id": token.user.uuid(),
                    "kind": token.kind.as_str(),
                    "expires_at": token.expires_at.micros(),
                    "invalidated": token.invalidated,
                    "created_at": token.created_at.micros(),
                    "family": token.family,
                })
            };
            let added = Json(Value::Array(of(Put::Added).map(row).collect()));
            steps.change(ADD_TOKENS, &[&added]).await?;
            steps.change(ADD_FAMILIES, &[&added]).await?;
            let ended: Vec<&str> = of(Put::Ended).map(|token| token.id.as_str()).collect();
            steps.change(END_TOKENS, &[&ended]).await?;
        }
        steps.commit().await?;
        Ok(put)
    }

    async fn put_api_keys(
        &self,
        source: &SourceName,
        keys: Vec<NewApiKey>,
        write: bool,
    ) -> Result<Vec<Put>, StoreError> {
        let hashes: Vec<&[u8]> = keys.iter().map(|key| key.hash.bytes().as_slice()).collect();
        let rows: Vec<&str> = keys.iter().map(|key| key.source_id.as_str()).collect();
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        let mut known = Vec::new();
        for row in steps.run(KNOWN_KEYS, &[&hashes, &source.as_str(), &rows]).await? {
            let mut row = Reader::new(&row, "api_keys", &"-");
            let hash = row.hash("hash")?;
            let id = ApiKeyId::from_uuid(row.take::<Uuid>("id")?);
            let (of, source_id): (String, String) = (row.take("source")?, row.take("source_id")?);
            let user = UserId::from_uuid(row.take::<Uuid>("user_id")?);
            known.push((hash, id, of, source_id, user, row.take::<bool>("revoked_at")?));
        }
        let judge = |key: &NewApiKey| {
            let own = |of: &str, id: &str| of == source.as_str() && id == key.source_id.as_str();
            let found = known.iter().find(|known| known.0 == key.hash || own(&known.2, &known.3));
            match found {
                Some((hash, _, of, id, user, _)) if *hash != key.hash || !own(of, id) || *user != key.user => {
                    (Put::Taken, None)
                }
                Some((_, _, _, _, _, over)) if *over || key.revoked_at.is_none() => (Put::Same, None),
                Some((_, id, ..)) => (Put::Ended, Some(id.uuid())),
                None => (Put::Added, None),
            }
        };
        let judged: Vec<(Put, Option<Uuid>)> = keys.iter().map(judge).collect();
        if write {
            let row = |key: &NewApiKey| {
                json!({
                    "id": key.id.uuid(),
                    "source_id": key.source_id,
                    "user_id": key.user.uuid(),
                    "client": key.client.as_ref().map(ClientId::as_str),
                    "scope": key.scope.to_string(),
                    "label": key.label,
                    "hash": key.hash.bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
                    "created_at": key.created_at.micros(),
                    "expires_at": key.expires_at.map(Timestamp::micros),
                    "revoked_at": key.revoked_at.map(Timestamp::micros),
                })
            };
            let added = keys.iter().zip(&judged).filter(|(_, (put, _))| *put == Put::Added).map(|(key, _)| row(key));
            let added = Json(Value::Array(added.collect()));
            steps.change(ADD_KEYS, &[&added, &source.as_str()]).await?;
            let ended: Vec<Uuid> = judged.iter().filter_map(|(_, id)| *id).collect();
            let at = keys.iter().filter_map(|key| key.revoked_at).max();
            if let Some(at) = at.filter(|_| !ended.is_empty()) {
                steps.change(END_KEYS, &[&ended, &at.micros()]).await?;
            }
        }
        steps.commit().await?;
        Ok(judged.into_iter().map(|(put, _)| put).collect())
    }
}
