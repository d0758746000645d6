//! Refresh tokens: read with their successor, rotated once.

use oauth_core::{
    ids::GrantId,
    store::{Commit, NewRefreshToken, RefreshSnapshot, Rotation, Successor},
    time::Timestamp,
    token::TokenHash,
};
use rusqlite::params;

use crate::{
    db::Db,
    error::Outcome,
    grants,
    snapshot::{snapshot, snapshot_columns, snapshot_tables},
};

const FIND: &str = concat!(
    "SELECT r.expires_at, r.created_at, r.used_at, r.successor IS NOT NULL, r.sealed_successor, n.used_at, ",
    snapshot_columns!(),
    " FROM refresh_tokens r LEFT JOIN refresh_tokens n ON n.hash = r.successor JOIN grants g ON g.id = r.grant_id",
    snapshot_tables!(),
    " WHERE r.hash = ?1",
);

pub(crate) fn find(db: Db<'_>, token: TokenHash) -> Outcome<Option<RefreshSnapshot>> {
    db.one(FIND, [token.bytes()], |cursor| {
        let expires_at = cursor.time("refresh_tokens.expires_at")?;
        let created_at = cursor.time("refresh_tokens.created_at")?;
        let used_at = cursor.time_opt("refresh_tokens.used_at")?;
        let followed: bool = cursor.value("refresh_tokens.successor")?;
        let sealed = cursor.value("refresh_tokens.sealed_successor")?;
        let successor = Successor { sealed, used_at: cursor.time_opt("refresh_tokens.used_at")? };
        let successor = followed.then_some(successor);
        Ok(RefreshSnapshot { hash: token, expires_at, created_at, used_at, successor, grant: snapshot(cursor)? })
    })
}

const SPEND: &str = "UPDATE refresh_tokens SET used_at = ?2, successor = ?4, sealed_successor = ?5 \
                     WHERE hash = ?1 AND used_at IS NULL AND grant_id = ?3 \
                     AND EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND revoked_at IS NULL)";

pub(crate) fn rotate(db: Db<'_>, write: &Rotation) -> Outcome<Commit> {
    if grants::is_spent(db, write.assertion.as_ref())? {
        return Ok(Commit::Lost);
    }
    let spent =
        db.run(
            SPEND,
            params![
                write.spent.bytes(),
                write.at.micros(),
                write.grant.uuid(),
                write.next.hash.bytes(),
                write.sealed_next,
            ],
        )?;
    if spent == 0 {
        return Ok(Commit::Lost);
    }
    insert(db, &write.next, write.grant, write.at)?;
    grants::spend(db, write.assertion.as_ref())?;
    Ok(Commit::Applied)
}

const INSERT: &str = "INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)";

pub(crate) fn insert(db: Db<'_>, token: &NewRefreshToken, grant: GrantId, at: Timestamp) -> Outcome<()> {
    db.run(INSERT, params![token.hash.bytes(), grant.uuid(), at.micros(), token.expires_at.micros()]).map(drop)
}
