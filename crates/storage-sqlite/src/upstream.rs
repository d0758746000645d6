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
use rusqlite::params;

use crate::{SqliteStore, audit, cursor::Cursor, db::Db, error::Outcome, sessions, tenants};

impl UpstreamRepository for SqliteStore {
    async fn keep_upstream_sign_in(&self, write: NewUpstreamSignIn) -> Result<(), StoreError> {
        self.write(move |db| {
            db.run(DROP_EXPIRED, [write.created_at.micros()])?;
            let (created_at, expires_at) = (write.created_at.micros(), write.expires_at.micros());
            let (state, browser) = (write.state.bytes(), write.browser.bytes());
            db.run(KEEP, params![state, browser, write.provider, write.sealed, created_at, expires_at]).map(drop)
        })
        .await
    }

    async fn take_upstream_sign_in(
        &self,
        state: TokenHash,
        browser: TokenHash,
        at: Timestamp,
    ) -> Result<Option<TakenUpstreamSignIn>, StoreError> {
        self.write(move |db| {
            db.one(TAKE, params![state.bytes(), browser.bytes(), at.micros()], |cursor| {
                Ok(TakenUpstreamSignIn {
                    provider: cursor.value("upstream_sign_ins.provider")?,
                    sealed: cursor.value("upstream_sign_ins.sealed")?,
                })
            })
        })
        .await
    }

    async fn upstream_matches(
        &self,
        key: &UpstreamKey,
        email: Option<&Identifier>,
    ) -> Result<UpstreamMatches, StoreError> {
        self.read(|db| matches(db, key, email))
    }

    async fn mapped_groups(&self, provider: &str, groups: &[String]) -> Result<Vec<TenantGroup>, StoreError> {
        let wanted = serde_json::to_string(groups).unwrap_or_default();
        self.read(|db| db.all(MAPPED, params![provider, wanted], tenants::mapping))
    }

    async fn enter_upstream(&self, write: UpstreamEntry) -> Result<Commit, StoreError> {
        self.write(move |db| enter(db, &write)).await
    }

    async fn end_upstream_sessions(&self, logout: UpstreamLogout) -> Result<u64, StoreError> {
        self.write(move |db| {
            let going_on = db.all(GOING_ON, params![logout.issuer, logout.subject, logout.sid], session_id)?;
            let ended = end_all(db, &going_on, logout.at, RevocationReason::SignedOut)?;
            audit::write_if(db, (ended > 0).then_some(&logout.audit))?;
            Ok(ended)
        })
        .await
    }

    async fn only_upstream(&self, users: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        self.read(|db| {
            let mut only = Vec::new();
            for user in users {
                if db.exists(ONLY, [user.uuid()])? {
                    only.push(user);
                }
            }
            Ok(only)
        })
    }

    async fn upstream_links(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        self.read(|db| db.all(LINKS, [user.uuid()], link))
    }

    async fn link_upstream(
        &self,
        user: UserId,
        key: &UpstreamKey,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let key = key.clone();
        self.write(move |db| {
            if db.exists(SAME, params![key.issuer, key.subject, user.uuid()])? {
                return Ok(Commit::Applied);
            }
            let lives = db.exists(LIVES, [user.uuid()])?;
            if !lives || db.run(LINK, params![key.issuer, key.subject, user.uuid(), at.micros()])? == 0 {
                return Ok(Commit::Lost);
            }
            audit::write(db, &audit)?;
            Ok(Commit::Applied)
        })
        .await
    }

    async fn linked_accounts(
        &self,
        issuer: Option<&str>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<LinkedAccount>, StoreError> {
        self.read(|db| {
            db.all(LINKED_ACCOUNTS, params![issuer, after.map(UserId::uuid), limit], |cursor| {
                let link = link(cursor)?;
                let user = cursor.id("upstream_links.user_id", UserId::from_uuid)?;
                Ok(LinkedAccount { user, email: cursor.value("users.email")?, link })
            })
        })
    }

    async fn upstream_origin(&self, session: SessionId) -> Result<Option<UpstreamOrigin>, StoreError> {
        self.read(|db| {
            db.one(ORIGIN, [session.uuid()], |cursor| {
                let issuer = cursor.value("upstream_sessions.issuer")?;
                Ok(UpstreamOrigin { issuer, id_token: cursor.value("upstream_sessions.id_token")? })
            })
        })
    }

    async fn unlink_upstream(
        &self,
        user: UserId,
        issuer: &str,
        sessions: LinkedSessions,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let issuer = issuer.to_owned();
        self.write(move |db| {
            if db.run(UNLINK, params![user.uuid(), issuer])? == 0 {
                return Ok(Commit::Lost);
            }
            if sessions == LinkedSessions::End {
                let going_on = db.all(GOING_ON_OF_USER, params![user.uuid(), issuer], session_id)?;
                end_all(db, &going_on, at, RevocationReason::Administrator)?;
            }
            audit::write(db, &audit)?;
            Ok(Commit::Applied)
        })
        .await
    }
}

const SAME: &str = "SELECT 1 FROM upstream_links WHERE issuer = ?1 AND subject = ?2 AND user_id = ?3";

const LIVES: &str = "SELECT 1 FROM users WHERE id = ?1 AND status <> 'deleted'";

const DROP_EXPIRED: &str = "DELETE FROM upstream_sign_ins WHERE expires_at <= ?1";

const KEEP: &str = "INSERT INTO upstream_sign_ins (state, browser, provider, sealed, created_at, expires_at) \
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const TAKE: &str = "DELETE FROM upstream_sign_ins WHERE state = ?1 AND browser = ?2 AND expires_at > ?3 \
                    RETURNING provider, sealed";

const LINKED: &str = "SELECT l.user_id FROM upstream_links l JOIN users u ON u.id = l.user_id \
                      WHERE l.issuer = ?1 AND l.subject = ?2 AND u.status <> 'deleted'";

const IMPORTED: &str = "SELECT id FROM users WHERE external_subject = ?1 AND status <> 'deleted' ORDER BY id LIMIT 3";

const BY_EMAIL: &str = "SELECT id, external_subject FROM users WHERE email_search = ?1 AND status <> 'deleted' \
                        ORDER BY id LIMIT 3";

const TAKEN: &str = "SELECT 1 FROM upstream_links WHERE user_id = ?1 AND issuer = ?2 AND subject <> ?3";

fn matches(db: Db<'_>, key: &UpstreamKey, email: Option<&Identifier>) -> Outcome<UpstreamMatches> {
    let id = |cursor: &mut Cursor<'_>| cursor.id("users.id", UserId::from_uuid);
    let linked = db.one(LINKED, params![key.issuer, key.subject], |cursor| id(cursor))?;
    let imported = db.all(IMPORTED, [&key.subject], id)?;
    let by_email = match email {
        None => Vec::new(),
        Some(email) => db.all(BY_EMAIL, [email.folded()], |cursor| {
            let user = cursor.id("users.id", UserId::from_uuid)?;
            Ok(KnownPerson { user, external_subject: cursor.value("users.external_subject")? })
        })?,
    };
    let mut taken = Vec::new();
    for user in imported.iter().copied().chain(by_email.iter().map(|known| known.user)) {
        if db.exists(TAKEN, params![user.uuid(), key.issuer, key.subject])? {
            taken.push(user);
        }
    }
    taken.sort_unstable();
    taken.dedup();
    Ok(UpstreamMatches { linked, imported, by_email, taken })
}

const MAPPED: &str = "SELECT tenant_id, provider, group_id, group_name, role FROM tenant_groups WHERE provider = ?1 \
                      AND (group_id IN (SELECT value FROM json_each(?2)) OR group_name IN (SELECT value FROM json_each(?2))) \
                      ORDER BY tenant_id, group_id";

/// How the account signs in, and whether it has a password.
const MAY_ENTER: &str = "SELECT u.auth_method, coalesce(u.upgraded_hash, u.password_hash) IS NOT NULL \
                         FROM users u LEFT JOIN tenants t ON t.id = u.tenant_id WHERE u.id = ?1 \
                         AND u.status IN ('active', 'pending_verification') AND u.is_locked = 0 \
                         AND (t.id IS NULL OR t.active = 1)";

/// The link of a deleted account is nobody's.
const DROP_DEAD_LINK: &str = "DELETE FROM upstream_links WHERE issuer = ?1 AND subject = ?2 \
                              AND user_id IN (SELECT id FROM users WHERE status = 'deleted')";

const LINK: &str = "INSERT INTO upstream_links (issuer, subject, user_id, linked_at, last_used_at) \
                    VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO NOTHING";

const USE_LINK: &str =
    "UPDATE upstream_links SET last_used_at = ?4 WHERE issuer = ?1 AND subject = ?2 AND user_id = ?3";

const SIGNED_IN: &str = "UPDATE users SET last_login_at = ?2 WHERE id = ?1";

/// The first sign-in completes the account.
const COMPLETE: &str = "UPDATE users SET completed_at = coalesce(completed_at, ?2), auth_method = ?3, \
                        dual_at = CASE ?4 WHEN 'now' THEN ?2 WHEN 'never' THEN NULL ELSE dual_at END, \
                        oauth_at = CASE ?5 WHEN 'now' THEN ?2 WHEN 'never' THEN NULL ELSE oauth_at END \
                        WHERE id = ?1 AND (completed_at IS NULL OR auth_method <> ?3)";

const MARK: &str =
    "INSERT INTO upstream_sessions (session_id, issuer, subject, sid, id_token) VALUES (?1, ?2, ?3, ?4, ?5)";

fn enter(db: Db<'_>, write: &UpstreamEntry) -> Outcome<Commit> {
    let (key, user, at) = (&write.key, write.user.uuid(), write.at.micros());
    let found = db.one(MAY_ENTER, [user], |cursor| {
        let from = cursor.parse("users.auth_method", AuthMethod::parse)?;
        let password: bool = cursor.value("users.password_hash")?;
        Ok((from, if password { OwnPassword::Present } else { OwnPassword::Absent }))
    })?;
    let Some((from, password)) = found else { return Ok(Commit::Lost) };
    if write.new_link {
        db.run(DROP_DEAD_LINK, params![key.issuer, key.subject])?;
    }
    let sql = if write.new_link { LINK } else { USE_LINK };
    if db.run(sql, params![key.issuer, key.subject, user, at])? == 0 {
        return Ok(Commit::Lost);
    }
    db.run(SIGNED_IN, params![user, at])?;
    let to = from.once_by_oauth(password);
    let (dual, oauth) = marks(from, to).unwrap_or((Mark::Keep, Mark::Keep));
    db.run(COMPLETE, params![user, at, to.as_str(), dual.as_str(), oauth.as_str()])?;
    sessions::begin(db, &write.session)?;
    db.run(MARK, params![write.session.id.uuid(), key.issuer, key.subject, write.sid, write.id_token])?;
    audit::write(db, &write.audit)?;
    Ok(Commit::Applied)
}

/// By the person, or by the session there if nobody is named: of the provider alone there are as many as are signed in.
const GOING_ON: &str = "SELECT s.id FROM upstream_sessions o JOIN sessions s ON s.id = o.session_id \
                        WHERE o.issuer = ?1 AND o.subject = ?2 AND (?3 IS NULL OR o.sid = ?3) AND s.ended_at IS NULL \
                        UNION ALL \
                        SELECT s.id FROM upstream_sessions o JOIN sessions s ON s.id = o.session_id \
                        WHERE o.issuer = ?1 AND o.sid = ?3 AND ?2 IS NULL AND s.ended_at IS NULL";

const GOING_ON_OF_USER: &str = "SELECT s.id FROM upstream_sessions o JOIN sessions s ON s.id = o.session_id \
                                WHERE s.user_id = ?1 AND o.issuer = ?2 AND s.ended_at IS NULL";

fn session_id(cursor: &mut Cursor<'_>) -> Outcome<SessionId> {
    cursor.id("sessions.id", SessionId::from_uuid)
}

fn end_all(db: Db<'_>, going_on: &[SessionId], at: Timestamp, reason: RevocationReason) -> Outcome<u64> {
    let mut ended = 0;
    for session in going_on {
        ended += u64::from(sessions::end(db, *session, at, reason)?);
    }
    Ok(ended)
}

const ONLY: &str = "SELECT 1 FROM users u WHERE u.id = ?1 AND u.auth_method = 'oauth' \
                    AND EXISTS (SELECT 1 FROM upstream_links l WHERE l.user_id = u.id)";

const LINKS: &str =
    "SELECT issuer, subject, linked_at, last_used_at FROM upstream_links WHERE user_id = ?1 ORDER BY issuer";

fn link(cursor: &mut Cursor<'_>) -> Outcome<UpstreamLink> {
    let issuer = cursor.value("upstream_links.issuer")?;
    let key = UpstreamKey { issuer, subject: cursor.value("upstream_links.subject")? };
    let linked_at = cursor.time("upstream_links.linked_at")?;
    Ok(UpstreamLink { key, linked_at, last_used_at: cursor.time("upstream_links.last_used_at")? })
}

const LINKED_ACCOUNTS: &str = "SELECT l.issuer, l.subject, l.linked_at, l.last_used_at, l.user_id, u.email \
                               FROM upstream_links l JOIN users u ON u.id = l.user_id WHERE l.user_id IN (SELECT DISTINCT user_id FROM upstream_links \
                                 WHERE (?1 IS NULL OR issuer = ?1) AND (?2 IS NULL OR user_id > ?2) \
                                 ORDER BY user_id LIMIT ?3) \
                               AND (?1 IS NULL OR l.issuer = ?1) ORDER BY l.user_id, l.issuer";

const ORIGIN: &str = "SELECT issuer, id_token FROM upstream_sessions WHERE session_id = ?1";

const UNLINK: &str = "DELETE FROM upstream_links WHERE user_id = ?1 AND issuer = ?2";
