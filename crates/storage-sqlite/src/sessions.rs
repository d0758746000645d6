//! Browser sessions.

use oauth_core::{
    audit::AuditEvent,
    ids::{ClientKey, SessionId, UserId},
    scope::ScopeSet,
    session::{NewSession, Session},
    store::{AuthorizeSnapshot, RevocationReason, SessionRepository, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use rusqlite::params;

use crate::{
    SqliteStore, audit,
    cursor::{Cursor, methods_text, proven},
    db::Db,
    error::Outcome,
    person::{Person, person_columns},
};

impl SessionRepository for SqliteStore {
    async fn session(&self, token: TokenHash) -> Result<Option<Session>, StoreError> {
        self.read(|db| db.one(FIND, [token.bytes()], read))
    }

    async fn touch_session(
        &self,
        session: SessionId,
        at: Timestamp,
        idle_expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = (session.uuid(), at.micros(), idle_expires_at.micros());
        self.write(move |db| db.run(TOUCH, row).map(drop)).await
    }

    async fn end_session(
        &self,
        session: SessionId,
        at: Timestamp,
        reason: RevocationReason,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let ended = end(db, session, at, reason)?;
            audit::write_if(db, audit.as_ref().filter(|_| ended))
        })
        .await
    }

    async fn end_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        at: Timestamp,
        reason: RevocationReason,
    ) -> Result<u64, StoreError> {
        self.write(move |db| {
            let mut ended = 0;
            let going_on = |cursor: &mut Cursor<'_>| cursor.id("sessions.id", SessionId::from_uuid);
            for session in db.all(GOING_ON, [user.uuid()], going_on)? {
                if Some(session) != keep {
                    ended += u64::from(end(db, session, at, reason)?);
                }
            }
            Ok(ended)
        })
        .await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.read(|db| db.all(OF_USER, [user.uuid()], read))
    }
}

macro_rules! session_columns {
    () => {
        concat!(
            "s.id, s.authenticated_at, s.methods, s.created_at, s.last_seen_at, s.idle_expires_at, s.expires_at, \
             s.remembered, s.ended_at, s.user_agent, s.address, s.grants_end_at, ",
            person_columns!(),
        )
    };
}

macro_rules! session_tables {
    () => {
        " FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN tenants t ON t.id = u.tenant_id"
    };
}

const FIND: &str = concat!("SELECT ", session_columns!(), session_tables!(), " WHERE s.token = ?1");

const OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    session_tables!(),
    " WHERE s.user_id = ?1 AND s.ended_at IS NULL ORDER BY s.created_at DESC, s.id DESC",
);

fn read(cursor: &mut Cursor<'_>) -> Outcome<Session> {
    Ok(Session {
        id: cursor.id("sessions.id", SessionId::from_uuid)?,
        authenticated_at: cursor.proven("sessions.authenticated_at")?,
        methods: cursor.methods("sessions.methods")?,
        created_at: cursor.time("sessions.created_at")?,
        last_seen_at: cursor.time("sessions.last_seen_at")?,
        idle_expires_at: cursor.time("sessions.idle_expires_at")?,
        expires_at: cursor.time("sessions.expires_at")?,
        remembered: cursor.value("sessions.remembered")?,
        ended_at: cursor.time_opt("sessions.ended_at")?,
        user_agent: cursor.value("sessions.user_agent")?,
        address: cursor.value("sessions.address")?,
        grants_end_at: cursor.time_opt("sessions.grants_end_at")?,
        subject: Person::read(cursor)?.subject,
    })
}

const WITH_CONSENT: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", (SELECT scope FROM consents c WHERE c.user_id = s.user_id AND c.client = ?2), u.completed_at IS NULL",
    session_tables!(),
    " WHERE s.token = ?1",
);

/// The session behind a cookie, what its user has allowed a client, and whether the user has never had a code.
pub(crate) fn with_consent(db: Db<'_>, token: TokenHash, client: ClientKey) -> Outcome<Option<AuthorizeSnapshot>> {
    db.one(WITH_CONSENT, params![token.bytes(), client.uuid()], |cursor| {
        let session = Some(read(cursor)?);
        let consent = cursor.parse_opt("consents.scope", |text| ScopeSet::parse(text).ok())?.unwrap_or_default();
        Ok(AuthorizeSnapshot { session, consent, first: cursor.value("users.completed_at")? })
    })
}

const INSERT: &str = "INSERT INTO sessions (id, token, user_id, authenticated_at, methods, created_at, last_seen_at, \
                      idle_expires_at, expires_at, remembered, user_agent, address, grants_end_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?12, ?12, ?6, ?7, ?8, ?9, ?10, ?11)";

const MOVE_GRANTS: &str = "UPDATE grants SET session_id = ?2 WHERE session_id = ?1 AND revoked_at IS NULL \
                           AND EXISTS (SELECT 1 FROM sessions WHERE id = ?1 AND user_id = ?3 AND ended_at IS NULL)";

/// Begins a session and ends the one it replaces: the grants of the same user move over, those of another are revoked.
pub(crate) fn begin(db: Db<'_>, session: &NewSession) -> Outcome<()> {
    db.run(
        INSERT,
        params![
            session.id.uuid(),
            session.token.bytes(),
            session.user.uuid(),
            proven(session.authenticated_at),
            methods_text(&session.methods),
            session.idle_expires_at.micros(),
            session.expires_at.micros(),
            session.remembered,
            session.user_agent,
            session.address,
            session.grants_end_at.map(Timestamp::micros),
            session.begun_at.micros(),
        ],
    )?;
    let Some(old) = session.replaces else { return Ok(()) };
    db.run(MOVE_GRANTS, [old.uuid(), session.id.uuid(), session.user.uuid()])?;
    end(db, old, session.begun_at, RevocationReason::SignedOut).map(drop)
}

const TOUCH: &str = "UPDATE sessions SET last_seen_at = ?2, idle_expires_at = ?3 WHERE id = ?1 AND ended_at IS NULL";

const GOING_ON: &str = "SELECT id FROM sessions WHERE user_id = ?1 AND ended_at IS NULL";

const END: &str = "UPDATE sessions SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";

const REVOKE: &str = "UPDATE grants SET revoked_at = ?2, revoked_reason = ?3 \
                      WHERE session_id = ?1 AND revoked_at IS NULL";

const END_ALL: &str = "UPDATE sessions SET ended_at = ?2 WHERE user_id = ?1 AND ended_at IS NULL";

const REVOKE_ALL: &str =
    "UPDATE grants SET revoked_at = ?2, revoked_reason = ?3 WHERE user_id = ?1 AND revoked_at IS NULL";

/// Ends all sessions of an account and revokes all its grants, those without a session too.
pub(crate) fn end_everything(db: Db<'_>, user: UserId, at: Timestamp, reason: RevocationReason) -> Outcome<()> {
    db.run(END_ALL, params![user.uuid(), at.micros()])?;
    db.run(REVOKE_ALL, params![user.uuid(), at.micros(), reason.as_str()]).map(drop)
}

/// Ends a session with its grants; whether it was not ended before.
pub(crate) fn end(db: Db<'_>, session: SessionId, at: Timestamp, reason: RevocationReason) -> Outcome<bool> {
    let ended = db.run(END, params![session.uuid(), at.micros()])? > 0;
    if ended {
        db.run(REVOKE, params![session.uuid(), at.micros(), reason.as_str()])?;
    }
    Ok(ended)
}
