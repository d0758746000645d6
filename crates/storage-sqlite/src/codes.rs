//! Authorization codes: issued, read, redeemed once.

use authly_cutover::account::{AuthMethod, FIRST_CODE};
use oauth_core::{
    pkce::{CodeChallenge, CodeProof},
    redirect::RedirectUri,
    store::{CodeSnapshot, Commit, NewAuthorization, Redemption},
    token::TokenHash,
};
use rusqlite::params;

use crate::{
    audit,
    cursor::{json_text, methods_text, proven},
    db::Db,
    error::Outcome,
    grants, refresh,
    snapshot::{snapshot, snapshot_columns, snapshot_tables},
};

const FIND: &str = concat!(
    "SELECT c.redirect_uri, c.code_challenge, c.nonce, c.expires_at, c.used_at, ",
    snapshot_columns!(),
    " FROM authorization_codes c JOIN grants g ON g.id = c.grant_id",
    snapshot_tables!(),
    " WHERE c.code = ?1",
);

pub(crate) fn find(db: Db<'_>, code: TokenHash) -> Outcome<Option<CodeSnapshot>> {
    db.one(FIND, [code.bytes()], |cursor| {
        Ok(CodeSnapshot {
            hash: code,
            redirect_uri: RedirectUri::stored(cursor.value("authorization_codes.redirect_uri")?),
            proof: cursor
                .parse_opt("authorization_codes.code_challenge", CodeChallenge::parse_stored)?
                .map_or(CodeProof::None, CodeProof::Challenge),
            nonce: cursor.value("authorization_codes.nonce")?,
            expires_at: cursor.time("authorization_codes.expires_at")?,
            used_at: cursor.time_opt("authorization_codes.used_at")?,
            grant: snapshot(cursor)?,
        })
    })
}

const USE: &str = "UPDATE authorization_codes SET used_at = ?2 WHERE code = ?1 AND used_at IS NULL AND grant_id = ?3 \
                   AND EXISTS (SELECT 1 FROM grants WHERE id = ?3 AND revoked_at IS NULL)";

pub(crate) fn redeem(db: Db<'_>, write: &Redemption) -> Outcome<Commit> {
    if grants::is_spent(db, write.assertion.as_ref())? {
        return Ok(Commit::Lost);
    }
    if db.run(USE, params![write.code.bytes(), write.at.micros(), write.grant.uuid()])? == 0 {
        return Ok(Commit::Lost);
    }
    if let Some(token) = &write.refresh {
        refresh::insert(db, token, write.grant, write.at)?;
    }
    grants::spend(db, write.assertion.as_ref())?;
    Ok(Commit::Applied)
}

/// A grant is made only while its session goes on and its account and client are there.
const INSERT_GRANT: &str = "INSERT INTO grants (id, user_id, client, tenant_id, session_id, scope, resources, \
                            authenticated_at, methods, created_at, revoked_at) \
                            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 \
                            WHERE (?5 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?5 AND ended_at IS NULL)) \
                            AND EXISTS (SELECT 1 FROM users WHERE id = ?2) \
                            AND EXISTS (SELECT 1 FROM clients WHERE key = ?3)";

const INSERT_CODE: &str = "INSERT INTO authorization_codes (code, grant_id, redirect_uri, code_challenge, nonce, \
                           expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const REMEMBER: &str = "INSERT INTO consents (user_id, client, scope, granted_at) VALUES (?1, ?2, ?3, ?4) \
                        ON CONFLICT (user_id, client) DO UPDATE SET scope = excluded.scope, \
                        granted_at = excluded.granted_at";

/// The account's first sign-in by OAuth.
const COMPLETE: &str = "UPDATE users SET completed_at = ?2, \
                          dual_at = CASE auth_method WHEN ?3 THEN ?2 ELSE dual_at END, \
                          auth_method = CASE auth_method WHEN ?3 THEN ?4 ELSE auth_method END \
                        WHERE id = ?1 AND completed_at IS NULL";

pub(crate) fn issue(db: Db<'_>, write: &NewAuthorization) -> Outcome<Commit> {
    let grant = &write.grant;
    let made = db.run(
        INSERT_GRANT,
        params![
            grant.id.uuid(),
            grant.user.uuid(),
            grant.client.uuid(),
            grant.tenant.map(|id| id.uuid()),
            grant.session.map(|id| id.uuid()),
            grant.scope.to_string(),
            json_text(&grant.resources)?,
            proven(grant.authenticated_at),
            methods_text(&grant.methods),
            grant.created_at.micros(),
            grant.revoked_at.map(|at| at.micros()),
        ],
    )?;
    if made == 0 {
        return Ok(Commit::Lost);
    }
    let challenge = match write.proof {
        CodeProof::Challenge(challenge) => Some(challenge.to_text()),
        CodeProof::None => None,
    };
    let (uri, expires_at) = (write.redirect_uri.as_str(), write.expires_at.micros());
    if write.first {
        let [from, to] = FIRST_CODE.map(AuthMethod::as_str);
        db.run(COMPLETE, params![grant.user.uuid(), grant.created_at.micros(), from, to])?;
    }
    db.run(INSERT_CODE, params![write.code.bytes(), grant.id.uuid(), uri, challenge, write.nonce, expires_at])?;
    if let Some(scopes) = &write.consent {
        let at = grant.created_at.micros();
        db.run(REMEMBER, params![grant.user.uuid(), grant.client.uuid(), scopes.to_string(), at])?;
    }
    audit::write_if(db, write.audit.as_ref())?;
    Ok(Commit::Applied)
}
