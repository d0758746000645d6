//! Refresh tokens: found with their successor, spent once.

use oauth_core::{
    ids::ClientKey,
    store::{Commit, RefreshSnapshot, Rotation, StoreError, Successor},
    token::TokenHash,
};

use crate::{
    codes::commit,
    db::{Params, Unknown},
    error::Trouble,
    rows,
    store::PgStore,
    value::{At, Reader},
};

const FIND: &str = concat!(
    "SELECT r.expires_at, r.created_at, r.used_at, r.successor IS NOT NULL, q.sealed, n.used_at, ",
    rows::grant_snapshot_columns!(),
    " FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id",
    rows::grant_snapshot_joins!(),
    "LEFT JOIN refresh_successors q ON q.spent = r.hash
     LEFT JOIN refresh_tokens n ON n.hash = r.successor
     WHERE r.hash = $1"
);

const ROTATE: &str = "
    WITH won AS (
      UPDATE refresh_tokens r SET used_at = $3, successor = $4
        FROM grants g
       WHERE r.hash = $1 AND r.grant_id = $2 AND g.id = r.grant_id AND r.used_at IS NULL AND g.revoked_at IS NULL
      RETURNING r.grant_id
    ), child AS (
      INSERT INTO refresh_tokens (hash, grant_id, parent, created_at, expires_at)
      SELECT $4, grant_id, $1, $3, $5 FROM won
    ), kept AS (
      INSERT INTO refresh_successors (spent, sealed, used_at)
      SELECT $1, $6::bytea, $3 FROM won WHERE $6::bytea IS NOT NULL
    )
    SELECT count(*) FROM won";

/// With an assertion the token is locked first: the assertion is spent if and only if the token is.
const ROTATE_ASSERTED: &str = "
    WITH held AS MATERIALIZED (
      SELECT r.hash FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id
       WHERE r.hash = $1 AND r.grant_id = $2 AND r.used_at IS NULL AND g.revoked_at IS NULL
         FOR NO KEY UPDATE OF r
    ), spent AS (
      INSERT INTO replay (client_id, jti, expires_at)
      SELECT $7, $8, $9 FROM held
      ON CONFLICT DO NOTHING
      RETURNING 1
    ), won AS (
      UPDATE refresh_tokens r SET used_at = $3, successor = $4
        FROM held
       WHERE r.hash = held.hash AND r.used_at IS NULL AND EXISTS (SELECT 1 FROM spent)
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
        let Some(row) = self.db().read_one(FIND, &[&token.bytes().as_slice()]).await? else { return Ok(None) };
        let key = token.to_text();
        let mut row = Reader::new(&row, "refresh_tokens", &key);
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

    /// Rotates by itself: the batch of one, and every rotation that spends an assertion.
    pub(crate) async fn rotate_alone(&self, write: &Rotation) -> Result<Commit, StoreError> {
        match self.rotate_once(write).await {
            Err(Trouble::Disconnected(_)) => {}
            outcome => return Ok(commit(outcome?)),
        }
        // Whether it happened is unknown, so the same write is done again; if it lost, then perhaps to itself. To load and
        // decide again would take one's own commit for a replay and revoke the grant.
        if self.rotate_once(write).await? > 0 {
            return Ok(Commit::Applied);
        }
        let params: Params<'_> = &[&write.next.hash.bytes().as_slice(), &write.spent.bytes().as_slice()];
        Ok(commit(self.db().write(ROTATED, params, Unknown::Repeat).await?))
    }

    async fn rotate_once(&self, write: &Rotation) -> Result<u64, Trouble> {
        let (spent, next) = (write.spent.bytes().as_slice(), write.next.hash.bytes().as_slice());
        let (grant, used_at, expires_at) = (write.grant.uuid(), At(write.at), At(write.next.expires_at));
        match &write.assertion {
            None => {
                let params: Params<'_> = &[&spent, &grant, &used_at, &next, &expires_at, &write.sealed_next];
                self.db().write(ROTATE, params, Unknown::Report).await
            }
            Some(assertion) => {
                let params: Params<'_> = &[
                    &spent,
                    &grant,
                    &used_at,
                    &next,
                    &expires_at,
                    &write.sealed_next,
                    &ClientKey::uuid(assertion.client),
                    &assertion.jti.bytes().as_slice(),
                    &At(assertion.expires_at),
                ];
                self.db().write(ROTATE_ASSERTED, params, Unknown::Report).await
            }
        }
    }
}
