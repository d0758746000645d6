//! Upstream providers: links, sign-ins under way, and the sessions that came from one.

use authly_cutover::{
    account::{AuthMethod, OwnPassword},
    board::{Mark, marks},
};
use authly_directory::{
    identifier::Identifier,
    tenant::TenantGroup,
    upstream::{
        KnownPerson, LinkedAccount, LinkedSessions, NewUpstreamSignIn, TakenUpstreamSignIn, UpstreamEntry, UpstreamKey,
        UpstreamLink, UpstreamLogout, UpstreamMatches, UpstreamOrigin, UpstreamRepository,
    },
};
use oauth_core::{
    audit::AuditEvent,
    ids::{SessionId, UserId},
    store::{Commit, RevocationReason, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use uuid::Uuid;

use crate::{
    audit::{AuditParams, RECORD},
    db::{Steps, Unknown},
    error::Trouble,
    rows, sessions,
    store::PgStore,
    tenants,
    value::{At, Reader},
};

const KEEP: &str = "
    WITH expired AS (
      DELETE FROM upstream_sign_ins WHERE state IN (
        SELECT state FROM upstream_sign_ins WHERE expires_at <= $5 ORDER BY state LIMIT 100 FOR UPDATE SKIP LOCKED)
    )
    INSERT INTO upstream_sign_ins (state, browser, provider, sealed, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const TAKE: &str = "
    DELETE FROM upstream_sign_ins WHERE state = $1 AND browser = $2 AND expires_at > $3
    RETURNING provider, sealed";

const LINKED: &str = "
    SELECT l.user_id FROM upstream_links l JOIN users u ON u.id = l.user_id
     WHERE l.issuer = $1 AND l.subject = $2 AND u.status <> 'deleted'";

const IMPORTED: &str = "
    SELECT id FROM users WHERE external_subject = $1 AND status <> 'deleted' ORDER BY id LIMIT 3";

const BY_EMAIL: &str = "
    SELECT id, external_subject FROM users WHERE lower(email) = $1 AND status <> 'deleted' ORDER BY id LIMIT 3";

const TAKEN: &str = "
    SELECT DISTINCT user_id FROM upstream_links WHERE user_id = ANY($1) AND issuer = $2 AND subject <> $3 ORDER BY user_id";

const MAPPED: &str = "
    SELECT tenant_id, provider, group_id, group_name, role FROM tenant_groups
     WHERE provider = $1 AND (group_id = ANY($2) OR group_name = ANY($2))
     ORDER BY tenant_id, group_id COLLATE \"C\"";

/// How the account signs in, and whether it has a password. It is locked first, as every other write to it does.
const MAY_ENTER: &str = concat!(
    "SELECT u.auth_method, (",
    rows::effective_hash!(),
    ") IS NOT NULL FROM users u
     WHERE u.id = $1 AND u.status IN ('active', 'pending_verification') AND NOT u.is_locked
       AND NOT EXISTS (SELECT FROM tenants t WHERE t.id = u.tenant_id AND t.is_active IS FALSE)
       FOR NO KEY UPDATE"
);

/// The link of a deleted account is nobody's.
const DROP_DEAD_LINK: &str = "
    DELETE FROM upstream_links WHERE issuer = $1 AND subject = $2
       AND user_id IN (SELECT id FROM users WHERE status = 'deleted')";

const LINK: &str = "
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

/// Grants of a session that is replaced follow the same user to the new one, or end.
const FOLLOW: &str = "
    UPDATE grants
       SET session_id = CASE WHEN user_id = $3 THEN $2 ELSE session_id END,
           revoked_at = CASE WHEN user_id = $3 THEN revoked_at ELSE $4 END,
           revoked_reason = CASE WHEN user_id = $3 THEN revoked_reason ELSE 'signed_out' END
     WHERE session_id = $1 AND revoked_at IS NULL";

const MARK: &str =
    "INSERT INTO upstream_sessions (session_id, issuer, subject, sid, id_token) VALUES ($1, $2, $3, $4, $5)";

const END: &str = "
    UPDATE sessions s SET ended_at = $4 FROM upstream_sessions o
     WHERE o.session_id = s.id AND o.issuer = $1 AND ($2::text IS NULL OR o.subject = $2)
       AND ($3::text IS NULL OR o.sid = $3) AND s.ended_at IS NULL
    RETURNING s.id";

const END_OF_USER: &str = "
    UPDATE sessions s SET ended_at = $3 FROM upstream_sessions o
     WHERE o.session_id = s.id AND s.user_id = $1 AND o.issuer = $2 AND s.ended_at IS NULL
    RETURNING s.id";

const ONLY: &str = "
    SELECT u.id FROM users u WHERE u.id = ANY($1) AND u.auth_method = 'oauth'
       AND EXISTS (SELECT FROM upstream_links l WHERE l.user_id = u.id)
     ORDER BY u.id";

const LINKS: &str = "
    SELECT issuer, subject, linked_at, last_used_at FROM upstream_links WHERE user_id = $1 ORDER BY issuer COLLATE \"C\"";

/// The links of a page of accounts.
const LINKED_ACCOUNTS: &str = "
    SELECT l.issuer, l.subject, l.linked_at, l.last_used_at, l.user_id, u.email
      FROM upstream_links l JOIN users u ON u.id = l.user_id
     WHERE l.user_id IN (
             SELECT DISTINCT user_id FROM upstream_links
              WHERE ($1::text IS NULL OR issuer = $1) AND ($2::uuid IS NULL OR user_id > $2)
              ORDER BY user_id LIMIT $3)
       AND ($1::text IS NULL OR l.issuer = $1)
     ORDER BY l.user_id, l.issuer COLLATE \"C\"";

const ORIGIN: &str = "SELECT issuer, id_token FROM upstream_sessions WHERE session_id = $1";

const SAME: &str = "SELECT issuer FROM upstream_links WHERE issuer = $1 AND subject = $2 AND user_id = $3";

const LIVES: &str = "SELECT id FROM users WHERE id = $1 AND status <> 'deleted' FOR NO KEY UPDATE";

const UNLINK: &str = "DELETE FROM upstream_links WHERE user_id = $1 AND issuer = $2";

impl UpstreamRepository for PgStore {
    async fn keep_upstream_sign_in(&self, write: NewUpstreamSignIn) -> Result<(), StoreError> {
        let (state, browser) = (write.state.bytes().as_slice(), write.browser.bytes().as_slice());
        let (created_at, expires_at) = (At(write.created_at), At(write.expires_at));
        let params: crate::db::Params<'_> =
            &[&state, &browser, &write.provider, &write.sealed, &created_at, &expires_at];
        self.db().run(KEEP, params, Unknown::Report).await?;
        Ok(())
    }

    async fn take_upstream_sign_in(
        &self,
        state: TokenHash,
        browser: TokenHash,
        at: Timestamp,
    ) -> Result<Option<TakenUpstreamSignIn>, StoreError> {
        let params: crate::db::Params<'_> = &[&state.bytes().as_slice(), &browser.bytes().as_slice(), &At(at)];
        // A lost answer may have taken it: whoever comes again is told so, and nobody is let in twice.
        let rows = self.db().run(TAKE, params, Unknown::Report).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut row = Reader::new(row, "upstream_sign_ins", &"-");
        Ok(Some(TakenUpstreamSignIn { provider: row.take("provider")?, sealed: row.take("sealed")? }))
    }

    async fn upstream_matches(
        &self,
        key: &UpstreamKey,
        email: Option<&Identifier>,
    ) -> Result<UpstreamMatches, StoreError> {
        let id = |row: &tokio_postgres::Row| Reader::new(row, "users", &"-").take("id").map(UserId::from_uuid);
        let linked = self.db().read(LINKED, &[&key.issuer, &key.subject]).await?.first().map(id).transpose()?;
        let imported =
            self.db().read(IMPORTED, &[&key.subject]).await?.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let mut by_email = Vec::new();
        if let Some(email) = email {
            for row in &self.db().read(BY_EMAIL, &[&email.folded()]).await? {
                let mut row = Reader::new(row, "users", &"-");
                let user = UserId::from_uuid(row.take("id")?);
                by_email.push(KnownPerson { user, external_subject: row.take("external_subject")? });
            }
        }
        let users: Vec<Uuid> =
            imported.iter().copied().chain(by_email.iter().map(|known| known.user)).map(UserId::uuid).collect();
        let taken = match users.is_empty() {
            true => Vec::new(),
            false => {
                let rows = self.db().read(TAKEN, &[&users, &key.issuer, &key.subject]).await?;
                rows.iter().map(id).collect::<Result<Vec<_>, _>>()?
            }
        };
        Ok(UpstreamMatches { linked, imported, by_email, taken })
    }

    async fn mapped_groups(&self, provider: &str, groups: &[String]) -> Result<Vec<TenantGroup>, StoreError> {
        self.db().read(MAPPED, &[&provider, &groups]).await?.iter().map(tenants::mapping).collect()
    }

    async fn enter_upstream(&self, write: UpstreamEntry) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if enter(&steps, write).await? == Commit::Lost {
            return Ok(Commit::Lost);
        }
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn end_upstream_sessions(&self, logout: UpstreamLogout) -> Result<u64, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        let rows = steps.run(END, &[&logout.issuer, &logout.subject, &logout.sid, &At(logout.at)]).await?;
        let ended: Vec<Uuid> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
        if !ended.is_empty() {
            sessions::revoke(&steps, &ended, logout.at, RevocationReason::SignedOut).await?;
            record(&steps, logout.audit).await?;
        }
        steps.commit().await?;
        Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
    }

    async fn only_upstream(&self, users: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        let users: Vec<Uuid> = users.into_iter().map(UserId::uuid).collect();
        let rows = self.db().read(ONLY, &[&users]).await?;
        rows.iter().map(|row| Reader::new(row, "users", &"-").take("id").map(UserId::from_uuid)).collect()
    }

    async fn upstream_links(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        let rows = self.db().read(LINKS, &[&user.uuid()]).await?;
        rows.iter().map(|row| link(&mut Reader::new(row, "upstream_links", &user))).collect()
    }

    async fn linked_accounts(
        &self,
        issuer: Option<&str>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<LinkedAccount>, StoreError> {
        let after = after.map(UserId::uuid);
        let rows = self.db().read(LINKED_ACCOUNTS, &[&issuer, &after, &i64::from(limit)]).await?;
        rows.iter()
            .map(|row| {
                let mut row = Reader::new(row, "upstream_links", &"-");
                let link = link(&mut row)?;
                Ok(LinkedAccount { user: UserId::from_uuid(row.take("user_id")?), email: row.take("email")?, link })
            })
            .collect()
    }

    async fn upstream_origin(&self, session: SessionId) -> Result<Option<UpstreamOrigin>, StoreError> {
        let Some(row) = self.db().read_one(ORIGIN, &[&session.uuid()]).await? else { return Ok(None) };
        let mut row = Reader::new(&row, "upstream_sessions", &session);
        Ok(Some(UpstreamOrigin { issuer: row.take("issuer")?, id_token: row.take("id_token")? }))
    }

    async fn link_upstream(
        &self,
        user: UserId,
        key: &UpstreamKey,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        if self.db().read_one(SAME, &[&key.issuer, &key.subject, &user.uuid()]).await?.is_some() {
            return Ok(Commit::Applied);
        }
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if steps.run(LIVES, &[&user.uuid()]).await?.is_empty()
            || steps.change(LINK, &[&key.issuer, &key.subject, &user.uuid(), &At(at)]).await? == 0
        {
            return Ok(Commit::Lost);
        }
        record(&steps, audit).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn unlink_upstream(
        &self,
        user: UserId,
        issuer: &str,
        sessions: LinkedSessions,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if steps.change(UNLINK, &[&user.uuid(), &issuer]).await? == 0 {
            return Ok(Commit::Lost);
        }
        if sessions == LinkedSessions::End {
            let rows = steps.run(END_OF_USER, &[&user.uuid(), &issuer, &At(at)]).await?;
            let ended: Vec<Uuid> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
            sessions::revoke(&steps, &ended, at, RevocationReason::Administrator).await?;
        }
        record(&steps, audit).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }
}

async fn enter(steps: &Steps<'_>, write: UpstreamEntry) -> Result<Commit, StoreError> {
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
    let (id, proven_at) = (session.id.uuid(), At(session.authenticated_at));
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

fn link(row: &mut Reader<'_>) -> Result<UpstreamLink, StoreError> {
    let key = UpstreamKey { issuer: row.take("issuer")?, subject: row.take("subject")? };
    let linked_at = row.at("linked_at")?;
    Ok(UpstreamLink { key, linked_at, last_used_at: row.at("last_used_at")? })
}

async fn record(steps: &Steps<'_>, audit: AuditEvent) -> Result<(), Trouble> {
    let audit = AuditParams::from(audit);
    let params: crate::db::Params<'_> =
        &[&audit.id, &audit.at, &audit.kind, &audit.user, &audit.client, &audit.address, &audit.detail];
    steps.change(RECORD, params).await.map(|_| ())
}
