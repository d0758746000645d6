//! Browser sessions.

use oauth_core::{
    audit::AuditEvent,
    ids::{SessionId, UserId},
    session::Session,
    store::{RevocationReason, SessionRepository, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use uuid::Uuid;

use crate::{
    audit::{AuditParams, RECORD},
    db::Steps,
    error::Trouble,
    rows,
    store::PgStore,
    value::{At, Reader},
};

const FIND: &str =
    concat!("SELECT ", rows::session_columns!(), " FROM sessions s", rows::user_of!("s.user_id"), "WHERE s.token = $1");

const OF_USER: &str = concat!(
    "SELECT ",
    rows::session_columns!(),
    " FROM sessions s",
    rows::user_of!("s.user_id"),
    "WHERE s.user_id = $1 AND s.ended_at IS NULL ORDER BY s.created_at DESC, s.id DESC"
);

const TOUCH: &str = "
    UPDATE sessions SET last_seen_at = $2, idle_expires_at = $3
     WHERE id = $1 AND ended_at IS NULL";

const END_ONE: &str = "
    UPDATE sessions SET ended_at = $2
     WHERE id = $1 AND ended_at IS NULL
    RETURNING id";

const END_ALL: &str = "
    UPDATE sessions SET ended_at = $2
     WHERE user_id = $1 AND ended_at IS NULL AND ($3::uuid IS NULL OR id <> $3)
    RETURNING id";

/// A statement of its own after the sessions have ended: it sees the grants of a code that was being issued just then.
const REVOKE_GRANTS: &str = "
    UPDATE grants SET revoked_at = $2, revoked_reason = $3
     WHERE session_id = ANY($1) AND revoked_at IS NULL";

/// What is planned before anybody knows how many rows there will be, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 2] = [(FIND, 1), (OF_USER, 1)];

impl SessionRepository for PgStore {
    async fn session(&self, token: TokenHash) -> Result<Option<Session>, StoreError> {
        let Some(row) = self.db().read_one(FIND, &[&token.bytes().as_slice()]).await? else { return Ok(None) };
        let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
        rows::session(&mut Reader::new(&row, "sessions", &key)).map(Some)
    }

    async fn touch_session(
        &self,
        session: SessionId,
        at: Timestamp,
        idle_expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.settle(TOUCH, &[&session.uuid(), &At(at), &At(idle_expires_at)]).await
    }

    async fn end_session(
        &self,
        session: SessionId,
        at: Timestamp,
        reason: RevocationReason,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        let audit = AuditParams::from(audit);
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        let ended = steps.run(END_ONE, &[&session.uuid(), &At(at)]).await?;
        if ended.is_empty() {
            return Ok(());
        }
        revoke(&steps, &[session.uuid()], at, reason).await?;
        if audit.id.is_some() {
            steps
                .change(
                    RECORD,
                    &[&audit.id, &audit.at, &audit.kind, &audit.user, &audit.client, &audit.address, &audit.detail],
                )
                .await?;
        }
        Ok(steps.commit().await?)
    }

    async fn end_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        at: Timestamp,
        reason: RevocationReason,
    ) -> Result<u64, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        let ended = steps.run(END_ALL, &[&user.uuid(), &At(at), &keep.map(SessionId::uuid)]).await?;
        let ended: Vec<Uuid> = ended.iter().filter_map(|row| row.try_get(0).ok()).collect();
        if !ended.is_empty() {
            revoke(&steps, &ended, at, reason).await?;
        }
        steps.commit().await?;
        Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let rows = self.db().read(OF_USER, &[&user.uuid()]).await?;
        rows.iter().map(|row| rows::session(&mut Reader::new(row, "sessions", &user))).collect()
    }
}

pub(crate) async fn revoke(
    steps: &Steps<'_>,
    sessions: &[Uuid],
    at: Timestamp,
    reason: RevocationReason,
) -> Result<(), Trouble> {
    steps.change(REVOKE_GRANTS, &[&sessions, &At(at), &reason.as_str()]).await.map(|_| ())
}
