//! Refresh tokens: found with their successor, spent once.

use std::cmp::Ordering;

use oauth_core::{
    store::{Commit, RefreshSnapshot, Rotation, StoreError, Successor},
    token::TokenHash,
};

use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use crate::{
    codes::{commit, count, ordinals},
    db::{Db, Params, Unknown},
    error::Trouble,
    reader::Lookup,
    rows,
    store::PgStore,
    value::{At, Reader},
    writer::Kind,
};

/// The successor is looked for only behind a token that was used.
macro_rules! find {
    ($asked:literal) => {
        concat!(
            "SELECT w.n, r.expires_at, r.created_at, r.used_at, r.successor IS NOT NULL, q.sealed, n.used_at, ",
            rows::grant_snapshot_columns!(),
            " FROM ",
            $asked,
            " CROSS JOIN LATERAL (SELECT * FROM refresh_tokens WHERE hash = w.hash OFFSET 0) r",
            rows::grant_of!("r.grant_id"),
            rows::grant_snapshot_joins!(),
            "LEFT JOIN LATERAL (
               SELECT * FROM refresh_successors WHERE spent = CASE WHEN r.used_at IS NOT NULL THEN r.hash END OFFSET 0
             ) q ON TRUE
             LEFT JOIN LATERAL (SELECT * FROM refresh_tokens WHERE hash = r.successor OFFSET 0) n ON TRUE"
        )
    };
}

/// The token is found by its hash: that its grant is the right one is said so that no index serves it, because a grant may have many.
const ROTATE: &str = "
    WITH won AS (
      UPDATE refresh_tokens r SET used_at = $3, successor = $4
        FROM grants g
       WHERE r.hash = $1 AND r.grant_id IS NOT DISTINCT FROM $2 AND g.id = $2 AND r.used_at IS NULL
         AND g.revoked_at IS NULL
      RETURNING r.grant_id
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, parent, created_at, expires_at)
      SELECT $4, grant_id, $1, $3, $5 FROM won
    ), kept AS (
      INSERT INTO refresh_successors (spent, sealed, used_at)
      SELECT $1, $6::bytea, $3 FROM won WHERE $6::bytea IS NOT NULL
    )
    SELECT count(*) FROM won";

/// Tokens are changed in the order of their hashes, which is that of the batch: two writers would deadlock otherwise. Whatever the
/// tables held when the plan was made, it goes through the batch and looks for each row by its index: grants are joined as written
/// (`OFFSET 0`), and a comparison with an array of one is nothing that a table could be read whole and joined by. Should a plan ever
/// go another way, a deadlock that comes of it is found by the server, and the batch is tried again.
const ROTATE_MANY: &str = "
    WITH won AS (
      UPDATE refresh_tokens r SET used_at = w.at, successor = w.child
        FROM unnest($1::bytea[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::timestamptz[], $6::bytea[])
             WITH ORDINALITY AS w (spent, grant_id, at, child, expires_at, sealed, n)
             CROSS JOIN LATERAL (SELECT FROM grants WHERE id = w.grant_id AND revoked_at IS NULL OFFSET 0) g
       WHERE r.hash = ANY(ARRAY[w.spent]) AND r.grant_id IS NOT DISTINCT FROM w.grant_id AND r.used_at IS NULL
      RETURNING w.n, r.grant_id, w.spent, w.at, w.child, w.expires_at, w.sealed
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, parent, created_at, expires_at)
      SELECT child, grant_id, spent, at, expires_at FROM won
    ), kept AS (
      INSERT INTO refresh_successors (spent, sealed, used_at)
      SELECT spent, sealed, at FROM won WHERE sealed IS NOT NULL
    )
    SELECT n FROM won";

/// With an assertion the token is locked first: the assertion is spent if and only if the token is.
pub(crate) const ROTATE_ASSERTED: &str = "
    WITH held AS MATERIALIZED (
      SELECT r.hash FROM refresh_tokens r JOIN grants g ON g.id = $2
       WHERE r.hash = $1 AND r.grant_id IS NOT DISTINCT FROM $2 AND r.used_at IS NULL AND g.revoked_at IS NULL
         FOR NO KEY UPDATE OF r
    ), spent AS (
      INSERT INTO replay (client_id, jti, expires_at)
      SELECT $7, $8, $9 FROM held
      ON CONFLICT DO NOTHING
      RETURNING 1
    ), won AS (
      UPDATE refresh_tokens r SET used_at = $3, successor = $4
       WHERE r.hash = $1 AND r.used_at IS NULL AND EXISTS (SELECT 1 FROM spent)
      RETURNING r.grant_id
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, parent, created_at, expires_at)
      SELECT $4, grant_id, $1, $3, $5 FROM won
    ), kept AS (
      INSERT INTO refresh_successors (spent, sealed, used_at)
      SELECT $1, $6::bytea, $3 FROM won WHERE $6::bytea IS NOT NULL
    )
    SELECT count(*) FROM won";

/// Whether a rotation whose answer was lost had happened: its own child is there.
const ROTATED: &str = "SELECT count(*) FROM refresh_tokens WHERE hash = $1 AND parent = $2";

impl PgStore {
    pub(crate) async fn find_refresh(&self, token: TokenHash) -> Result<Option<RefreshSnapshot>, StoreError> {
        let Some(row) = self.readers().refresh_tokens.find(token).await? else { return Ok(None) };
        let key = token.to_text();
        let mut row = Reader::answer(&row, "refresh_tokens", &key);
        let (expires_at, created_at, used_at) =
            (row.at("expires_at")?, row.at("created_at")?, row.maybe_at("used_at")?);
        let followed: bool = row.take("successor")?;
        let successor = Successor { sealed: row.take("successor")?, used_at: row.maybe_at("used_at")? };
        Ok(Some(RefreshSnapshot {
            hash: token,
            expires_at,
            created_at,
            used_at,
            successor: followed.then_some(successor),
            grant: rows::grant_snapshot(&mut row)?,
        }))
    }
}

/// Refresh tokens, looked up in groups.
pub(crate) struct RefreshOf;

impl Lookup for RefreshOf {
    type Key = TokenHash;
    const ONE: &'static str = find!("(SELECT $1::bytea AS hash, 1::bigint AS n) AS w");
    const MANY: &'static str = find!("unnest($1::bytea[]) WITH ORDINALITY AS w (hash, n)");

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

/// Rotations in groups; those that spend an assertion go alone.
pub(crate) struct Rotate;

impl Kind for Rotate {
    type Write = Rotation;
    const ONE: &'static str = ROTATE;
    const MANY: &'static str = ROTATE_MANY;

    async fn one(client: &Client, statement: &Statement, write: &Rotation) -> Result<u64, Trouble> {
        let (spent, next) = (write.spent.bytes().as_slice(), write.next.hash.bytes().as_slice());
        let (used_at, expires_at) = (At(write.at), At(write.next.expires_at));
        let params: Params<'_> = &[&spent, &write.grant.uuid(), &used_at, &next, &expires_at, &write.sealed_next];
        count(&client.query(statement, params).await?)
    }

    async fn many(client: &Client, statement: &Statement, writes: &[&Rotation]) -> Result<Vec<i64>, Trouble> {
        let spent: Vec<&[u8]> = writes.iter().map(|write| write.spent.bytes().as_slice()).collect();
        let grants: Vec<Uuid> = writes.iter().map(|write| write.grant.uuid()).collect();
        let times: Vec<At> = writes.iter().map(|write| At(write.at)).collect();
        let next: Vec<&[u8]> = writes.iter().map(|write| write.next.hash.bytes().as_slice()).collect();
        let expiries: Vec<At> = writes.iter().map(|write| At(write.next.expires_at)).collect();
        let sealed: Vec<Option<&[u8]>> = writes.iter().map(|write| write.sealed_next.as_deref()).collect();
        let rows = client.query(statement, &[&spent, &grants, &times, &next, &expiries, &sealed]).await?;
        ordinals(&rows)
    }

    fn order(one: &Rotation, other: &Rotation) -> Ordering {
        one.spent.bytes().cmp(other.spent.bytes())
    }

    async fn once(db: &Db, write: &Rotation) -> Result<u64, Trouble> {
        let (spent, next) = (write.spent.bytes().as_slice(), write.next.hash.bytes().as_slice());
        let (grant, used_at, expires_at) = (write.grant.uuid(), At(write.at), At(write.next.expires_at));
        match &write.assertion {
            None => {
                let params: Params<'_> = &[&spent, &grant, &used_at, &next, &expires_at, &write.sealed_next];
                db.write(ROTATE, params, Unknown::Report).await
            }
            Some(assertion) => {
                let jti = assertion.jti.bytes().as_slice();
                let (client, until) = (assertion.client.uuid(), At(assertion.expires_at));
                let params: Params<'_> =
                    &[&spent, &grant, &used_at, &next, &expires_at, &write.sealed_next, &client, &jti, &until];
                db.write(ROTATE_ASSERTED, params, Unknown::Report).await
            }
        }
    }

    /// Whether it happened is unknown, so the same write is done again; if it lost, then perhaps to itself. To load and decide again
    /// would take one's own commit for a replay and revoke the grant.
    async fn again(db: &Db, write: &Rotation) -> Result<Commit, StoreError> {
        if Self::once(db, write).await? > 0 {
            return Ok(Commit::Applied);
        }
        let params: Params<'_> = &[&write.next.hash.bytes().as_slice(), &write.spent.bytes().as_slice()];
        Ok(commit(db.write(ROTATED, params, Unknown::Repeat).await?))
    }
}
