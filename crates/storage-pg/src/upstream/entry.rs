//! Somebody whom a provider has proven comes in: one transaction from the account's lock to the log.

use authly_cutover::{
    account::{AuthMethod, OwnPassword},
    board::{Mark, marks},
};
use authly_directory::upstream::UpstreamEntry;
use oauth_core::{
    ids::SessionId,
    store::{Commit, StoreError},
};

use super::{of_person, record};
use crate::{
    db::Steps,
    rows,
    sign_in::FOLLOW,
    value::{At, Reader, proven},
};

/// How the account signs in, and whether it has a password. It is locked first, as every other write to it does.
const MAY_ENTER: &str = concat!(
    "SELECT u.auth_method, (",
    rows::effective_hash!(),
    ") IS NOT NULL FROM users u
     WHERE u.id = $1 AND u.status IN ('active', 'pending_verification') AND NOT u.is_locked
       AND (SELECT t.is_active FROM tenants t WHERE t.id = u.tenant_id) IS NOT FALSE
       FOR NO KEY UPDATE"
);

/// The link of a deleted account is nobody's.
const DROP_DEAD_LINK: &str = concat!(
    "DELETE FROM upstream_links l WHERE ",
    of_person!(),
    " AND (SELECT u.status FROM users u WHERE u.id = l.user_id) = 'deleted'"
);

pub(super) const LINK: &str = "
    INSERT INTO upstream_links (issuer, subject, user_id, linked_at, last_used_at)
    VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING";

const USE_LINK: &str =
    "UPDATE upstream_links SET last_used_at = $4 WHERE issuer = $1 AND subject = $2 AND user_id = $3";

const SIGNED_IN: &str = "UPDATE users SET last_login_at = $2 WHERE id = $1";

/// The first sign-in completes the account.
const COMPLETE: &str = "
    UPDATE users SET completed_at = coalesce(completed_at, $2), auth_method = $3,
           dual_at = CASE $4::text WHEN 'now' THEN $2 WHEN 'never' THEN NULL ELSE dual_at END,
           oauth_at = CASE $5::text WHEN 'now' THEN $2 WHEN 'never' THEN NULL ELSE oauth_at END
     WHERE id = $1 AND (completed_at IS NULL OR auth_method <> $3)";

const REPLACE: &str = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING user_id";

const BEGIN: &str = "
    INSERT INTO sessions (id, token, user_id, authenticated_at, methods, created_at, last_seen_at, idle_expires_at,
                          expires_at, remembered, user_agent, address, grants_end_at)
    VALUES ($1, $2, $3, $4, $5, $12, $12, $6, $7, $8, $9, $10, $11)";

const MARK: &str =
    "INSERT INTO upstream_sessions (session_id, issuer, subject, sid, id_token) VALUES ($1, $2, $3, $4, $5)";

/// What is planned before anybody knows how many will come that way, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 7] =
    [(MAY_ENTER, 1), (DROP_DEAD_LINK, 2), (USE_LINK, 4), (SIGNED_IN, 2), (COMPLETE, 5), (REPLACE, 2), (FOLLOW, 4)];

/// Lost where the account may not come in, or the link is another's.
pub(super) async fn enter(steps: &Steps<'_>, write: UpstreamEntry) -> Result<Commit, StoreError> {
    let UpstreamEntry { key, user, new_link, sid, id_token, session, at, audit } = write;
    let (user, at) = (user.uuid(), At(at));
    let found = steps.run(MAY_ENTER, &[&user]).await?;
    let Some(row) = found.first() else { return Ok(Commit::Lost) };
    let (method, (dual, oauth)) = once_by_oauth(&mut Reader::new(row, "users", &user))?;
    if new_link {
        steps.change(DROP_DEAD_LINK, &[&key.issuer, &key.subject]).await?;
    }
    let link = if new_link { LINK } else { USE_LINK };
    if steps.change(link, &[&key.issuer, &key.subject, &user, &at]).await? == 0 {
        return Ok(Commit::Lost);
    }
    steps.change(SIGNED_IN, &[&user, &at]).await?;
    steps.change(COMPLETE, &[&user, &at, &method.as_str(), &dual.as_str(), &oauth.as_str()]).await?;
    let replaced = match session.replaces.map(SessionId::uuid) {
        Some(old) => steps.run(REPLACE, &[&old, &at]).await?.first().map(|_| old),
        None => None,
    };
    let (id, proven_at) = (session.id.uuid(), proven(session.authenticated_at));
    let methods = rows::method_names(&session.methods);
    steps
        .change(
            BEGIN,
            &[
                &id,
                &session.token.bytes().as_slice(),
                &user,
                &proven_at,
                &methods,
                &At(session.idle_expires_at),
                &At(session.expires_at),
                &session.remembered,
                &session.user_agent,
                &session.address,
                &session.grants_end_at.map(At),
                &At(session.begun_at),
            ],
        )
        .await?;
    if let Some(old) = replaced {
        steps.change(FOLLOW, &[&old, &id, &user, &at]).await?;
    }
    steps.change(MARK, &[&id, &key.issuer, &key.subject, &sid, &id_token]).await?;
    record(steps, audit).await?;
    Ok(Commit::Applied)
}

/// How the account signs in from now on, and what that does to the instants of its moves.
fn once_by_oauth(row: &mut Reader<'_>) -> Result<(AuthMethod, (Mark, Mark)), StoreError> {
    let from = row.parse("auth_method", AuthMethod::parse)?;
    let password = if row.take("password_hash")? { OwnPassword::Present } else { OwnPassword::Absent };
    let to = from.once_by_oauth(password);
    Ok((to, marks(from, to).unwrap_or((Mark::Keep, Mark::Keep))))
}
