//! Authorization codes: found, and redeemed once.

use std::{cmp::Ordering, time::Duration};

use oauth_core::{
    pkce::{CodeChallenge, CodeProof},
    redirect::RedirectUri,
    store::{CodeSnapshot, Commit, Redemption, StoreError},
    token::TokenHash,
};

use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use crate::{
    db::{Db, Params, Unknown},
    error::Trouble,
    gather::FOR_A_PERSON,
    reader::Lookup,
    rows,
    store::PgStore,
    value::{At, Reader, at},
    writer::Kind,
};

macro_rules! find {
    ($asked:literal) => {
        concat!(
            "SELECT w.n, c.redirect_uri, c.code_challenge, c.nonce, c.expires_at, c.used_at, ",
            rows::grant_snapshot_columns!(),
            " FROM ",
            $asked,
            " CROSS JOIN LATERAL (SELECT * FROM issued_codes WHERE hash = w.hash OFFSET 0) c",
            rows::grant_of!("c.grant_id"),
            rows::grant_snapshot_joins!()
        )
    };
}

const REDEEM: &str = "
    WITH won AS (
      UPDATE issued_codes c SET used_at = $3
        FROM grants g
       WHERE c.hash = $1 AND c.grant_id = $2 AND g.id = c.grant_id AND c.used_at IS NULL AND g.revoked_at IS NULL
      RETURNING c.grant_id
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at)
      SELECT $4::bytea, grant_id, $3, $5::timestamptz FROM won WHERE $4::bytea IS NOT NULL
    )
    SELECT count(*) FROM won";

/// Codes are changed in the order of their hashes, which is that of the batch: see the rotation of refresh tokens, also for how each
/// row is found.
const REDEEM_MANY: &str = "
    WITH won AS (
      UPDATE issued_codes c SET used_at = w.at
        FROM unnest($1::bytea[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::timestamptz[])
             WITH ORDINALITY AS w (hash, grant_id, at, child, expires_at, n)
             CROSS JOIN LATERAL (SELECT FROM grants WHERE id = w.grant_id AND revoked_at IS NULL OFFSET 0) g
       WHERE c.hash = ANY(ARRAY[w.hash]) AND c.grant_id = w.grant_id AND c.used_at IS NULL
      RETURNING w.n, c.grant_id, w.at, w.child, w.expires_at
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at)
      SELECT child, grant_id, at, expires_at FROM won WHERE child IS NOT NULL
    )
    SELECT n FROM won";

/// With an assertion the code is locked first: the assertion is spent if and only if the code is redeemed.
pub(crate) const REDEEM_ASSERTED: &str = "
    WITH held AS MATERIALIZED (
      SELECT c.hash FROM issued_codes c JOIN grants g ON g.id = c.grant_id
       WHERE c.hash = $1 AND c.grant_id = $2 AND c.used_at IS NULL AND g.revoked_at IS NULL
         FOR NO KEY UPDATE OF c
    ), spent AS (
      INSERT INTO replay (client_id, jti, expires_at)
      SELECT $6, $7, $8 FROM held
      ON CONFLICT DO NOTHING
      RETURNING 1
    ), won AS (
      UPDATE issued_codes c SET used_at = $3
       WHERE c.hash = $1 AND c.used_at IS NULL AND EXISTS (SELECT 1 FROM spent)
      RETURNING c.grant_id
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at)
      SELECT $4::bytea, grant_id, $3, $5::timestamptz FROM won WHERE $4::bytea IS NOT NULL
    )
    SELECT count(*) FROM won";

/// Whether a redemption whose answer was lost had happened: its refresh token is there, or without one the code was used at
/// that very microsecond.
const REDEEMED: &str = "
    SELECT count(*) FROM issued_codes c
     WHERE c.hash = $1 AND c.grant_id = $2 AND c.used_at = $3
       AND ($4::bytea IS NULL OR EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.hash = $4 AND r.grant_id = c.grant_id))";

impl PgStore {
    pub(crate) async fn find_code(&self, code: TokenHash) -> Result<Option<CodeSnapshot>, StoreError> {
        let Some(row) = self.readers().codes.find(code).await? else { return Ok(None) };
        let key = code.to_text();
        let mut row = Reader::answer(&row, "issued_codes", &key);
        Ok(Some(CodeSnapshot {
            hash: code,
            redirect_uri: RedirectUri::stored(row.take("redirect_uri")?),
            proof: row.parse("code_challenge", |challenge: Option<&str>| match challenge {
                Some(challenge) => CodeChallenge::parse_stored(challenge).map(CodeProof::Challenge),
                None => Some(CodeProof::None),
            })?,
            nonce: row.take("nonce")?,
            expires_at: row.at("expires_at")?,
            used_at: row.maybe_at("used_at")?,
            grant: rows::grant_snapshot(&mut row)?,
        }))
    }
}

/// Codes, looked up in groups.
pub(crate) struct CodeOf;

impl Lookup for CodeOf {
    type Key = TokenHash;
    const ONE: &'static str = find!("(SELECT $1::bytea AS hash, 1::bigint AS n) AS w");
    const MANY: &'static str = find!("unnest($1::bytea[]) WITH ORDINALITY AS w (hash, n)");
    const PAUSE: Duration = FOR_A_PERSON;

    async fn one(client: &Client, statement: &Statement, key: &TokenHash) -> Result<Vec<Row>, tokio_postgres::Error> {
        client.query(statement, &[&key.bytes().as_slice()]).await
    }

    async fn many(
        client: &Client,
        statement: &Statement,
        keys: &[&TokenHash],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let hashes: Vec<&[u8]> = keys.iter().map(|key| key.bytes().as_slice()).collect();
        client.query(statement, &[&hashes]).await
    }
}

/// Redemptions in groups; those that spend an assertion go alone.
pub(crate) struct Redeem;

impl Kind for Redeem {
    type Write = Redemption;
    const ONE: &'static str = REDEEM;
    const MANY: &'static str = REDEEM_MANY;
    const PAUSE: Duration = FOR_A_PERSON;

    async fn one(client: &Client, statement: &Statement, write: &Redemption) -> Result<u64, Trouble> {
        let (code, child, expires_at) = (write.code.bytes().as_slice(), child(write), child_expiry(write));
        let params: Params<'_> = &[&code, &write.grant.uuid(), &At(write.at), &child, &expires_at];
        count(&client.query(statement, params).await?)
    }

    async fn many(client: &Client, statement: &Statement, writes: &[&Redemption]) -> Result<Vec<i64>, Trouble> {
        let codes: Vec<&[u8]> = writes.iter().map(|write| write.code.bytes().as_slice()).collect();
        let grants: Vec<Uuid> = writes.iter().map(|write| write.grant.uuid()).collect();
        let times: Vec<At> = writes.iter().map(|write| At(write.at)).collect();
        let children: Vec<Option<&[u8]>> = writes.iter().map(|write| child(write)).collect();
        let expiries: Vec<Option<At>> = writes.iter().map(|write| child_expiry(write)).collect();
        let rows = client.query(statement, &[&codes, &grants, &times, &children, &expiries]).await?;
        ordinals(&rows)
    }

    fn order(one: &Redemption, other: &Redemption) -> Ordering {
        one.code.bytes().cmp(other.code.bytes())
    }

    async fn once(db: &Db, write: &Redemption) -> Result<u64, Trouble> {
        let (code, grant, used_at) = (write.code.bytes().as_slice(), write.grant.uuid(), At(write.at));
        let (child, expires_at) = (child(write), child_expiry(write));
        match &write.assertion {
            None => {
                let params: Params<'_> = &[&code, &grant, &used_at, &child, &expires_at];
                db.write(REDEEM, params, Unknown::Report).await
            }
            Some(spent) => {
                let jti = spent.jti.bytes().as_slice();
                let (client, until) = (spent.client.uuid(), At(spent.expires_at));
                let params: Params<'_> = &[&code, &grant, &used_at, &child, &expires_at, &client, &jti, &until];
                db.write(REDEEM_ASSERTED, params, Unknown::Report).await
            }
        }
    }

    /// Whether it happened is unknown, so the same write is done again; if it lost, then perhaps to itself.
    async fn again(db: &Db, write: &Redemption) -> Result<Commit, StoreError> {
        if Self::once(db, write).await? > 0 {
            return Ok(Commit::Applied);
        }
        let params: Params<'_> = &[&write.code.bytes().as_slice(), &write.grant.uuid(), &At(write.at), &child(write)];
        Ok(commit(db.write(REDEEMED, params, Unknown::Repeat).await?))
    }
}

fn child(write: &Redemption) -> Option<&[u8]> {
    write.refresh.as_ref().map(|token| token.hash.bytes().as_slice())
}

fn child_expiry(write: &Redemption) -> Option<At> {
    at(write.refresh.as_ref().map(|token| token.expires_at))
}

/// The only column of the only row.
pub(crate) fn count(rows: &[Row]) -> Result<u64, Trouble> {
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The first column of every row.
pub(crate) fn ordinals(rows: &[Row]) -> Result<Vec<i64>, Trouble> {
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// What a count of written rows means.
pub(crate) const fn commit(count: u64) -> Commit {
    if count > 0 { Commit::Applied } else { Commit::Lost }
}
